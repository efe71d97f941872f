# SPDX-License-Identifier: EUPL-1.2
"""Asking the program that runs models: one at a time in this process, behind everybody else."""

import importlib.util
import os
from collections.abc import Awaitable, Callable

from cloud.demand.runs import program as runs_program
from cloud.kit.errors import CloudError
from cloud.kit.programs import ProgramError, answer_of

TIMEOUT_S = 3600  # a group of 250 series takes a minute or two of one core
NEEDED = ("sklearn", "holidays", "threadpoolctl")  # the extra `demand`
# Several libraries each take all cores unless told otherwise; what is served goes first.
ONE_CORE = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")

Ask = Callable[[bytes], Awaitable[bytes]]


class DemandOffError(CloudError):
    """The libraries that models are made by are not installed."""

    status = 503
    code = "demand-off"

    def __init__(self) -> None:
        super().__init__(
            "Forecasts are off in this installation: install the extra `demand`"
            " (pip install 'iskar[cloud,demand]')."
        )


class RunFailedError(CloudError):
    """The program that runs models ended without an answer."""

    status = 500
    code = "run-failed"


def is_installed() -> bool:
    """Tell whether models can be made here, without loading what makes them."""
    return all(importlib.util.find_spec(name) is not None for name in NEEDED)


class Programs:
    """Asks a program of its own for each run; who waits for its turn holds no memory for it."""

    def __init__(self, timeout_s: float = TIMEOUT_S, program: str = runs_program.__name__) -> None:
        self._timeout_s = timeout_s
        self._program = program

    async def __call__(self, question: bytes) -> bytes:
        """Return the answer; a program that isn't waited for any more is killed."""
        if not is_installed():
            raise DemandOffError
        try:
            return await answer_of(
                self._program,
                question=question,
                timeout_s=self._timeout_s,
                environment={**os.environ, **ONE_CORE},
            )
        except ProgramError as error:
            raise RunFailedError(str(error)) from error
