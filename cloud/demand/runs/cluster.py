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

from distributed import Client

from cloud.demand.model import RangeForecaster
from cloud.demand.runs import program as runs_program
from cloud.demand.runs.asking import ONE_CORE, RunFailedError
from cloud.kit.errors import CloudError

CONNECT_TIMEOUT_S = 20
RETRIES = 2  # of a run whose worker died


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
        """Return the answer of whichever worker takes the question."""
        sent = await self.client.scatter(question, hash=False)
        future = self.client.submit(_answer, sent, self.make, pure=False, retries=RETRIES)
        try:
            told: bytes = await future
        except Exception as error:
            raise RunFailedError(f"A run on the cluster failed: {error}"[:500]) from error
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
    try:
        made: Any = Client
        client = await made(scheduler, asynchronous=True, timeout=CONNECT_TIMEOUT_S)
    except (OSError, TimeoutError) as error:
        raise ClusterAwayError(f"No scheduler answers at {scheduler}: {error}") from error
    async with client:
        workers = (await client.scheduler.identity())["workers"]
        threads = sum(int(one["nthreads"]) for one in workers.values())
        if not threads:
            raise ClusterAwayError(f"The scheduler at {scheduler} has no workers; start some.")
        yield Cluster(client=client, at_once=threads, make=make)


def _answer(question: bytes, make: Callable[[], RangeForecaster] | None) -> bytes:
    """Answer on a worker, by one core for each of its threads."""
    for name, count in ONE_CORE.items():
        os.environ.setdefault(name, count)
    return runs_program.answer(question, make)
