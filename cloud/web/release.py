# SPDX-License-Identifier: EUPL-1.2
"""A release of the app: its files as they lay on disk when the process started.

They are read once, so that a page and its modules are always of one release, also while a new one
is being copied over the old. The version is a hash of the contents, and it stands in the address of
every file that the page asks for (``/app/<version>/main.js``): a page of one release can't be given
a module of another, whatever is deployed meanwhile.

What an owner sees first is the shell: the modules that the page and the views of ``SHELL`` import.
The page asks for these at once and the service worker keeps them all or none. The rest, ``later``,
is loaded when it is first asked for.
"""

import base64
import gzip
import hashlib
import json
import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from cloud.web.comments import without_comments, without_sheet_comments

FOLDER = Path(__file__).parent

MAIN = "/app/main.js"
# What the page shows an owner first, and what lets them in again: loaded with the page.
SHELL = (MAIN, "/app/views/buildings.js", "/app/views/building.js", "/app/views/sign_in.js")
_SHELL_FILES = ("/app/styles.css", "/app/first.js", "/app/icon.svg", "/manifest.webmanifest")

_MEDIA_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".webmanifest": "application/manifest+json",
}
_APP_FILES = ("*.js", "*.svg", "*.png", "views/*.js", "components/*.js", "words/*.js")
_FIRST_STYLES = ("tokens", "base", "frame")  # the others only add to them, in any order
_CHARTS_MODULE = "uplot/uPlot.js"
_CHARTS = "uplot/dist/uPlot.iife.min.js"  # the package brings no ES module that is minified
_CHARTS_STYLES = "uplot/dist/uPlot.min.css"
_PRELOAD_MARK = b"<!-- modules -->"
_IMPORT_MAP = re.compile(rb'<script type="importmap">(.*?)</script>', re.DOTALL)
_IMPORT = re.compile(
    rb"""(?:^|[;}]|\*/)\s*(?:import|export)\s*(?:[\w$*{}\s,]+?\bfrom\s*)?["']([^"']+)["']""",
    re.MULTILINE,
)
_IMPORT_LATER = re.compile(rb"""\bimport\(\s*["']([^"']+)["']\s*\)""")
_ADDRESS = re.compile(rb'"(/(?:app|vendor)/)')


class PackagesMissingError(Exception):
    """The npm packages of the app are not installed."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"The app needs {path}, which is not there. Run: make setup")


@dataclass(frozen=True, kw_only=True)
class Asset:
    """One file as it is sent; ``zipped`` is None where gzip gains nothing."""

    content: bytes
    zipped: bytes | None
    media_type: str
    etag: str


@dataclass(frozen=True, kw_only=True)
class Release:
    """All files of the app by URL path without the version, and the hash that tells releases apart.

    ``shell`` and ``later`` are the paths that the service worker keeps, as the page asks for them.
    """

    version: str
    assets: Mapping[str, Asset]
    import_map_hash: str
    shell: tuple[str, ...]
    later: tuple[str, ...]

    def asset(self, path: str) -> Asset | None:
        """Return the file at a URL path with this version or none in it; None if there is none."""
        return self.assets.get(path.replace(f"/{self.version}/", "/", 1))

    def is_of_this_release(self, path: str) -> bool:
        """Tell whether a URL path names this release, so that what it shows never changes."""
        return path.split("/")[2:3] == [self.version]


def read_release(folder: Path = FOLDER) -> Release:
    """Return the release that lies in ``folder``, or raise PackagesMissingError."""
    contents = {
        f"/app/{path}": _sent(path, (folder / path).read_bytes()) for path in _app_paths(folder)
    }
    index = (folder / "index.html").read_bytes()
    modules = _Modules(folder, contents, index)
    contents |= modules.vendor()
    contents["/app/styles.css"] = _styles(folder)
    contents["/manifest.webmanifest"] = (folder / "manifest.webmanifest").read_bytes()
    worker = contents.pop("/app/sw.js")
    parts = [index, worker, *(url.encode() + contents[url] for url in sorted(contents))]
    version = _hash(b"".join(parts))

    shell = modules.closure(SHELL)
    index = index.replace(_PRELOAD_MARK, _preloads(shell))
    contents["/"] = index = _ADDRESS.sub(rb'"\g<1>' + version.encode() + b"/", index)
    kept = ("/", *(_dated(url, version) for url in sorted({*shell, *_SHELL_FILES})))
    rest = sorted(set(contents) - {"/", *shell, *_SHELL_FILES})
    later = tuple(_dated(url, version) for url in rest)
    told = json.dumps({"version": version, "shell": kept, "later": later})
    contents["/sw.js"] = b"const RELEASE = " + told.encode() + b";\n" + worker
    return Release(
        version=version,
        assets={url: _asset(url, content) for url, content in contents.items()},
        import_map_hash=_import_map_hash(index),
        shell=kept,
        later=later,
    )


class _Modules:
    """Which module imports which, ours and the packages' alike."""

    def __init__(self, folder: Path, contents: Mapping[str, bytes], index: bytes) -> None:
        self._packages = folder / "node_modules"
        self._folder = folder
        self._map: dict[str, str] = json.loads(_import_map(index))["imports"]
        self._contents = dict(contents)

    def vendor(self) -> dict[str, bytes]:
        """Return the files of packages that our modules import, by URL path."""
        ours = [url for url in self._contents if url.endswith(".js")]
        reached = self.closure([*ours, *self._dynamic(ours)])
        return {url: self._contents[url] for url in reached if url.startswith("/vendor/")}

    def closure(self, urls: Iterable[str]) -> set[str]:
        """Return these modules and all that they import in turn, not what they load later."""
        reached: set[str] = set()
        waiting = [*urls]
        while waiting:
            url = waiting.pop()
            if url not in reached:
                reached.add(url)
                waiting += self._imports(url, _IMPORT)
        return reached

    def _dynamic(self, urls: Iterable[str]) -> Iterator[str]:
        for url in urls:
            # a view that is planned has a line in routes.js before it has a module
            yield from (one for one in self._imports(url, _IMPORT_LATER) if self._is_there(one))

    def _is_there(self, url: str) -> bool:
        return url in self._contents or url.startswith("/vendor/")

    def _imports(self, url: str, pattern: re.Pattern[bytes]) -> Iterator[str]:
        for found in pattern.finditer(self._read(url)):
            yield self._resolved(found[1].decode(), url)

    def _resolved(self, name: str, importer: str) -> str:
        if name.startswith("."):
            return posixpath.normpath(posixpath.join(posixpath.dirname(importer), name))
        folders = [key for key in self._map if key.endswith("/") and name.startswith(key)]
        if name in self._map:
            return self._map[name]
        if not folders:
            raise ValueError(f"{importer} imports {name}, which the import map doesn't know.")
        longest = max(folders, key=len)
        return self._map[longest] + name.removeprefix(longest)

    def _read(self, url: str) -> bytes:
        if url not in self._contents:
            if not url.startswith("/vendor/"):
                raise ValueError(f"A module imports {url}, which is not there.")
            self._contents[url] = self._package_file(url.removeprefix("/vendor/"))
        return self._contents[url]

    def _package_file(self, name: str) -> bytes:
        path = self._packages / (_CHARTS if name == _CHARTS_MODULE else name)
        if not path.is_file():
            raise PackagesMissingError(path.relative_to(self._folder))
        if name == _CHARTS_MODULE:
            return path.read_bytes() + b"\nexport default uPlot;\n"
        return path.read_bytes()


def _app_paths(folder: Path) -> Iterator[str]:
    for pattern in _APP_FILES:
        for path in sorted(folder.glob(pattern)):
            yield path.relative_to(folder).as_posix()


@lru_cache(maxsize=512)
def _sent(name: str, content: bytes) -> bytes:
    if name.endswith(".js"):
        return without_comments(content.decode()).encode()
    return content


def _styles(folder: Path) -> bytes:
    """Return all style sheets as one: the page waits for one answer, not for ten."""
    first = [folder / "styles" / f"{name}.css" for name in _FIRST_STYLES]
    others = sorted(set((folder / "styles").glob("*.css")) - set(first))
    charts = folder / "node_modules" / _CHARTS_STYLES
    if not charts.is_file():
        raise PackagesMissingError(charts.relative_to(folder))
    sheets = [path.read_text() for path in [charts, *first, *others]]
    return without_sheet_comments("\n".join(sheets)).encode()


def _preloads(modules: Iterable[str]) -> bytes:
    # without them the browser finds the modules one import level, one round trip, at a time
    return "\n".join(f'<link rel="modulepreload" href="{url}">' for url in sorted(modules)).encode()


def _dated(url: str, version: str) -> str:
    """Return a URL path with the version in it; the manifest and its like have none."""
    return re.sub(r"^/(app|vendor)/", rf"/\1/{version}/", url)


@lru_cache(maxsize=512)
def _asset(url: str, content: bytes) -> Asset:
    zipped = gzip.compress(content, compresslevel=9, mtime=0)
    return Asset(
        content=content,
        zipped=zipped if len(zipped) < 0.9 * len(content) else None,
        media_type=_MEDIA_TYPES[".html" if url == "/" else Path(url).suffix],
        etag=f'W/"{_hash(content)}"',
    )


def _import_map(index: bytes) -> bytes:
    found = _IMPORT_MAP.search(index)
    if found is None:
        raise ValueError("index.html holds no import map.")
    return found[1]


def _import_map_hash(index: bytes) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(_import_map(index)).digest()).decode()


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:16]
