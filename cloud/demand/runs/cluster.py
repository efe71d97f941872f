# SPDX-License-Identifier: EUPL-1.2
"""Many machines at once: runs of groups on a Dask cluster, where one machine is too small.

Each run is the same question that a program of ours answers here (``runs_program``), so that the
answers are the same to the bit where the machines have the same libraries. Models and use travel to
the workers, and workers open what they are sent: a cluster is for machines that trust each other,
and over a network for TLS (``tls://``; Dask's configuration names the certificates).
"""

import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import structlog
from distributed import Client
from distributed.client import FutureCancelledError

from cloud.demand.model import RangeForecaster
from cloud.demand.runs import program as runs_program
from cloud.demand.runs.asking import ONE_CORE, RunFailedError
from cloud.kit.errors import CloudError

log = structlog.get_logger(__name__)

CONNECT_TIMEOUT_S = 20
SCHEMES = ("tcp://", "tls://")  # without one Dask would take it for something else
ASKED = 3  # times, of a run whose worker died
START = (
    "Start `dask scheduler` on one machine and `dask worker tcp://HOST:8786 --nthreads 1` on each,"
    " with this release installed; or leave out --scheduler, and this machine does the work."
)


class ClusterAwayError(CloudError):
    """The scheduler can't be reached, or has no workers."""

    status = 503
    code = "cluster-away"


@dataclass(frozen=True, kw_only=True)
class Cluster:
    """Asks workers; ``make`` makes forecasters other than Iskar's own, in tests."""

    client: Any  # distributed.Client, which tells no types
    at_once: int
    make: Callable[[], RangeForecaster] | None = None

    async def __call__(self, question: bytes) -> bytes:
        """Return the answer of whichever worker takes the question.

        A question lies with the worker that is to answer it, and is lost with it: it's asked again.
        """
        for _ in range(ASKED):
            try:
                return await self._asked(question)
            except FutureCancelledError as error:
                log.warning("cluster_lost_a_run", error=str(error)[:200])
            except Exception as error:
                raise RunFailedError(f"A run on the cluster failed: {error}"[:500]) from error
        raise RunFailedError(f"A run was asked {ASKED} times, and each worker died at it.")

    async def _asked(self, question: bytes) -> bytes:
        sent = await self.client.scatter(question, hash=False)
        future = self.client.submit(_answer, sent, self.make, pure=False)
        try:
            told: bytes = await future
        finally:
            future.release()
            sent.release()
        return told


@asynccontextmanager
async def cluster_at(
    scheduler: str, make: Callable[[], RangeForecaster] | None = None
) -> AsyncIterator[Cluster]:
    """Yield the cluster of this scheduler, "tcp://host:8786", with a run for each of its threads.

    Raises:
        ClusterAwayError: it can't be reached, or has no workers.
    """
    if not scheduler.startswith(SCHEMES):
        raise ClusterAwayError(f"No scheduler answers at {scheduler!r}: no such address. {START}")
    try:
        made: Any = Client
        client = await made(scheduler, asynchronous=True, timeout=CONNECT_TIMEOUT_S)
    except (OSError, TimeoutError) as error:
        said = " ".join(str(error).split())[:200] or type(error).__name__
        raise ClusterAwayError(f"No scheduler answers at {scheduler} ({said}). {START}") from error
    async with client:
        workers = (await client.scheduler.identity())["workers"]
        threads = sum(int(one["nthreads"]) for one in workers.values())
        if not threads:
            raise ClusterAwayError(f"The scheduler at {scheduler} has no workers. {START}")
        yield Cluster(client=client, at_once=threads, make=make)


def _answer(question: bytes, make: Callable[[], RangeForecaster] | None) -> bytes:
    """Answer on a worker, by one core for each of its threads."""
    for name, count in ONE_CORE.items():
        os.environ.setdefault(name, count)
    return runs_program.answer(question, make)
