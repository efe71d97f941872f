# SPDX-License-Identifier: EUPL-1.2
"""The commands about what is kept of people: check the audit log, hand out, erase."""

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from cloud.app.running import print_with_services
from cloud.app.services import Services

audit_cli = typer.Typer(no_args_is_help=True, help="The log of who changed what.")
ONLY_MINE = 0o600


@audit_cli.command("verify")
def verify(
    anchor: Annotated[
        list[str] | None,
        typer.Option(help="ENTRY:HASH that was kept elsewhere, as in the log; repeat for more."),
    ] = None,
) -> None:
    """Walk over the whole log and name the first entry that is not as it was written.

    Prints JSON, and ends with 1 if there is one.
    """
    told = dict(_told(one) for one in anchor or ())
    found: list[int] = []

    async def work(services: Services) -> dict[str, object]:
        verdict = await services.audit_log.verify(told)
        if verdict.fault is not None:
            found.append(verdict.fault.entry_id)
        return {
            "entries": verdict.entries,
            "last_hash": verdict.last_hash,
            "anchors": verdict.anchors + len(told),
            "unfinished_anchor": verdict.unfinished_anchor,
            "fault": vars(verdict.fault) if verdict.fault else None,
        }

    print_with_services(work)
    if found:
        sys.exit(1)


def _told(anchor: str) -> tuple[int, bytes]:
    number, _, digest = anchor.partition(":")
    try:
        return int(number), bytes.fromhex(digest)
    except ValueError:
        raise typer.BadParameter(f"{anchor!r} is not a number, a colon and a hash.") from None


@audit_cli.command("anchor")
def anchor_now() -> None:
    """Sign the log's last hash now, as is done every day, and print it to be kept elsewhere."""

    async def work(services: Services) -> dict[str, object]:
        made = await services.audit_log.anchor()
        return {"anchor": f"{made.entry_id}:{made.hash}" if made else None}

    print_with_services(work)


def export_user(email: str, file: Path) -> None:
    """Write everything that is kept of a person to FILE, a ZIP archive."""

    async def work(services: Services) -> dict[str, object]:
        archive = await services.takeout.of(None, email=email)
        size = 0
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, ONLY_MINE), "wb") as out:
            async for part in archive:
                size += out.write(part)
        return {"file": str(file), "bytes": size}

    print_with_services(work)


def erase_user(
    email: str,
    yes: Annotated[bool, typer.Option("--yes", help="Don't ask; there is no way back.")] = False,
) -> None:
    """Erase a person at once and for good; what meters measured stays for the bills."""
    if not yes:
        typer.confirm(f"Erase {email}? There is no way back.", abort=True)

    async def work(services: Services) -> dict[str, object]:
        await services.erasures.erase(None, email=email)
        return {"erased": email}

    print_with_services(work)


def register(user_cli: typer.Typer) -> None:
    """Add the commands about one person to those about people."""
    user_cli.command("export")(export_user)
    user_cli.command("erase")(erase_user)
