# SPDX-License-Identifier: EUPL-1.2
"""Series for the rules of validation: one meter, hourly from a Monday on, unless told otherwise."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from cloud.validation import rules
from cloud.validation.finding import Finding
from cloud.validation.screening import screen
from cloud.validation.series import About, Integers, Limits, RegisterSeries, UsageSeries

MONDAY_S = 1_704_067_200  # 2024-01-01T00:00:00Z
HOUR_S = 3600
DAY_S = 86400


def an_about(
    reading_type: str = "electricity_import",
    *,
    meter_id: str = "m-1",
    parent: str | None = None,
    max_per_h: int | None = None,
    modulus: int | None = None,
) -> About:
    limits = Limits.of(reading_type, max_per_h=max_per_h, modulus=modulus)
    return replace(About.of(meter_id, reading_type, limits), parent_meter_id=parent)


def registers(
    amounts: Sequence[int] | Integers,
    *,
    at_s: Sequence[int] | None = None,
    about: About | None = None,
) -> RegisterSeries:
    """Return registers in the order written down; they are sorted by their stamps."""
    stamps = np.array(
        at_s if at_s is not None else MONDAY_S + np.arange(len(amounts)) * HOUR_S, dtype=np.int64
    )
    order = np.argsort(stamps, kind="stable")
    return RegisterSeries(
        about=about or an_about(),
        read_at_s=stamps[order],
        register=np.array(amounts, dtype=np.int64)[order],
        row=order.astype(np.int64),
    )


def usage(
    amounts: Sequence[int] | Integers,
    *,
    at_s: Sequence[int] | Integers | None = None,
    length_s: int = HOUR_S,
    about: About | None = None,
) -> UsageSeries:
    stamps = np.array(
        at_s if at_s is not None else MONDAY_S + np.arange(len(amounts)) * length_s, dtype=np.int64
    )
    return UsageSeries(
        about=about or an_about(),
        start_s=stamps,
        length_s=np.full(len(stamps), length_s, dtype=np.int64),
        usage=np.array(amounts, dtype=np.int64),
        row=np.arange(len(stamps), dtype=np.int64),
        is_measured=np.ones(len(stamps), dtype=bool),
    )


def an_office(days: int = 60, seed: int = 1) -> Integers:
    """Return the Wh of an office by the hour: 2 kWh at night, 10 by day, less at weekends."""
    hour = np.arange(days * 24)
    is_busy = (hour % 24 >= 8) & (hour % 24 < 18) & (hour // 24 % 7 < 5)
    spread = np.random.default_rng(seed).normal(1, 0.05, len(hour))
    return np.rint(np.where(is_busy, 10_000, 2_000) * spread).astype(np.int64)


def on_registers(name: str, series: RegisterSeries) -> list[Finding]:
    """Return what a rule finds in registers."""
    look = rules.discover()[name].registers
    assert look is not None
    return list(look(series, screen(series.read_at_s, series.register, series.about.limits)))


def on_usage(name: str, series: UsageSeries) -> list[Finding]:
    """Return what a rule finds in usage, of whichever kind it looks at."""
    rule = rules.discover()[name]
    looks = [look for look in (rule.intervals, rule.derived, rule.history) if look is not None]
    assert looks
    return [finding for look in looks for finding in look(series)]
