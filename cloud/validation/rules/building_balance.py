# SPDX-License-Identifier: EUPL-1.2
"""Sub-meters that together measure more than the main they hang behind.

Method: per day, or per longer interval, the usage of all meters with the same main is added up and
held against the main's, where all of them were measured throughout. More than 5 % of the sum above
it, and more than the meters' smallest steps, is a violation; three such days in a row, or one by a
quarter, are a finding. The other direction is leakage or unmetered use, and no fault of the data.

Source: ISO 4064-1:2014, maximum permissible errors of class 2: 2 % above Q2, 5 % below. Limits: it
can't say which of the meters is wrong; a sub-meter behind another main looks the same.
"""

from collections.abc import Iterator, Sequence

import numpy as np

from cloud.validation.finding import Finding, Severity, found, span, utc
from cloud.validation.rules import Rule
from cloud.validation.series import DAY_S, UsageSeries, runs

TOLERANCE = 0.05
MANY_DAYS = 3
GROSS = 0.25
SURE = 0.20
SURE_DAYS = 7

Totals = dict[int, int]  # usage in ticks by the start of a day, or of a longer interval


def check(meters: Sequence[UsageSeries]) -> Iterator[Finding]:
    """Find mains that show less than what hangs behind them."""
    by_id = {(one.about.meter_id, one.about.reading_type): one for one in meters}
    children: dict[tuple[str, str], list[UsageSeries]] = {}
    for one in meters:
        if one.about.parent_meter_id is not None:
            key = (one.about.parent_meter_id, one.about.reading_type)
            children.setdefault(key, []).append(one)
    for key, subs in sorted(children.items()):
        main = by_id.get(key)
        comparable = [sub for sub in subs if main is not None and sub.about.unit == main.about.unit]
        if main is not None and comparable:
            yield from _compare(main, comparable)


def _compare(main: UsageSeries, subs: Sequence[UsageSeries]) -> Iterator[Finding]:
    finest = max(one.about.per_unit for one in (main, *subs))
    main_totals = _totals(main, finest)
    sub_totals = [_totals(sub, finest) for sub in subs]
    common = sorted(set(main_totals).intersection(*sub_totals))
    if not common:
        return
    at_s = np.array(common, dtype=np.int64)
    whole = np.array([main_totals[one] for one in common])
    parts = np.array([sum(totals[one] for totals in sub_totals) for one in common])
    steps = sum(finest // one.about.per_unit for one in (main, *subs))
    over = parts - whole
    first, last = runs(over > np.maximum(TOLERANCE * parts, steps))
    for began, ended in zip(first.tolist(), last.tolist(), strict=True):
        used, shown = int(parts[began:ended].sum()), int(whole[began:ended].sum())
        share = (used - shown) / used
        if ended - began >= MANY_DAYS or share >= GROSS:
            length_s = max(main.step_s, DAY_S)
            yield _finding(
                main, subs, int(at_s[began]), int(at_s[ended - 1]) + length_s, used, shown, finest
            )


def _totals(series: UsageSeries, finest: int) -> Totals:
    """Return the usage of each day that was measured throughout, or of each longer interval."""
    series = series.measured.once
    usage = series.usage * (finest // series.about.per_unit)
    if series.step_s > DAY_S:
        return dict(zip(series.start_s.tolist(), usage.tolist(), strict=True))
    days, place = np.unique(series.start_s // DAY_S, return_inverse=True)
    covered_s = np.zeros(len(days), dtype=np.int64)
    total = np.zeros(len(days), dtype=np.int64)
    np.add.at(covered_s, place, series.length_s)
    np.add.at(total, place, usage)
    is_whole = covered_s >= DAY_S
    return dict(zip((days[is_whole] * DAY_S).tolist(), total[is_whole].tolist(), strict=True))


def _finding(
    main: UsageSeries,
    subs: Sequence[UsageSeries],
    began_s: int,
    ended_s: int,
    used: int,
    shown: int,
    finest: int,
) -> Finding:
    about = main.about
    scale = about.per_unit / finest
    share = (used - shown) / used
    days = (ended_s - began_s) / DAY_S
    return found(
        RULE.name,
        about,
        began_s,
        ended_s,
        Severity.ERROR if share >= SURE and days >= SURE_DAYS else Severity.WARNING,
        f"For {span(ended_s - began_s)} from {utc(began_s):%Y-%m-%d} the {len(subs)} meters behind"
        f" this main measured {about.amount(used * scale)}, the main itself"
        f" {about.amount(shown * scale)}, {share:.0%} less than they. One of them, or what is"
        " recorded of where they hang, is wrong.",
        main=about.in_unit(shown * scale),
        sub_meters=about.in_unit(used * scale),
        sub_meter_ids=[sub.about.meter_id for sub in subs],
    )


RULE = Rule(name="building_balance", building=check)
