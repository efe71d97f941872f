# SPDX-License-Identifier: EUPL-1.2
"""The audit log's chain: whatever is changed in it, the first changed entry is named."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from cloud.privacy.anchors import Anchors, BadAnchorError
from cloud.privacy.chain import Chain, Entry, Gone

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
SALT = b"s" * 32
PERSONAL = json.dumps({"email": "ana@example.bg"})


def a_log(length: int = 5, *, start: int = 0, first: str = "user:7") -> list[Entry]:
    """Return a log in which each entry tells something of user:9."""
    made, before = [], b""
    for number in range(1, length + 1):
        fields = {
            "entry_id": number,
            "actor": first if number == 1 else "user:7",
            "action": "share.made",
            "about": f"share:{start + number}",
            "premises_id": "p-one",
        }
        at = NOON + timedelta(minutes=number)
        told = {
            **fields,
            "recorded_at": at.isoformat(),
            "details": {},
            "person": "user:9",
            "personal": sha256(SALT + PERSONAL.encode()).hexdigest(),
        }
        text = json.dumps(told)
        before = sha256(before + text.encode()).digest()
        made.append(
            Entry(**fields, recorded_at=at, entry=text, hash=before, salt=SALT, content=PERSONAL)
        )
    return made


def walked(
    log: list[Entry], gone: Gone | None = None, told: dict[int, bytes] | None = None
) -> Chain:
    chain = Chain(gone=gone or Gone(), told=told or {})
    for one in log:
        if not chain.follow(one):
            break
    chain.end()
    return chain


def test_a_log_as_it_was_written_holds() -> None:
    log = a_log()
    assert walked(log).fault is None
    assert walked(log, told={3: log[2].hash, 5: log[4].hash}).fault is None


CHANGES = {
    "actor": "user:8",
    "action": "share.ended",
    "about": "share:99",
    "premises_id": None,
    "recorded_at": NOON,
    "hash": b"\0" * 32,
    "content": "{}",
    "salt": b"t" * 32,
}


@given(position=st.integers(0, 4), name=st.sampled_from(sorted(CHANGES)))
def test_a_changed_column_is_found_at_its_entry(position: int, name: str) -> None:
    log = a_log()
    log[position] = replace(log[position], **{name: CHANGES[name]})
    fault = walked(log).fault
    assert fault is not None
    assert fault.entry_id == position + 1


@given(position=st.integers(0, 4))
def test_a_changed_text_is_found_even_with_a_hash_that_fits_it(position: int) -> None:
    log = a_log()
    text = log[position].entry.replace("share.made", "share.ended")
    before = log[position - 1].hash if position else b""
    log[position] = replace(
        log[position],
        action="share.ended",
        entry=text,
        hash=sha256(before + text.encode()).digest(),
    )
    fault = walked(log, told={5: a_log()[4].hash}).fault
    assert fault is not None
    assert fault.entry_id in (position + 1, position + 2)


@given(position=st.integers(0, 3))
def test_an_entry_that_was_taken_out_is_missed(position: int) -> None:
    log = a_log()
    del log[position]
    fault = walked(log).fault
    assert fault is not None
    assert fault.entry_id == position + 1


def test_a_log_cut_short_is_found_by_what_was_told_to_the_outside() -> None:
    log = a_log()
    fault = walked(log[:3], told={5: log[4].hash}).fault
    assert fault is not None
    assert (fault.entry_id, "5 was there once" in fault.explanation) == (4, True)
    assert walked(log[:3]).fault is None  # from the inside nothing shows it


def test_a_log_written_anew_is_found_by_what_was_told_to_the_outside() -> None:
    fault = walked(a_log(first="user:8"), told={3: a_log()[2].hash}).fault
    assert fault is not None
    assert fault.entry_id == 3


def test_personal_details_may_be_gone_where_the_log_says_why() -> None:
    log = [replace(one, salt=None, content=None) for one in a_log()]
    fault = walked(log).fault
    assert fault is not None
    assert "without an erasure" in fault.explanation
    assert walked(log, Gone(people={"user:9"})).fault is None
    assert walked(log, Gone(people={"user:8"})).fault is not None
    assert walked(log, Gone(before=6)).fault is None
    kept = walked(log, Gone(before=5)).fault
    assert kept is not None
    assert kept.entry_id == 5


def test_an_anchor_is_read_back_as_it_was_signed(tmp_path: Path) -> None:
    anchors = Anchors(tmp_path / "audit")
    first = anchors.add(5, a_log()[4].hash, NOON)
    second = Anchors(tmp_path / "audit").add(6, b"\1" * 32, NOON)
    assert list(anchors.all()) == [first, second]
    assert (tmp_path / "audit" / "key.pem").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("change", ['"entry_id": 4', '"entry_id": "x"', "{", '"more": 1, "hash"'])
def test_a_changed_anchor_is_refused(tmp_path: Path, change: str) -> None:
    anchors = Anchors(tmp_path / "audit")
    anchors.add(5, a_log()[4].hash, NOON)
    old = '"hash"' if "more" in change else '"entry_id": 5'
    anchors.file.write_text(anchors.file.read_text().replace(old, change))
    with pytest.raises(BadAnchorError):
        list(anchors.all())


@pytest.mark.parametrize("kept_bytes", [1, 100])
def test_an_anchor_that_a_power_cut_left_unfinished_gives_way_to_the_next(
    tmp_path: Path, kept_bytes: int
) -> None:
    anchors = Anchors(tmp_path / "audit")
    first = anchors.add(5, a_log()[4].hash, NOON)
    whole = anchors.file.read_bytes()
    anchors.add(6, b"\1" * 32, NOON)
    anchors.file.write_bytes(anchors.file.read_bytes()[: len(whole) + kept_bytes])
    assert list(anchors.all()) == [first]
    assert anchors.unfinished_bytes() == kept_bytes
    with capture_logs() as said:
        second = anchors.add(7, b"\2" * 32, NOON)
    assert [one["event"] for one in said] == ["audit_anchor_unfinished"]
    assert list(anchors.all()) == [first, second]
    assert anchors.unfinished_bytes() == 0


def test_an_anchor_cut_short_before_others_is_refused(tmp_path: Path) -> None:
    anchors = Anchors(tmp_path / "audit")
    anchors.add(5, a_log()[4].hash, NOON)
    short = anchors.file.read_bytes()[:100] + b"\n"
    anchors.add(6, b"\1" * 32, NOON)
    anchors.file.write_bytes(short + anchors.file.read_bytes())
    with pytest.raises(BadAnchorError):
        list(anchors.all())
