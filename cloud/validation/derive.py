# SPDX-License-Identifier: EUPL-1.2
"""Derivation: from the accepted registers of a file to usage by the hour, or by the day."""

import numpy as np

from cloud.readings.usage import MAX_GAP_S, Line
from cloud.validation.screening import BreakKind, Screened
from cloud.validation.series import DAY_S, HOUR_S, RegisterSeries, UsageSeries

DAILY_GAP_S = DAY_S + 2 * HOUR_S  # daily readings that come early or late


def usage_of(series: RegisterSeries, screened: Screened) -> UsageSeries | None:
    """Return hourly usage, daily where readings are rarer; None where they are rarer still.

    What lies in a gap, or over a break in which use is unknown, is not ``is_measured``.
    """
    accepted = screened.accepted
    if len(accepted) < 3:
        return None
    at_s = series.read_at_s[accepted]
    pauses_s = np.diff(at_s)
    usual_s = int(np.median(pauses_s))
    if usual_s > DAILY_GAP_S:
        return None
    step_s, gap_s = (HOUR_S, MAX_GAP_S) if usual_s <= MAX_GAP_S else (DAY_S, DAILY_GAP_S)
    is_known = np.ones(len(pauses_s), dtype=bool)
    for one in screened.breaks:
        if one.kind != BreakKind.ROLLOVER:
            is_known[np.searchsorted(accepted, one.index) - 1] = False
    nothing = np.zeros(len(accepted), dtype=np.int64)
    line = Line(
        at_s=at_s,
        continuous=screened.continuous[accepted],
        bits=nothing,
        stretch_bits=nothing[1:],
        is_known=is_known & (pauses_s <= gap_s),
    )
    first_s, end_s = -(-int(at_s[0]) // step_s) * step_s, int(at_s[-1]) // step_s * step_s
    cuts = np.arange(first_s, end_s + 1, step_s, dtype=np.int64)
    if len(cuts) < 2:
        return None
    continuous, known_s, _ = line.at(cuts)
    return UsageSeries(
        about=series.about,
        start_s=cuts[:-1],
        length_s=np.full(len(cuts) - 1, step_s, dtype=np.int64),
        usage=np.diff(continuous),
        row=np.arange(len(cuts) - 1, dtype=np.int64),
        is_measured=np.diff(known_s) >= step_s,
    )
