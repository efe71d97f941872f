# SPDX-License-Identifier: EUPL-1.2
"""The doctor: looks the cloud over, running or not, changes nothing, says what to mend and how."""

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import structlog
from cryptography import x509
from cryptography.exceptions import InvalidTag
from psycopg_pool import PoolTimeout

from cloud import migrations
from cloud.kit.auth.rights import STAFF
from cloud.kit.database import Connection, Database
from cloud.kit.sealing import Sealing
from cloud.kit.settings import CloudSettings
from cloud.operation import backup, state_repository
from cloud.operation.verdict import Verdict, fault, good, warning

log = structlog.get_logger(__name__)

FREE_SHARE = (0.10, 0.03)  # of the disk: below the first a warning, below the second a fault
EXPIRES_SOON = timedelta(days=60)  # a certificate; enough for somebody on holiday
# A gateway sends each minute and is told in time to order a new one; a day is a building unseen.
SILENT = timedelta(hours=24)
# Standard Webhooks: the receiver's fault for a day is worth a telephone call.
WEBHOOK_SPAN = timedelta(days=1)
BACKUP_AGE = (timedelta(hours=30), timedelta(days=3))  # a nightly one missed; a weekend of them
QUEUE_AGE_S = (60.0, 900.0)  # late data must be in the roll-ups within 15 min
CLOCK_OFF_S = (2.0, 60.0)  # between us and the database; signatures bear five minutes
WORKER_HEARD = timedelta(seconds=60)  # they say so every ten
FORECAST_AGE = timedelta(hours=30)  # a forecast is made four times a day; a day of them missed
# Nine hours of ten are promised. Days' errors go together, and so do their hours': of 28 days one
# in a hundred series' coverage is below three quarters by chance (binomial of 28 days).
LEAST_COVERAGE_PCT = 75.0
# By chance one series in five hundred is found to drift in a day: of many some always are.
MANY_DRIFTED = 0.1
DRIFTED = {
    "use": "use left for good what was forecast",
    "error": "errors grew far beyond what the models' own checks told",
    "coverage": "ranges came to hold too few hours, or too many,",
}
NAMED = 5  # of many, how many a sentence names


async def examine(settings: CloudSettings, dsn: str, now: datetime) -> list[Verdict]:
    """Return the verdicts, in the order in which one fault explains the next."""
    verdicts = [*_settings(settings), *_disk(settings), *_certificates(settings, now)]
    verdicts += _backups(settings, now)
    database = Database(dsn, 2)
    await database.open()
    try:
        async with database.transaction(as_system=True) as connection:
            verdicts += await _of_database(connection, settings.data_dir, now)
    except (psycopg.Error, PoolTimeout, TimeoutError) as error:
        said = " ".join(str(error).split())[:200] or type(error).__name__
        verdicts.append(fault("database", f"can't be asked: {said}"))
    finally:
        await database.close()
    return verdicts


async def _of_database(connection: Connection, data_dir: Path, now: datetime) -> list[Verdict]:
    server = await state_repository.server(connection)
    verdicts = list(_server(server))
    schema = await state_repository.schema(connection)
    if schema != migrations.NEWEST:
        said = f"is {schema or 'not there'}, this release's is {migrations.NEWEST}:"
        return [*verdicts, fault("schema", f"{said} run `iskar-cloud migrate`.")]
    verdicts.append(good("schema", f"is {schema}, this release's."))
    if not server["acts_for_callers"]:
        said = f"can't act as {state_repository.CALLER}: no owner or utility gets an answer."
        verdicts.append(fault("database", f"{said} Let an administrator grant it to our role."))
    verdicts += _keys(data_dir, await state_repository.sealed(connection))
    verdicts += _jobs(
        await state_repository.jobs(connection, now),
        await state_repository.workers(connection, now - WORKER_HEARD),
    )
    verdicts += _gateways(await state_repository.gateways(connection), now)
    verdicts += _webhooks(await state_repository.webhooks(connection, now - WEBHOOK_SPAN))
    verdicts += _forecasts(await state_repository.forecasts(connection, now))
    review = await state_repository.review(connection)
    held = review["quarantined"]
    if held:
        said = f"{held} entries are held; `GET /api/v1/quarantine` tells why."
        verdicts.append(warning("quarantine", said))
    return verdicts


def _settings(settings: CloudSettings) -> Iterator[Verdict]:
    if settings.public_url is None:
        yield warning("settings", "CLOUD_PUBLIC_URL is not set: links in messages lead nowhere.")
    elif not settings.public_url.startswith("https://"):
        yield warning("settings", "CLOUD_PUBLIC_URL is not https: browsers keep no safe session.")
    if settings.database_url is None:
        yield warning(
            "settings", "The embedded PostgreSQL is used; for years, run a server of its own."
        )
    if lax := sorted(STAFF - settings.require_second_factor_of):
        said = f"CLOUD_REQUIRE_SECOND_FACTOR_OF leaves out {', '.join(lax)}: a password is enough."
        yield fault("settings", said)
    if settings.mail_server is None:
        yield warning("settings", "CLOUD_SMTP_HOST is not set: nobody gets a letter or a link.")
    if settings.metrics_port is None:
        yield warning("settings", "CLOUD_METRICS_PORT is not set: nobody is told when it fails.")
    if settings.log_format != "json":
        yield warning("settings", "CLOUD_LOG_FORMAT is not json: the log is for people only.")


def _disk(settings: CloudSettings) -> Iterator[Verdict]:
    if not settings.data_dir.is_dir():
        yield fault("disk", f"{settings.data_dir} is not there; CLOUD_DATA_DIR names it.")
        return
    disk = shutil.disk_usage(settings.data_dir)
    share = disk.free / disk.total
    said = f"{disk.free / 1e9:.1f} GB of {disk.total / 1e9:.1f} GB are free for the data directory."
    say = fault if share < FREE_SHARE[1] else warning if share < FREE_SHARE[0] else good
    yield say("disk", said)
    if settings.data_dir.stat().st_mode & 0o077 and (settings.data_dir / "ca").exists():
        open_to_others = (settings.data_dir / "ca").stat().st_mode & 0o077
        if open_to_others:
            yield fault("disk", f"{settings.data_dir / 'ca'} is open to others: chmod 700 it.")


def _certificates(settings: CloudSettings, now: datetime) -> Iterator[Verdict]:
    directory = settings.data_dir / "ca"
    if not (directory / "ca.key").exists():
        yield warning("authority", "is not there yet; the first `iskar-cloud serve` makes it.")
        return
    for file in sorted(directory.glob("*.crt")):
        try:
            ends = x509.load_pem_x509_certificate(file.read_bytes()).not_valid_after_utc
        except (OSError, ValueError) as error:
            yield fault("authority", f"{file} can't be read: {error}")
            continue
        say = fault if ends < now else warning if ends < now + EXPIRES_SOON else good
        yield say("authority", f"{file.name} is good until {ends:%Y-%m-%d}.")


def _keys(data_dir: Path, sealed: dict[str, Any] | None) -> Iterator[Verdict]:
    """Tell whether what is sealed in the database opens by the key beside it."""
    file = data_dir / "keys" / "sealing.key"
    if sealed is None:
        return
    said = "no webhook is sent, second factors fail: copy it from the backup"
    if not file.exists():
        yield fault("keys", f"{file} is not there; {said}.")
        return
    try:
        Sealing(file).open(bytes(sealed["secret"]), f"webhook-secret:{sealed['webhook_id']}")
    except (InvalidTag, OSError, ValueError) as error:
        reason = str(error) or "it is not the key of this database"
        yield fault("keys", f"{file} opens nothing ({reason}); {said}.")
    else:
        yield good("keys", "open what is sealed in the database.")


def _backups(settings: CloudSettings, now: datetime) -> Iterator[Verdict]:
    directory = settings.backup_dir
    if directory is None:
        yield warning("backups", "CLOUD_BACKUP_DIR is not set: nobody knows whether there are any.")
        return
    found = backup.in_directory(directory) if directory.is_dir() else []
    if not found:
        yield fault("backups", f"{directory} holds none; run `iskar-cloud backup`.")
        return
    age = now - datetime.fromtimestamp(found[0].stat().st_mtime, UTC)
    say = fault if age > BACKUP_AGE[1] else warning if age > BACKUP_AGE[0] else good
    size_mb = found[0].stat().st_size / 1e6
    yield say(
        "backups", f"{found[0].name} is {_ago(age)} old, {size_mb:.1f} MB; {len(found)} in all."
    )


def _server(server: dict[str, Any]) -> Iterator[Verdict]:
    extension = f" with TimescaleDB {server['timescaledb']}" if server["timescaledb"] else ""
    said = f"is PostgreSQL {server['version']}{extension}, {server['size_bytes'] / 1e6:.0f} MB."
    yield good("database", said)
    if server["fsync"] != "on":
        yield fault("database", "has fsync off: a power cut may cost what was acknowledged.")
    if server["is_superuser"]:
        yield warning("database", "is used as a superuser; row security is not for superusers.")
    if server["connections"] > 0.8 * server["limit"]:
        yield warning(
            "database", f"has {server['connections']} of {server['limit']} connections in use."
        )
    off_s = abs((datetime.now(UTC) - server["now"]).total_seconds())
    if off_s > CLOCK_OFF_S[0]:
        say = fault if off_s > CLOCK_OFF_S[1] else warning
        yield say("clock", f"is {off_s:.0f} s off the database's; install chrony on both.")
    else:
        yield good("clock", "agrees with the database's.")


def _jobs(queues: list[dict[str, Any]], workers: int) -> Iterator[Verdict]:
    due = sum(one["due"] for one in queues)
    oldest_s = max((one["oldest_s"] for one in queues), default=0.0)
    said = f"{due} are due, the oldest for {max(0.0, oldest_s):.0f} s; {workers} workers are there."
    if not workers:
        yield fault("jobs", f"{said} Start `iskar-cloud serve`, or `iskar-cloud worker`.")
    else:
        late = fault if oldest_s > QUEUE_AGE_S[1] else warning
        yield (late if oldest_s > QUEUE_AGE_S[0] else good)("jobs", said)
    failed = {one["queue"]: one["failed"] for one in queues if one["failed"]}
    if failed:
        told = ", ".join(f"{count} of {queue}" for queue, count in failed.items())
        yield warning("jobs", f"were given up: {told}.")


def _gateways(gateways: list[dict[str, Any]], now: datetime) -> Iterator[Verdict]:
    silent = [
        one["gateway_id"]
        for one in gateways
        if one["heard_at"] is None or one["heard_at"] < now - SILENT
    ]
    if silent:
        yield warning("gateways", f"{len(silent)} of {len(gateways)} silent: {_some(silent)}.")
    else:
        yield good("gateways", f"all {len(gateways)} were heard within a day.")


def _webhooks(failing: list[dict[str, Any]]) -> Iterator[Verdict]:
    for one in failing[:NAMED]:
        if one["disabled_at"] is not None:
            because = one["disabled_because"] or "no reason is given"
            yield warning("webhooks", f"{one['webhook_id']} is off: {because}")
        elif one["faults"]:
            said = f"{one['faults']} attempts failed here; the log says why (webhook_fault)."
            yield warning("webhooks", f"{one['webhook_id']}: {said}")
        else:
            said = f"{one['webhook_id']} took none of {one['attempts']} attempts within a day."
            yield warning("webhooks", said)
    if not failing:
        yield good("webhooks", "none is off or failing.")


def _forecasts(found: list[dict[str, Any]]) -> Iterator[Verdict]:
    """Tell how forecasts stand by kind of series; nothing where nothing was ever forecast."""
    well = True
    for one in found:
        kind = f"{one['utility']} of a {one['level'].replace('_', ' ')}"
        age = timedelta(seconds=one["age_s"])
        if age > FORECAST_AGE:
            said = f"{kind}: the newest is {_ago(age)} old; does `iskar-cloud worker` run, is the"
            yield warning("forecasts", f"{said} extra `demand` installed?")
            well = False
        if one["fallbacks"] > one["by_model"]:
            said = f"{kind}: {one['fallbacks']} of {one['fallbacks'] + one['by_model']} are as a"
            said += " week ago; `GET /api/v1/demand/series/{id}/forecast` tells why."
            yield warning("forecasts", said)
            well = False
        if one["coverage_pct"] is not None and one["coverage_pct"] < LEAST_COVERAGE_PCT:
            said = f"{kind}: {one['coverage_pct']:.0f} % of hours were inside their ranges, not 90;"
            yield warning("forecasts", f"{said} run `iskar-cloud demand run --once --fit`.")
            well = False
        count = one["by_model"] + one["fallbacks"]
        for what, said in DRIFTED.items():
            if one[f"{what}_drifting"] > MANY_DRIFTED * count:
                told = f"{kind}: of {one[f'{what}_drifting']} of {count} {said}"
                yield warning("forecasts", f"{told} within four weeks; they are learnt anew.")
                well = False
    if found and well:
        count = sum(one["by_model"] + one["fallbacks"] for one in found)
        yield good("forecasts", f"{count} series are forecast, and came out as was told.")


def _ago(age: timedelta) -> str:
    hours = age.total_seconds() / 3600
    return f"{hours:.0f} h" if hours < 72 else f"{hours / 24:.0f} days"


def _some(names: list[str]) -> str:
    return ", ".join(names[:NAMED]) + (f" and {len(names) - NAMED} more" * (len(names) > NAMED))
