# SPDX-License-Identifier: EUPL-1.2
"""``iskar-cloud backup`` and ``restore``."""

import asyncio
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from cloud.app.running import any_database, loaded, run
from cloud.kit.settings import CloudSettings
from cloud.operation import backup
from cloud.operation.postgres_tools import PostgresTools
from cloud.operation.restore import restore
from cloud.operation.sealing import SealError

cli = typer.Typer()

PassphraseFile = Annotated[
    Path | None,
    typer.Option(help="File whose first line is the passphrase; CLOUD_BACKUP_PASSPHRASE_FILE."),
]


@cli.command("backup")
def backup_command(
    to: Annotated[
        Path | None,
        typer.Argument(help="A new file, or a directory; CLOUD_BACKUP_DIR if left out."),
    ] = None,
    passphrase_file: PassphraseFile = None,
    plain: Annotated[
        bool, typer.Option("--plain", help="Don't encrypt: it holds private keys and all data.")
    ] = False,
    keep: Annotated[
        int | None, typer.Option(min=1, help="Remove all but so many backups of the directory.")
    ] = None,
    verify: Annotated[
        bool, typer.Option("--verify", help="Make none; read the one named to its end.")
    ] = False,
) -> None:
    """Back up the database and the keys beside it into one file; print what it holds as JSON."""
    settings = loaded()
    chosen = to or settings.backup_dir
    if chosen is None:
        raise typer.BadParameter("Name a file or a directory, or set CLOUD_BACKUP_DIR.")
    tools = PostgresTools(settings.postgres_bin)

    async def look() -> None:
        passphrase = None if plain else passphrase_of(settings, passphrase_file, needed=False)
        file = backup.newest(chosen)
        seen = await asyncio.to_thread(backup.look_through, file, passphrase, tools)
        typer.echo(json.dumps({"file": str(file), **seen.told()}))

    async def make() -> None:
        passphrase = None if plain else passphrase_of(settings, passphrase_file, needed=True)
        now = datetime.now(UTC)
        target = chosen / backup.NAME.format(at=now) if chosen.is_dir() else chosen
        async with any_database(settings) as (dsn, _):
            seen = await asyncio.to_thread(
                backup.back_up, dsn, settings.data_dir, target, passphrase, now, tools
            )
        removed = backup.forget_old(target.parent, keep) if keep else []
        told = {"file": str(target), **seen.told(), "removed": [one.name for one in removed]}
        typer.echo(json.dumps(told))

    run(look() if verify else make(), settings)


@cli.command("restore")
def restore_command(
    file: Annotated[Path, typer.Argument(help="A backup.", exists=True, dir_okay=False)],
    passphrase_file: PassphraseFile = None,
) -> None:
    """Restore a backup into an empty database and data directory; print what is there as JSON."""
    settings = loaded()

    async def work() -> None:
        passphrase = passphrase_of(settings, passphrase_file, needed=False)
        async with any_database(settings, must_own=True) as (dsn, _):
            told = await asyncio.to_thread(
                restore,
                file,
                passphrase,
                dsn,
                settings.data_dir,
                PostgresTools(settings.postgres_bin),
            )
        typer.echo(json.dumps(told))

    run(work(), settings)


def passphrase_of(settings: CloudSettings, named: Path | None, *, needed: bool) -> str | None:
    """Return the passphrase in the file named, or else in that of the settings."""
    file = named or settings.backup_passphrase_file
    if file is not None:
        lines = file.read_text().splitlines()
        return lines[0].strip() if lines else ""
    if needed:
        raise SealError(
            "A backup holds private keys and everybody's use. Name a file with a passphrase by"
            " --passphrase-file, or say --plain if it goes to an encrypted disk."
        )
    return None
