# SPDX-License-Identifier: EUPL-1.2
"""The TimescaleDB for tests serves several clients as a server of its own would."""

import threading
from collections.abc import Iterator

import psycopg
import pytest

from tests.timescaledb import on_timescaledb

pytestmark = on_timescaledb

Connection = psycopg.Connection[tuple[object, ...]]
ADD = "insert into channels (node_id, obis) values (%s, 'x')"
COUNT = "select count(*) from channels"


@pytest.fixture
def one(dsn: str) -> Iterator[Connection]:
    with psycopg.connect(dsn, autocommit=True) as connection:
        yield connection


@pytest.fixture
def other(dsn: str) -> Iterator[Connection]:
    with psycopg.connect(dsn, autocommit=True) as connection:
        yield connection


def test_it_is_timescaledb(one: Connection) -> None:
    found = one.execute("select extname from pg_extension where extname = 'timescaledb'")
    assert found.fetchone() == ("timescaledb",)


def test_a_transaction_whose_client_goes_away_is_rolled_back(dsn: str, one: Connection) -> None:
    left = psycopg.connect(dsn)
    left.execute(ADD, ["left"])
    left.close()
    assert one.execute(COUNT).fetchone() == (0,)


def test_a_transaction_makes_the_other_client_wait(one: Connection, other: Connection) -> None:
    with one.transaction():
        one.execute(ADD, ["one"])
        found: list[object] = []
        waiting = threading.Thread(target=lambda: found.extend(other.execute(COUNT).fetchall()))
        waiting.start()
        waiting.join(0.2)
        assert found == []
    waiting.join()
    assert found == [(1,)]


def test_each_client_has_its_own_prepared_statements(one: Connection, other: Connection) -> None:
    for number in range(3):  # both are called _pg3_0 by the driver
        assert one.execute("select %s::int + 1", [number], prepare=True).fetchone() == (number + 1,)
        assert other.execute("select %s::int + 2", [number], prepare=True).fetchone() == (
            number + 2,
        )


def test_rows_are_copied_in_whatever_pieces_they_come(one: Connection) -> None:
    with one.cursor().copy("copy channels (node_id, obis) from stdin (format binary)") as copy:
        copy.set_types(("text", "text"))
        for number in range(300):
            copy.write_row((f"{number:05}" * 1000, "x"))
    assert one.execute("select count(*), sum(length(node_id)) from channels").fetchone() == (
        300,
        300 * 5000,
    )


def test_a_copy_that_fails_says_so_and_the_client_goes_on(one: Connection) -> None:
    one.execute(ADD, ["there"])
    with (
        pytest.raises(psycopg.errors.UniqueViolation),
        one.cursor().copy("copy channels (node_id, obis) from stdin") as copy,
    ):
        copy.write_row(("there", "x"))
    assert one.execute(COUNT).fetchone() == (1,)


def test_a_notification_reaches_who_listens_once_it_is_committed(
    one: Connection, other: Connection
) -> None:
    one.execute("listen news")
    with other.transaction():
        other.execute("select pg_notify('news', 'rain')")
    [told] = one.notifies(timeout=5, stop_after=1)
    assert (told.channel, told.payload) == ("news", "rain")
