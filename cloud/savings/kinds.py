# SPDX-License-Identifier: EUPL-1.2
"""What kinds of answers there are: how a month goes, what to do, why years can't be compared."""

from enum import StrEnum
from typing import Literal, TypeAlias


class State(StrEnum):
    """How a month goes beside its budget."""

    PASSED = "passed"  # what was used so far is more already
    OVER = "over"  # more probably than not it will be
    NEAR = "near"  # it may be: the budget lies within the range
    UNDER = "under"  # nineteen times of twenty it will not be
    UNKNOWN = "unknown"


Kind: TypeAlias = Literal["leak", "standing", "rising", "budget", "silent"]
NotCompared: TypeAlias = Literal["too_little_history", "no_weather", "not_worked_out"]
