# SPDX-License-Identifier: EUPL-1.2
"""My buildings at a glance: what flows, how today compares, which alert comes first."""

import copy

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.app_page import open_building, opened, sign_in
from tests.fakes.fake_cloud_api import FakeCloud

pytestmark = pytest.mark.needs_browser

HOME = "[data-premises=mladost-17]"
DESKTOP = {"width": 1280, "height": 800}


def _with_schools(fake: FakeCloud, count: int) -> None:
    """Add so many schools to the two buildings."""
    for number in range(count):
        school = copy.deepcopy(fake.buildings["school-107"])
        school |= {
            "premises_id": f"school-{number}",
            "name": {"bg": f"Училище {number}", "en": f"School {number}"},
        }
        fake.buildings[f"school-{number}"] = school


def _spaced(text: str) -> str:
    return " ".join(text.replace("\u00a0", " ").split())


def _order(page: Page) -> list[str | None]:
    return [one.get_attribute("data-premises") for one in page.locator("[data-premises]").all()]


def test_a_card_says_what_flows_and_how_today_compares(browser: Browser):
    with opened(browser, FakeCloud()) as page:
        sign_in(page)
        power = page.locator(f"{HOME} [data-utility=electricity]")
        expect(power.locator(".home-usual")).to_have_text(
            "До 14 ч: 61 kWh, обичайно 45 kWh – повече от обичайното."
        )
        expect(power.locator(".home-flow dd")).to_have_text("9,85 kW")
        water = page.locator(f"{HOME} [data-utility=water]")
        expect(water.locator(".home-usual")).to_contain_text("както обичайно")
        # hot water doesn't tell its flow, so the sum is a part
        expect(water.locator(".home-flow dd")).to_have_text("поне 412 л/ч")
        expect(page.locator(f"{HOME} [data-utility=gas] .home-flow dd")).to_have_text("—")
        page.click("button[lang=en]")
        expect(power.locator(".home-usual")).to_have_text(
            "By 14:00: 61 kWh, usually 45 kWh – more than usual."
        )


def test_flows_are_kept_current_without_a_reload(browser: Browser):
    fake = FakeCloud()
    with opened(browser, fake) as page:
        page.clock.install()
        sign_in(page)
        flow = page.locator(f"{HOME} [data-utility=electricity] .home-flow dd")
        expect(flow).to_have_text("9,85 kW")
        fake.flow("sp-home-power", 12_300)
        page.clock.run_for(11_000)
        expect(flow).to_have_text("12,3 kW")


def test_a_day_with_a_missing_hour_is_not_compared(browser: Browser):
    fake = FakeCloud()
    fake.home.uses["water"] = {
        "usual": None,
        "reason": "hours_missing_today",
        "missing_hours": 2,
        "quality": ["missing"],
    }
    with opened(browser, fake) as page:
        sign_in(page)
        water = page.locator(f"{HOME} [data-utility=water]")
        expect(water.locator(".home-usual")).to_have_text(
            "Днес липсват 2 часа, затова не сравняваме."
        )
        expect(water.locator(".usual-bar")).to_have_count(0)


@pytest.mark.parametrize("viewport", [{"width": 390, "height": 844}, DESKTOP])
def test_a_building_with_an_alert_comes_first_and_leads_to_it(
    browser: Browser, viewport: dict[str, int]
):
    fake = FakeCloud()
    fake.raise_alert(alert_id="al-school", premises_id="school-107", kind="stuck")
    with opened(browser, fake, viewport=viewport) as page:
        sign_in(page)
        page.wait_for_selector("[data-premises]")
        assert _order(page) == ["school-107", "mladost-17"]
        link = page.locator("[data-premises=school-107] .home-alert")
        expect(link).to_have_text("Измервателят е спрял да брои")
        assert link.get_attribute("href") == "#/alerts/al-school"
        box = link.bounding_box()
        assert box is not None
        assert box["height"] >= 44
        fake.raise_alert(kind="burst")
        page.reload()
        page.wait_for_selector("[data-premises]")
        assert _order(page) == ["mladost-17", "school-107"]  # the more urgent one


def test_a_card_opens_its_building_wherever_it_is_touched(browser: Browser):
    with opened(browser, FakeCloud(), viewport=DESKTOP) as page:
        sign_in(page)
        page.click("[data-premises=school-107] .home-age", force=True)  # the link lies over it
        page.wait_for_url("**/#/premises/school-107")


def test_sixty_buildings_are_searched_by_name_and_address(browser: Browser):
    fake = FakeCloud()
    _with_schools(fake, 58)
    with opened(browser, fake) as page:
        sign_in(page)
        expect(page.locator("[data-premises]")).to_have_count(60)
        page.get_by_label("Търси по име или адрес").fill("йерусалим МЛАДОСТ")
        expect(page.locator("[data-premises]")).to_have_count(1)
        expect(page.locator(".home-search [role=status]")).to_have_text("Намерена е 1 сграда.")
        page.fill("#home-search", "няма такава")
        expect(page.locator(".home-search [role=status]")).to_have_text("Намерени са 0 сгради.")


def test_five_buildings_need_no_search(browser: Browser):
    fake = FakeCloud()
    _with_schools(fake, 3)
    with opened(browser, fake) as page:
        sign_in(page)
        expect(page.locator("[data-premises]")).to_have_count(5)
        expect(page.locator("#home-search")).to_have_count(0)


def test_offline_the_list_shows_no_flow_as_if_it_were_of_now(browser: Browser):
    with opened(browser, FakeCloud()) as page:
        sign_in(page)
        page.wait_for_selector(".home-usual")
        page.wait_for_function("() => Boolean(navigator.serviceWorker.controller)")
        page.context.set_offline(True)
        page.reload()
        expect(page.locator(".banner-offline")).to_contain_text("Виждаш последното")
        power = page.locator(f"{HOME} [data-utility=electricity]")
        expect(power.locator(".home-today dd")).to_have_text("48,6 kWh")
        expect(power.locator(".home-flow dd")).to_have_text("—")
        expect(power.locator(".home-usual")).to_contain_text("До 14 ч")


def test_a_building_is_compared_with_usual_days_and_its_like(browser: Browser):
    with opened(browser, FakeCloud()) as page:
        open_building(page)
        page.locator("iskar-compared").scroll_into_view_if_needed()
        water = page.locator("[data-compared=water]")
        expect(water).to_contain_text("По 20 подобни дни (работен ден) със сходно време")
        peers = page.locator("[data-peers=water]")
        expect(peers).to_contain_text("По 14 сгради от същия вид")
        assert _spaced(peers.locator("p").first.inner_text()) == (
            "9,87 м³ на домакинство; обичайно за такива сгради е 8,4 м³."
            " Повече, отколкото при три четвърти от сградите."
        )


def test_peers_that_can_not_be_told_say_why(browser: Browser):
    fake = FakeCloud()
    fake.home.no_peers = "too_few_buildings"
    with opened(browser, fake) as page:
        open_building(page)
        page.locator("iskar-compared").scroll_into_view_if_needed()
        peers = page.locator("[data-peers=water]")
        expect(peers).to_contain_text("Подобните сгради са твърде малко")
        expect(peers.locator(".usual-bar")).to_have_count(0)


@pytest.mark.parametrize("width", [320, 390, 1280])
def test_nothing_spills_over_the_side(browser: Browser, width: int):
    fake = FakeCloud()
    fake.raise_alert()
    _with_schools(fake, 8)
    with opened(browser, fake, viewport={"width": width, "height": 800}) as page:
        sign_in(page)
        page.wait_for_selector(".home-usual")
        assert page.evaluate("document.documentElement.scrollWidth") <= width
