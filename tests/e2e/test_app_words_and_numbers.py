# SPDX-License-Identifier: EUPL-1.2
"""The app's pure modules, run in the browser that will run them."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
from playwright.sync_api import Browser, Page

import cloud.web
from cloud.alerts.schemas import Alert
from tests.e2e.app_page import opened
from tests.fakes.fake_cloud_api import FakeCloud

pytestmark = pytest.mark.needs_browser

NBSP = "\u00a0"


@pytest.fixture(scope="module")
def page(browser: Browser) -> Iterator[Page]:
    with opened(browser, FakeCloud()) as opened_page:
        yield opened_page


def call(page: Page, module: str, function: str, *arguments: Any) -> Any:
    """Return what an exported function of a module returns."""
    return page.evaluate(
        "async ([path, name, args]) => (await import(path))[name](...args)",
        [f"/app/{module}.js", function, list(arguments)],
    )


@pytest.mark.parametrize(
    ("amount", "unit", "bulgarian", "english"),
    [
        (312_400, "ml", "312 л", "312 l"),
        (999_999, "ml", "1000 л", "1,000 l"),
        (1_240_000, "ml", "1,24 м³", "1.24 m³"),
        (350, "l", "0,35 м³", "0.35 m³"),
        (14_260, "Wh", "14,3 kWh", "14.3 kWh"),
        (12_345_678, "Wh", "12,3 MWh", "12.3 MWh"),
        (48, "l/h", "48 л/ч", "48 l/h"),
        (1_250, "l/h", "1,25 м³/ч", "1.25 m³/h"),
        (-2_450, "W", "-2,45 kW", "-2.45 kW"),
        (0, "ml", "0 л", "0 l"),
        (None, "ml", "—", "—"),
    ],
)
def test_amounts_read_as_on_a_bill(
    page: Page, amount: int | None, unit: str, bulgarian: str, english: str
):
    shown = [call(page, "units", "amountText", amount, unit, code) for code in ("bg", "en")]
    assert [text.replace(NBSP, " ") for text in shown] == [bulgarian, english]


@pytest.mark.parametrize(
    ("register", "unit", "whole", "fraction"),
    [
        (0, "ml", "00000", "000"),
        (999, "ml", "00000", "000"),
        (1_999_999, "ml", "00001", "999"),
        (2**53 - 1, "ml", "9007199254", "740"),
        (12_345, "l", "00012", "345"),
        (412_377_450, "Wh", "412377", "450"),
        (None, "Wh", "—————", "———"),
    ],
)
def test_a_dial_cuts_and_never_rounds_up(
    page: Page, register: int | None, unit: str, whole: str, fraction: str
):
    shown = call(page, "units", "dial", register, unit)
    assert (shown["whole"], shown["fraction"]) == (whole, fraction)


@pytest.mark.parametrize(
    ("age_s", "text"),
    [(-5, "0"), (4, "4"), (119, "1"), (7200, "2"), (200_000, "2")],
)
def test_ages_are_whole_units_and_never_negative(page: Page, age_s: int, text: str):
    shown = call(page, "units", "ageText", 0, age_s * 1000, "bg")
    assert re.findall(r"-?\d+", shown) == [text]
    assert shown.startswith("преди")


@pytest.mark.parametrize(
    ("day", "hours", "midnight"),
    [
        ("2026-11-21", 24, "2026-11-20T22:00:00.000Z"),
        ("2026-03-29", 23, "2026-03-28T22:00:00.000Z"),
        ("2026-10-25", 25, "2026-10-24T21:00:00.000Z"),
    ],
)
def test_local_days_begin_in_sofia_wherever_the_phone_is(
    page: Page, day: str, hours: int, midnight: str
):
    slots = call(page, "calendar", "hoursOf", day)
    assert len(slots) == hours
    assert page.evaluate("ms => new Date(ms).toISOString()", slots[0]["start"]) == midnight


def test_the_clock_on_the_wall_is_sofias_at_every_moment_of_forty_years(page: Page):
    asked, wrong = page.evaluate(
        """async () => {
          const { dayOf, hourText } = await import("/app/calendar.js");
          const sofia = new Intl.DateTimeFormat("sv-SE", {timeZone: "Europe/Sofia",
            dateStyle: "short", timeStyle: "short"});
          const wrong = [];
          let asked = 0;
          for (let at = Date.UTC(1997, 0); at < Date.UTC(2037, 0); at += 13 * 1_234_567) {
            asked += 1;
            if (sofia.format(at) !== `${dayOf(at)} ${hourText(at)}`) wrong.push(at);
          }
          return [asked, wrong];
        }"""
    )
    assert asked > 70_000
    assert wrong == []


def test_months_of_a_year_touch_each_other_and_end_in_sofia_time(page: Page):
    months = call(page, "calendar", "monthsOf", 2026)
    assert [one["end"] for one in months[:-1]] == [one["start"] for one in months[1:]]
    assert (months[-1]["end"] - months[0]["start"]) == 365 * 86_400_000


def test_an_interval_without_a_reading_is_missing_once_over_and_to_come_before(page: Page):
    slots = [{"start": 3_600_000 * at, "end": 3_600_000 * (at + 1)} for at in range(5)]
    intervals = [
        {"interval_start": "1970-01-01T00:00:00Z", "usage": 0, "quality": []},
        {"interval_start": "1970-01-01T03:00:00+02:00", "usage": None, "quality": ["missing"]},
        {"interval_start": "1970-01-01T02:00:00Z", "usage": 5, "quality": ["estimated"]},
        {"interval_start": "1970-01-01T03:00:00Z", "usage": 7, "quality": ["missing"]},
    ]
    filled = call(page, "usage", "fill", slots, intervals, 3_600_000 * 3.5)
    assert [slot["state"] for slot in filled] == [
        "known",
        "missing",
        "estimated",
        "running",
        "pending",
    ]
    assert call(page, "usage", "summarise", filled)["total"] == 12


def test_one_unknown_meter_makes_the_sum_of_its_utility_unknown(page: Page):
    today = [
        {"utility": "water", "unit": "ml", "usage": 5},
        {"utility": "water", "unit": "ml", "usage": None},
        {"utility": "gas", "unit": "l", "usage": 7},
    ]
    sums = call(page, "usage", "byUtility", today)
    assert [(one["utility"], one["usage"]) for one in sums] == [("water", None), ("gas", 7)]


def test_a_late_reading_does_not_turn_a_dial_back(page: Page):
    point = {"service_point_id": "sp", "register": 9, "read_at": "2026-11-21T10:00:10+00:00"}
    late = {"service_point_id": "sp", "register": 7, "read_at": "2026-11-21T12:00:05+02:00"}
    building = call(page, "feed", "applyReading", {"service_points": [point]}, late)
    assert building["service_points"][0]["register"] == 9


ALL_WORDS = """async (files) => {
  await Promise.all(files.map((file) => import(`/app/words/${file}`)));
  return (await import("/app/language.js")).allWords();
}"""


def test_every_word_asked_for_is_there_in_both_languages_and_none_is_idle(page: Page):
    folder = Path(cloud.web.__file__).parent
    strings = dict(page.evaluate(ALL_WORDS, [path.name for path in folder.glob("words/*.js")]))
    sources = [path for path in folder.rglob("*.js") if "node_modules" not in path.parts]
    code = "".join(path.read_text() for path in sources if path.parent.name != "words")
    asked = set(re.findall(r"""\bt\("(\w+)\"""", code))
    assert asked - set(strings) == set()
    # keys are also built (t(`q_${name}`)) or handed on; then their words or stems stand in the code
    stems = {re.escape(stem) for stem in re.findall(r"`(\w+_)\$\{", code)}
    built = re.compile("|".join([*stems, r"\w+_(?:missing|estimated|gas|electricity)"]))
    literal = set(re.findall(r"""["'](\w+)["']|\b(\w+):""", code))
    named = {word for pair in literal for word in pair}
    states = set(get_args(Alert.model_fields["state"].annotation))  # the API's own words
    assert states - set(strings) == set()
    idle = {key for key in strings if key not in named | states and not built.match(key)}
    assert idle == set()
    for bulgarian, english in strings.values():
        assert type(bulgarian) is type(english)
        fields = [set(re.findall(r"\{\w+\}", str(words))) for words in (bulgarian, english)]
        assert fields[0] == fields[1]
