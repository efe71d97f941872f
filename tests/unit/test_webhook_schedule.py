# SPDX-License-Identifier: EUPL-1.2
"""For how long a message is tried, and when a receiver is left alone (AC-90)."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud.kit.settings import WEBHOOK_PAUSES_S
from cloud.webhooks.models import DELIVERED, GIVEN_UP, PENDING, Delivery, Outcome
from cloud.webhooks.schedule import OPEN_AFTER, Health, Schedule, Verdict, retry_after_s

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
SCHEDULE = Schedule(pauses_s=WEBHOOK_PAUSES_S, disable_after=timedelta(days=5))


def a_delivery(attempts: int = 0) -> Delivery:
    return Delivery(
        delivery_id=1,
        webhook_id="wh_1",
        message_id="msg_1",
        body="{}",
        attempts=attempts,
        queued_at=NOW,
    )


def answered(status: int | None = 500, *, at: datetime = NOW, retry_after_s: float = 0) -> Outcome:
    return Outcome(
        attempted_at=at, status=status, said=f"HTTP {status}", retry_after_s=retry_after_s
    )


def judged(outcome: Outcome, attempts: int = 0, **health: object) -> Verdict:
    return SCHEDULE.after(outcome, a_delivery(attempts), replace(Health(), **health))  # type: ignore[arg-type]


def test_a_message_is_tried_for_three_days_with_jitter_and_then_given_up() -> None:
    waited = timedelta()
    for attempts, planned_s in enumerate(WEBHOOK_PAUSES_S):
        verdict = judged(answered(), attempts)
        assert verdict.state == PENDING
        pause = verdict.due_at - NOW
        assert timedelta(seconds=planned_s) <= pause <= timedelta(seconds=planned_s * 1.1)
        waited += pause
    assert waited > timedelta(hours=72)
    assert judged(answered(), len(WEBHOOK_PAUSES_S)).state == GIVEN_UP


@pytest.mark.parametrize("status", [300, 301, 302, 307, 308, 400, 401, 404, 429, 500, 503, None])
def test_everything_but_2xx_is_a_failure_redirects_too(status: int | None) -> None:
    verdict = judged(answered(status))
    assert (verdict.state, verdict.health.failures, verdict.disabled_because) == (PENDING, 1, None)


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
def test_2xx_delivers_and_the_receiver_is_well_again(status: int) -> None:
    verdict = judged(answered(status), failures=9, failing_since=NOW, paused_until=NOW)
    assert (verdict.state, verdict.health) == (DELIVERED, Health())


def test_410_disables_and_keeps_the_message() -> None:
    verdict = judged(answered(410), len(WEBHOOK_PAUSES_S))
    assert verdict.disabled_because == "The receiver answered 410 Gone."
    assert verdict.state == PENDING


def test_a_receiver_that_asks_for_time_gets_it_for_all_its_messages() -> None:
    verdict = judged(answered(429, retry_after_s=7200))
    assert verdict.due_at == verdict.health.paused_until == NOW + timedelta(hours=2)


def test_a_pause_that_is_asked_for_never_shortens_the_schedule() -> None:
    assert judged(answered(429, retry_after_s=1), 3).due_at >= NOW + timedelta(seconds=7200)


def test_a_receiver_that_goes_on_failing_is_left_alone_for_up_to_half_an_hour() -> None:
    pauses_s = []
    for failures in range(OPEN_AFTER + 4):
        until = judged(answered(), failures=failures, failing_since=NOW).health.paused_until
        pauses_s.append(0 if until is None else round((until - NOW).total_seconds()))
    assert pauses_s[: OPEN_AFTER - 1] == [0] * (OPEN_AFTER - 1)
    opened = pauses_s[OPEN_AFTER - 1 :]
    assert 5 <= opened[0] <= 6
    assert 300 <= opened[1] <= 330
    assert all(1800 <= pause_s <= 1980 for pause_s in opened[2:])


def test_a_receiver_that_took_nothing_for_five_days_is_disabled() -> None:
    since = NOW - timedelta(days=5)
    assert judged(answered(None), failing_since=since - timedelta(seconds=1)).disabled_because
    assert not judged(answered(None), failing_since=since + timedelta(seconds=1)).disabled_because


def test_what_waited_out_the_schedule_ends_only_if_the_receiver_failed_all_that_while() -> None:
    long_ago = NOW - SCHEDULE.length
    assert judged(answered(), failing_since=long_ago).expired == long_ago
    assert judged(answered(), failing_since=long_ago + timedelta(minutes=1)).expired is None


@pytest.mark.parametrize(
    ("status", "asked", "wanted_s"),
    [
        (429, "120", 120),
        (503, "120", 120),
        (500, "120", 0),
        (302, "120", 0),
        (429, "", 0),
        (429, "-5", 0),
        (429, "soon", 0),
        (429, "1.5", 0),
        (429, "٣", 0),
        (429, "9" * 4000, 86400),
        (429, format_datetime(NOW + timedelta(minutes=10), usegmt=True), 600),
        (429, format_datetime(NOW - timedelta(minutes=10), usegmt=True), 0),
        (429, format_datetime(NOW + timedelta(days=400), usegmt=True), 86400),
        (429, "Sat, 21 Nov 2026 12:10:00", 600),
        (429, "Mon, 99 Foo 99999 99:99:99 GMT", 0),
    ],
)
def test_retry_after_is_seconds_or_a_date_and_at_most_a_day(
    status: int, asked: str, wanted_s: float
) -> None:
    assert retry_after_s(status, asked, NOW) == wanted_s


@given(st.text())
def test_whatever_a_receiver_says_of_later_is_between_now_and_a_day(asked: str) -> None:
    assert 0 <= retry_after_s(429, asked, NOW) <= 86400


@given(st.lists(st.sampled_from([200, 204, 302, 429, 500, None]), max_size=40))
def test_whatever_comes_a_message_ends_delivered_or_after_all_its_attempts(
    statuses: list[int | None],
) -> None:
    health, attempts, at = Health(), 0, NOW
    for status in statuses:
        verdict = SCHEDULE.after(answered(status, at=at), a_delivery(attempts), health)
        attempts, at, health = attempts + 1, verdict.due_at, verdict.health
        assert (verdict.state == DELIVERED) == (status in (200, 204))
        assert (verdict.state == GIVEN_UP) == (status not in (200, 204) and attempts == 10)
        if verdict.state != PENDING:
            break
