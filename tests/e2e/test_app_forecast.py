# SPDX-License-Identifier: EUPL-1.2
"""The forecast in a building's charts: what is to come, how right it was; nothing for nothing."""

import re
from datetime import datetime, timedelta

import pytest
from playwright.sync_api import Browser, Locator, Page, Route, expect

from tests.e2e.app_page import open_building, open_table, opened, show_day, show_period
from tests.fakes.fake_city import SOFIA
from tests.fakes.fake_cloud_api import FakeCloud
from tests.fakes.fake_forecast_api import HORIZON

pytestmark = pytest.mark.needs_browser

DESKTOP = {"width": 1280, "height": 800}
FORECAST = re.compile(r"/api/v1/premises/[^/]+/forecast\?")
AMOUNT = r"[\d.,\u00a0 ]+\u00a0(?:л|м³|l|m³)(?: \([\d.,\u00a0 ]+–[\d.,\u00a0 ]+\))?"


def open_chart(page: Page) -> None:
    """Open a building and move on to its chart."""
    open_building(page)
    to_chart(page)


def to_chart(page: Page) -> None:
    """Move on to the chart once it stands; bills and alerts above it come in their own time."""
    page.wait_for_selector("[data-chart] .uplot")
    page.locator("[data-chart]").scroll_into_view_if_needed()


def chart(page: Page, period: str) -> Locator:
    return page.locator(f"[data-chart={period}]")


@pytest.mark.parametrize("viewport", [None, DESKTOP], ids=["phone", "desktop"])
@pytest.mark.parametrize(
    ("locale", "words", "legend"),
    [
        ("bg-BG", "Очаквано до края на деня: още {}.", "прогнозата от предния ден"),
        ("en-GB", "Expected by the end of the day: another {}.", "the forecast of the day before"),
    ],
)
def test_the_day_tells_what_is_still_to_come_in_a_sentence_a_legend_and_the_table(
    browser: Browser, locale: str, words: str, legend: str, viewport: dict[str, int] | None
):
    context = {"locale": locale, **({"viewport": viewport} if viewport else {})}
    with opened(browser, FakeCloud(), **context) as page:
        open_chart(page)
        day = chart(page, "day")
        pattern = re.escape(words).replace(r"\{\}", AMOUNT)
        expect(day.locator(".ahead b")).to_have_text(re.compile(f"^{pattern}$"))
        expect(day.locator("[data-legend=foretold]")).to_have_text(legend)
        open_table(day)
        rows = day.locator("tbody tr")
        expect(rows.first).to_be_visible()
        expect(day.locator("td[data-ahead]")).to_have_count(rows.count())
        left = day.locator("tr[data-state=pending]").count()
        assert day.locator("[data-legend=ahead]").count() == (1 if left else 0)
        expect(rows.first.locator("td[data-ahead]")).to_have_text(re.compile(f"^{AMOUNT}$"))
        day.locator(".plot").press("ArrowLeft")  # the last hour of the day
        last = {"bg-BG": r"очаква(ше)? се", "en-GB": "expected"}[locale]
        expect(day.locator(".pointed")).to_have_text(re.compile(last))


def test_a_day_that_is_over_tells_how_right_its_forecast_was(browser: Browser):
    with opened(browser, FakeCloud()) as page:
        open_chart(page)
        show_day(page, "2026-11-20")
        words = chart(page, "day").locator(".ahead")
        # of 24 hours one is missing, one estimated; of the rest one was far off
        expect(words).to_have_text(
            re.compile(
                r"^\s*За 22 изминали часа: очаквани .+, измерени .+; 21 от 22 в границите\.\s*$"
            )
        )
        expect(words.locator("b")).to_have_count(0)
        expect(chart(page, "day").locator("[data-legend=ahead]")).to_have_count(0)
        filled = page.evaluate("document.querySelector('iskar-chart').filled")
        measured = sum(slot["usage"] for slot in filled if slot["state"] == "known")
        expect(words).to_contain_text(f"измерени {measured / 1000:.0f}\u00a0л")


def test_a_week_and_a_month_tell_how_far_the_forecast_reaches_and_a_year_asks_for_none(
    browser: Browser,
):
    fake = FakeCloud()
    with opened(browser, fake) as page:
        open_chart(page)
        expect(chart(page, "day").locator(".ahead")).to_have_count(1)
        show_period(page, "week")
        expect(chart(page, "week").locator(".ahead b")).to_contain_text(
            "Очаквано до края на седмицата: още "
        )
        show_period(page, "month")
        today = datetime.now(SOFIA)
        first = (today.replace(day=1) + timedelta(days=32)).replace(day=1).date()
        last = (today - fake.forecast.age + HORIZON).date()
        until = "месеца" if last >= first else str((last - timedelta(days=1)).day)
        expect(chart(page, "month").locator(".ahead b")).to_contain_text(
            f"Очаквано до края на {until}"
        )
        show_period(page, "year")
        page.wait_for_timeout(500)
        expect(chart(page, "year").locator(".ahead")).to_have_count(0)
        assert set(fake.forecast.asked) == {"water by hour", "water by day"}


def test_where_nothing_is_known_nothing_is_shown(browser: Browser):
    fake = FakeCloud()
    with opened(browser, fake) as page:
        open_chart(page)
        expect(chart(page, "day").locator(".ahead")).to_have_count(1)
        with page.expect_response(FORECAST):
            page.locator(".tab.u-heat").click()
        page.wait_for_selector("[data-chart=day] .uplot")
        day = chart(page, "day")
        open_table(day)
        expect(day.locator("thead")).to_contain_text("Количество")
        for part in (".ahead", "[data-legend]", "td[data-ahead]"):
            expect(day.locator(part)).to_have_count(0)
        expect(day.locator("thead")).not_to_contain_text("Прогноза")


@pytest.mark.parametrize(
    ("locale", "age", "repeats"),
    [
        ("bg-BG", "Прогнозата е направена преди 3", "повтаря миналата седмица"),
        ("en-GB", "The forecast was made 3 days ago", "repeats last week"),
    ],
)
def test_an_old_forecast_says_its_age_and_one_without_a_model_what_it_is(
    browser: Browser, locale: str, age: str, repeats: str
):
    fake = FakeCloud()
    fake.forecast.age = timedelta(days=3)
    fake.forecast.is_fallback = True
    with opened(browser, fake, locale=locale) as page:
        open_chart(page)
        words = chart(page, "day").locator(".ahead")
        expect(words).to_contain_text(age)
        expect(words).to_contain_text(repeats)
        show_day(page, "2026-11-20")  # of what is over neither matters
        expect(words.locator("b")).to_have_count(0)
        expect(words).not_to_contain_text(age)


def test_it_follows_the_choice_of_units(browser: Browser):
    with opened(browser, FakeCloud()) as page:
        open_chart(page)
        told = chart(page, "day").locator(".ahead")
        page.click("iskar-unit-choice [data-unit=l]")
        expect(told).to_contain_text("\u00a0л")
        expect(told).not_to_contain_text("м³")
        page.click("iskar-unit-choice [data-unit='m³']")
        expect(told).to_contain_text("\u00a0м³")
        page.locator(".tab.u-gas").click()
        litres = chart(page, "day").locator(".ahead b")
        expect(litres).to_contain_text("м³")
        left = float(told.get_attribute("data-ahead") or 0)
        page.click("iskar-unit-choice [data-unit=kWh]")
        expect(litres).to_contain_text("kWh")
        energy = float(told.get_attribute("data-ahead") or 0)
        assert energy == pytest.approx(left * 10.62, rel=0.02)
        show_day(page, "2026-01-20")  # no factor is known of then
        page.wait_for_selector("[data-chart=day] [data-conversions]")
        expect(told).to_have_count(0)


def test_it_is_loaded_once_the_chart_comes_into_sight_and_no_part_of_the_shell(browser: Browser):
    fake = FakeCloud()
    with opened(browser, fake) as page:
        preloaded = page.locator("link[rel=modulepreload]")
        names = [one.get_attribute("href") or "" for one in preloaded.all()]
        assert any(name.endswith("/usage_chart.js") for name in names)
        assert not any("ahead" in name or "forecast_api" in name for name in names)
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        open_building(page)
        page.wait_for_timeout(1000)
        assert not any("ahead" in url for url in asked)  # a phone shows what runs now, and the bill
        assert fake.forecast.asked == []
        to_chart(page)
        expect(chart(page, "day").locator(".ahead b")).to_have_count(1)
        assert fake.forecast.asked == ["water by hour"]


def test_a_forecast_that_cannot_be_had_leaves_the_chart_as_it_is(browser: Browser):
    with opened(browser, FakeCloud()) as page:
        page.route(FORECAST, lambda route: route.fulfill(status=500))
        with page.expect_response(FORECAST):
            open_chart(page)
        expect(chart(page, "day").locator(".uplot")).to_have_count(1)
        expect(chart(page, "day").locator(".ahead, [data-legend]")).to_have_count(0)


def test_without_a_network_it_is_as_old_as_it_says(browser: Browser):
    def cut(route: Route) -> None:
        route.abort()

    with opened(browser, FakeCloud()) as page:
        open_chart(page)
        words = chart(page, "day").locator(".ahead")
        expect(words.locator("b")).to_have_count(1)
        page.route(FORECAST, cut)
        page.reload()
        to_chart(page)
        expect(words.locator("b")).to_have_count(1)  # minutes old, so still true
        page.evaluate(
            """() => {
              const isForecast = (key) => key.startsWith("iskar/forecast/");
              const key = Object.keys(localStorage).find(isForecast);
              const kept = JSON.parse(localStorage.getItem(key));
              localStorage.setItem(key, JSON.stringify({ ...kept, at: kept.at - 3_600_000 }));
            }"""
        )
        page.reload()
        to_chart(page)
        expect(chart(page, "day").locator("[data-legend=foretold]")).to_have_count(1)
        expect(words.locator("b")).to_have_count(0)  # what was left an hour ago isn't left now
