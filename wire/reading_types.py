# SPDX-License-Identifier: EUPL-1.2
"""Reading types: what a number in a telegram measures, and in which unit.

A key is an OBIS code ``A-B:C.D.E``. A is the medium, C the quantity, D how it was formed, E the
tariff; B is the channel, which tells two meters of one kind on one node apart (0 where there is
one). A, C, D and E fix the unit.

Sources: EN 13757-1:2014, value groups of media 6 (heat), 7 (gas), 8 (cold water), 9 (hot water);
IEC 62056-6-1 (DLMS UA Blue Book) for medium 1 (electricity): C 1/2 is active power import/export,
D 8 a time integral and D 7 an instantaneous value. For media 8 and 9, C 1 is accumulated volume and
C 2 flow rate; for medium 6, C 1 is energy, C 8 power; for medium 7, C 3 is the volume at metering
conditions and C 43 its flow rate.
"""

from wire.errors import WireError

REGISTER = "register"  # cumulative: only grows within an epoch
INSTANTANEOUS = "instantaneous"  # as it was at the moment of the reading; may be negative

MAX_CHANNEL = 64  # EN 13757-1 gives B 1 to 64 to channels


class ReadingType:
    """One quantity: its OBIS code with channel 0, the utility that bills it, its unit."""

    def __init__(self, obis: str, name: str, utility: str, unit: str, kind: str) -> None:
        self.obis = obis
        self.name = name
        self.utility = utility
        self.unit = unit
        self.kind = kind

    def on_channel(self, channel: int) -> str:
        """Return the OBIS code with ``channel`` as its group B."""
        medium, rest = self.obis.split("-")
        return "%s-%d:%s" % (medium, channel, rest.split(":")[1])


COLD_WATER = ReadingType("8-0:1.0.0", "cold_water", "water", "ml", REGISTER)
HOT_WATER = ReadingType("9-0:1.0.0", "hot_water", "water", "ml", REGISTER)
GAS = ReadingType("7-0:3.0.0", "gas", "gas", "l", REGISTER)
ELECTRICITY_IMPORT = ReadingType("1-0:1.8.0", "electricity_import", "electricity", "Wh", REGISTER)
ELECTRICITY_EXPORT = ReadingType("1-0:2.8.0", "electricity_export", "electricity", "Wh", REGISTER)
HEAT = ReadingType("6-0:1.0.0", "heat", "heat", "Wh", REGISTER)

COLD_WATER_FLOW = ReadingType("8-0:2.0.0", "cold_water_flow", "water", "l/h", INSTANTANEOUS)
HOT_WATER_FLOW = ReadingType("9-0:2.0.0", "hot_water_flow", "water", "l/h", INSTANTANEOUS)
GAS_FLOW = ReadingType("7-0:43.0.0", "gas_flow", "gas", "l/h", INSTANTANEOUS)
POWER_IMPORT = ReadingType("1-0:1.7.0", "power_import", "electricity", "W", INSTANTANEOUS)
POWER_EXPORT = ReadingType("1-0:2.7.0", "power_export", "electricity", "W", INSTANTANEOUS)
HEAT_POWER = ReadingType("6-0:8.0.0", "heat_power", "heat", "W", INSTANTANEOUS)

ALL = (
    COLD_WATER,
    HOT_WATER,
    GAS,
    ELECTRICITY_IMPORT,
    ELECTRICITY_EXPORT,
    HEAT,
    COLD_WATER_FLOW,
    HOT_WATER_FLOW,
    GAS_FLOW,
    POWER_IMPORT,
    POWER_EXPORT,
    HEAT_POWER,
)

_BY_OBIS = {reading_type.obis: reading_type for reading_type in ALL}
_BY_NAME = {reading_type.name: reading_type for reading_type in ALL}


def parse(code: object) -> "tuple[ReadingType, int]":
    """Return the reading type and channel of an OBIS code, or raise WireError."""
    if not isinstance(code, str) or "-" not in code or ":" not in code or len(code) > 16:
        raise WireError("%r is not an OBIS code of the form A-B:C.D.E." % (code,))
    medium, rest = code.split("-", 1)
    channel, quantity = rest.split(":", 1) if ":" in rest else ("", "")
    if channel not in _CHANNELS:
        raise WireError("Channel %r of %s is not 0 to %d." % (channel, code, MAX_CHANNEL))
    found = _BY_OBIS.get("%s-0:%s" % (medium, quantity))
    if found is None:
        raise WireError("%s is no reading type of this version." % code)
    return found, int(channel)


_CHANNELS = {str(channel) for channel in range(MAX_CHANNEL + 1)}


def named(name: str) -> ReadingType:
    """Return the reading type called ``name``, or raise WireError."""
    if name not in _BY_NAME:
        raise WireError(
            "%r is no reading type; known are %s." % (name, ", ".join(sorted(_BY_NAME)))
        )
    return _BY_NAME[name]
