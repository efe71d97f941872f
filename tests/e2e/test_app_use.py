# SPDX-License-Identifier: EUPL-1.2
"""Use over every period: beside a year ago, gaps and exchanges in sight, ten years by the hour."""

from datetime import date

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.app_page import open_building, open_table, opened, show_day, show_period
from tests.fakes.fake_city import an_epoch
from tests.fakes.fake_cloud_api import FakeCloud

pytestmark = pytest.mark.needs_browser

EXCHANGED = "2026-11-04T08:30:00+00:00"
WINDOW = "document.querySelector('.long-window').textContent"


def _exchanged() -> FakeCloud:
    fake = FakeCloud()
    fake.registers["sp-home-cold"] = [
        an_epoch("17-001", "2020-05-04T09:00:00+00:00", removed_at=EXCHANGED),
        an_epoch("17-002", EXCHANGED),
    ]
    return fake


@pytest.mark.parametrize(("period", "bars"), [("week", 7), ("month", 30), ("year", 12)])
def test_every_period_has_its_bars_and_can_be_paged(browser: Browser, period: str, bars: int):
    with opened(browser, FakeCloud()) as page:
        open_building(page)
        show_day(page, "2025-11-12")
        show_period(page, period)
        card = page.locator(f"[data-chart={period}]")
        expect(card.locator(".chart")).to_have_attribute("data-bars", str(bars))
        open_table(card)
        expect(card.locator("tbody tr")).to_have_count(bars)
        title = card.locator("h3").inner_text()
        card.locator(".round").first.click()
        expect(card.locator("h3")).not_to_have_text(title)
        card.locator(".round").last.click()
        expect(card.locator("h3")).to_contain_text(title.split("\n")[0], ignore_case=True)


def test_the_running_period_has_none_after_it(browser: Browser):
    with opened(browser, FakeCloud()) as page:
        open_building(page)
        for period in ("week", "month", "year"):
            show_period(page, period)
            expect(page.locator(f"[data-chart={period}] .round").last).to_be_disabled()


@pytest.mark.parametrize(("locale", "word"), [("bg-BG", "25 часа"), ("en-GB", "25 hours")])
@pytest.mark.parametrize(("day", "hours"), [("2026-10-25", 25), ("2026-03-29", 23)])
def test_a_day_of_23_or_25_hours_has_as_many_bars_in_either_language(
    browser: Browser, locale: str, word: str, day: str, hours: int
):
    with opened(browser, FakeCloud(), locale=locale) as page:
        open_building(page)
        show_day(page, day)
        chart = page.locator(f"[data-chart=day] .chart[data-bars='{hours}']")
        open_table(chart)
        expect(chart.locator("tbody tr")).to_have_count(hours)
        names = chart.locator("tbody th").all_text_contents()
        twice = [name for name in names if name.startswith("03:00")]
        assert twice == (
            ["03:00–03:00 (UTC+03:00)", "03:00–04:00 (UTC+02:00)"] if hours == 25 else []
        )
        expect(page.locator("[data-chart=day] .note").first).to_contain_text(
            word.replace("25", str(hours))
        )
        for period in ("week", "month"):
            show_period(page, period)
            expect(page.locator(f"[data-chart={period}] .note").first).to_contain_text(
                word.replace("25", str(hours))
            )


def test_a_day_is_compared_with_the_same_weekday_a_year_ago_over_hours_known_in_both(
    browser: Browser,
):
    with opened(browser, FakeCloud()) as page:
        open_building(page)
        show_day(page, "2026-11-20")
        compared = page.locator("[data-chart=day] .compared")
        expect(compared).to_have_attribute("data-compared", "23")  # one hour is missing
        expect(compared).to_contain_text("Петък, 21 ноември 2025 г.")
        expect(compared).to_contain_text("Сега е почти същото. Сравнени са 23 часа")
        open_table(page.locator("[data-chart=day]"))
        expect(page.locator("[data-chart=day] td.then").first).to_contain_text("л")


def test_an_exchange_stands_in_the_chart_with_a_word(browser: Browser):
    with opened(browser, _exchanged()) as page:
        open_building(page)
        show_day(page, "2026-11-12")
        show_period(page, "month")
        words = page.locator("[data-chart=month] .chart-words")
        expect(words).to_contain_text("4 ноември в 10:30: сменен измервател, № 17-001 с № 17-002")
        open_table(page.locator("[data-chart=month]"))
        row = page.locator("[data-chart=month] tbody tr").nth(3)
        expect(row).to_contain_text("сменен измервател")
        page.locator(".tab.u-electricity").click()
        expect(words).not_to_contain_text("сменен")


def test_ten_years_of_hours_are_drawn_told_and_tabled_with_their_gaps(browser: Browser):
    fake = _exchanged()
    with opened(browser, fake) as page:
        open_building(page)
        assert fake.long_use.asked == []  # nobody asked for them yet
        show_period(page, "years")
        hours = page.get_attribute(".long-chart", "data-hours")
        assert 87_600 <= int(hours or 0) <= 87_700
        expect(page.locator(".long-chart .chart-words")).to_contain_text("За 100 часа няма данни.")
        rows = page.locator(".long-chart tbody tr")
        expect(rows).to_have_count(11)
        expect(page.locator(".long-legend")).to_contain_text("сменен измервател")
        assert fake.long_use.asked == ["water"]


def test_hours_that_are_kept_only_as_days_are_said_to_be(browser: Browser):
    fake = FakeCloud()
    with opened(browser, fake) as page:
        open_building(page)
        show_period(page, "years")
        expect(page.locator(".long-chart .note")).to_have_count(0)
    fake.long_use.hours_from = date(2024, 1, 1)
    with opened(browser, fake) as page:
        open_building(page)
        show_period(page, "years")
        expect(page.locator(".long-chart .note")).to_contain_text("само като дни")
        assert 87_600 <= int(page.get_attribute(".long-chart", "data-hours") or 0) <= 87_700


def _years_between(page: Page) -> tuple[int, int]:
    """Return the first and last day of the window, as days since 1970."""
    first, last = page.evaluate(
        f"{WINDOW}.split('–').map(one => one.trim().match(/(\\d+)\\.(\\d+)\\.(\\d+)/).slice(1))"
    )
    return tuple(date(int(y), int(m), int(d)).toordinal() for d, m, y in (first, last))  # type: ignore[return-value]


def test_years_are_zoomed_and_moved_over_by_keys_buttons_and_drag(browser: Browser):
    with opened(browser, FakeCloud()) as page:
        open_building(page)
        show_period(page, "years")
        plot = page.locator(".long-plot")
        whole = _years_between(page)
        page.get_by_label("Приближи").click()
        expect(page.locator(".long-window")).not_to_contain_text("2016")
        near = _years_between(page)
        assert near[1] - near[0] == pytest.approx((whole[1] - whole[0]) / 2, abs=3)
        plot.focus()
        page.keyboard.press("ArrowLeft")
        page.wait_for_function(f"start => {WINDOW} !== start", arg=_text(page))
        page.wait_for_timeout(400)
        earlier = _years_between(page)
        assert earlier[0] < near[0]
        box = plot.bounding_box()
        assert box is not None
        before = _text(page)
        page.mouse.move(box["x"] + 200, box["y"] + 100)
        page.mouse.down()
        page.mouse.move(box["x"] + 120, box["y"] + 100, steps=4)
        page.mouse.up()
        page.wait_for_function(f"start => {WINDOW} !== start", arg=before)
        assert _years_between(page)[0] > earlier[0]
        page.get_by_role("button", name="Всички години").click()
        expect(page.locator(".long-window")).to_contain_text("2016")
        assert _years_between(page) == whole


def _text(page: Page) -> str:
    return page.locator(".long-window").text_content() or ""


def test_the_first_screen_tells_what_runs_now_before_charts(browser: Browser):
    fake = FakeCloud()
    with opened(browser, fake) as page:
        open_building(page)
        water = page.locator("[data-now=water]")
        expect(water).to_contain_text("412\u00a0л/ч")
        expect(water).to_contain_text("по 1 от 2 уреда")
        expect(page.locator("[data-now=gas]")).to_contain_text("—")
        expect(page.locator("[data-now=heat] b")).to_have_text("—")  # its last word is days old
        box = page.locator("[data-now=water]").bounding_box()
        assert box is not None
        assert box["y"] + box["height"] < 844
        link = page.locator("[data-service-point=sp-home-cold] h3 a")
        expect(link).to_have_attribute("href", "#/premises/mladost-17/meters/sp-home-cold")
