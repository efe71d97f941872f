# SPDX-License-Identifier: EUPL-1.2
"""How the cloud serves the app's files."""

import json
import posixpath
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

import cloud.web
import tests
from cloud.alerts.models import GROUPS
from cloud.web.release import PackagesMissingError, read_release

FOLDER = Path(cloud.web.__file__).parent
TOOLS = Path(tests.__file__).parent / "app_tools"
# A statement that imports, or exports what it imports, and a call that loads a module later.
IMPORT = re.compile(
    r"""(?:(?:^|[;}]|\*/)\s*(?:import|export)\s*(?:[\w$*{}\s,]+?\bfrom\s*)?|\bimport\(\s*)"""
    r"""["']([^"'\s]+)["']""",
    re.MULTILINE,
)


@pytest.fixture(scope="module")
def client() -> TestClient:
    app = FastAPI()
    cloud.web.mount(app)
    return TestClient(app)


def a_copy(tmp_path: Path) -> Path:
    ignored = shutil.ignore_patterns("node_modules", "__pycache__")
    return Path(shutil.copytree(FOLDER, tmp_path / "web", ignore=ignored))


def told_to_the_worker(client: TestClient) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(
        re.match(r"const RELEASE = (.*);", client.get("/sw.js").text)[1]
    )
    return found


def mapped_by(import_map: dict[str, str], name: str) -> str:
    if name in import_map:
        return import_map[name]
    package = f"{name.split('/')[0]}/"
    return import_map[package] + name.removeprefix(package)


def test_every_module_that_one_imports_is_served(client: TestClient):
    page = client.get("/").text
    import_map = json.loads(re.search(r'importmap">(.*?)</script>', page, re.DOTALL)[1])["imports"]
    told = told_to_the_worker(client)
    known = {*told["shell"], *told["later"]}
    for url in known:
        answer = client.get(url)
        assert answer.status_code == 200
        if url.endswith(".js"):
            for name in IMPORT.findall(answer.text):
                relative = posixpath.normpath(posixpath.join(posixpath.dirname(url), name))
                target = relative if name.startswith(".") else mapped_by(import_map, name)
                assert target in known, (url, name)
    assert {url for url in import_map.values() if url.endswith(".js")} <= known
    assert set(re.findall(r'(?:href|src)="(/[^"]+)"', page)) - known == set()


def test_what_an_owner_sees_first_comes_with_the_page_and_the_rest_later(client: TestClient):
    told = told_to_the_worker(client)
    shell, later = (
        {re.sub(f"/{told['version']}", "", url) for url in told[part]}
        for part in ("shell", "later")
    )
    assert {"/", "/app/main.js", "/app/styles.css", "/app/views/building.js"} <= shell
    assert "/app/components/usage_panel.js" in shell  # the building imports it
    assert "/app/views/demand.js" in later  # only planners ask for it
    assert not shell & later
    views = {f"/app/views/{path.name}" for path in (FOLDER / "views").glob("*.js")}
    assert views <= shell | later
    preloaded = set(re.findall(r'modulepreload" href="([^"]+)"', client.get("/").text))
    modules = {url for url in told["shell"] if url.endswith(".js")}
    assert preloaded == {url for url in modules if not url.endswith("/first.js")}  # a script


def test_the_shell_is_small(client: TestClient):
    told = told_to_the_worker(client)
    zipped = {"Accept-Encoding": "gzip"}
    sizes = [client.get(url, headers=zipped).headers["content-length"] for url in told["shell"]]
    assert sum(int(size) for size in sizes) <= 120_000  # of 150 KB for all of a first load


def test_a_page_is_never_given_a_module_of_another_release(client: TestClient):
    version = told_to_the_worker(client)["version"]
    assert f'src="/app/{version}/main.js"' in client.get("/").text
    mine = client.get(f"/app/{version}/main.js")
    assert mine.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert client.get("/app/0123456789abcdef/main.js").status_code == 404
    assert client.get(f"/app/{version}/{version}/main.js").status_code == 404


def test_a_file_that_has_not_changed_is_not_sent_again(client: TestClient):
    first = client.get("/app/main.js")
    assert first.headers["cache-control"] == "no-cache"
    again = client.get("/app/main.js", headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert client.get("/app/main.js", headers={"If-None-Match": 'W/"0"'}).status_code == 200


def test_the_policy_lets_in_no_script_but_ours_and_the_import_map(client: TestClient):
    headers = client.get("/").headers
    policy = dict(part.split(" ", 1) for part in headers["content-security-policy"].split("; "))
    assert policy["default-src"] == "'none'"
    assert re.fullmatch(r"'self' 'sha256-[A-Za-z0-9+/]{43}='", policy["script-src"])
    assert policy["style-src"] == "'self'"
    assert policy["frame-ancestors"] == "'none'"
    assert headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    "path",
    [
        "/app/package.json",
        "/app/__init__.py",
        "/app/sw.js",
        "/app/node_modules/lit/index.js",
        "/vendor/lit/package.json",
        "/vendor/lit/async-directive.js",
        "/app/../release.py",
        "/app/%2e%2e/release.py",
    ],
)
def test_nothing_is_served_that_the_page_does_not_need(client: TestClient, path: str):
    assert client.get(path).status_code == 404


def test_files_travel_compressed_to_those_who_take_it(client: TestClient):
    plain = client.get("/vendor/uplot/uPlot.js", headers={"Accept-Encoding": "identity"})
    zipped = client.get("/vendor/uplot/uPlot.js", headers={"Accept-Encoding": "gzip"})
    assert "content-encoding" not in plain.headers
    assert zipped.headers["content-encoding"] == "gzip"
    assert zipped.content == plain.content
    assert int(zipped.headers["content-length"]) < len(plain.content) / 2


def test_the_page_says_what_scripts_may_do_and_files_do_not_repeat_it(client: TestClient):
    assert "content-security-policy" in client.get("/sw.js").headers  # it runs by its own policy
    assert "content-security-policy" not in client.get("/app/main.js").headers


def test_comments_stay_at_home(client: TestClient):
    assert "/** The app:" in (FOLDER / "main.js").read_text()
    assert "/** The app:" not in client.get("/app/main.js").text
    assert "/*" not in client.get("/app/styles.css").text


def test_a_changed_file_is_a_new_release(tmp_path: Path):
    folder = a_copy(tmp_path)
    (folder / "node_modules").symlink_to(FOLDER / "node_modules")
    before = read_release(folder)
    assert read_release(folder).version == before.version
    (folder / "units.js").write_text((folder / "units.js").read_text() + "\n")
    assert read_release(folder).version != before.version


def test_an_import_that_leads_nowhere_is_named(tmp_path: Path):
    folder = a_copy(tmp_path)
    (folder / "node_modules").symlink_to(FOLDER / "node_modules")
    script = folder / "views" / "demand.js"
    written = script.read_text()
    script.write_text(written + 'import "./nowhere.js";\n')
    with pytest.raises(ValueError, match=r"/app/views/nowhere\.js"):
        read_release(folder)
    script.write_text(written + 'import "some-package";\n')
    with pytest.raises(ValueError, match="some-package"):
        read_release(folder)


def test_without_its_packages_the_page_names_the_command_that_brings_them(tmp_path: Path):
    folder = a_copy(tmp_path)
    with pytest.raises(PackagesMissingError):
        read_release(folder)
    app = FastAPI()
    cloud.web.mount(app, folder)
    answer = TestClient(app).get("/")
    assert answer.status_code == 503
    assert "make setup" in answer.text


@pytest.mark.parametrize("folder", [FOLDER, TOOLS], ids=["app", "tools"])
def test_the_lock_file_names_no_registry(folder: Path):
    assert "resolved" not in (folder / "package-lock.json").read_text()
    assert "omit-lockfile-registry-resolved=true" in (folder / ".npmrc").read_text()


def test_modules_stay_small_carry_the_licence_and_leave_no_globals():
    for path in [*FOLDER.glob("*.js"), *FOLDER.glob("*/*.js")]:
        lines = path.read_text().splitlines()
        assert lines[0] == "// SPDX-License-Identifier: EUPL-1.2", path
        assert len(lines) < 200, path
        assert not re.search(r"\b(?:window|globalThis)\.\w+ *=[^=]", "\n".join(lines)), path


def test_there_are_words_in_both_languages_for_every_kind_of_alert():
    words = (FOLDER / "words" / "alerts.js").read_text()
    for kind in GROUPS:
        for key in (kind, f"explain_{kind}"):
            assert re.search(rf'^  {key}: \[".+", ".+"\],$', words, re.MULTILINE), key
