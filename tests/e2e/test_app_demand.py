# SPDX-License-Identifier: EUPL-1.2
"""What a utility sees of demand: forecasts beside use, how sure they are, what if, limits, data."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, time, timedelta

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.app_page import opened, sign_in
from tests.e2e.test_app_looks import SPILLED, TOO_FAINT
from tests.fakes.fake_city import SOFIA
from tests.fakes.fake_cloud_api import FakeCloud
from tests.fakes.fake_demand import HORIZON_H

pytestmark = pytest.mark.needs_browser


@contextmanager
def at(browser: Browser, fake: FakeCloud, address: str, **context: object) -> Iterator[Page]:
    """Open the app, sign in, and go to a place in it."""
    with opened(browser, fake, **context) as page:
        sign_in(page)
        page.wait_for_selector("[data-premises]")
        page.goto(page.url.split("#")[0] + address)
        yield page


def _whole(page: Page) -> None:
    page.wait_for_selector("[data-card=scenario] dl")
    page.wait_for_selector(".demand-chart .uplot")


@pytest.mark.parametrize(
    ("role", "plans"),
    [("utility", 1), ("operator", 1), ("municipality", 1), ("owner", 0), ("tenant", 0)],
)
def test_those_who_plan_supply_find_demand_and_owners_do_not(
    browser: Browser, role: str, plans: int
):
    with at(browser, FakeCloud(role=role), "#/demand") as page:
        expect(page.locator("iskar-demand")).to_have_count(plans)
        expect(page.locator("iskar-buildings")).to_have_count(1 - plans)
        expect(page.locator(".sections [href='#/demand']")).to_have_count(plans)
        expect(page.locator(".sections [href='#/datasets']")).to_have_count(plans)


def test_each_series_shows_tomorrow_its_peak_and_how_old_its_data_are(browser: Browser):
    with at(browser, FakeCloud(role="utility"), "#/demand") as page:
        heat = page.locator("[data-series=sofia-heat]")
        expect(heat.locator("dl")).to_contain_text("GWh")
        expect(heat.locator("dl small").first).to_contain_text("–")
        expect(heat.locator(".series-foot")).to_contain_text("данни до")
        naive = page.locator("[data-series=mladost-17-electricity]")
        expect(naive.locator(".quality")).to_have_text("проста прогноза")
        expect(page.locator(".sections [aria-current=page]")).to_have_text("Прогноза")


def _hours_of_a_fortnight_back() -> int:
    """Return how many hours are over since midnight in Sofia fourteen days ago."""
    now = datetime.now(SOFIA)
    midnight = datetime.combine(now.date() - timedelta(days=14), time.min, SOFIA)
    return (now.astimezone(UTC) - midnight.astimezone(UTC)) // timedelta(hours=1)


def test_a_forecast_stands_beside_use_and_can_be_read_by_keys_and_as_a_table(browser: Browser):
    over = _hours_of_a_fortnight_back()
    with at(browser, FakeCloud(role="utility"), "#/demand/sofia-heat") as page:
        _whole(page)
        page.click("[data-zoom=hours]")
        chart = page.locator(".forecast-chart")
        slots, used = (int(chart.get_attribute(f"data-{one}") or 0) for one in ("slots", "used"))
        later = _hours_of_a_fortnight_back()  # the hour may have turned meanwhile
        assert over + HORIZON_H <= slots <= later + HORIZON_H
        assert over <= used <= later
        assert int(chart.get_attribute("data-ahead") or 0) >= 13 * 24
        chart.locator(".plot").focus()
        page.keyboard.press("ArrowRight")
        expect(chart.locator(".pointed")).to_contain_text("прогноза")
        page.keyboard.press("ArrowLeft")
        expect(chart.locator(".pointed")).to_contain_text("използвано")
        page.click("[data-zoom=days]")
        expect(chart).to_have_attribute("data-slots", re.compile(r"^2\d$"))
        chart.locator("summary").click()
        shown = int(chart.get_attribute("data-slots") or 0)
        expect(chart.locator("tbody tr")).to_have_count(shown)
        expect(chart.locator("tbody tr").first).to_contain_text("GWh")


def test_tomorrows_peak_the_accuracy_and_the_shares_are_said_in_sentences(browser: Browser):
    with at(browser, FakeCloud(role="utility"), "#/demand/sofia-heat", locale="en-GB") as page:
        _whole(page)
        peak = page.locator("[data-card=peak]")
        expect(peak).to_contain_text("Most likely 20:00–21:00")
        accuracy = page.locator("[data-card=accuracy]")
        expect(accuracy).to_contain_text(
            "Over the last 28 days 91 % of hours were inside the range (90 % promised)"
        )
        expect(accuracy).to_contain_text("54 % less than “as a week ago”")
        expect(accuracy.locator("tbody tr")).to_have_count(3)
        expect(accuracy).to_contain_text("the error was 3.4 % of use; when the model was fitted")
        # the first answer is that it is being worked out; the page asks again
        temperature = page.locator("[data-card=explain] [data-part=temperature]")
        expect(temperature).to_contain_text("61 %")
        expect(page.locator("[data-card=explain]")).to_contain_text("Not shown to help: rain")
        expect(page.locator("[data-span=cold]")).to_contain_text("at −14 °C")


def test_what_if_tells_the_difference_of_colder_and_of_warmer(browser: Browser):
    with at(browser, FakeCloud(role="utility"), "#/demand/sofia-heat", locale="en-GB") as page:
        _whole(page)
        page.click("[data-delta='-5']")
        told = page.locator("[data-card=what_if]")
        expect(told).to_contain_text("At −5 °C, tomorrow would use 17.5 % more")
        page.click("[data-delta='3']")
        expect(told).to_contain_text("10.5 % less")
        expect(page.locator("[data-delta='3']")).to_have_attribute("aria-pressed", "true")
        page.goto(page.url.replace("sofia-heat", "lozenets-water"))
        expect(page.locator("[data-delta][aria-pressed=true]")).to_have_count(0)


def test_a_limit_can_be_set_is_drawn_and_can_be_removed(browser: Browser):
    fake = FakeCloud(role="utility")
    with at(browser, fake, "#/demand/sofia-heat", locale="en-GB") as page:
        _whole(page)
        form = page.locator(".limit-form")
        form.get_by_role("button").click()
        expect(page.locator("#limit-said")).to_have_text("Enter a limit above zero.")
        form.get_by_label("Of", exact=True).select_option("peak")
        form.get_by_label("Limit, GWh").fill("1.1")
        form.get_by_label("At a probability").fill("99")
        form.get_by_role("button").click()
        expect(page.locator("#limit-said")).to_have_text("Enter a probability from 5 to 95 %.")
        expect(page.locator("#limit-share")).to_be_focused()
        expect(page.locator("#limit-share")).to_have_attribute("aria-invalid", "true")
        form.get_by_label("At a probability").fill("50")
        form.get_by_label("Email").fill("grid")
        form.get_by_role("button").click()
        expect(page.locator("#limit-said")).to_have_text("That is not an email address.")
        form.get_by_label("Email").fill("grid@example.com")
        form.get_by_role("button").click()
        expect(page.locator("#limit-said")).to_have_text("The limit is set.")
        standing = page.locator("[data-limit]")
        expect(standing).to_contain_text("1,100 MWh of one hour, at 50 % and more")
        expect(standing).to_contain_text("Tomorrow passes it with 34 % probability")
        expect(page.locator(".stroke-limit")).to_be_visible()
        [kept] = fake.limits.values()
        assert (kept["upper"], kept["quantity"], kept["probability"], kept["contact"]) == (
            1.1e9,
            "day_peak",
            0.5,
            "grid@example.com",
        )
        standing.get_by_role("button").click()
        expect(standing).to_have_count(0)
        assert fake.limits == {}


def test_a_municipality_sets_no_limits_and_hears_why_hours_are_closed(browser: Browser):
    fake = FakeCloud(role="municipality", closed={"lozenets-water"})
    with at(browser, fake, "#/demand/lozenets-water", locale="en-GB") as page:
        expect(page.locator("[data-none]")).to_contain_text("aren't shown to the municipality")
        expect(page.locator("iskar-limits")).to_have_count(0)


def test_a_fallback_and_what_is_not_there_are_said_plainly(browser: Browser):
    with at(
        browser, FakeCloud(role="utility"), "#/demand/mladost-17-electricity", locale="en-GB"
    ) as page:
        expect(page.locator("[data-doubt]")).to_contain_text(
            "This is the simple forecast: as a week ago, with a wide range."
            " Because there are not four weeks of use yet."
        )
        expect(page.locator("[data-card=peak]")).to_contain_text("days so far: 3")
        expect(page.locator("[data-card=accuracy]")).to_contain_text("No forecast has been")
        expect(page.locator("[data-card=explain]")).to_contain_text("too short")
        expect(page.locator("[data-card=scenario]")).to_contain_text("too short")
        page.goto(page.url.split("#")[0] + "#/demand/somebody-elses")
        expect(page.locator("[role=alert]")).to_contain_text("There is no such series")


def test_what_could_not_be_fetched_is_said_and_can_be_asked_for_again(browser: Browser):
    with at(browser, FakeCloud(role="utility"), "#/demand", locale="en-GB") as page:
        page.wait_for_selector("[data-series] dl")
        page.route("**/forecast?**", lambda route: route.abort())
        page.goto(page.url.replace("#/demand", "#/demand/sofia-heat"))
        chart = page.locator(".demand-chart")
        expect(chart.get_by_role("alert")).to_contain_text("can't be reached")
        expect(page.locator("[data-none]")).not_to_contain_text("No forecast yet")
        page.unroute("**/forecast?**")
        chart.get_by_role("button", name="Try again").click()
        expect(chart.locator(".forecast-chart")).not_to_have_attribute("data-ahead", "0")
        expect(chart.get_by_role("alert")).to_have_count(0)


def test_where_nothing_is_known_yet_no_empty_axes_and_no_files_are_offered(browser: Browser):
    with at(browser, FakeCloud(role="utility"), "#/demand", locale="en-GB") as page:
        page.wait_for_selector("[data-series] dl")
        page.route("**/forecast?**", lambda route: route.fulfill(status=404, json={}))
        nothing = {"intervals": [{"interval_start": "2026-11-22T10:00:00+02:00", "usage": None}]}
        page.route("**/usage?**", lambda route: route.fulfill(json=nothing))
        page.goto(page.url.replace("#/demand", "#/demand/sofia-heat"))
        expect(page.locator(".chart-empty")).to_have_text("Not one hour of use is known yet.")
        expect(page.locator("[data-none]")).to_contain_text("The first comes within an hour")
        expect(page.locator(".downloads, .uplot")).to_have_count(0)


def test_leaving_while_a_study_is_worked_out_is_no_error(browser: Browser):
    with at(browser, FakeCloud(role="utility"), "#/datasets") as page:
        errors: list[str] = []
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.clock.install()
        page.goto(page.url.replace("#/datasets", "#/demand/sofia-heat"))
        page.wait_for_selector("[data-card=explain] [data-waiting]")
        page.goto(page.url.replace("#/demand/sofia-heat", "#/datasets"))
        page.wait_for_selector("[data-dataset]")
        page.clock.run_for(5_000)
        page.click(".sections a")
        page.wait_for_selector("[data-premises]")
        assert errors == []


def test_data_sets_tell_whose_they_are_how_complete_and_how_fresh(browser: Browser):
    with at(browser, FakeCloud(role="operator"), "#/datasets", locale="en-GB") as page:
        expect(page.locator("[data-dataset]")).to_have_count(4)
        weather = page.locator("[data-dataset='weather:sofia']")
        expect(weather).to_contain_text("Coverage by hour: 97 %")
        expect(weather.locator(".years")).to_have_attribute(
            "aria-label",
            "2016: 100 %, 2017: 100 %,"
            " 2018: 100 %, 2019: 70 %, 2020: 100 %, 2021: 100 %, 2022: 100 %, 2023: 100 %,"
            " 2024: 100 %, 2025: 100 %, 2026: 100 %",
        )
        expect(page.locator("[data-dataset='usage:sofia-heat'] .chip")).to_have_text("late")
        expect(page.locator("[data-dataset='weather:musala']")).to_contain_text("not told")


def test_an_owner_sees_what_the_months_bill_will_be(browser: Browser):
    with at(browser, FakeCloud(), "#/premises/mladost-17", locale="en-GB") as page:
        bill = page.locator(".expected-bill")
        expect(bill).to_contain_text("€298.45 most likely between €281.10 and €322.90")
        expect(bill).to_contain_text("€201.32 so far")
        expect(bill).to_contain_text("Without 1 supply whose price is not known.")
        expect(bill.locator("li")).to_have_count(3)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_demand_can_be_read_at_every_width_and_all_of_it_has_a_name(browser: Browser, scheme: str):
    fake = FakeCloud(role="utility")
    with at(browser, fake, "#/demand/sofia-heat", color_scheme=scheme) as page:
        _whole(page)
        page.click("[data-delta='-5']")
        page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
        for address in ("#/demand/sofia-heat", "#/demand", "#/datasets"):
            page.goto(page.url.split("#")[0] + address)
            page.wait_for_selector("[data-card=scenario] dl, [data-series] dl, [data-dataset]")
            assert page.evaluate(TOO_FAINT) == []
            for width in (320, 768, 1440):
                page.set_viewport_size({"width": width, "height": 740})
                page.evaluate(_DRAWN)
                assert page.evaluate(SPILLED) == [], (address, width)
                assert page.evaluate("document.documentElement.scrollWidth") <= width
            assert page.evaluate(_NAMELESS) == []


# once sizes are told to the charts and they are drawn anew
_DRAWN = "new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done())))"

_NAMELESS = """() => {
  const asked = "main :is(button, a, input, select, summary, [role=img])";
  const isNamed = (one) =>
    one.getAttribute("aria-label") || one.labels?.length || one.textContent.trim();
  return [...document.querySelectorAll(asked)].filter((one) => one.checkVisibility())
    .filter((one) => !isNamed(one)
      || (one.role !== "img" && one.getBoundingClientRect().height < 24))
    .map((one) => one.outerHTML);
}"""
