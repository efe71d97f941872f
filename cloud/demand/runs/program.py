# SPDX-License-Identifier: EUPL-1.2
"""The program that runs models: it reads a question and writes an answer, and then it is over.

The models' libraries take seconds to load and hundreds of megabytes; the cloud that asks never
loads them, so that a fit holds up neither readings nor callers, and what it took is given back.
A model is opened by pickle, which may run whatever it says: who asks has proved that it is ours.
"""

import os
import pickle
import sys
from collections.abc import Callable

from cloud.demand.model import RangeForecaster
from cloud.demand.runs.groups import Fitted, fit, forecast
from cloud.demand.runs.wire import (
    FIT,
    FittedAnswer,
    Question,
    pack_fitted,
    pack_forecasts,
    read_question,
)
from cloud.kit.parents import end_with_parent

PATIENCE = 15  # nice(2): whoever waits for an answer to a live question goes first


def answer(asked: bytes, make: Callable[[], RangeForecaster] | None = None) -> bytes:
    """Return the answer to a question; with forecasters that ``make`` makes, or Iskar's own."""
    question = read_question(asked)
    if question.task == FIT:
        return pack_fitted(_fitted(question, make or _default()))
    model = None if question.model is None else _opened(question.model)
    return pack_forecasts(forecast(model, question.usage, question.weather, question.horizon_h))


def _default() -> Callable[[], RangeForecaster]:
    from cloud.demand.models.forecast import default_forecaster  # it takes seconds

    return default_forecaster


def _fitted(question: Question, make: Callable[[], RangeForecaster]) -> FittedAnswer:
    fitted, check, fit_s = fit(make, question.usage, question.weather, question.every_h)
    days = fitted.days
    spread = {}
    if days is not None:
        told = zip(days.series_ids, days.bias, days.spread, strict=True)
        spread = {name: (float(bias), float(one)) for name, bias, one in told}
    return FittedAnswer(
        model=pickle.dumps(fitted),
        overall=check.overall if check else {},
        by_series=check.by_series if check else {},
        spread=spread,
        has_days=days is not None,
        fit_s=fit_s,
    )


def _opened(model: bytes) -> Fitted:
    opened = pickle.loads(model)  # noqa: S301 - sealed by us, and opened by the seal alone
    if not isinstance(opened, Fitted):
        raise TypeError(f"The model is a {type(opened).__name__}, not one that was fitted here.")
    return opened


if __name__ == "__main__":
    end_with_parent()
    os.nice(PATIENCE)
    sys.stdout.buffer.write(answer(sys.stdin.buffer.read()))
