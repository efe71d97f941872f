# SPDX-License-Identifier: EUPL-1.2
"""``iskar-gateway replay``: what the leak rules would have found in a file of old readings."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import typer
from pydantic import TypeAdapter, ValidationError

from edge_gateway.errors import HistoryError, SettingsError
from edge_gateway.leaks import replay as backtest
from edge_gateway.leaks.finding import Finding
from edge_gateway.leaks.labels import Label
from edge_gateway.leaks.replay import Tally
from edge_gateway.leaks.stretch import COMMONEST_Q3_L_PER_H, ELECTRICITY, GAS, WATER, Meter

if TYPE_CHECKING:
    from edge_gateway.history.order import Ordered
    from edge_gateway.history.table import Table

# Of a building's main, by the homes behind it. Source: DVGW W 406 (2021), limits of use.
Q3_OF_MAINS = ((30, 4000), (200, 10_000), (600, 16_000))
Q3_OF_A_LARGE_MAIN = 25_000
HOMES_BEHIND_A_HOMES_METER = 3
ROW = "{:<36} {:<18} {:<16} {:<16} {:<16} {:>10} {:>6}"
HEADING = ("meter", "kind", "raised", "began", "over", "flow", "sure")


class Utility(StrEnum):
    """What the registers of a file count: l of water or gas, Wh of electricity."""

    WATER = WATER
    GAS = GAS
    ELECTRICITY = ELECTRICITY


def replay(
    file: Annotated[
        Path, typer.Argument(help="CSV or Parquet with the columns meter_id, read_at, register.")
    ],
    households: Annotated[
        int | None, typer.Option(min=1, help="How many homes each meter serves, where known.")
    ] = None,
    utility: Annotated[
        Utility, typer.Option(help="What is counted: registers in l, of electricity in Wh.")
    ] = Utility.WATER,
    timezone: Annotated[str, typer.Option(help="Where the meters are.")] = "Europe/Sofia",
    labels: Annotated[
        Path | None,
        typer.Option(help="JSON list of uses that owners called ordinary; see the README."),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="One finding a line, then a line that sums up.")
    ] = False,
) -> None:
    """Show what the leak rules would have found in a file of old readings."""
    zone = _zone(timezone)
    meter = Meter(utility=utility, q3_l_per_h=q3_l_per_h(households), households=households)
    called_ordinary = _labels(labels) if labels else []
    tally = Tally()
    with _opened(file) as (table, ordered):
        if not as_json:
            typer.echo(ROW.format(*HEADING))
        for meter_id in ordered.meters():
            known = replace(
                meter,
                meter_id=meter_id,
                labels=tuple(one for one in called_ordinary if one.meter_id in (None, meter_id)),
            )
            for one in backtest.replay(ordered.of(meter_id), known, timezone, tally):
                if as_json:
                    typer.echo(json.dumps(_fields(meter_id, one, table.times_are_text)))
                else:
                    typer.echo(_row(meter_id, one, zone))
        if table.empty_registers:
            typer.echo(f"{table.empty_registers} rows have no register: left out.", err=True)
    _tell_of_dirt(tally)
    typer.echo(json.dumps(_summary(tally)) if as_json else _sentence(tally))


@dataclass(frozen=True, slots=True, kw_only=True)
class _LabelOfAMeter(Label):
    """A line of ``--labels``; of all meters of the file where none is named."""

    meter_id: str | None = None


def _labels(file: Path) -> list[_LabelOfAMeter]:
    try:
        return TypeAdapter(list[_LabelOfAMeter]).validate_json(file.read_bytes())
    except OSError as error:
        raise HistoryError(f"{file} can't be read: {error.strerror}.") from error
    except ValidationError as error:
        fault = error.errors()[0]
        where = " ".join(str(part) for part in fault["loc"]) or "the whole"
        raise HistoryError(
            f"{file.name}, {where}: {fault['msg']}. Write a list of objects as the README shows."
        ) from None


def q3_l_per_h(households: int | None) -> int:
    """Return how large a water meter for so many homes ordinarily is."""
    if households is None or households <= HOMES_BEHIND_A_HOMES_METER:
        return COMMONEST_Q3_L_PER_H
    fitting = (q3 for most_homes, q3 in Q3_OF_MAINS if households <= most_homes)
    return next(fitting, Q3_OF_A_LARGE_MAIN)


@contextmanager
def _opened(file: Path) -> "Iterator[tuple[Table, Ordered]]":
    try:
        from edge_gateway.history.order import Ordered
        from edge_gateway.history.table import Table
    except ImportError as error:
        raise HistoryError(
            "Reading files needs polars: pip install 'iskar[gateway,replay]'"
        ) from error
    table = Table(file)
    with Ordered(table.blocks()) as ordered:
        yield table, ordered


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise SettingsError(f"{name} is no time zone; write one such as Europe/Sofia.") from error


def _fields(meter_id: str, one: Finding, in_text: bool) -> dict[str, object]:
    """Return a finding by the names that scripts rely on; times as the file has them."""

    def told(at_s: int | None) -> int | str | None:
        return datetime.fromtimestamp(at_s, UTC).isoformat() if in_text and at_s else at_s

    return {
        "meter_id": meter_id,
        "kind": one.kind,
        "raised_at": told(one.raised_at_s),
        "started_at": told(one.started_at_s),
        "flow_l_per_h": one.flow_l_per_h,
        "cleared_at": told(one.cleared_at_s),
        "confidence": one.confidence,
        **({} if one.flow_w is None else {"flow_w": one.flow_w}),
    }


def _summary(tally: Tally) -> dict[str, object]:
    return {
        "meters": tally.meters,
        "meter_years": round(tally.meter_years, 4),
        "findings": tally.findings,
        "us_per_reading": round(tally.us_per_reading, 2),
        "state_bytes_per_meter": tally.state_bytes,
    }


def _row(meter_id: str, one: Finding, zone: ZoneInfo) -> str:
    def told(at_s: int | None) -> str:
        return (
            f"{datetime.fromtimestamp(at_s, zone):%Y-%m-%d %H:%M}" if at_s is not None else "open"
        )

    flow = f"{one.flow_l_per_h} l/h" if one.flow_w is None else f"{one.flow_w} W"
    times = (told(at_s) for at_s in (one.raised_at_s, one.started_at_s, one.cleared_at_s))
    return ROW.format(meter_id, one.kind, *times, flow, f"{one.confidence} %")


def _sentence(tally: Tally) -> str:
    return (
        f"{tally.findings} findings in {tally.meter_years:.2f} meter-years of {tally.meters} "
        f"meters, {tally.readings} readings; {tally.us_per_reading:.1f} us a reading, "
        f"{tally.state_bytes} bytes of memory a meter."
    )


def _tell_of_dirt(tally: Tally) -> None:
    if tally.contradictions:
        typer.echo(
            f"{tally.contradictions} readings have the time of another one of their meter, and "
            "another register: the first counts.",
            err=True,
        )
    if tally.falls:
        typer.echo(
            f"{tally.falls} registers are lower than the one before: the rules begin anew there.",
            err=True,
        )
    if tally.leaps:
        typer.echo(
            f"{tally.leaps} registers are further on than a meter of this size can count: the "
            "rules begin anew there. Is the unit right, and --households?",
            err=True,
        )
