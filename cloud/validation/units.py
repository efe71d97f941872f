# SPDX-License-Identifier: EUPL-1.2
"""Units that files name, and what they are in the reading types' own: ml, l (gas), Wh."""

from wire import reading_types
from wire.errors import WireError
from wire.reading_types import REGISTER, ReadingType

PLAIN_NAMES = {
    "water": reading_types.COLD_WATER,
    "electricity": reading_types.ELECTRICITY_IMPORT,
    "power": reading_types.ELECTRICITY_IMPORT,
    "heating": reading_types.HEAT,
}

_LITRES = {"ml": 0.001, "l": 1.0, "dm3": 1.0, "m3": 1000.0, "ft3": 28.316846592, "gal": 3.785411784}
_WATT_HOURS = {"wh": 1.0, "kwh": 1e3, "mwh": 1e6, "gwh": 1e9, "mj": 1e3 / 3.6, "gj": 1e6 / 3.6}
_CYRILLIC = {
    "мл": "ml",
    "л": "l",
    "дм3": "dm3",
    "м3": "m3",
    "втч": "wh",
    "квтч": "kwh",
    "мвтч": "mwh",
    "гвтч": "gwh",
}
# Calorific value of natural gas, for a limit that need not be exact. Source: EN ISO 6976, group H
# between 9.5 and 13.1 kWh/m3.
WH_PER_L_OF_GAS = 10.55


class UnknownUnitError(ValueError):
    """A unit that can't be that of a reading type."""

    def __init__(self, unit: str, reading_type: str) -> None:
        super().__init__(
            f"{unit!r} is no unit of {reading_type}; known are ml, l, dm3, m3, ft3, gal for water"
            " and gas, Wh, kWh, MWh, GWh, MJ, GJ for electricity, heat and gas."
        )


def reading_type_of(name: str) -> tuple[ReadingType, int]:
    """Return the reading type and channel that a file means, or raise WireError."""
    plain = name.strip().lower().replace(" ", "_")
    if plain in PLAIN_NAMES:
        return PLAIN_NAMES[plain], 0
    found, channel = (
        reading_types.parse(name.strip()) if ":" in name else (reading_types.named(plain), 0)
    )
    if found.kind != REGISTER:
        raise WireError(f"{name} is a momentary value; rules look at registers and usage.")
    return found, channel


def own_units_per(unit: str, reading_type: ReadingType) -> float:
    """Return how many of the reading type's units one ``unit`` is, or raise UnknownUnitError."""
    spelled = unit.strip().lower().replace("³", "3")
    spelled = _CYRILLIC.get(spelled, spelled)
    if spelled in _LITRES and reading_type.unit in ("ml", "l"):
        return _LITRES[spelled] * (1000.0 if reading_type.unit == "ml" else 1.0)
    if spelled in _WATT_HOURS and reading_type.unit == "Wh":
        return _WATT_HOURS[spelled]
    if spelled in _WATT_HOURS and reading_type.utility == "gas":
        return _WATT_HOURS[spelled] / WH_PER_L_OF_GAS
    raise UnknownUnitError(unit, reading_type.name)
