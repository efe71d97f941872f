# SPDX-License-Identifier: EUPL-1.2
"""iskar-sim: the demonstration, the chain under faults, and the scorecard."""

import asyncio
import io
import logging
import shutil
import sys
import tempfile
import time
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, TypeVar

import structlog
import typer
from rich.console import Console

from simulators.city import read_city
from simulators.demo import Demo, Show, in_words
from simulators.errors import SimulatorError
from simulators.faults import schedule
from simulators.records import YEAR_DAYS, write_records
from simulators.scorecard import command as scorecards
from simulators.scorecard.command import Terms
from simulators.scorecard.match import Score
from simulators.scorecard.schedule import Kind
from simulators.usage import Usage

DATA_DIR = Path("var") / "demo"
HTTP_PORT = 8080
QUIET_SHARE = 0.15  # of a run with faults: left alone at its end, to drain
_INTERRUPTED = 130  # exit status after Ctrl-C, as shells have it

Outcome = TypeVar("Outcome")

app = typer.Typer(
    help="A simulated city around the real firmware, gateway and cloud.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

Minutes = Annotated[float | None, typer.Option(min=0.2, help="End after so many minutes.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object on the last line.")]
DataDir = Annotated[
    Path | None, typer.Option(help="Where all data goes; a timed run makes and removes its own.")
]
Port = Annotated[int | None, typer.Option(min=1, max=65535, help="Port of the app.")]


@app.command()
def demo(
    minutes: Minutes = None,
    history: Annotated[bool, typer.Option(help="Backfill 400 days first.")] = True,
    as_json: Json = False,
    data_dir: DataDir = None,
    port: Port = None,
    embedded_broker: Annotated[
        bool, typer.Option(help="Use the broker from PyPI even where Mosquitto is installed.")
    ] = False,
) -> None:
    """Run the whole chain, open a leak after a minute, and show the alert arrive."""
    chosen = port if port or minutes is not None else HTTP_PORT
    with _place(data_dir, is_timed=minutes is not None) as place:
        show = Show(
            data_dir=place,
            minutes=minutes,
            with_history=history,
            http_port=chosen or 0,
            embedded_broker=embedded_broker,
        )
        _perform(show, as_json)


@app.command()
def faults(
    seed: Annotated[int, typer.Option(help="Decides which faults strike when.")],
    minutes: Annotated[float, typer.Option(min=0.5, help="How long to run.")],
    as_json: Json = False,
    data_dir: DataDir = None,
) -> None:
    """Run the chain under a seeded schedule of every kind of fault."""
    struck = schedule(seed, minutes * 60 * (1 - QUIET_SHARE))
    with _place(data_dir, is_timed=True) as place:
        _perform(
            Show(data_dir=place, minutes=minutes, with_history=False, seed=seed, faults=struck),
            as_json,
        )


@app.command()
def records(
    folder: Annotated[Path, typer.Argument(help="Where use.csv, weather.csv, forecast.csv go.")],
    years: Annotated[int, typer.Option(min=1, max=20, help="How many of them.")] = 10,
    utility: Annotated[str, typer.Option(help="water, gas, electricity, heat")] = "heat",
    seed: Annotated[int, typer.Option(help="Decides weather and people.")] = 1,
) -> None:
    """Write the simulated city's use and weather up to today, as a utility has them."""
    city = read_city()
    end_h = int(time.time()) // 3600
    days = years * YEAR_DAYS
    write_records(city, Usage(city, seed=seed), utility, folder, days=days, end_h=end_h)


@app.command()
def scorecard(
    seed: Annotated[int, typer.Option(help="Decides the telegrams and which faults strike when.")],
    telegrams: Annotated[int, typer.Option(min=100, help="How many each system is sent.")],
    against: Annotated[str, typer.Option(help="Systems, parted by commas.")] = ",".join(
        scorecards.SYSTEMS
    ),
    faults: Annotated[int, typer.Option(min=0, help="How many strike each system.")] = 30,
    kind: Annotated[
        list[Kind] | None, typer.Option(help="Of the faults only this kind; may be repeated.")
    ] = None,
    per_second: Annotated[float, typer.Option(min=1, help="Telegrams a second.")] = 50,
    as_json: Json = False,
    data_dir: DataDir = None,
) -> None:
    """Send the same telegrams through Iskar and its rivals under the same faults."""
    terms = Terms(
        seed=seed,
        telegrams=telegrams,
        per_s=per_second,
        faults=faults,
        kinds=kind or tuple(Kind),
    )
    with _place(data_dir, is_timed=True) as place:
        scores = _run(_scores(against, terms, place))
        console = Console(stderr=as_json)
        console.print(scorecards.as_table(scores))
        if as_json:
            typer.echo(scorecards.as_json(scores, terms))
        raise typer.Exit(int(any(one.is_bad for one in scores if one.system == "iskar")))


async def _scores(against: str, terms: Terms, place: Path) -> list[Score]:
    return await scorecards.run(scorecards.systems(against), terms, place)


def _perform(show: Show, as_json: bool) -> None:
    """Run the show, print its report, and exit with the report's status."""
    performance = Demo(show, Console(stderr=as_json))
    report = _run(performance.run())
    if as_json:
        typer.echo(report.as_json(performance.struck if show.faults else None))
    else:
        typer.echo("\n".join(in_words(report)))
    raise typer.Exit(report.exit_status)


def _run(work: Coroutine[object, object, Outcome]) -> Outcome:
    """Return what comes of ``work``; where it fails or is interrupted, say so and exit."""
    try:
        return asyncio.run(work)
    except* SimulatorError as failed:
        typer.echo(str(_first(failed)), err=True)
        raise typer.Exit(1) from None
    except* asyncio.CancelledError:
        typer.echo("Stopped before its end: nothing was audited.", err=True)
        raise typer.Exit(_INTERRUPTED) from None


def _first(group: BaseExceptionGroup[SimulatorError]) -> SimulatorError:
    """Return the first error of a group, however deep it is."""
    one = group.exceptions[0]
    return _first(one) if isinstance(one, BaseExceptionGroup) else one


@contextmanager
def _place(data_dir: Path | None, *, is_timed: bool) -> Iterator[Path]:
    """Give the folder for the data: the one named, the demonstration's, or one to throw away."""
    if data_dir is not None or not is_timed:
        yield data_dir or DATA_DIR
        return
    made = Path(tempfile.mkdtemp(prefix="iskar-"))
    is_of_use = True
    try:
        yield made
    except typer.Exit as ended:
        is_of_use = ended.exit_code not in (0, _INTERRUPTED)
        raise
    finally:
        if is_of_use:
            typer.echo(f"Its logs and data are kept in {made}", err=True)
        else:
            shutil.rmtree(made, ignore_errors=True)


def main() -> None:
    """Run the command line."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal that lacks a letter is no fault
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    app()
