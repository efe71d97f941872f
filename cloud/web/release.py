# SPDX-License-Identifier: EUPL-1.2
"""A release of the app: its files as they lay on disk when the process started.

They are read once, so that a page and its modules are always of one release, also while a new one
is being copied over the old. The version is a hash of the contents; the service worker carries it
and the list of files, so it changes, and installs itself anew, exactly when a file did.
"""

import base64
import gzip
import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parent

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
_VENDOR_FILES = (
    "lit/index.js",
    "lit-html/lit-html.js",
    "lit-html/is-server.js",
    "lit-element/lit-element.js",
    "@lit/reactive-element/reactive-element.js",
    "@lit/reactive-element/css-tag.js",
    "uplot/dist/uPlot.esm.js",
    "uplot/dist/uPlot.min.css",
)
_PRELOAD_MARK = b"<!-- modules -->"
_IMPORT_MAP = re.compile(rb'<script type="importmap">(.*?)</script>', re.DOTALL)


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
    """All files of the app by URL path, and the hash that tells releases apart."""

    version: str
    assets: Mapping[str, Asset]
    import_map_hash: str


def read_release(folder: Path = FOLDER) -> Release:
    """Return the release that lies in ``folder``, or raise PackagesMissingError."""
    contents = {f"/app/{path}": (folder / path).read_bytes() for path in _app_paths(folder)}
    contents |= {f"/vendor/{path}": content for path, content in _vendor_contents(folder)}
    contents["/app/styles.css"] = contents.pop("/vendor/uplot/dist/uPlot.min.css") + _styles(folder)
    contents["/manifest.webmanifest"] = (folder / "manifest.webmanifest").read_bytes()
    index = (folder / "index.html").read_bytes().replace(_PRELOAD_MARK, _preloads(contents))
    contents["/"] = index
    worker = contents.pop("/app/sw.js")
    version = _hash(b"".join(url.encode() + contents[url] for url in sorted(contents)) + worker)
    shell = json.dumps({"version": version, "files": sorted(contents)})
    contents["/sw.js"] = b"const RELEASE = " + shell.encode() + b";\n" + worker
    return Release(
        version=version,
        assets={url: _asset(url, content) for url, content in contents.items()},
        import_map_hash=_import_map_hash(index),
    )


def _app_paths(folder: Path) -> Iterator[str]:
    for pattern in _APP_FILES:
        for path in sorted(folder.glob(pattern)):
            yield path.relative_to(folder).as_posix()


def _styles(folder: Path) -> bytes:
    """Return all our style sheets as one: the page waits for one answer, not for ten."""
    first = [folder / "styles" / f"{name}.css" for name in _FIRST_STYLES]
    others = sorted(set((folder / "styles").glob("*.css")) - set(first))
    return b"\n".join(path.read_bytes() for path in [*first, *others])


def _vendor_contents(folder: Path) -> Iterator[tuple[str, bytes]]:
    for name in _VENDOR_FILES:
        path = folder / "node_modules" / name
        if not path.is_file():
            raise PackagesMissingError(path.relative_to(folder))
        yield name, path.read_bytes()


def _preloads(contents: Mapping[str, bytes]) -> bytes:
    # without them the browser finds the modules one import level, one round trip, at a time
    modules = sorted(url for url in contents if url.endswith(".js") and url != "/app/sw.js")
    return "\n".join(f'<link rel="modulepreload" href="{url}">' for url in modules).encode()


def _asset(url: str, content: bytes) -> Asset:
    zipped = gzip.compress(content, mtime=0)
    return Asset(
        content=content,
        zipped=zipped if len(zipped) < 0.9 * len(content) else None,
        media_type=_MEDIA_TYPES[".html" if url == "/" else Path(url).suffix],
        etag=f'W/"{_hash(content)}"',
    )


def _import_map_hash(index: bytes) -> str:
    found = _IMPORT_MAP.search(index)
    if found is None:
        raise ValueError("index.html holds no import map.")
    return "sha256-" + base64.b64encode(hashlib.sha256(found[1]).digest()).decode()


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:16]
