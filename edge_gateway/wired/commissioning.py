# SPDX-License-Identifier: EUPL-1.2
"""Commissioning: a wired meter counts once a person has compared it with its dial.

A wrong word order, a wrong map or a wrong scale gives numbers as good-looking as right ones, and
they would be stored for years. So ``run`` reads only meters whose present settings were compared.
"""

import json
import os
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from fractions import Fraction
from pathlib import Path

from edge_gateway.errors import SettingsError
from edge_gateway.wired import meter
from edge_gateway.wired.bus import Bus
from edge_gateway.wired.errors import ModbusError, RegisterError
from edge_gateway.wired.wiring import Channel, WiredMeter
from wire import reading_types

FILE_NAME = "meters.compared.json"
DIAL_UNITS = {"Wh": ("kWh", 1000), "ml": ("m3", 1_000_000), "l": ("m3", 1000)}

# What a dial and a register read a minute apart may differ by. Source: ours: 0.5 % passes any
# meter that runs on between the two looks, and no wrong order or scale, which is off by 10 or more.
TOLERANCE = Fraction(5, 1000)
TOLERANCE_UNITS = 1  # of the dial, where 0.5 % is less
# The mistakes that are made with maps: tenths, hundredths, and kilo for one.
SHIFTS = (Fraction(1, 1000), Fraction(1, 100), Fraction(1, 10), 10, 100, 1000)

Record = dict[str, dict[str, object]]  # what was compared, by the meter's fingerprint


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What came of one register: what it reads in the dial's unit, and what speaks against it."""

    obis: str
    shown: Fraction | None
    unit: str
    fault: str | None


async def compare(bus: Bus, wired: WiredMeter, dials: Mapping[str, Fraction]) -> list[Verdict]:
    """Return a verdict on each register; ``dials`` are what the dials show, by OBIS code.

    A register without its dial passes only where another one of the same meter, of the same type
    and word order, has passed by its dial; a power, which no two looks find equal, by the order
    alone.
    """
    proven: set[tuple[str, str]] = set()
    verdicts = []
    for channel in wired.channels:
        unit, per_unit = DIAL_UNITS.get(channel.reading_type.unit, (channel.reading_type.unit, 1))
        shown, fault = None, None
        try:
            words = await meter.ask(bus, wired.unit_id, channel)
        except ModbusError as error:
            fault = str(error)
        else:
            shown = _shown(channel, words, per_unit)
            if channel.obis in dials:
                fault = _judge(channel, words, per_unit, dials[channel.obis])
                if fault is None:
                    proven.add((channel.register.type, channel.register.word_order))
            elif shown is None:
                fault = f"{words.hex()} is no register"
            elif not _follows(channel, proven):
                fault = f"say what the dial shows: --dial {channel.obis}=NUMBER, in {unit}"
        verdicts.append(Verdict(obis=channel.obis, shown=shown, unit=unit, fault=fault))
    return verdicts


def _follows(channel: Channel, proven: Collection[tuple[str, str]]) -> bool:
    """Return whether what was proven of other registers tells how to read this one."""
    if channel.reading_type.kind == reading_types.INSTANTANEOUS:
        return channel.register.word_order in {order for _, order in proven}
    return (channel.register.type, channel.register.word_order) in proven


def _judge(channel: Channel, words: bytes, per_unit: int, dial: Fraction) -> str | None:
    """Return what is wrong, None if ``words`` say what the dial shows and nothing else would."""
    shown = _shown(channel, words, per_unit)
    turned = replace(channel, register=channel.register.in_other_order())
    others = {f'word_order = "{turned.register.word_order}"': _shown(turned, words, per_unit)}
    if channel.register.word_count == 1:
        others.clear()
    if shown is not None:
        others |= {f"a scale of {shift} times the map's": shown * shift for shift in SHIFTS}
    fitting = [change for change, reads in others.items() if _fits(reads, dial)]
    if not _fits(shown, dial):
        remedy = f"; it would with {fitting[0]}" if fitting else ""
        return f"it does not fit the dial's {float(dial):.10g}{remedy}"
    if fitting:
        return (
            f"it fits the dial's {float(dial):.10g}, but with {fitting[0]} it would as well: "
            "compare again once the meter has counted more"
        )
    return None


def _shown(channel: Channel, words: bytes, per_unit: int) -> Fraction | None:
    """Return what the meter's dial would show if ``words`` are read so; None if it can't be."""
    try:
        channel.register_in(words)
    except RegisterError:
        return None
    return channel.register.amount(words) / per_unit


def _fits(reads: Fraction | None, dial: Fraction) -> bool:
    allowed = max(Fraction(TOLERANCE_UNITS), TOLERANCE * abs(dial))
    return reads is not None and abs(reads - dial) <= allowed


def compared(data_dir: Path) -> Record:
    """Return what was compared so far; raise SettingsError if the record can't be read."""
    path = data_dir / FILE_NAME
    try:
        found: Record = json.loads(path.read_text())
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise SettingsError(f"{path} can't be read: {error}; compare all meters again.") from error
    return found


def remember(
    data_dir: Path, wired: WiredMeter, verdicts: Sequence[Verdict], compared_at: datetime
) -> None:
    """Put on record that this meter, wired and mapped as it is, was compared with its dial."""
    record = compared(data_dir) | {
        wired.fingerprint: {
            "line": wired.line,
            "unit_id": wired.unit_id,
            "compared_at": compared_at.isoformat(timespec="seconds"),
            "showed": {one.obis: f"{float(one.shown or 0):g} {one.unit}" for one in verdicts},
        }
    }
    path = data_dir / FILE_NAME
    fresh = path.with_suffix(".new")
    with fresh.open("w") as file:
        json.dump(record, file, indent=1)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
