# SPDX-License-Identifier: EUPL-1.2
"""The consumption app: pages and modules as they are, served without a bundler."""

from pathlib import Path

from fastapi import FastAPI
from fastapi.responses import FileResponse
from starlette.staticfiles import StaticFiles

FOLDER = Path(__file__).parent


def mount(app: FastAPI) -> None:
    """Serve the app's page at ``/``, its files below ``/app``, its packages below ``/vendor``."""

    @app.get("/", include_in_schema=False)
    async def index() -> FileResponse:
        return FileResponse(FOLDER / "index.html")

    app.mount("/app", StaticFiles(directory=FOLDER), name="app")
    app.mount("/vendor", StaticFiles(directory=FOLDER / "node_modules", check_dir=False))
