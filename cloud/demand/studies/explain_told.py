# SPDX-License-Identifier: EUPL-1.2
"""An explanation as people and programs read it."""

from dataclasses import asdict
from typing import Any

from cloud.demand.studies.explain import OPTIONAL, REST, Explanation
from cloud.demand.studies.terms import CALENDAR, TEMPERATURE

_WORDS = {
    CALENDAR: "weekday and hour",
    "holiday": "holidays",
    TEMPERATURE: "temperature",
    "season": "the season",
    "trend": "the trend over years",
    "drift": "drift over months",
    "rain": "rain",
    "supply_rain": "rain where the supply comes from",
    "humidity": "humidity",
    "wind": "wind",
    "sun": "sunshine",
    REST: "nothing that was looked at",
}


def told_of(found: Explanation) -> dict[str, Any]:
    """Return what a program needs: shares in %, the ablation and the sentence."""
    return {
        "sentence": sentence_of(found),
        "reference_temperature_c": found.reference_c,
        "share_of_use_pct": found.mean_shares_pct(),
        "share_of_hourly_variance_pct": found.variance_shares_pct(),
        "share_of_daily_variance_pct": found.variance_shares_pct(by_day=True),
        "ablation": [asdict(one) | {"helps": one.helps} for one in found.worths],
        "blocks": found.blocks,
        "cvrmse_of_blocks_left_out_pct": found.error_pct,
    }


def sentence_of(found: Explanation) -> str:
    """Return the finding in a few sentences."""
    moved = found.variance_shares_pct(by_day=True)
    rest = moved.pop(REST)
    most = sorted(moved, key=lambda name: -moved[name])[:3]
    parts = ", ".join(f"{_WORDS[name]} {moved[name]:.0f} %" for name in most if moved[name] >= 1)
    told = f"Of what days differ by, {parts or 'nothing is explained'}; unexplained {rest:.0f} %."
    if found.reference_c is not None and TEMPERATURE in found.parts:
        share = found.mean_shares_pct()[TEMPERATURE]
        told += (
            f" Weather other than a steady {found.reference_c:.0f} °C costs {share:.0f} % of use."
        )
    tried = [one for one in found.worths if one.group in OPTIONAL]
    for one in tried:
        told += (
            f" {_WORDS[one.group].capitalize()}"
            f" {'helps' if one.kept else 'is not shown to help'} (errors without it"
            f" {one.gain_pct:+.1f} %, {one.low_pct:+.1f} to {one.high_pct:+.1f})."
        )
    return told
