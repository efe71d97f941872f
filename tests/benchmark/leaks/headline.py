# SPDX-License-Identifier: EUPL-1.2
"""The numbers that were asked for: target, what was measured, and the best of the others.

A rival is named only if its own alarms keep to what is allowed, or are no more than ours; beside
the leaks of the row, all of its figures stand in the longer table.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from statistics import mean, median

from tests.benchmark.leaks.bank import NAME
from tests.benchmark.leaks.cells import ALLOWED, COST_INTERVALS_S, HOME, REAL_HOME, REAL_MAIN
from tests.benchmark.leaks.scoring import Rate
from tests.benchmark.leaks.summary import Summary

Summaries = Mapping[str, Mapping[str, Summary]]  # by batch and detector

MINUTES = f"{HOME}-1-60s-1000ml"
HOURLY = f"{REAL_HOME}-1-3600s-1000ml"
CLEAN_ALLOWED = 0.2
MOST_STATE_BYTES = 4096
MOST_US = 50
SLOT_S = 1800
# Batch, leak, share that must be found by then, hours, only clean homes.
DELAYS = (
    (MINUTES, "constant 5", 0.5, 4, False),
    (MINUTES, "constant 5", 0.9, 8, False),
    (MINUTES, "toilet 10", 0.5, 4, False),
    (MINUTES, "constant 2", 0.5, 24, False),
    (MINUTES, "constant 3.8", 0.5, 6, False),
    (MINUTES, "burst 160", 0.5, 3 / 60, False),
    (MINUTES, "pausing 190", 0.5, 48, False),
    (HOURLY, "constant 1", 0.5, 24, True),
    (HOURLY, "constant 25", 0.5, 10, True),
    (HOURLY, "constant 100", 0.5, 5, True),
    (f"{REAL_MAIN}-24-3600s-1000ml", "constant 80", 0.5, 14, False),
)
SHARES = tuple(
    (f"{REAL_MAIN}-{households}-3600s-1000ml", f"constant {size}", share)
    for households, size, share in ((8, 20, 0.8), (24, 40, 0.9), (48, 80, 0.95))
)
TITLES = {
    MINUTES: "one home, 1 min, 1 l",
    HOURLY: "real home, hourly",
    **{
        f"{REAL_MAIN}-{households}-3600s-1000ml": f"main of {households} real homes, hourly"
        for households in (8, 24, 48)
    },
}


@dataclass(frozen=True, kw_only=True)
class Row:
    """One line of the table; ``name`` is its key among the figures."""

    name: str
    case: str
    target: str
    measured: str
    amount: float | None
    is_reached: bool
    rival: str = ""


def rows(summaries: Summaries) -> list[Row]:
    """Return every line for which there are figures."""
    return [
        *_rates(summaries),
        *(row for one in DELAYS if (row := _delay(summaries, *one))),
        *(row for one in SHARES if (row := _share(summaries, *one))),
        *_costs(summaries),
    ]


def hours(delay_h: float | None) -> str:
    """Return a delay as people say it."""
    if delay_h is None:
        return "not found"
    return f"{delay_h * 60:.1f} min" if delay_h < 1 else f"{delay_h:.1f} h"


def _rates(summaries: Summaries) -> Iterator[Row]:
    for batch, title in TITLES.items():
        if batch not in summaries:
            continue
        ours = summaries[batch][NAME]
        yield _rate(f"{batch}_alarms", title, ours.rate, ALLOWED[batch.split("-")[0]])
        if batch == HOURLY and ours.clean_rate.years:
            clean = f"{title}, clean ones"
            yield _rate(f"{batch}_clean_alarms", clean, ours.clean_rate, CLEAN_ALLOWED)
            unconfirmed = f"{clean}, and not confirmed by a day without a pause"
            rate = ours.clean_unconfirmed_rate
            yield _rate(f"{batch}_clean_unconfirmed_alarms", unconfirmed, rate, None)


def _rate(name: str, title: str, rate: Rate, allowed: float | None) -> Row:
    return Row(
        name=name,
        case=f"{title}: alarms per meter-year",
        target="" if allowed is None else f"≤ {allowed:g}",
        measured=rate_told(rate),
        amount=rate.per_year,
        is_reached=allowed is None or rate.per_year <= allowed,
    )


def rate_told(rate: Rate) -> str:
    """Return a rate with its interval and what it was counted over."""
    low, high = rate.range_per_year
    return f"{rate.per_year:.2f} ({low:.2f} to {high:.2f}; {rate.alarms} in {rate.years:.1f})"


def _delay(
    summaries: Summaries, batch: str, label: str, share: float, target_h: float, is_clean: bool
) -> Row | None:
    if batch not in summaries:
        return None
    delays = summaries[batch][NAME].delays(label, is_clean=is_clean)
    if delays is None:
        return None
    delay_h = delays.quantile_h(share)
    rivals = [
        (their_h, one.detector)
        for one in _quiet(summaries[batch], batch)
        if (theirs := one.delays(label, is_clean=is_clean))
        and (their_h := theirs.quantile_h(share)) is not None
    ]
    best = min(rivals, default=None)
    title = f"{TITLES[batch]}{', clean ones' if is_clean else ''}"
    return Row(
        name=f"{batch}_{label.replace(' ', '_')}_q{share * 100:.0f}_h",
        case=f"{title}: {_leak(label)}, {_quantile(share)}",
        target=f"≤ {hours(target_h)}",
        measured=f"{hours(delay_h)} ({delays.found:.0%} in 7 days)",
        amount=delay_h,
        is_reached=delay_h is not None and delay_h <= target_h,
        rival=f"{hours(best[0])}, {best[1]}" if best else "none finds them",
    )


def _share(summaries: Summaries, batch: str, label: str, target: float) -> Row | None:
    if batch not in summaries:
        return None
    delays = summaries[batch][NAME].delays(label)
    if delays is None:
        return None
    rivals = [
        (theirs.found, one.detector)
        for one in _quiet(summaries[batch], batch)
        if (theirs := one.delays(label))
    ]
    best = max(rivals, default=None)
    low, high = delays.found_range
    return Row(
        name=f"{batch}_{label.replace(' ', '_')}_found",
        case=f"{TITLES[batch]}: {_leak(label)}, found in 7 days",
        target=f"≥ {target:.0%}",
        measured=f"{delays.found:.0%} ({low:.0%} to {high:.0%})",
        amount=delays.found,
        is_reached=delays.found >= target,
        rival=f"{best[0]:.0%}, {best[1]}" if best else "",
    )


def _costs(summaries: Summaries) -> Iterator[Row]:
    for interval_s in COST_INTERVALS_S:
        batch = f"{HOME}-1-{interval_s}s-1000ml"
        if batch not in summaries:
            continue
        us = mean(summaries[batch][NAME].us_per_reading)
        title = f"one home, {interval_s // 60} min: processor time per"
        yield _cost(f"{batch}_us_per_reading", f"{title} reading", us, most_us=None)
        slot_us = us * SLOT_S / interval_s
        yield _cost(f"{batch}_us_per_slot", f"{title} half hour", slot_us, most_us=MOST_US)
    each_bytes = [size for one in summaries.values() for size in one[NAME].state_bytes]
    state_bytes = max(each_bytes)
    yield Row(
        name="state_bytes_per_meter",
        case="memory per meter as stored, at the most",
        target=f"≤ {MOST_STATE_BYTES} B",
        measured=f"{state_bytes} B; median {median(each_bytes):.0f} B",
        amount=state_bytes,
        is_reached=state_bytes <= MOST_STATE_BYTES,
    )


def _cost(name: str, case: str, us: float, *, most_us: float | None) -> Row:
    return Row(
        name=name,
        case=case,
        target="" if most_us is None else f"≤ {most_us:g} µs",
        measured=f"{us:.1f} µs",
        amount=us,
        is_reached=most_us is None or us <= most_us,
    )


def _quiet(by_detector: Mapping[str, Summary], batch: str) -> list[Summary]:
    allowed = max(ALLOWED[batch.split("-")[0]], by_detector[NAME].rate.per_year)
    return [
        one for name, one in by_detector.items() if name != NAME and one.rate.per_year <= allowed
    ]


def _leak(label: str) -> str:
    shape, size = label.split(" ")
    if shape == "burst":
        return f"burst of {float(size) * 12 / 60:g} l/min"
    name = {"constant": "leak", "toilet": "toilet", "pausing": "leak pausing an hour a day"}[shape]
    return f"{name} of {size} l/h"


def _quantile(share: float) -> str:
    return "median" if share == 0.5 else f"{share:.0%} within"
