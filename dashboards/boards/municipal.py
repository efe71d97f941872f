# SPDX-License-Identifier: EUPL-1.2
"""The municipality's board: use by district, what runs now, what is silent, doubtful or leaking."""

from grafana_foundation_sdk.builders import dashboard

from dashboards import panels
from dashboards.queries import sql

UID = "iskar-municipal"
CUBIC_METRE, LITRE_PER_HOUR, WATT, KILOWATT_HOUR = "m3", "litreh", "watt", "kwatth"
UTILITIES = (
    ("water", "Water", CUBIC_METRE, LITRE_PER_HOUR),
    ("gas", "Gas", CUBIC_METRE, LITRE_PER_HOUR),
    ("electricity", "Electricity", KILOWATT_HOUR, WATT),
)


def board() -> dashboard.Dashboard:
    """Return the board, its panels numbered in the order they are shown."""
    shown = [*_use(), *_rates(), *_leaks(), *_health()]
    built = (
        dashboard.Dashboard("Iskar: the municipality")
        .uid(UID)
        .description("Use, leaks and the state of metering in the municipality's buildings.")
        .tags(["iskar"])
        .timezone("Europe/Sofia")
        .time("now-7d", "now")
        .refresh("1m")
        .readonly()
    )
    for number, panel in enumerate(shown, start=1):
        built.with_panel(panel.id(number))
    return built


def _use() -> list[panels.Panel]:
    return [
        panels.bars(
            f"{name} used per day",
            "By district and local day; sub-meters are part of their main meter.",
            sql("use_by_day", utility),
            shown_unit,
            width=8,
        )
        for utility, name, shown_unit, _ in UTILITIES
    ]


def _rates() -> list[panels.Panel]:
    return [
        panels.lines(
            f"{name} now",
            "Mean rate per building between the registers of two intervals.",
            sql("rate", utility),
            rate_unit,
            width=8,
        )
        for utility, name, _, rate_unit in UTILITIES
    ]


def _leaks() -> list[panels.Panel]:
    total = sql("open_alerts_total")
    return [
        panels.figure(
            "Open leak alerts", "Raised and not yet resolved.", total, "open_alerts", "short"
        ),
        panels.figure("Lost so far", "By the leaks that are open.", total, "lost_m3", CUBIC_METRE),
        panels.rows(
            "Open leaks",
            "The largest first.",
            sql("open_alerts"),
            {
                "flow_l_per_h": LITRE_PER_HOUR,
                "lost_m3": CUBIC_METRE,
                "flow_w": WATT,
                "lost_kwh": KILOWATT_HOUR,
                "confidence": "percent",
            },
            width=16,
        ),
    ]


def _health() -> list[panels.Panel]:
    return [
        panels.rows(
            "Silent meters",
            "Nothing heard for 15 minutes; an empty time means never.",
            sql("silent_meters"),
            {"silent_for_s": "s"},
            width=24,
        ),
        panels.bars(
            "Readings that are not plain good",
            "By reason; a reading can have several.",
            sql("quality"),
            "percent",
            width=12,
        ),
        panels.lines(
            "Readings per minute",
            "As the cloud stored them, by gateway.",
            sql("readings_per_minute"),
            "short",
            width=12,
        ),
    ]
