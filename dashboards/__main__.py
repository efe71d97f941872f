# SPDX-License-Identifier: EUPL-1.2
"""iskar-dashboards: makes Grafana's boards."""

from pathlib import Path
from typing import Annotated

import typer

from dashboards.build import build as build_boards

app = typer.Typer(help="Make Grafana's boards.", no_args_is_help=True, add_completion=False)


@app.callback()
def root() -> None:
    """Make Grafana's boards."""


@app.command()
def build(out: Annotated[Path, typer.Option(help="Folder for the boards' JSON.")]) -> None:
    """Write every board as JSON and say where."""
    for path in build_boards(out):
        typer.echo(path)


def main() -> None:
    """Run the command line."""
    app()


if __name__ == "__main__":
    main()
