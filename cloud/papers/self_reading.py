# SPDX-License-Identifier: EUPL-1.2
"""The sheet for handing in the registers of water meters oneself: what it says. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from cloud.papers import figures
from cloud.papers.monthly import dial_text
from cloud.papers.words import Language, say
from cloud.premises.models import Premises, ServicePoint
from cloud.readings.registers import RegisterAt
from wire import quality

DIGITS = 5  # boxes to write a register into by hand


@dataclass(frozen=True, kw_only=True)
class WaterMeter:
    """A meter, whose client pays for it, and what its dial showed; None where nobody knows."""

    point: ServicePoint
    supplier: str | None
    client_number: str | None
    serial: str | None
    found: RegisterAt | None


@dataclass(frozen=True, kw_only=True)
class Sheet:
    """The water meters of a building on a local day."""

    premises: Premises
    day: date
    now: datetime
    meters: Sequence[WaterMeter]


def told(sheet: Sheet, language: Language) -> dict[str, Any]:
    """Return what the template shows."""
    labels = (
        *("self_reading", "client_number", "address", "service_point", "meter", "whole_m3"),
        *("fraction_m3", "read_at", "sheet_note", "signature", "date", "name", "page"),
    )
    name = sheet.premises.name_bg if language == "bg" else sheet.premises.name_en
    suppliers = sorted({one.supplier for one in sheet.meters if one.supplier})
    day = figures.day(sheet.day, language)
    return {
        "language": language,
        "title": f"{say('self_reading', language)}: {name}, {day}",
        "labels": {one: say(one, language) for one in labels},
        "comma": figures.comma(language),
        "unit": figures.written("m³", language),
        "to": say("to_supplier", language, name=", ".join(suppliers)) if suppliers else "",
        "name": name,
        "address": sheet.premises.address,
        "day": say("for_day", language, day=day),
        "made": say("made", language, at=figures.moment(sheet.now, language)),
        "none": "" if sheet.meters else say("no_water", language),
        "meters": [_meter(one, language) for one in sheet.meters],
    }


def _meter(one: WaterMeter, language: Language) -> dict[str, Any]:
    point = one.point
    shown = {
        "name": point.name_bg if language == "bg" else point.name_en,
        "service_point": point.service_point_id,
        "client_number": one.client_number or "",
        "serial": one.serial or "",
        "whole": "",
        "fraction": "",
        "digits": DIGITS,
        "read_at": "",
    }
    found = one.found
    if found is None or (found.register is None and found.before is None):
        return shown | {"how": say("how_unknown", language), "is_sure": False}
    is_read = found.before is not None and found.before.read_at == found.at
    if found.register is None and found.before is not None:
        old = found.before
        dial = figures.dial(old.register, point.type.unit, language)
        at = figures.moment(old.read_at, language)
        how, is_sure, bits = say("how_old", language, at=at), False, old.quality
    else:
        dial = figures.dial(found.register, point.type.unit, language)
        at, is_sure, bits = figures.moment(found.at, language), is_read, found.quality
        how = say("how_read", language) if is_read else _between(found, point, language)
    poor = bits & ~(quality.GOOD if is_read else quality.ESTIMATED)
    if poor:
        how += " " + say("how_poor", language, quality=figures.qualities(poor, language))
    return shown | {
        "whole": dial.whole,
        "fraction": dial.fraction,
        "read_at": at,
        "how": how,
        "is_sure": is_sure and not poor & (quality.SUSPECT | quality.MISSING),
    }


def _between(found: RegisterAt, point: ServicePoint, language: Language) -> str:
    assert found.before is not None  # noqa: S101 - a register that wasn't read lies between two
    assert found.after is not None  # noqa: S101
    unit = point.type.unit
    return say(
        "how_interpolated",
        language,
        before=dial_text(found.before.register, unit, language),
        before_at=figures.moment(found.before.read_at, language),
        after=dial_text(found.after.register, unit, language),
        after_at=figures.moment(found.after.read_at, language),
    )
