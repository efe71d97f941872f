# SPDX-License-Identifier: EUPL-1.2
"""The commands ``validate`` and ``rules``: they need no server and no database."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from cloud.validation import rules
from cloud.validation.files import UnreadableFileError
from cloud.validation.report import as_json, as_text, validate

cli = typer.Typer(no_args_is_help=True, add_completion=False)

UNREADABLE = 2


@cli.command("validate")
def validate_command(
    file: Annotated[
        Path,
        typer.Argument(
            help="CSV or Parquet with the columns meter_id, reading_type, read_at, register; or"
            " meter_id, reading_type, interval_start, usage."
        ),
    ],
    unit: Annotated[
        str | None,
        typer.Option(help="The unit of the amounts, where the file has no column unit: m3, kWh …"),
    ] = None,
    as_lines: Annotated[
        bool, typer.Option("--json", help="Print one JSON object a finding, then a summary.")
    ] = False,
) -> None:
    """Tell what is wrong with the readings in a file; findings are no error of the command."""
    try:
        report = validate(file, unit)
    except UnreadableFileError as error:
        typer.echo(f"iskar-cloud: {error}", err=True)
        sys.exit(UNREADABLE)
    for line in as_json(report) if as_lines else as_text(report):
        typer.echo(line)


@cli.command("rules")
def rules_command() -> None:
    """Print what each rule of validation does, as Markdown."""
    typer.echo(rules.documentation(), nl=False)
