# SPDX-License-Identifier: EUPL-1.2
"""How the cloud serves the app's files."""

import json
import re
import shutil
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

import cloud.web
from cloud.alerts.models import GROUPS
from cloud.web.release import PackagesMissingError, read_release

FOLDER = Path(cloud.web.__file__).parent


@pytest.fixture(scope="module")
def client() -> TestClient:
    app = FastAPI()
    cloud.web.mount(app)
    return TestClient(app)


def a_copy(tmp_path: Path) -> Path:
    ignored = shutil.ignore_patterns("node_modules", "__pycache__")
    return Path(shutil.copytree(FOLDER, tmp_path / "web", ignore=ignored))


def test_every_module_that_one_imports_is_served(client: TestClient):
    page = client.get("/").text
    import_map = json.loads(re.search(r'importmap">(.*?)</script>', page, re.DOTALL)[1])["imports"]
    for url in json.loads(re.match(r"const RELEASE = (.*);", client.get("/sw.js").text)[1])[
        "files"
    ]:
        answer = client.get(url)
        assert answer.status_code == 200
        if url.endswith(".js"):
            bare = re.findall(r'(?:from|import)\s*"([^./"\s][^"\s]*)"', answer.text)
            assert [name for name in bare if name not in import_map] == []
    for url in import_map.values():
        assert client.get(url).status_code == 200


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
        "/app/../release.py",
        "/app/%2e%2e/release.py",
    ],
)
def test_nothing_is_served_that_the_page_does_not_need(client: TestClient, path: str):
    assert client.get(path).status_code == 404


def test_files_travel_compressed_to_those_who_take_it(client: TestClient):
    plain = client.get("/vendor/uplot/dist/uPlot.esm.js", headers={"Accept-Encoding": "identity"})
    zipped = client.get("/vendor/uplot/dist/uPlot.esm.js", headers={"Accept-Encoding": "gzip"})
    assert "content-encoding" not in plain.headers
    assert zipped.headers["content-encoding"] == "gzip"
    assert zipped.content == plain.content
    assert int(zipped.headers["content-length"]) < len(plain.content) / 2


def test_a_changed_file_is_a_new_release(tmp_path: Path):
    folder = a_copy(tmp_path)
    (folder / "node_modules").symlink_to(FOLDER / "node_modules")
    before = read_release(folder)
    assert read_release(folder).version == before.version
    (folder / "units.js").write_text((folder / "units.js").read_text() + "\n")
    assert read_release(folder).version != before.version


def test_without_its_packages_the_page_names_the_command_that_brings_them(tmp_path: Path):
    folder = a_copy(tmp_path)
    with pytest.raises(PackagesMissingError):
        read_release(folder)
    app = FastAPI()
    cloud.web.mount(app, folder)
    answer = TestClient(app).get("/")
    assert answer.status_code == 503
    assert "make setup" in answer.text


def test_the_lock_file_names_no_registry():
    assert "resolved" not in (FOLDER / "package-lock.json").read_text()
    assert "omit-lockfile-registry-resolved=true" in (FOLDER / ".npmrc").read_text()


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
