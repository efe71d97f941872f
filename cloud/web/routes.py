# SPDX-License-Identifier: EUPL-1.2
"""HTTP routes of the app: the page at ``/``, its files, its service worker."""

from collections.abc import Callable
from pathlib import Path

import structlog
from fastapi import FastAPI, HTTPException, Request, Response
from fastapi.responses import HTMLResponse

from cloud.kit.compression import takes_gzip
from cloud.web.release import FOLDER, PackagesMissingError, Release, read_release

log = structlog.get_logger()

_PATHS = ("/", "/sw.js", "/manifest.webmanifest", "/app/{path:path}", "/vendor/{path:path}")
_MISSING_PAGE = "<!doctype html><meta charset=utf-8><title>Iskar</title><h1>Iskar</h1><p>{}</p>"


def mount(app: FastAPI, folder: Path = FOLDER) -> None:
    """Serve the app's files from ``app``; without its packages, a page that says what to run."""
    endpoint: Callable[..., Response]
    try:
        endpoint = _files_of(read_release(folder))
    except PackagesMissingError as error:
        log.error("app_packages_missing", problem=str(error))
        endpoint = _explanation(error)
    for path in _PATHS:
        app.add_api_route(path, endpoint, methods=["GET", "HEAD"], include_in_schema=False)


def _files_of(release: Release) -> Callable[[Request], Response]:
    page_headers = _FILE_HEADERS | _page_headers(release)

    def file(request: Request) -> Response:
        path = request.url.path
        asset = release.asset(path)
        if asset is None:
            raise HTTPException(404, f"The app has no file {path}.")
        # a file is answered sixty times where the page is once, so it says no more than it must
        sent = page_headers if path in _PAGES else _FILE_HEADERS
        lasts = _FOR_EVER if release.is_of_this_release(path) else _ASK_AGAIN
        sent = {**sent, **lasts, "ETag": asset.etag, "Content-Type": asset.media_type}
        if asset.etag in request.headers.get("if-none-match", ""):
            return Response(status_code=304, headers=sent)
        if asset.zipped and takes_gzip(request.headers):
            return Response(asset.zipped, headers={**sent, "Content-Encoding": "gzip"})
        return Response(asset.content, headers=sent)

    return file


_PAGES = ("/", "/sw.js")
_FILE_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Vary": "Accept-Encoding",
}
_FOR_EVER = {"Cache-Control": "public, max-age=31536000, immutable"}
# by ETag: that is how a new release is noticed
_ASK_AGAIN = {"Cache-Control": "no-cache"}


def _page_headers(release: Release) -> dict[str, str]:
    policy = {
        "default-src": "'none'",
        "script-src": f"'self' '{release.import_map_hash}'",
        "style-src": "'self'",
        "img-src": "'self'",
        "connect-src": "'self'",
        "manifest-src": "'self'",
        "worker-src": "'self'",
        "base-uri": "'none'",
        "form-action": "'self'",
        "frame-ancestors": "'none'",
    }
    return {
        "Content-Security-Policy": "; ".join(f"{key} {source}" for key, source in policy.items()),
        "Referrer-Policy": "no-referrer",
        "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
        "Cross-Origin-Opener-Policy": "same-origin",
        "X-Iskar-Release": release.version,
    }


def _explanation(error: PackagesMissingError) -> Callable[[], Response]:
    def explain() -> Response:
        return HTMLResponse(_MISSING_PAGE.format(error), status_code=503)

    return explain
