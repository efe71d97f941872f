# SPDX-License-Identifier: EUPL-1.2
"""Papers: what they say in two languages, and that they can be printed and read."""

import json
import re
import zlib
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
import typst

from cloud.kit.programs import ProgramError, ProgramTooSlowError
from cloud.papers import figures, monthly, press, self_reading, typesetting
from cloud.papers.press import Press, PressBusyError
from cloud.papers.words import LABELS, Language
from tests.papers_builders import POINTS, a_meter, a_month, a_register, a_sheet, days

LANGUAGES: tuple[Language, ...] = ("bg", "en")


def _letters(pdf: bytes) -> set[str]:
    """Return the letters that a reader of the PDF can select: those of its ToUnicode maps."""
    found = set()
    for stream in re.findall(rb"stream\r?\n(.*?)\r?\nendstream", pdf, re.DOTALL):
        try:
            text = zlib.decompress(stream)
        except zlib.error:
            continue
        for mapped in re.findall(rb"beginbfchar(.*?)endbfchar", text, re.DOTALL):
            found |= {chr(int(code, 16)) for code in re.findall(rb"> <([0-9A-F]{4})>", mapped)}
    return found


@pytest.mark.parametrize("language", LANGUAGES)
async def test_a_report_is_a_tagged_pdf_in_its_language_whose_words_can_be_selected(
    language: Language,
):
    made = await Press().pdf("report", monthly.told(a_month(), language))
    assert made.startswith(b"%PDF-")
    assert f"/Lang({language})".encode() in made
    assert b"/StructTreeRoot" in made
    wanted = "МесечнтдяълЦщ" if language == "bg" else "MonthlyrepCs"
    assert set(wanted) <= _letters(made)


async def test_what_people_wrote_is_shown_and_never_read_as_markup():
    evil = '#read("/etc/passwd") $x$ *_[ ]{}\\ #panic("x")'
    point = replace(POINTS[0], name_bg=evil)
    told = self_reading.told(a_sheet(a_meter(point=point)), "bg")
    assert told["meters"][0]["name"] == evil
    made = await Press().pdf("self_reading", told)
    assert set('#"$*_[]{}\\') <= _letters(made)  # each stands on the page as it was written


async def test_an_empty_month_and_an_empty_building_are_papers_too():
    month = a_month(utilities=[], reckoned=[], registers=[], alerts=[], whole_days=0)
    assert (await Press().pdf("report", monthly.told(month, "bg"))).startswith(b"%PDF-")
    none = replace(a_sheet(), meters=())
    assert (await Press().pdf("self_reading", self_reading.told(none, "bg"))).startswith(b"%PDF-")


def test_a_page_without_a_title_is_refused():
    told = self_reading.told(a_sheet(), "bg") | {"title": ""}
    assert typesetting.pdf("self_reading", _json(self_reading.told(a_sheet(), "bg")))
    with pytest.raises(typst.TypstError, match="title"):
        typesetting.pdf("self_reading", _json(told))


@pytest.mark.parametrize("name", ["漢字", "Дом 😀", "\x00", "Block\x07"])
def test_a_name_in_characters_that_the_fonts_lack_is_printed_as_far_as_they_go(name: str):
    told = self_reading.told(a_sheet(), "bg")
    told |= {"name": name, "title": f"{told['title']} {name}"}
    assert typesetting.pdf("self_reading", _json(told)).startswith(b"%PDF-")


def _json(told: dict[str, object]) -> bytes:
    return json.dumps(told).encode()


async def test_a_page_that_takes_too_long_is_killed_and_one_that_fails_says_why():
    with pytest.raises(ProgramTooSlowError, match="not over within"):
        await Press(timeout_s=0.001).pdf("report", {})
    with pytest.raises(ProgramError, match="ended with 1"):
        await Press().pdf("report", {})


def test_who_comes_when_too_many_wait_is_sent_away_until_one_goes():
    full = Press()
    with ExitStack() as others:
        for number in range(press.AT_ONCE + press.WAITING):
            others.enter_context(full.place(f"user:{number}"))
        with pytest.raises(PressBusyError), full.place("user:late"):
            pass
    with full.place("user:late"):
        pass


def test_one_who_asks_for_many_leaves_places_to_the_others():
    asked = Press()
    with ExitStack() as held:
        for _ in range(press.OF_ONE):
            held.enter_context(asked.place("user:1"))
        with pytest.raises(PressBusyError), asked.place("user:1"):
            pass
        with asked.place("user:2"):
            pass


def test_numbers_are_written_as_people_of_the_language_write_them():
    assert figures.number(Decimal("1234.5"), 2, "bg") == "1\u202f234,50"
    assert figures.number(Decimal("-1234.5"), 2, "en") == "\u22121,234.50"
    assert figures.euro(Decimal("12.344"), "bg") == "12,34\u00a0€"
    assert figures.euro(None, "en") == "—"
    assert figures.quantity(1_500_000, "ml", "bg") == "1,50\u00a0м³"


def test_the_repeated_hour_is_told_apart_and_others_go_without_an_offset():
    first = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    assert [figures.moment(first + timedelta(hours=n), "bg")[-13:] for n in (0, 1)] == [
        "03:30 (+0300)",
        "03:30 (+0200)",
    ]
    assert figures.moment(first + timedelta(hours=2), "bg").endswith(", 04:30")


def test_a_dial_is_cut_and_never_rounded_up():
    shown = figures.dial(8_412_999_999, "ml", "bg")
    assert (shown.whole, shown.fraction, shown.unit) == ("08412", "999", "м³")
    assert figures.dial(None, "ml", "bg").whole == "—"


def test_days_that_are_not_measured_are_named():
    told = monthly.told(a_month(), "bg")
    gas = next(one for one in told["charts"] if one["utility"] == "gas")
    assert gas["notes"] == ["Изчислени дни: 7–8", "Непълни или липсващи дни: 19–20"]
    missing = [one["day"] for one in gas["bars"] if one["state"] == "missing"]
    assert missing == [19, 20]
    whole = replace(a_month().utilities[0], days=days(date(2026, 10, 1), date(2026, 11, 1), 1000))
    [chart] = monthly.told(a_month(utilities=[whole]), "en")["charts"]
    assert chart["notes"] == ["All days are measured."]


def test_a_running_month_says_so_and_one_that_is_over_does_not():
    running = a_month(is_over=False, whole_days=12, now=datetime(2026, 10, 13, 9, tzinfo=UTC))
    told = monthly.told(running, "bg")
    assert told["notices"] == [
        "Месецът още не е свършил. Отчетът е до 13.10.2026\u00a0г., 12:00.",
        "Сравнено с първите 12 дни на другите месеци.",
    ]
    assert monthly.told(a_month(), "bg")["notices"] == []


def test_a_year_that_is_not_known_is_a_dash_and_no_percentage():
    heat = monthly.told(a_month(), "bg")["summary"][3]
    assert heat["others"][1] == {"use": "—", "per_day": "—", "change": ""}
    assert heat["others"][0]["change"].endswith("%")


def test_a_month_of_which_days_are_missing_used_at_least_what_is_known_of_it():
    months = a_month().utilities
    told = monthly.told(a_month(), "en")["summary"]
    use = {one["utility"]: one["use"] for one in told}
    assert use["gas"].startswith("at least ")  # of which two days are missing
    assert not use["water"].startswith("at least ")  # estimated days have a register at each end
    begun = days(date(2025, 10, 1), date(2025, 11, 1), 3_000_000, missing=range(1, 27))
    [water] = monthly.told(a_month(utilities=[replace(months[0], year_before=begun)]), "bg")[
        "summary"
    ]
    assert water["others"][1]["use"].startswith("поне ")
    assert water["others"][1]["change"] == ""


def test_lines_and_vat_add_up_to_what_is_to_be_paid_and_supplies_without_a_price_are_named():
    month = a_month()
    told = monthly.told(month, "en")
    water, bill = month.reckoned[0].bill, told["bills"][0]
    assert water.net_eur + water.vat_eur == water.total_eur
    assert bill["total"] == figures.euro(water.total_eur, "en")
    assert any("Heat" in one for one in told["bill_notes"]) is not month.reckoned[3].has_price
    assert told["grand_total"] == figures.euro(
        sum((one.bill.total_eur for one in month.reckoned if one.has_price), Decimal(0)), "en"
    )


def test_a_register_between_readings_shows_both_neighbours_and_a_read_one_neither():
    first, last = monthly.told(a_month(), "bg")["registers"][:2]
    assert first["note"] == ""
    assert last["note"].startswith("между 08516,777\u00a0м³ (")


def test_a_sheet_says_how_each_register_is_known():
    noon = datetime(2026, 10, 31, 10, tzinfo=UTC)
    between = a_meter(found=a_register(noon, 412_377_900, 4, is_read=False))
    old = a_meter(found=a_register(noon, 412_377_900, is_read=False, is_old=True))
    told = self_reading.told(a_sheet(a_meter(), between, old, a_meter(found=None)), "bg")
    read, interpolated, stale, unknown = told["meters"]
    assert (read["whole"], read["fraction"], read["is_sure"]) == ("08412", "377", True)
    assert read["read_at"] == "31.10.2026\u00a0г., 11:12"
    assert interpolated["how"].startswith("На този ден няма отчет.")
    assert "Показанието е старо" in stale["how"]
    assert (unknown["whole"], unknown["read_at"]) == ("", "")
    assert [one["is_sure"] for one in told["meters"]] == [True, False, False, False]


def test_a_suspect_reading_is_not_handed_in_without_a_word():
    found = a_register(datetime(2026, 10, 31, 9, tzinfo=UTC), 1_000_000, 64)
    [meter] = self_reading.told(a_sheet(a_meter(found=found)), "bg")["meters"]
    assert not meter["is_sure"]
    assert meter["how"].endswith("Качество на отчета: съмнително.")


def test_both_languages_have_the_same_fields():
    for key, (bulgarian, english) in LABELS.items():
        fields = [sorted(re.findall(r"{(\w+)}", one)) for one in (bulgarian, english)]
        assert fields[0] == fields[1], key
