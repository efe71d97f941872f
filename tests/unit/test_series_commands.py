# SPDX-License-Identifier: EUPL-1.2
"""``iskar-cloud demand add-series``: what the API refuses is refused here, before any database."""

import pytest
import typer
from typer.testing import CliRunner

from cloud.app.series_commands import register

NAMES = ("--name-bg", "Зона", "--name-en", "Zone")
WATER = ("--utility", "water", "--unit", "l")


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (["Зона 1", *NAMES, *WATER], "series_id"),
        (["a/b", *NAMES, *WATER], "'a/b'"),
        (["zone", "--name-bg", "", "--name-en", "Zone", *WATER], "bg ''"),
        (["zone", *NAMES, *WATER, "--supplier", "Water Works"], "supplier_id"),
        (["zone", *NAMES, "--utility", "steam", "--unit", "l"], "'steam'"),
        (["zone", *NAMES, "--utility", "water", "--unit", "m3"], "'m3'"),
    ],
)  # fmt: skip
def test_a_series_that_could_not_be_asked_for_is_not_added(given: list[str], told: str) -> None:
    cli = typer.Typer()
    register(cli)
    refused = CliRunner().invoke(cli, ["add-series", *given], env={"COLUMNS": "200"})
    assert refused.exit_code == 2, refused.output
    assert told in refused.output
