# SPDX-License-Identifier: EUPL-1.2
"""The demonstration: the whole chain on one machine, and a leak after a minute."""

import asyncio
import signal
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.panel import Panel
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from simulators import ground as grounds
from simulators.chain import Chain, assembled
from simulators.commissioning import OWNER, PLANNER
from simulators.errors import ProgramFailedError
from simulators.faults import Fault, play
from simulators.forecasting import Forecasting
from simulators.ground import Ground
from simulators.history import HISTORY_DAYS, History
from simulators.report import Report
from simulators.run import LEAK_AFTER_S, LEAK_L_PER_H, Run
from simulators.webhook_inbox import show

_BACKFILLED = "backfilled"


@dataclass(frozen=True, kw_only=True)
class Show:
    """What is to be shown. ``minutes`` None: until Ctrl-C; ``http_port`` 0: any free one."""

    data_dir: Path
    minutes: float | None = None
    with_history: bool = True
    http_port: int = 0
    seed: int = 1
    embedded_broker: bool = False
    faults: Sequence[Fault] = ()


class Demo:
    """Runs one show and tells ``console`` about it."""

    def __init__(self, plan: Show, console: Console) -> None:
        self._plan = plan
        self._console = console
        self._ground = Ground(plan.data_dir.resolve())
        self.struck: dict[str, int] = {}

    async def run(self) -> Report:
        """Set everything up, run for as long as asked, audit, and stop everything."""
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - this is a coroutine
        _at_signal(task.cancel)
        grounds.check_tools()
        grounds.check_disk(self._ground.root)
        if self._plan.http_port:
            grounds.check_port(self._plan.http_port)
        async with assembled(
            self._ground,
            seed=self._plan.seed,
            with_history=self._plan.with_history,
            http_port=self._plan.http_port,
            embedded_broker=self._plan.embedded_broker,
        ) as (chain, past):
            await self._start(chain, past)
            run = Run(chain)
            try:
                await run.begin()
                return await self._show(chain, run)
            finally:
                self._console.print("Stopping …")
                await run.close()

    async def _start(self, chain: Chain, past: History) -> None:
        tell = self._console.print
        if not chain.has_tls:
            tell(
                "iotcore on loopback stands in for Mosquitto, [b]without TLS[/b]. "
                "For the real one on Debian: apt-get install mosquitto"
            )
        tell("Starting the cloud and its database …")
        await chain.start_cloud()
        tell("Enrolling 5 gateways and 30 nodes with iskar-field …")
        await chain.enrol()
        if self._plan.with_history and _BACKFILLED not in self._ground.remembered():
            await self._backfill(chain, past)
        tell("Starting brokers, gateways, meters and nodes …")
        await chain.start_gateways()
        await chain.start_nodes()

    async def _backfill(self, chain: Chain, past: History) -> None:
        with Progress(
            TextColumn(f"Backfilling {HISTORY_DAYS} days through the ingest API"),
            BarColumn(),
            TextColumn("{task.completed:,.0f} of {task.total:,.0f} telegrams"),
            TimeRemainingColumn(),
            console=self._console,
        ) as progress:
            task = progress.add_task("history", total=past.telegrams)
            for one in past.batches():
                await chain.ingest_history(one)
                progress.advance(task, one.telegrams)
        self._ground.remember(_BACKFILLED, "yes")

    async def _show(self, chain: Chain, run: Run) -> Report:
        minutes = self._plan.minutes
        self._tell_addresses(chain, run.receiver.inbox_url)
        leak_after_s = LEAK_AFTER_S if minutes is None else min(LEAK_AFTER_S, minutes * 20)
        began_s = time.monotonic()
        async with asyncio.TaskGroup() as group:
            watch = group.create_task(run.watch())
            leak = group.create_task(self._leak(run, leak_after_s))
            forecasts = group.create_task(self._forecast(chain))
            if self._plan.faults:
                self.struck = dict(await play(chain, self._plan.faults))
            if minutes is None:
                await interrupted()
            else:
                await asyncio.sleep(max(0.0, minutes * 60 - (time.monotonic() - began_s)))
            leak.cancel()
            forecasts.cancel()
            watch.cancel()
        self._console.print("Letting the chain drain, and comparing it with the dials …")
        return await run.end()

    async def _leak(self, run: Run, after_s: float) -> None:
        tell = self._console.print
        await asyncio.sleep(after_s)
        run.open_leak()
        tell(f"A hose breaks in the school's canteen: {LEAK_L_PER_H / 60:.0f} l/min …")
        seen_after_s = await run.leak_seen()
        tell(f"[green]The alert is in the app[/green], {seen_after_s:.1f} s after the hose broke.")
        received = await run.webhook_seen()
        tell("[green]The water utility's receiver took and verified the webhook:[/green]")
        tell(show(received), markup=False, highlight=False)

    async def _forecast(self, chain: Chain) -> None:
        """Have the cloud forecast, beside all else, so that nobody waits for it."""
        if self._plan.faults:
            return  # what is killed meanwhile is no fault of the forecasts
        began_s = time.monotonic()
        forecasting = Forecasting(
            self._ground,
            chain.environment,
            chain.world.weather,
            days=HISTORY_DAYS,
            now_s=time.time,
        )
        tell = self._console.print
        try:
            if (await forecasting.begin()).forecasts:
                took_s = time.monotonic() - began_s
                tell(f"First forecasts, “as a week ago”, are in the app after {took_s:.0f} s:")
                tell(f"sign in as {PLANNER}, and open “Прогноза” ({chain.url}/#/demand).")
                tell("Models are being fitted to the history; their forecasts follow.")
            made = await forecasting.learn()
            tell(f"[green]{made.in_words(time.monotonic() - began_s)}[/green]")
        except ProgramFailedError as error:  # all else goes on without them
            tell(f"[yellow]There are no new forecasts.[/yellow] {escape(str(error))}")
        except TimeoutError:
            tell("[yellow]This machine has too much to do to forecast here and now.[/yellow]")
        while True:
            try:
                await forecasting.keep_telling()
            except (ProgramFailedError, TimeoutError) as error:
                tell(f"[yellow]The weather wasn't told this time.[/yellow] {escape(str(error))}")

    def _tell_addresses(self, chain: Chain, inbox: str) -> None:
        known = self._ground.remembered()
        lines = (
            f"App        [b]{chain.url}[/b]",
            f"Owner      [b]{OWNER}[/b]   password [b]{known[OWNER]}[/b]",
            "           live use, alerts, the month's expected bill",
            f"Utility    [b]{PLANNER}[/b]   password [b]{known[PLANNER]}[/b]",
            f"           tomorrow's demand: {chain.url}/#/demand",
            f"Inbox      [b]{inbox}[/b]   what the utility is told, verified",
            f"API        {chain.url}/docs   operator's token in {self._ground.credentials}",
            f"Logs       {self._ground.root / 'logs'}",
        )
        until = "Ctrl-C stops; a second start goes on with the same data."
        if self._plan.minutes is not None:
            until = f"Ends by itself after {self._plan.minutes:g} min."
        self._console.print(Panel("\n".join((*lines, until)), title="Iskar is running"))


async def interrupted() -> None:
    """Return at the first Ctrl-C or SIGTERM; the next one cancels what then still goes on."""
    task = asyncio.current_task()
    assert task is not None  # noqa: S101 - this is a coroutine
    told = asyncio.Event()
    _at_signal(told.set)
    await told.wait()
    _at_signal(task.cancel)


def _at_signal(act: Callable[[], object]) -> None:
    """Have Ctrl-C and SIGTERM do ``act`` from now on."""
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, act)


def in_words(report: Report) -> Iterable[str]:
    """Yield the report as sentences."""
    yield f"{report.telegrams_produced:,} telegrams produced, {report.telegrams_stored:,} stored:"
    yield f"{report.lost} lost, {report.duplicated} doubled, {report.dial_mismatches} off the dial."
    if report.latency_p99_s is not None and report.latency_p50_s is not None:
        yield (
            f"From dial to API: {report.latency_p50_s:.2f} s in the median, "
            f"{report.latency_p99_s:.2f} s for 99 of 100."
        )
