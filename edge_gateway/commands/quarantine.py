# SPDX-License-Identifier: EUPL-1.2
"""``iskar-gateway quarantine``: look at what could not be taken; let it in or throw it away."""

import asyncio
import base64
import json
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import Annotated

import typer

from edge_gateway.clock import SystemClock
from edge_gateway.commands.options import DataDir, EnvFile, load
from edge_gateway.errors import GatewayError
from edge_gateway.feed import Feed
from edge_gateway.intake import Intake
from edge_gateway.leaks.monitor import Monitor
from edge_gateway.settings import Settings
from edge_gateway.store import quarantine
from edge_gateway.store.database import Store
from edge_gateway.store.opening import open_to_read, require_store
from edge_gateway.store.quarantine import Kept

app = typer.Typer(no_args_is_help=True, help="Messages that could not be taken.")
Names = Annotated[
    list[str] | None, typer.Argument(help="As list names them; enough of the beginning will do.")
]
All = Annotated[bool, typer.Option("--all", help="Every one that is kept.")]


@app.command("list")
def list_kept(data_dir: DataDir) -> None:
    """Print one line of JSON for each, the oldest first; the gateway may be running."""
    with open_to_read(data_dir) as db:
        for kept in quarantine.kept(db):
            typer.echo(json.dumps(_described(kept)))


@app.command()
def show(data_dir: DataDir, name: str) -> None:
    """Print one with its payload, as text or, if it is none, in base64."""
    with open_to_read(data_dir) as db:
        for kept in _chosen(quarantine.kept(db), [name], every=False):
            try:
                payload = kept.payload.decode()
            except UnicodeDecodeError:
                payload = base64.b64encode(kept.payload).decode()
            typer.echo(json.dumps(_described(kept) | {"payload": payload}, indent=2))


@app.command()
def release(env_file: EnvFile = None, names: Names = None, every: All = False) -> None:
    """Offer them to intake once more, after a new release say; the gateway must not be running."""
    settings = load(Settings, env_file)
    chosen = partial(_chosen, names=names or [], every=every)
    taken, refused = asyncio.run(_release(settings, chosen))
    typer.echo(f"{taken} taken, {refused} refused again.")


@app.command()
def drop(env_file: EnvFile = None, names: Names = None, every: All = False) -> None:
    """Throw them away for good; the gateway must not be running."""
    settings = load(Settings, env_file)
    chosen = partial(_chosen, names=names or [], every=every)
    typer.echo(f"{asyncio.run(_drop(settings, chosen))} thrown away.")


class _Nobody:
    async def publish(self, topic: str, payload: bytes) -> None:
        """Acknowledge to nobody: nodes were told long ago."""


async def _release(
    settings: Settings, choose: Callable[[list[Kept]], list[Kept]]
) -> tuple[int, int]:
    """Return how many were taken, and how many are refused again; none is lost on the way."""
    store = await _opened(settings)
    try:
        chosen = choose(await store.read(quarantine.kept))
        intake = Intake(
            site=settings.site,
            gateway_id=settings.id,
            store=store,
            publisher=_Nobody(),
            clock=SystemClock(settings.data_dir / "clock.json", trust=settings.clock),
            watch=Monitor(),
            feed=Feed(),
        )
        taken = sum([await intake.release(kept) for kept in chosen])
        await intake.settle()
        return taken, len(chosen) - taken
    finally:
        await store.close()


async def _drop(settings: Settings, choose: Callable[[list[Kept]], list[Kept]]) -> int:
    store = await _opened(settings)
    try:
        digests = [kept.digest for kept in choose(await store.read(quarantine.kept))]
        await store.write(partial(quarantine.remove, digests=digests))
        return len(digests)
    finally:
        await store.close()


async def _opened(settings: Settings) -> Store:
    require_store(settings.data_dir)
    return await Store.open(settings.data_dir)


def _chosen(kept: list[Kept], names: list[str], every: bool) -> list[Kept]:
    """Return those meant; raises GatewayError for a name that means none, or more than one."""
    if every:
        return kept
    if not names:
        raise GatewayError(
            "Name the messages, as iskar-gateway quarantine list does, or say --all."
        )
    meant = []
    for name in names:
        found = [one for one in kept if one.digest.hex().startswith(name.lower())]
        if len(found) != 1:
            raise GatewayError(f"{name} means {len(found) or 'no'} message(s) in quarantine.")
        meant += found
    return meant


def _described(kept: Kept) -> dict[str, object]:
    first_seen = datetime.fromtimestamp(kept.first_seen_ms / 1000, UTC)
    return {
        "name": kept.digest.hex()[:12],
        "first_seen": first_seen.isoformat(timespec="seconds"),
        "times_seen": kept.times_seen,
        "topic": kept.topic,
        "bytes": len(kept.payload),
        "reason": kept.reason,
    }
