# SPDX-License-Identifier: EUPL-1.2
"""The letter that tells of a day that will probably pass a limit, in Bulgarian and English."""

from dataclasses import dataclass
from datetime import date

from cloud.demand.history.models import Series
from cloud.demand.issued.limits import CALLED_OFF, DAY_SUM, RAISED
from cloud.demand.issued.limits_repository import Limit


@dataclass(frozen=True, kw_only=True)
class Letter:
    """A letter in plain text."""

    subject: str
    text: str


def letter(
    limit: Limit, series: Series, day: date, what: str, probability: float, base_url: str
) -> Letter:
    """Return the letter, in both languages: a mailbox of a utility is read by several."""
    percent = f"{probability * 100:.0f} %"
    unit = {"l": "l", "wh": "Wh"}[series.unit]
    amount = f"{limit.upper:,.0f}".replace(",", " ") + f" {unit}"
    bulgarian_of, english_of = (
        ("за деня", "for the day") if limit.quantity == DAY_SUM else ("за час", "in an hour")
    )
    if what == CALLED_OFF:
        bulgarian = f"вече не се очаква да надхвърли {amount} {bulgarian_of}; вероятност {percent}"
        english = f"is no longer expected to pass {amount} {english_of}; probability {percent}"
    else:
        again_bg, again_en = ("", "") if what == RAISED else ("още по-", "even more ")
        bulgarian = f"{again_bg}вероятно ще надхвърли {amount} {bulgarian_of}; вероятност {percent}"
        english = f"will {again_en}probably pass {amount} {english_of}; probability {percent}"
    where = f"{base_url}/api/v1/demand/series/{series.series_id}/forecast"
    return Letter(
        subject=f"Iskar: {series.name_en}, {day:%d.%m.%Y}: {percent}",
        text=(
            f"{series.name_bg}: {day:%d.%m.%Y} {bulgarian}.\n"
            f"{series.name_en}: {day:%Y-%m-%d} {english}.\n\n"
            f"Прогнозата / The forecast: {where}\n"
            f"Границата / The limit: {limit.limit_id}\n"
        ),
    )
