# SPDX-License-Identifier: EUPL-1.2
"""Runs on a database: forecasts are stored as issued, made again the same, and see no future."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import numpy as np
import psycopg
import pytest
import pytest_asyncio

from cloud.demand.runs import repository as forecasts_repository
from cloud.demand.runs.asking import Programs, RunFailedError
from cloud.demand.runs.fallback import FAILED, NO_MODEL, TOO_LITTLE
from cloud.demand.runs.repository import Run
from cloud.demand.runs.service import AGE, LOST, SERIES
from cloud.demand.runs.service import FIRST as THE_FIRST
from cloud.demand.series import HOUR, WEEK_H
from cloud.kit.database import run
from tests.integration.cloud.demand_builders import (
    FIRST,
    NOW,
    Demand,
    a_series,
    demand_on,
    with_history,
)
from tests.integration.cloud.store import Store

GROUP = "water/city/l/sofia/1"


@pytest_asyncio.fixture
async def demand(store: Store, tmp_path: Path) -> AsyncIterator[Demand]:
    """Yield two series with twelve weeks of use each."""
    made = demand_on(store.database, tmp_path)
    await with_history(made, a_series("a"), a_series("b"))
    yield made


async def _issued(demand: Demand) -> list[Run]:
    async with demand.database.transaction(as_system=True) as connection:
        return await forecasts_repository.issued(
            connection, ["a", "b"], FIRST, NOW + timedelta(days=99)
        )


def _same(one: Run, other: Run) -> bool:
    """Tell whether two forecasts are the same to the last digit that is stored."""
    pairs = [(one.quantiles, other.quantiles), (one.sums, other.sums), (one.peaks, other.peaks)]
    return all(
        (a is None and b is None)
        or (
            a is not None
            and b is not None
            and np.array_equal(a.astype(np.float32), b.astype(np.float32))
        )
        for a, b in pairs
    )


async def test_a_forecast_is_stored_with_its_model_and_what_was_known(demand: Demand) -> None:
    model = await demand.runs.fit(GROUP)
    assert model is not None
    made = await demand.runs.forecast(GROUP)
    stored = await _issued(demand)
    assert [one.series_id for one in stored] == ["a", "b"]
    for one, other in zip(made, stored, strict=True):
        assert _same(one, other)
        assert other.model_version == model.model_version
        assert other.fallback_reason is None
        assert (other.issued_at, other.usage_until) == (NOW, NOW)
        assert other.weather_known_at == FIRST
        assert str(other.first_day) == "2026-11-24"
        assert other.sums is not None
        assert other.sums.shape == (13, 3)


async def test_what_was_forecast_is_never_made_anew_nor_changed(demand: Demand) -> None:
    await demand.runs.forecast(GROUP)
    [before, _] = await _issued(demand)
    assert before.fallback_reason == NO_MODEL
    await demand.runs.fit(GROUP)
    await demand.runs.forecast(GROUP)
    [after, _] = await _issued(demand)
    assert (after.run_id, after.fallback_reason) == (before.run_id, NO_MODEL)
    async with demand.database.transaction(as_system=True) as connection:
        with pytest.raises(psycopg.errors.RaiseException, match="never changed"):
            await run(connection, "update forecast_runs set p50 = p95")


async def test_a_stop_gap_knows_a_history_that_came_just_now_and_gives_way_to_the_model(
    demand: Demand,
) -> None:
    demand.clock.time = NOW + timedelta(minutes=30)
    week_before = NOW - timedelta(days=7) - HOUR
    await demand.bring("a", np.full(WEEK_H, 7.0), NOW + timedelta(minutes=20), week_before)
    [gap, _] = await demand.runs.stop_gap(GROUP)
    assert (gap.issued_at, gap.usage_until, gap.fallback_reason) == (
        *(NOW - HOUR, NOW - HOUR),
        NO_MODEL,
    )
    assert gap.quantiles[0, 1] == 7.0
    await demand.runs.fit(GROUP)
    await demand.runs.forecast(GROUP)
    told = [(one.issued_at, one.fallback_reason) for one in await _issued(demand)]
    assert told == [(NOW - HOUR, NO_MODEL), (NOW, None)] * 2


async def test_nothing_that_became_known_later_is_in_a_forecast_made_again(
    demand: Demand,
) -> None:
    """The leak is planted: later use, a corrected past, weather that came out differently."""
    model = await demand.runs.fit(GROUP)
    await demand.runs.forecast(GROUP)
    demand.clock.time = NOW + timedelta(days=2)
    await demand.bring("a", np.full(48, 1e6), NOW + timedelta(days=1), NOW)
    await demand.bring("b", np.full(WEEK_H, 7.0), NOW + HOUR, NOW - timedelta(days=7))
    demand.skies.forecasts[NOW + HOUR] = 39.0
    [group] = await demand.runs.groups()
    again = await demand.runs.made(group, NOW, NOW, model)
    stored = await _issued(demand)
    assert all(_same(one, other) for one, other in zip(again, stored, strict=True))
    # and what is planted would have shown: who may know it forecasts otherwise
    peeking = await demand.runs.made(group, NOW, demand.clock.now(), model)
    assert not _same(peeking[1], stored[1])
    # a model fitted again as of then is the same, too
    refitted = await demand.runs.fit(GROUP, known_at=NOW)
    assert refitted is not None
    assert model is not None
    assert refitted.model_version == model.model_version
    later = await demand.runs.fit(GROUP)
    assert later is not None
    assert later.model_version != model.model_version


async def test_a_model_is_due_when_there_is_none_when_it_is_old_and_when_its_file_is_gone(
    demand: Demand, tmp_path: Path
) -> None:
    assert [reason for _, reason in await demand.runs.to_fit()] == [THE_FIRST]
    model = await demand.runs.fit(GROUP)
    assert model is not None
    assert await demand.runs.to_fit() == []
    demand.clock.time += timedelta(days=8)
    assert [reason for _, reason in await demand.runs.to_fit()] == [AGE]
    file = tmp_path / "models" / f"{model.model_version}.model"
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    file.write_bytes(content)
    assert [reason for _, reason in await demand.runs.to_fit()] == [LOST]


@pytest.mark.parametrize(("weeks", "due"), [(5, [SERIES]), (3, [])])
async def test_who_brings_a_history_does_not_wait_for_the_next_fit(
    demand: Demand, weeks: int, due: list[str]
) -> None:
    await demand.runs.fit(GROUP)
    await with_history(demand, a_series("c"), weeks=weeks)
    await demand.history.count("c", NOW)
    assert [reason for _, reason in await demand.runs.to_fit()] == due
    demand.clock.time += HOUR
    await demand.runs.fit(GROUP)
    assert await demand.runs.to_fit() == []


async def test_a_file_that_is_not_of_our_making_is_not_opened(
    demand: Demand, tmp_path: Path
) -> None:
    first = await demand.runs.fit(GROUP)
    demand.clock.time += timedelta(hours=6)
    await demand.bring("a", np.full(6, 100.0), demand.clock.time, NOW)
    second = await demand.runs.fit(GROUP)
    assert first is not None
    assert second is not None
    folder = tmp_path / "models"
    # a file of ours in another's place is refused, too
    moved = (folder / f"{first.model_version}.model").read_bytes()
    (folder / f"{second.model_version}.model").write_bytes(moved)
    assert demand.models.content(second.model_version) is None
    told = await demand.runs.forecast(GROUP)
    assert {one.fallback_reason for one in told} == {NO_MODEL}
    assert {one.model_version for one in told} == {None}


async def test_old_models_lose_their_files_and_stay_on_record(
    demand: Demand, tmp_path: Path
) -> None:
    for day in range(5):
        demand.clock.time = NOW + timedelta(days=day)
        await demand.bring(
            "a", np.full(24, 100.0), demand.clock.time, NOW + timedelta(days=day - 1)
        )
        await demand.runs.fit(GROUP)
    assert await demand.models.drop_old() == 2
    assert len(list((tmp_path / "models").iterdir())) == 3
    known = await demand.models.all()
    assert len(known) == 5
    assert [one.dropped_at is None for one in known] == [True, True, True, False, False]


async def test_a_program_that_dies_leaves_the_naive_forecast(demand: Demand) -> None:
    await demand.runs.fit(GROUP)

    async def dies(_: bytes) -> bytes:
        raise RunFailedError("A run ended with -9.")

    demand.runs._ask = dies
    told = await demand.runs.forecast(GROUP)
    assert {one.fallback_reason for one in told} == {FAILED}


async def test_a_series_without_use_has_no_forecast_and_a_young_one_the_naive(
    demand: Demand,
) -> None:
    await with_history(demand, a_series("c"), weeks=1)
    async with demand.database.transaction(as_system=True) as connection:
        await run(
            connection,
            "insert into demand_series (series_id, name_bg, name_en, utility, level, unit, origin,"
            " place_id, made_by, made_at) values ('d', 'x', 'x', 'water', 'city', 'l', 'import',"
            " 'sofia', 'user:1', now())",
        )
    await demand.runs.fit(GROUP)
    told = {one.series_id: one.fallback_reason for one in await demand.runs.forecast(GROUP)}
    assert told == {"a": None, "b": None, "c": TOO_LITTLE}


async def test_groups_learn_together_what_is_alike(demand: Demand) -> None:
    await with_history(
        demand,
        a_series("gas", utility="gas", unit="wh"),
        a_series("nowhere", place_id=None),
    )
    groups = {one.group_id: one.series_ids for one in await demand.runs.groups()}
    assert groups == {
        "gas/city/wh/sofia/1": ("gas",),
        "water/city/l/-/1": ("nowhere",),
        GROUP: ("a", "b"),
    }
    assert await demand.runs.forecast("water/city/l/-/1")


async def test_the_program_itself_answers_as_its_functions_do_and_says_why_it_fails() -> None:
    with pytest.raises(RunFailedError, match="ended with 1"):
        await Programs()(b"nonsense")


async def test_old_forecasts_are_thinned_to_one_a_day_and_go_in_the_end(demand: Demand) -> None:
    for hour in range(0, 48, 6):
        demand.clock.time = NOW + hour * HOUR
        await demand.runs.forecast(GROUP)
    assert len(await _issued(demand)) == 16
    demand.clock.time = NOW + timedelta(days=120)
    assert await demand.issued.thin() == 10  # of three local days, the first an hour long
    demand.clock.time = NOW + timedelta(days=4 * 366)
    assert await demand.issued.thin() == 6
