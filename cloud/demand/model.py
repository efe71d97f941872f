# SPDX-License-Identifier: EUPL-1.2
"""What a model of demand is: fitted on what was known, asked for the hours to come.

Two kinds are kept apart. A *forecast* follows the level that use has now; a *baseline* says what
would have been used in this weather if nothing had changed, to be compared with what was.
"""

from typing import Protocol, Self

from cloud.demand.series import Floats, Usage, Weather

LEVELS = (0.05, 0.5, 0.95)  # of every forecast: the middle, and a range that nine in ten keep to


class Forecaster(Protocol):
    """Forecasts all series of a panel at once.

    ``usage`` ends where the forecast begins. ``weather`` covers it and ``horizon_h`` hours more, as
    they were forecast then. A series with little history gets what can be done, never an error.
    """

    def fit(self, usage: Usage, weather: Weather) -> Self:
        """Learn from ``usage``; return self."""
        ...

    def forecast(self, usage: Usage, weather: Weather, horizon_h: int) -> Floats:
        """Return what will be used: (series, horizon_h), the middle of the range."""
        ...


class RangeForecaster(Protocol):
    """Forecasts ranges, too."""

    def fit(self, usage: Usage, weather: Weather) -> Self:
        """Learn from ``usage``; return self."""
        ...

    def forecast(self, usage: Usage, weather: Weather, horizon_h: int) -> Floats:
        """Return quantiles: (series, horizon_h, len(LEVELS)), never crossing."""
        ...
