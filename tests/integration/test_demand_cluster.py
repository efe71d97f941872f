# SPDX-License-Identifier: EUPL-1.2
"""A Dask cluster of two processes tells what one machine tells, to the bit."""

import asyncio
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from distributed import LocalCluster

from cloud.demand.runs.asking import RunFailedError
from cloud.demand.runs.cluster import ClusterAwayError, cluster_at
from cloud.demand.runs.groups import HORIZON_H
from cloud.demand.runs.program import answer
from cloud.demand.runs.wire import (
    FIT,
    FORECAST,
    Question,
    pack_question,
    read_fitted,
    read_forecasts,
)
from cloud.demand.series import WEEK_H
from tests.demand_builders import Dressed, Mortal, some_hours, some_usage, some_weather

COUNT = 9 * WEEK_H
GROUPS = 2


def _a_cluster(workers: int) -> Any:
    """Return a cluster on this machine of so many processes."""
    made: Any = LocalCluster
    return made(
        n_workers=workers,
        threads_per_worker=1,
        processes=True,
        asynchronous=True,
        dashboard_address=None,
    )


def _questions(task: str, models: list[bytes | None]) -> list[bytes]:
    asked = []
    for number, model in enumerate(models):
        weather = some_weather(some_hours(COUNT + HORIZON_H), seed=number)
        usage = some_usage(weather, COUNT, series=2 + number)
        question = Question(
            task=task, usage=usage, weather=weather, horizon_h=HORIZON_H, model=model
        )
        asked.append(pack_question(question))
    return asked


async def test_groups_are_forecast_on_a_cluster_as_they_are_one_after_the_other() -> None:
    async with (
        _a_cluster(2) as local,
        cluster_at(local.scheduler_address, Dressed) as cluster,
    ):
        assert cluster.at_once == 2
        fits = _questions(FIT, [None] * GROUPS)
        models = [
            read_fitted(one).model for one in await asyncio.gather(*(cluster(one) for one in fits))
        ]
        assert models == [read_fitted(answer(one, Dressed)).model for one in fits]
        asked = _questions(FORECAST, list(models))
        there = await asyncio.gather(*(cluster(one) for one in asked))
        for told, question in zip(there, asked, strict=True):
            remote, here = read_forecasts(told), read_forecasts(answer(question, Dressed))
            assert remote.reasons == here.reasons == (None,) * len(here.reasons)
            for name in ("quantiles", "sums", "peaks"):
                assert np.array_equal(getattr(remote, name), getattr(here, name), equal_nan=True)
        with pytest.raises(RunFailedError):
            await cluster(b"nonsense")


async def test_a_run_whose_worker_dies_is_done_by_another_and_given_up_when_all_do(
    tmp_path: Path,
) -> None:
    lives = tmp_path / "lives"
    mortal = partial(Mortal, lives)
    [question] = _questions(FIT, [None])
    async with (
        _a_cluster(2) as local,
        cluster_at(local.scheduler_address, mortal) as cluster,
    ):
        lives.write_bytes(b"1")
        told = read_fitted(await cluster(question))
        assert lives.read_bytes() == b""
        assert told.by_series == read_fitted(answer(question, mortal)).by_series
        lives.write_bytes(b"1" * 9)
        with pytest.raises(RunFailedError, match=r"asked 3 times, and each worker died"):
            await cluster(question)
        assert len(lives.read_bytes()) == 6


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:9", "nowhere://x", "127.0.0.1:9", ""])
async def test_a_scheduler_that_is_not_there_is_told_with_what_to_do(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cloud.demand.runs.cluster.CONNECT_TIMEOUT_S", 0.5)
    with pytest.raises(ClusterAwayError, match=r"No scheduler answers at .*Start `dask scheduler`"):
        async with cluster_at(address):
            pass


async def test_a_scheduler_without_workers_is_told_with_what_to_do() -> None:
    async with _a_cluster(0) as local:
        with pytest.raises(ClusterAwayError, match=r"has no workers\. Start"):
            async with cluster_at(local.scheduler_address):
                pass
