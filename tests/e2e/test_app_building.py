# SPDX-License-Identifier: EUPL-1.2
"""What an owner sees of buildings: registers as they turn, use as bars, leaks as they come."""

from datetime import timedelta

import pytest
from playwright.sync_api import Browser, expect

from tests.e2e.app_page import (
    dial_text,
    open_building,
    open_table,
    opened,
    register_of,
    show_day,
    show_period,
    sign_in,
    wait_for_register,
)
from tests.fakes.fake_city import an_epoch
from tests.fakes.fake_cloud_api import FakeCloud

pytestmark = pytest.mark.needs_browser


def test_buildings_show_use_in_human_units_and_what_is_unknown_as_a_dash(browser: Browser):
    fake = FakeCloud()
    fake.raise_alert()
    with opened(browser, fake) as page:
        sign_in(page)
        home = page.locator("[data-premises=mladost-17]")
        expect(home.locator("[data-utility=water] .home-today dd")).to_have_text("1,12 м³")
        expect(home.locator("[data-utility=electricity] .home-today dd")).to_have_text("48,6 kWh")
        expect(home.locator("[data-utility=gas] .home-today dd")).to_have_text("—")
        expect(home.locator(".home-alert")).to_have_text("Вероятен теч: водата не спира")
        quiet = page.locator("[data-premises=school-107] [data-open-alerts]")
        expect(quiet).to_have_text("Няма сигнали")


def test_a_register_turns_without_a_reload_and_cuts_what_the_dial_can_not_show(browser: Browser):
    fake = FakeCloud()
    with opened(browser, fake) as page:
        open_building(page)
        assert dial_text(page, "sp-home-cold") == "08412,377"
        wait_for_register(page, "sp-home-cold", fake.count("sp-home-cold", 1549))
        assert dial_text(page, "sp-home-cold") == "08412,378"
        fake.flow("sp-home-cold", 1250)
        expect(page.locator("[data-service-point=sp-home-cold] .meter-flow")).to_have_text(
            "сега 1,25\u00a0м³/ч"
        )


def test_after_an_exchange_both_meters_are_listed_when_somebody_looks(browser: Browser):
    fake = FakeCloud()
    exchanged = "2026-03-02T08:30:00+00:00"
    rollover = {"kind": "rollover", "at": "2025-07-14T10:00:00+00:00"}
    fake.registers["sp-home-cold"] = [
        an_epoch(
            "17-001",
            "2020-05-04T09:00:00+00:00",
            removed_at=exchanged,
            final_register=1_677_218_000,
            events=[rollover],
        ),
        an_epoch("17-002", exchanged, start_register=3000, events=[{"kind": "exchange"}]),
    ]
    with opened(browser, fake) as page:
        open_building(page)
        card = page.locator("[data-service-point=sp-home-cold]")
        expect(card.locator("iskar-registers")).to_have_count(0)
        card.locator("summary").click()
        rows = card.locator("iskar-registers dl div")
        expect(rows).to_have_count(5)
        assert [text.replace("\u00a0", " ") for text in rows.all_inner_texts()] == [
            "№ 17-002\n2 март 2026 г. – сега",
            "Показание при монтаж\n3000 ml",
            "№ 17-001\n4 май 2020 г. – 2 март 2026 г.",
            "Показание при демонтаж\n1 677 218 000 ml",
            "Броячът се превъртя\n14 юли 2025 г.",
        ]
        plain = page.locator("[data-service-point=sp-home-power]")
        plain.locator("summary").click()
        expect(plain.locator("iskar-registers")).to_have_count(1)
        expect(plain.locator("iskar-registers h4")).to_have_count(0)


def test_a_meter_never_read_shows_dashes_and_not_zeros(browser: Browser):
    with opened(browser, FakeCloud()) as page:
        open_building(page)
        assert register_of(page, "sp-home-gas") == ""
        assert dial_text(page, "sp-home-gas") == "—————,———"


def test_an_old_reading_is_told_from_a_fresh_one_and_a_reconstructed_one_is_marked(
    browser: Browser,
):
    with opened(browser, FakeCloud()) as page:
        open_building(page)
        freshness = {
            point: page.get_attribute(f"[data-service-point={point}]", "data-freshness")
            for point in ("sp-home-cold", "sp-home-heat", "sp-home-gas")
        }
        marked = page.locator("[data-service-point=sp-home-flat] .quality")
        expect(marked).to_have_text("часът е възстановен")
    assert freshness == {"sp-home-cold": "fresh", "sp-home-heat": "stale", "sp-home-gas": "none"}


def test_a_stream_that_breaks_comes_back_and_catches_up(browser: Browser):
    fake = FakeCloud()
    with opened(browser, fake) as page:
        open_building(page)
        fake.hang_up()
        page.wait_for_selector("[data-connection=offline]")
        missed = fake.count("sp-home-power", 77)  # nobody listens
        page.wait_for_selector("[data-connection=live]")
        wait_for_register(page, "sp-home-power", missed)


def test_a_stream_that_falls_silent_is_opened_anew_without_an_alarm(browser: Browser):
    fake = FakeCloud()
    with opened(browser, fake) as page:
        page.clock.install()
        page.reload()
        open_building(page)
        assert fake.streams_opened == 1
        page.clock.fast_forward(91_000)
        expect(page.locator("[data-connection]")).to_have_attribute("data-connection", "live")
        wait_for_register(page, "sp-home-cold", fake.count("sp-home-cold", 1000))
        assert fake.streams_opened == 2


def test_ages_are_right_on_a_phone_whose_clock_is_wrong(browser: Browser):
    with opened(browser, FakeCloud()) as page:
        page.clock.install(time="2019-01-01T00:00:00Z")
        page.reload()
        open_building(page)
        meter = page.locator("[data-service-point=sp-home-cold]")
        expect(meter).to_have_attribute("data-freshness", "fresh")
        expect(meter.locator("iskar-age")).to_contain_text("сек")
        show_period(page, "year")
        expect(page.locator("[data-chart=year] h3")).not_to_contain_text("2019")


def test_the_chart_of_today_moves_on_at_midnight(browser: Browser):
    fake = FakeCloud()
    with opened(browser, fake) as page:
        page.clock.install()
        page.reload()
        open_building(page)
        title = page.locator("[data-chart=day] h3")
        before = title.text_content() or ""
        fake.ahead = timedelta(days=1)
        page.clock.fast_forward(61_000)
        expect(title).not_to_have_text(before)
        expect(title).to_contain_text("Днес")


def test_a_reading_does_not_redraw_the_charts(browser: Browser):
    fake = FakeCloud()
    with opened(browser, fake) as page:
        open_building(page)
        page.evaluate("document.querySelector('.uplot').dataset.drawn = 'once'")
        wait_for_register(page, "sp-home-cold", fake.count("sp-home-cold", 1000))
        expect(page.locator(".uplot").first).to_have_attribute("data-drawn", "once")


def test_a_leak_appears_while_one_looks_and_can_be_acknowledged(browser: Browser):
    fake = FakeCloud()
    with opened(browser, fake) as page:
        open_building(page)
        expect(page.locator(".quiet-line")).to_be_visible()
        alert_id = fake.raise_alert()
        alert = page.locator(f".alerts-open [data-alert={alert_id}]")
        expect(alert).to_contain_text("Вероятен теч")
        expect(alert).to_contain_text("21 ноември в 03:40")  # in Sofia, wherever the phone is
        expect(alert.locator(".facts")).to_contain_text("48\u00a0л/ч")
        expect(page.locator("iskar-alerts > [role=alert]").first).to_contain_text("Вероятен теч")
        alert.get_by_role("button", name="Видях го").click()
        expect(page.locator("[data-alert][data-state=acknowledged]")).to_have_count(1)
        assert fake.alerts[alert_id]["state"] == "acknowledged"
        fake.raise_alert(state="resolved", resolved_at="2026-11-21T09:00:00+00:00")
        expect(page.locator(".quiet-line")).to_be_visible()


def test_a_chart_has_a_bar_for_every_hour_and_tells_missing_from_estimated(browser: Browser):
    with opened(browser, FakeCloud()) as page:
        open_building(page)
        show_day(page, "2026-11-20")
        day = page.locator("[data-chart=day] .chart")
        expect(day).to_have_attribute("data-known", "22")
        assert day.get_attribute("data-bars") == "24"
        assert day.get_attribute("data-missing") == "1"
        assert day.get_attribute("data-estimated") == "1"
        expect(day.locator(".chart-words")).to_contain_text("За 1 час няма данни")
        open_table(day)
        expect(day.locator("tbody tr[data-state=missing] td").first).to_have_text("—")
        show_period(page, "year")
        expect(page.locator("[data-chart=year] .chart")).to_have_attribute("data-bars", "12")


@pytest.mark.parametrize(
    ("date", "hours", "noon_is"), [("2026-10-25", 25, 14), ("2026-03-29", 23, 12)]
)
def test_days_on_which_clocks_change_have_as_many_bars_as_hours(
    browser: Browser, date: str, hours: int, noon_is: int
):
    with opened(browser, FakeCloud()) as page:
        open_building(page)
        show_day(page, date)
        day = page.locator(f"[data-chart=day] .chart[data-bars='{hours}']")
        open_table(day)
        expect(day.locator("tbody tr")).to_have_count(hours)
        names = day.locator("tbody th").all_text_contents()
    assert len(set(names)) == hours, "the repeated hour is told apart"
    assert names[noon_is - 1].startswith("12:00")


def test_days_can_be_paged_back_and_forth_but_not_into_the_future(browser: Browser):
    with opened(browser, FakeCloud()) as page:
        open_building(page)
        expect(page.locator("[data-chart=day] h3")).to_contain_text("Днес")
        expect(page.get_by_label("Следващ ден")).to_be_disabled()
        page.get_by_label("Предишен ден").click()
        expect(page.locator("[data-chart=day] h3")).not_to_contain_text("Днес")
        page.get_by_label("Следващ ден").click()
        expect(page.locator("[data-chart=day] h3")).to_contain_text("Днес")


def test_arrow_keys_read_the_bars_out(browser: Browser):
    with opened(browser, FakeCloud()) as page:
        open_building(page)
        show_day(page, "2026-11-20")
        page.wait_for_selector("[data-chart=day] .chart[data-known='22']")
        page.locator("[data-chart=day] .plot").focus()
        for _ in range(4):
            page.keyboard.press("ArrowRight")
        expect(page.locator("[data-chart=day] .pointed")).to_have_text("03:00–04:00 — (няма данни)")


def test_another_utility_is_charted_at_a_tap(browser: Browser):
    with opened(browser, FakeCloud()) as page:
        open_building(page)
        page.locator(".tab", has_text="Ток").click()
        expect(page.locator("[data-chart=day] .chart-total")).to_contain_text("Wh")


def test_what_use_costs_stands_beside_it_and_promises_no_more_than_is_known(browser: Browser):
    with opened(browser, FakeCloud()) as page:
        open_building(page)
        cost = page.locator("[data-chart=day] .cost")
        expect(cost).to_have_text("около 1,89\u00a0€ с ДДС; по цените за битови клиенти")
        for utility, words in (
            ("electricity", "14,97\u00a0€ с ДДС"),
            ("gas", "поне 3,02\u00a0€ с ДДС; без: акциз"),
        ):
            page.locator(f".tab.u-{utility}").click()
            expect(cost).to_have_text(words)
        page.locator(".tab.u-heat").click()
        expect(page.locator(".tab.u-heat")).to_have_attribute("aria-pressed", "true")
        expect(cost).to_have_count(0)


def test_buildings_of_others_are_not_found_instead_of_empty(browser: Browser):
    with opened(browser, FakeCloud()) as page:
        sign_in(page)
        page.wait_for_selector("[data-premises]")
        page.goto(page.url.split("#")[0] + "#/premises/somebody-elses")
        expect(page.locator("iskar-building [role=alert]")).to_contain_text("такава сграда няма")
