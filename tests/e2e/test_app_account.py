# SPDX-License-Identifier: EUPL-1.2
"""One's account in the app: looks, password, second factors, sessions, programs."""

import pytest
from playwright.sync_api import Browser, Page, expect

from cloud.accounts.qr_code import drawn
from cloud.kit.auth.rights import FOR_PEOPLE, RIGHTS, Right, Role
from tests.e2e.app_page import opened, sign_in
from tests.e2e.test_app_looks import SPILLED, TOO_FAINT
from tests.fakes.fake_account_api import CODE, RECOVERY, SECRET
from tests.fakes.fake_cloud_api import PASSWORD, FakeCloud

pytestmark = pytest.mark.needs_browser

NEW = "зелен трамвай към Витоша"
STEP_UP = "iskar-step-up dialog"


def open_account(page: Page) -> None:
    sign_in(page)
    page.click("a[href='#/account']")
    page.wait_for_selector("iskar-account [data-session]")


def ground(page: Page) -> str:
    """Return the page's ground colour, and what the browser's own bar is told."""
    told = page.evaluate(
        "[getComputedStyle(document.body).backgroundColor,"
        " document.querySelector('meta[name=theme-color]').content].join(' ')"
    )
    return str(told)


DARK, LIGHT = "rgb(15, 21, 23) #0f1517", "rgb(245, 246, 243) #f5f6f3"


def test_a_dark_app_is_chosen_kept_on_the_phone_and_left_to_the_phone_again(browser: Browser):
    with opened(browser, FakeCloud()) as page:
        open_account(page)
        assert ground(page) == LIGHT
        page.get_by_label("Тъмни").check()
        assert ground(page) == DARK
        page.reload()
        page.wait_for_selector("iskar-account [data-session]")
        assert ground(page) == DARK
        page.click(".leave")
        page.wait_for_selector("#email")
        assert ground(page) == DARK  # the phone's choice, not the person's
        open_account(page)
        page.get_by_label("Като на устройството").check()
        assert ground(page) == LIGHT
        page.emulate_media(color_scheme="dark")
        page.wait_for_selector("html[data-theme=dark]")
        assert ground(page) == DARK


def test_the_chosen_theme_stands_before_any_module_has_run(browser: Browser):
    with opened(browser, FakeCloud()) as page:
        page.wait_for_selector("#email")
        page.evaluate("localStorage.setItem('iskar/theme', JSON.stringify({content: 'dark'}))")
        page.context.route("**/*main.js", lambda route: route.abort())
        page.evaluate(
            "navigator.serviceWorker.getRegistrations()"
            ".then((all) => Promise.all(all.map((one) => one.unregister())))"
        )
        page.reload()
        assert page.locator("#starting").is_visible()
        assert ground(page).startswith("rgb(15, 21, 23)")


def test_the_language_is_chosen_here_too(browser: Browser):
    with opened(browser, FakeCloud()) as page:
        open_account(page)
        page.get_by_label("English").check()
        expect(page.locator("iskar-account h1")).to_have_text("Account")


def test_a_wrong_current_password_is_said_and_ends_no_session(browser: Browser):
    fake = FakeCloud()
    with opened(browser, fake) as page:
        open_account(page)
        page.click("iskar-account-password summary")
        page.fill("#current", "guess")
        page.fill("#chosen", "short")
        page.keyboard.press("Enter")
        problem = page.locator("iskar-account-password [role=alert]")
        expect(problem).to_contain_text("поне 15 знака")
        page.fill("#chosen", NEW)
        page.keyboard.press("Enter")
        expect(problem).to_have_text("Сегашната парола не е вярна.")
        expect(page.locator("#current")).to_be_focused()
        page.fill("#current", PASSWORD)
        page.keyboard.press("Enter")
        expect(page.locator("iskar-account-password")).to_contain_text("Паролата е сменена.")
        expect(page.locator("[data-session]")).to_have_count(1)  # elsewhere it is over
    assert fake.account.password == NEW


def test_codes_are_set_up_and_their_recovery_codes_are_shown_once(browser: Browser):
    fake = FakeCloud()
    with opened(browser, fake) as page:
        open_account(page)
        page.click("[data-begin-codes]")
        expect(page.locator("[data-secret]")).to_have_text(
            " ".join(SECRET[at : at + 4] for at in range(0, len(SECRET), 4))
        )
        link = page.locator("iskar-account-codes a.button").get_attribute("href") or ""
        assert link.startswith("otpauth://totp/")
        picture = page.get_by_role("img", name="QR код за приложението за кодове")
        expect(picture.locator("path")).to_have_attribute("d", drawn(link)[1])
        page.fill("#new-code", "000000")
        page.keyboard.press("Enter")
        expect(page.locator("iskar-account-codes")).to_contain_text("Кодът не е верен")
        page.fill("#new-code", CODE)
        page.keyboard.press("Enter")
        expect(page.locator("iskar-once li")).to_have_text(RECOVERY)
        page.click("[data-kept]")
        expect(page.locator("iskar-account-codes")).to_contain_text(f"{len(RECOVERY)} кода")
        page.reload()
        expect(page.locator("iskar-account-codes")).to_contain_text(f"{len(RECOVERY)} кода")
        expect(page.locator("body")).not_to_contain_text(RECOVERY[0])
        page.click("iskar-account-codes iskar-sure button >> nth=0")
        page.click("[data-yes]")
        expect(page.locator("[data-begin-codes]")).to_be_visible()
    assert not fake.account.codes


def test_a_session_elsewhere_is_ended_after_a_question_and_then_all_others(browser: Browser):
    fake = FakeCloud()
    with opened(browser, fake) as page:
        open_account(page)
        expect(page.locator("[data-session]").nth(0)).to_contain_text("това устройство")
        other = page.locator("[data-session]").nth(1)
        expect(other).to_contain_text("Firefox, Linux")
        other.get_by_role("button").click()
        expect(other.locator("[data-no]")).to_be_focused()
        other.locator("[data-no]").click()
        assert len(fake.account.sessions) == 3
        other.get_by_role("button").click()
        other.locator("[data-yes]").click()
        expect(page.locator("[data-session]")).to_have_count(2)
        fake.account.sessions |= FakeCloud().account.sessions
        page.reload()
        page.click("[data-end-others] button")
        page.click("[data-end-others] [data-yes]")
        expect(page.locator("[data-session]")).to_have_count(1)
    assert [one.is_this for one in fake.account.sessions.values()] == [True]


def make_token(page: Page) -> None:
    page.click("iskar-account-tokens summary")
    page.fill("#token-name", "Таблица")
    page.get_by_label("да чете кой е гледал").check()
    page.click("iskar-account-tokens form .primary")


def test_a_token_is_shown_once_and_revoked(browser: Browser):
    fake = FakeCloud()
    with opened(browser, fake) as page:
        open_account(page)
        make_token(page)
        expect(page.locator("iskar-account-tokens iskar-once li")).to_contain_text("isk_shown")
        page.click("[data-kept]")
        expect(page.locator("[data-token]")).to_contain_text("Таблица")
        expect(page.locator("body")).not_to_contain_text("isk_shown")
        [made] = fake.account.tokens.values()
        assert made.scopes == ["see_premises", "accesses"]
        page.click("[data-token] button")
        page.click("[data-token] [data-yes]")
        expect(page.locator("[data-token]")).to_have_count(0)


def test_a_sensitive_thing_asks_who_it_is_and_goes_on(browser: Browser):
    fake = FakeCloud()
    with opened(browser, fake) as page:
        open_account(page)
        fake.account.is_fresh = False
        make_token(page)
        expect(page.locator("#step-up-password")).to_be_focused()
        page.fill("#step-up-password", "guess")
        page.keyboard.press("Enter")
        expect(page.locator("#step-up-problem")).to_have_text("Паролата не е вярна.")
        page.fill("#step-up-password", PASSWORD)
        page.keyboard.press("Enter")
        expect(page.locator("iskar-account-tokens iskar-once li")).to_contain_text("isk_shown")
        expect(page.locator(STEP_UP)).to_have_count(0)


def test_who_cancels_the_question_finds_everything_as_it_was(browser: Browser):
    fake = FakeCloud()
    with opened(browser, fake) as page:
        open_account(page)
        fake.account.is_fresh = False
        fake.account.codes = True
        make_token(page)
        expect(page.locator("#step-up-code")).to_be_focused()  # not the password: there are codes
        page.keyboard.press("Escape")
        expect(page.locator(STEP_UP)).to_have_count(0)
        expect(page.locator("#token-name")).to_have_value("Таблица")
        button = page.locator("iskar-account-tokens form .primary")
        expect(button).to_be_focused()
        expect(page.locator("iskar-account-tokens [role=alert]")).to_be_empty()
        assert fake.account.tokens == {}
        button.click()
        page.fill("#step-up-code", CODE)
        page.keyboard.press("Enter")
        expect(page.locator("iskar-account-tokens iskar-once li")).to_be_visible()


def test_the_rights_offered_for_tokens_are_those_of_the_cloud(browser: Browser):
    with opened(browser, FakeCloud()) as page:
        page.wait_for_selector("#email")
        for role in set(Role) - {Role.GATEWAY}:
            offered = page.evaluate(
                "async (role) => (await import('/app/token_scopes.js')).scopesOf(role)", role
            )
            may = {right for right in Right if role in RIGHTS[right]} - FOR_PEOPLE
            assert set(offered) == (may if role in RIGHTS[Right.TOKENS] else set()), role


def test_devices_are_called_as_people_know_them(browser: Browser):
    agents = {
        "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605 (KHTML, like Gecko)"
        " Version/19.0 Mobile/15E148 Safari/604.1": "Safari, iPhone",
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko)"
        " Chrome/142.0.0.0 Safari/537.36 Edg/142.0": "Edge, Windows",
        "Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 Chrome/142.0 Mobile Safari/537.36": (
            "Chrome, Android"
        ),
        "curl/8.5": "?",
    }
    with opened(browser, FakeCloud()) as page:
        page.wait_for_selector("#email")
        for agent, name in agents.items():
            found = page.evaluate(
                "async (agent) => (await import('/app/devices.js')).deviceOf(agent, '?')", agent
            )
            assert found == name


@pytest.mark.parametrize(("locale", "scheme"), [("bg-BG", "light"), ("en-GB", "dark")])
def test_the_account_can_be_read_at_every_width(browser: Browser, locale: str, scheme: str):
    fake = FakeCloud()
    fake.account.codes = True
    with opened(browser, fake, locale=locale, color_scheme=scheme) as page:
        open_account(page)
        page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
        page.click("[data-session] button >> nth=0")
        for width in (320, 390, 768, 1280):
            page.set_viewport_size({"width": width, "height": 740})
            assert page.evaluate("document.documentElement.scrollWidth") <= width
            assert page.evaluate(SPILLED) == [], width
        assert page.evaluate(TOO_FAINT) == []
