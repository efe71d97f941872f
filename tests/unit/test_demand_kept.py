# SPDX-License-Identifier: EUPL-1.2
"""Answers that take long: each is worked out once, one after the other, and kept for a time."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from cloud.demand.studies import kept
from cloud.demand.studies.kept import FAILED, FAILED_FOR, KeptAnswers, Told
from cloud.kit.clock import Clock

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
EVENING = NOON + timedelta(hours=10)
pytestmark = pytest.mark.asyncio


class StillClock(Clock):
    def __init__(self) -> None:
        self.time = NOON

    def now(self) -> datetime:
        return self.time


class Work:
    """Counts how often it is done, and how much of it goes on at a time."""

    def __init__(self, error: Exception | None = None) -> None:
        self.error = error
        self.done = self.under_way = self.most_at_once = 0

    async def __call__(self) -> Told:
        self.under_way += 1
        self.most_at_once = max(self.most_at_once, self.under_way)
        try:
            await asyncio.sleep(0.001)
            if self.error is not None:
                raise self.error
            self.done += 1
            return {"number": self.done}
        finally:
            self.under_way -= 1


async def until_told(answers: KeptAnswers, key: str, work: Work) -> Told:
    for _ in range(500):
        told = answers.told(key, EVENING, work)
        if told is not None:
            return told
        await asyncio.sleep(0.001)
    raise AssertionError("It is never worked out.")


async def test_it_is_worked_out_once_however_many_ask() -> None:
    answers, work = KeptAnswers(StillClock()), Work()
    assert [answers.told("a", EVENING, work) for _ in range(5)] == [None] * 5
    assert await until_told(answers, "a", work) == {"number": 1}
    assert answers.told("a", EVENING, work) == {"number": 1}


async def test_answers_are_worked_out_one_after_the_other() -> None:
    answers, work = KeptAnswers(StillClock()), Work()
    for key in "abc":
        answers.told(key, EVENING, work)
    for key in "abc":
        await until_told(answers, key, work)
    assert (work.done, work.most_at_once) == (3, 1)


async def test_an_answer_that_is_old_is_worked_out_anew() -> None:
    clock, work = StillClock(), Work()
    answers = KeptAnswers(clock)
    await until_told(answers, "a", work)
    clock.time = EVENING
    assert answers.told("a", EVENING + timedelta(days=1), work) is None
    assert await until_told(answers, "a", work) == {"number": 2}


async def test_what_came_to_grief_is_tried_again_after_a_while() -> None:
    clock, work = StillClock(), Work(ValueError("no"))
    answers = KeptAnswers(clock)
    assert await until_told(answers, "a", work) is FAILED
    clock.time += FAILED_FOR
    work.error = None
    assert await until_told(answers, "a", work) == {"number": 1}


async def test_no_more_wait_or_are_kept_than_may(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept, "MOST_WAITING", 2)
    monkeypatch.setattr(kept, "MOST_KEPT", 2)
    answers, work = KeptAnswers(StillClock()), Work()
    for key in "abc":
        answers.told(key, EVENING, work)
    await until_told(answers, "b", work)
    assert work.done == 2
    await until_told(answers, "c", work)
    assert answers.told("b", EVENING, work) == {"number": 2}
    assert answers.told("a", EVENING, work) is None  # the oldest made way


async def test_stopping_breaks_off_what_is_under_way() -> None:
    answers, work = KeptAnswers(StillClock()), Work()
    answers.told("a", EVENING, work)
    await asyncio.sleep(0)
    await answers.stop()
    assert (work.done, work.under_way) == (0, 0)
