# SPDX-License-Identifier: EUPL-1.2
"""Queries: PostgreSQL with Grafana's macros, one file each.

What stands in braces is filled in from ``wire`` when a board is built, so that reading types, units
and qualities are written down once.
"""

from importlib.resources import files

from wire import quality, reading_types

SHOWN_UNITS = {"ml": 1_000_000, "l": 1000, "Wh": 1000}  # wire units in a m³, a m³, a kWh
RATE_UNITS = {"ml": 1000, "l": 1, "Wh": 1}  # wire units per h in a l/h, a l/h, a W


def sql(name: str, utility: str | None = None) -> str:
    """Return the query ``name``, for one utility where it is written for any."""
    text = files(__package__).joinpath(f"{name}.sql").read_text(encoding="utf-8")
    return text.format(qualities=_qualities(), **(_of(utility) if utility else {})).strip()


def _of(utility: str) -> dict[str, str]:
    registers = [
        reading_type
        for reading_type in reading_types.ALL
        if reading_type.utility == utility
        and reading_type.kind == reading_types.REGISTER
        and reading_type is not reading_types.ELECTRICITY_EXPORT  # fed in is not used
    ]
    (unit,) = {reading_type.unit for reading_type in registers}
    return {
        "reading_types": ", ".join(f"'{reading_type.name}'" for reading_type in registers),
        "per_shown_unit": str(SHOWN_UNITS[unit]),
        "per_rate_unit": str(RATE_UNITS[unit]),
    }


def _qualities() -> str:
    return ", ".join(f"({bit}, '{name}')" for bit, name in quality.NAMES)
