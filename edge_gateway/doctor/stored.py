# SPDX-License-Identifier: EUPL-1.2
"""The store: whether it is whole, and what lies in it that somebody should look at."""

from collections.abc import Iterator
from pathlib import Path

from edge_gateway import health
from edge_gateway.doctor.verdict import Verdict, fault, good, warning
from edge_gateway.errors import NoStoreError, StoreError
from edge_gateway.store.opening import FILE_NAME, open_to_read

BEHIND_S = 3600


def look(data_dir: Path, now_ms: int) -> Iterator[Verdict]:
    """Yield what is to be said of the store; it is only read, and may be in use."""
    path = data_dir / FILE_NAME
    try:
        with open_to_read(data_dir) as db:
            verdict = str(db.execute("PRAGMA quick_check(1)").fetchone()[0])
            found = health.summary(db)
            quarantined = int(db.execute("SELECT count(*) FROM quarantine").fetchone()[0])
    except NoStoreError:
        yield warning("store", f"There is none in {data_dir} yet; the first run makes it.")
        return
    except StoreError as error:
        yield fault("store", str(error))
        return
    if verdict != "ok":
        yield fault("store", f"{path} is damaged ({verdict}); a restart sets it aside.")
    else:
        yield good("store", f"{path} is whole and holds {found['kept']} messages.")
    yield _outbox(found, now_ms)
    if quarantined:
        yield warning(
            "quarantine",
            f"{quarantined} messages could not be taken: iskar-gateway quarantine list",
        )
    for damaged in sorted(data_dir.glob(f"{FILE_NAME}.damaged-*")):
        if not damaged.name.endswith(("-wal", "-shm")):
            yield warning("store", f"{damaged} was set aside; delete it once it is looked through.")


def _outbox(found: dict[str, object], now_ms: int) -> Verdict:
    waiting, acknowledged_ms = (
        int(str(found["outbox"])),
        int(str(found["cloud_acknowledged_at_ms"])),
    )
    silent_s = (now_ms - acknowledged_ms) / 1000
    if not waiting or silent_s < BEHIND_S:
        return good("outbox", f"{waiting} messages wait for the cloud.")
    since = f"{silent_s / 3600:,.0f} h ago" if acknowledged_ms else "never"
    return warning("outbox", f"{waiting} messages wait; the cloud last took any {since}.")
