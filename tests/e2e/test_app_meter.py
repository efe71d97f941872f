# SPDX-License-Identifier: EUPL-1.2
"""A meter's page: every figure opens down to the readings it comes from (AC-103, AC-33)."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.e2e.app_page import dial_text, opened, sign_in, wait_for_register
from tests.e2e.test_app_looks import SPILLED, TOO_FAINT
from tests.fakes.fake_cloud_api import FakeCloud
from tests.fakes.fake_meter_api import REGISTERS

pytestmark = pytest.mark.needs_browser

DAY = "2026-11-20"
ENGLISH = {"locale": "en-GB"}


@contextmanager
def the_meter(
    browser: Browser, day: str | None = DAY, point: str = "sp-home-cold", **context: Any
) -> Iterator[tuple[Page, FakeCloud]]:
    """Open the page of a meter at a day."""
    fake = FakeCloud()
    fake.registers["sp-home-cold"] = REGISTERS
    with opened(browser, fake, **context) as page:
        sign_in(page)
        page.wait_for_selector("[data-premises]")
        go_to(page, point, day)
        yield page, fake


def go_to(page: Page, point: str, day: str | None) -> None:
    suffix = f"/{day}" if day else ""
    page.goto(f"{page.url.split('#')[0]}#/premises/mladost-17/meters/{point}{suffix}")
    page.wait_for_selector(".hours li")


def hour(page: Page, place: int) -> Locator:
    return page.locator(".hours > li").nth(place)


def open_hour(page: Page, place: int) -> Locator:
    """Open an hour and return what it consists of."""
    hour(page, place).locator("summary").click()
    inside = hour(page, place).locator("iskar-meter-hour")
    inside.locator("[data-end=meter_at_end]").wait_for()
    return inside


def plain(text: str) -> str:
    return text.replace("\u00a0", " ")


def test_the_register_now_says_who_read_it_when_and_how_well(browser: Browser):
    with the_meter(browser) as (page, fake):
        expect(page.locator("h1")).to_have_text("Студена вода, главен")
        expect(page.locator(".building-header p")).to_contain_text("Младост")
        assert dial_text(page, "sp-home-cold") == "08412,377"
        facts = page.locator(".meter-now")
        for fact, words in (
            ("quality", "редовен отчет"),
            ("make_model", "ABB B23"),
            ("serial", "17-4402913"),
            ("node", "n-mladost-01"),
            ("meter_since", "20 ноември 2026 г."),
            ("raw_register", "8412,377450\u00a0м³"),
            ("read_at", "(UTC+02:00)"),
        ):
            expect(facts.locator(f"[data-fact={fact}] dd")).to_contain_text(words)
        expect(facts.locator("iskar-age")).to_contain_text("сек")
        wait_for_register(page, "sp-home-cold", fake.count("sp-home-cold", 1_000_000))


def test_an_hour_opens_down_to_both_registers_their_neighbours_and_raw_readings(
    browser: Browser,
):
    with the_meter(browser) as (page, _):
        inside = open_hour(page, 4)
        start, end = (inside.locator(f"[data-end=meter_at_{one}]") for one in ("start", "end"))
        expect(start).to_contain_text("04:00 (UTC+02:00)")
        expect(start).to_contain_text("както е отчетено")
        expect(end.locator("b")).to_have_text("8480,934000\u00a0м³")
        readings = inside.locator(".readings li")
        expect(readings).to_have_count(10)
        first = plain(readings.first.inner_text())
        assert "8480,872000 м³" in first
        assert "20 ноември в 04:00:00 (UTC+02:00)" in first
        assert "получено 20 ноември в 04:00:02 (UTC+02:00)" in first
        assert "часът е възстановен" in first
        assert "стартиране 4, съобщение" in first
        for count in (20, 30, 40):
            inside.get_by_role("button", name="Още отчети").click()
            expect(readings).to_have_count(count)
        expect(inside.get_by_role("button", name="Още отчети")).to_have_count(0)


def test_a_register_between_readings_shows_both_and_a_gap_stays_a_gap(browser: Browser):
    with the_meter(browser) as (page, _):
        expect(hour(page, 3)).to_have_attribute("data-state", "missing")
        expect(hour(page, 3).locator("summary b")).to_have_text("—")
        expect(page.locator(".meter-day")).to_contain_text("За 1 час няма данни.")
        inside = open_hour(page, 3)
        end = inside.locator("[data-end=meter_at_end]")
        expect(end).to_contain_text("както е отчетено")
        expect(inside).to_contain_text("През този час няма отчети.")
        # two hours of the clock without a reading at 03:00 itself: the line between its neighbours
        start = plain(inside.locator("[data-end=meter_at_start]").inner_text())
        assert "изчислено по права между двата съседни отчета" in start
        assert "20 ноември в 02:58:30 (UTC+02:00): 8480,808450 м³" in start
        assert "20 ноември в 04:00:00 (UTC+02:00): 8480,872000 м³" in start


def test_estimates_exchanges_corrections_and_what_does_not_count_are_visible(browser: Browser):
    with the_meter(browser) as (page, _):
        expect(hour(page, 5).locator(".hour-state")).to_have_text("изчислено")
        exchange = open_hour(page, 8)
        expect(exchange.locator("[data-exchanged]")).to_contain_text("измервателят е сменен")
        epochs = page.locator(".meter-epochs dl > div")
        assert [plain(text) for text in epochs.all_inner_texts()] == [
            "№ 17-002\n20 ноември 2026 г. – сега",
            "Показание при монтаж\n0,003000 м³",
            "№ 17-001\n4 май 2020 г. – 20 ноември 2026 г.",
            "Показание при демонтаж\n8333,333333 м³",
        ]
        spike = open_hour(page, 10).locator("[data-counts=false]")
        expect(spike).to_contain_text("Не се брои: The register rose by 4 m3 and fell back.")
        trail = page.locator("[data-part=trail] li")
        expect(trail).to_have_count(2)
        expect(trail.first).to_contain_text("преди 8333,333333\u00a0м³, след 0,003000\u00a0м³")
        expect(trail.first).to_contain_text("field@example.com")
        expect(trail.last).to_contain_text("Поправено количество")
        expect(trail.last).to_contain_text("Промиване на филтъра.")
        expect(page.locator("[data-part=findings] li")).to_contain_text("Съмнително")


def test_in_english_the_same_is_told(browser: Browser):
    with the_meter(browser, **ENGLISH) as (page, _):
        expect(page.locator("h1")).to_have_text("Cold water, main")
        inside = open_hour(page, 10)
        expect(inside.locator("[data-end=meter_at_start] b")).to_have_text("0.096000\u00a0m³")
        expect(inside.locator("[data-counts=false]")).to_contain_text("Does not count")
        expect(page.locator("[data-part=trail] li").last).to_contain_text("Corrected use")
        expect(hour(page, 3)).to_contain_text("no data")


@pytest.mark.parametrize(("day", "hours"), [("2026-10-25", 25), ("2026-03-29", 23)])
def test_days_on_which_clocks_change_list_every_hour_once_and_tell_the_repeated_one_apart(
    browser: Browser, day: str, hours: int
):
    with the_meter(browser, day) as (page, _):
        expect(page.locator(".hours > li")).to_have_count(hours)
        names = page.locator(".hour-name").all_text_contents()
        assert len(set(names)) == hours
        assert [name for name in names if "UTC" in name] == (
            ["03:00–03:00 (UTC+03:00)", "03:00–04:00 (UTC+02:00)"] if hours == 25 else []
        )
        expect(page.locator(".meter-day")).to_contain_text(f"{hours} часа")


def test_the_readings_of_the_repeated_hour_carry_their_offset(browser: Browser):
    with the_meter(browser, "2026-10-25") as (page, _):
        inside = open_hour(page, 2)  # 02:00, of summer time
        expect(inside.locator(".readings li").first).to_contain_text("02:00:00 (UTC+03:00)")
        after = open_hour(page, 5)  # 04:00, of winter time
        expect(after.locator(".readings li").first).to_contain_text("04:00:00 (UTC+02:00)")
        repeated = open_hour(page, 4).locator("[data-end=meter_at_start] dt")
        expect(repeated).to_have_text("В 03:00 (UTC+02:00)")


def test_where_readings_are_no_longer_kept_it_says_so_and_shows_the_hour(browser: Browser):
    with the_meter(browser, "2026-06-10") as (page, _):
        expect(hour(page, 12).locator("summary b")).to_contain_text("л")
        inside = open_hour(page, 12)
        expect(inside).to_contain_text("Отделните отчети се пазят 90 дни")
        expect(inside.locator("[data-end=meter_at_start] b")).to_have_text("—")
        expect(inside.locator("[data-end=meter_at_start]")).to_contain_text("не е известно")


def test_days_are_addresses_to_go_back_and_forth_between(browser: Browser):
    with the_meter(browser) as (page, _):
        page.get_by_label("Предишен ден").click()
        expect(page.locator(".meter-day[data-day='2026-11-19']")).to_be_visible()
        assert page.url.endswith("/meters/sp-home-cold/2026-11-19")
        page.go_back()
        expect(page.locator(f".meter-day[data-day='{DAY}']")).to_be_visible()
        go_to(page, "sp-home-cold", None)
        expect(page.locator("#meter-day-title")).to_contain_text("Днес")
        expect(page.get_by_label("Следващ ден")).to_have_count(0)
        page.locator("a.back").click()
        expect(page.locator("iskar-building h1")).to_contain_text("Младост")


def test_another_meters_page_tells_nothing_of_the_one_before(browser: Browser):
    with the_meter(browser) as (page, _):
        expect(page.locator("[data-part=trail] li")).to_have_count(2)
        open_hour(page, 8)
        go_to(page, "sp-home-power", DAY)
        expect(page.locator("h1")).to_have_text("Ток, общи части")
        expect(page.locator("[data-part=trail]")).to_contain_text("Никой не е поправял")
        expect(page.locator("[data-part=findings] li")).to_have_count(0)
        expect(page.locator(".meter-epochs .epoch")).to_have_count(0)
        expect(page.locator("iskar-meter-hour")).to_have_count(0)
        expect(hour(page, 4).locator("summary b")).to_contain_text("kWh")
        expect(page.locator("iskar-unit-choice button")).to_have_count(0)


def test_a_meter_that_is_not_there_and_a_day_that_never_was_are_told_plainly(browser: Browser):
    with the_meter(browser) as (page, _):
        root = page.url.split("#")[0]
        page.goto(f"{root}#/premises/mladost-17/meters/sp-elsewhere")
        expect(page.locator("iskar-meter-page [role=alert]")).to_contain_text("няма такъв")
        for never in ("2026-13-45", "2026-02-31"):
            page.goto(f"{root}#/premises/mladost-17/meters/sp-home-cold/{never}")
            expect(page.locator("#meter-day-title")).to_contain_text("Днес")


def test_without_a_connection_the_day_last_seen_is_shown_with_its_age(browser: Browser):
    with the_meter(browser) as (page, _):
        expect(hour(page, 4).locator("summary b")).to_contain_text("л")
        page.context.set_offline(True)
        page.get_by_label("Предишен ден").click()
        expect(page.locator(".meter-day [role=alert]")).to_contain_text("Няма връзка")
        page.go_back()
        expect(page.locator(".meter-day iskar-age")).to_contain_text("Получено")
        expect(hour(page, 4).locator("summary b")).to_contain_text("л")
        hour(page, 4).locator("summary").click()
        expect(hour(page, 4).locator("[role=alert]").first).to_contain_text("Няма връзка")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_fits_any_width_and_every_word_can_be_read(browser: Browser, scheme: str):
    with the_meter(browser, color_scheme=scheme) as (page, _):
        open_hour(page, 8)
        open_hour(page, 10)
        assert page.evaluate(TOO_FAINT) == []
        for width in (320, 390, 768, 1440):
            page.set_viewport_size({"width": width, "height": 800})
            page.wait_for_timeout(100)
            assert page.evaluate("document.documentElement.scrollWidth") <= width
            assert page.evaluate(SPILLED) == [], width


def test_an_hour_opens_by_the_keyboard(browser: Browser):
    with the_meter(browser) as (page, _):
        hour(page, 4).locator("summary").focus()
        page.keyboard.press("Enter")
        expect(hour(page, 4).locator(".readings li").first).to_be_visible()
