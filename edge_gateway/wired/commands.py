# SPDX-License-Identifier: EUPL-1.2
"""``iskar-gateway meters``: commissioning of the meters that are wired to the gateway."""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path
from typing import Annotated

import typer

from edge_gateway.errors import GatewayError, SettingsError
from edge_gateway.wired import commissioning, register_maps, wiring
from edge_gateway.wired.bus import bus_on
from edge_gateway.wired.line import Line
from edge_gateway.wired.wiring import LineTable, WiredMeter, Wiring

app = typer.Typer(no_args_is_help=True, help="Meters wired to the gateway itself.")


@app.callback()
def _meters() -> None:
    """Meters wired to the gateway itself."""


@app.command()
def check(
    data_dir: Annotated[Path, typer.Option(help="Where meters.toml lies.")],
    dial: Annotated[
        list[str] | None,
        typer.Option(help="What a dial shows, as CODE=NUMBER in kWh or m3; once a meter at least."),
    ] = None,
) -> None:
    """Read every meter once and compare it with its dial; only such meters are read by run."""
    wired = wiring.read(data_dir)
    if wired is None:
        raise SettingsError(f"There is no {data_dir / wiring.FILE_NAME}.")
    dials = _dials(dial or [], wired)
    refused = asyncio.run(_check(data_dir, wired, dials))
    if refused:
        raise GatewayError(
            f"{refused} meter(s) are not compared yet, and are not read until they are."
        )


def _dials(told: list[str], wired: Wiring) -> dict[str, Fraction]:
    known = {code for line in wired.lines for meter in line.meters for code in meter.registers}
    dials = {}
    for one in told:
        code, _, number = one.partition("=")
        if code not in known:
            raise SettingsError(f"--dial {one}: {wiring.FILE_NAME} has no register {code}.")
        try:
            dials[code] = Fraction(number.replace(",", "."))
        except (ValueError, ZeroDivisionError):
            raise SettingsError(f"--dial {one}: {number!r} is not a number.") from None
    return dials


async def _check(data_dir: Path, wired: Wiring, dials: Mapping[str, Fraction]) -> int:
    """Return how many meters are left to compare."""
    refused = 0
    maps = register_maps.read()
    for table in wired.lines:
        meters = wiring.meters_of(table, maps)
        line = Line(table)
        await line.open()
        try:
            for meter in meters:
                refused += not await _check_meter(data_dir, line, table, meter, dials)
        finally:
            line.close()
    return refused


async def _check_meter(
    data_dir: Path,
    line: Line,
    table: LineTable,
    meter: WiredMeter,
    dials: Mapping[str, Fraction],
) -> bool:
    """Print what the meter reads; return whether it is, or was before, compared."""
    verdicts = await commissioning.compare(bus_on(line, table), meter, dials)
    is_known = meter.fingerprint in commissioning.compared(data_dir)
    has_dial = any(one.obis in dials for one in verdicts)
    is_right = all(one.fault is None for one in verdicts)
    if is_right and has_dial:
        commissioning.remember(data_dir, meter, verdicts, datetime.now(UTC))
    for one in verdicts:
        shown = "no number" if one.shown is None else f"{float(one.shown):.10g} {one.unit}"
        if is_known and not has_dial and one.shown is not None:
            verdict = "compared before"
        else:
            verdict = one.fault or "right"
        typer.echo(f"{meter.line} unit {meter.unit_id} {one.obis}: {shown}: {verdict}")
    return is_right if has_dial else is_known
