# SPDX-License-Identifier: EUPL-1.2
"""What reaches me: subscriptions made and ended in the app, and what a browser shows of a push."""

import json
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.e2e.app_page import opened, opened_at, sign_in
from tests.fakes.fake_cloud_api import FakeCloud, running
from tests.fakes.fake_rules_api import PUSH_KEY

pytestmark = pytest.mark.needs_browser

# A headless browser reaches no push service: this one answers for it.
SUBSCRIBES = """key => {
  Object.defineProperty(Notification, "permission", {get: () => "default"});
  Notification.requestPermission = async () => "granted";
  PushManager.prototype.subscribe = async (options) => {
    window.subscribedWith = options;
    const keys = {p256dh: key, auth: "BTBZMqHH6r4Tts7J_aSIgg"};
    return {toJSON: () => ({endpoint: "https://push.example/1", keys})};
  };
}"""
REFUSES = """() => {
  Object.defineProperty(Notification, "permission", {get: () => "default"});
  Notification.requestPermission = async () => "denied";
}"""


def _open_notices(page: Page) -> None:
    sign_in(page)
    page.get_by_role("link", name="Сигнали", exact=True).click()
    page.get_by_role("link", name="Как да ми се съобщава").click()
    page.wait_for_selector(".notice-form")


def _kept(fake: FakeCloud) -> dict[str, Any]:
    [kept] = fake.subscriptions.values()
    return kept


def test_letters_are_asked_for_with_all_that_narrows_them_and_stopped_again(browser: Browser):
    fake = FakeCloud()
    with opened(browser, fake) as page:
        _open_notices(page)
        expect(page.get_by_text("Още нищо.")).to_be_visible()
        page.get_by_label("За коя сграда").select_option("school-107")
        page.get_by_label("Вода", exact=True).check()
        page.get_by_label("без маловажните").check()
        page.get_by_text("Само някои видове").click()
        page.get_by_label("Нощен поток").check()
        page.get_by_label("Тихи часове").check()
        page.get_by_label("От", exact=True).fill("22:30")
        page.get_by_role("button", name="Запази").click()
        expect(page.locator(".alert-did")).to_contain_text("Записано.")
        shown = page.locator(".notice")
        expect(shown).to_contain_text(
            "107. ОУ „Хан Крум“ · вода · без маловажните · само: Нощен поток"
            " · тихо от 22:30 до 07:00"
        )
        kept = _kept(fake)
        assert (kept["channel"], kept["language"]) == ("email", "bg")
        assert (kept["premises_id"], kept["utilities"]) == ("school-107", ["water"])
        assert (kept["kinds"], kept["severities"]) == (["night_flow"], ["critical", "warning"])
        assert kept["quiet"] == {"from_minute": 22 * 60 + 30, "to_minute": 7 * 60}
        page.get_by_role("button", name="Спри: По имейл").click()
        expect(page.locator(".alert-did")).to_contain_text("Спряно.")
        expect(shown).to_have_count(0)
        assert fake.subscriptions == {}


def test_an_attempt_whose_answer_was_lost_makes_no_second_one(browser: Browser):
    fake = FakeCloud()
    with opened(browser, fake) as page:
        _open_notices(page)

        def lose(route: Any) -> None:
            route.fetch()
            route.abort()

        page.route("**/subscriptions/*", lose)
        page.get_by_role("button", name="Запази").click()
        expect(page.get_by_role("alert")).to_contain_text("не знаем дали се записа")
        page.unroute("**/subscriptions/*")
        page.get_by_role("button", name="Запази").click()
        expect(page.locator(".alert-did")).to_contain_text("Записано.")
        assert len(fake.subscriptions) == 1


def test_where_no_mail_is_sent_that_is_said(browser: Browser):
    with opened(browser, FakeCloud(mail_is_off=True)) as page:
        _open_notices(page)
        page.get_by_role("button", name="Запази").click()
        expect(page.get_by_role("alert")).to_contain_text("Оттук не се изпращат писма.")


def test_one_that_ended_by_itself_says_so(browser: Browser):
    fake = FakeCloud()
    fake.subscriptions["old"] = {
        "subscription_id": "old",
        "channel": "push",
        "language": "bg",
        "premises_id": None,
        "utilities": [],
        "kinds": [],
        "severities": [],
        "quiet": None,
        "created_at": "2026-10-01T00:00:00+00:00",
        "ended_at": "2026-11-01T00:00:00+00:00",
        "ended_because": "The browser does not take messages under this subscription any more.",
    }
    with opened(browser, fake) as page:
        _open_notices(page)
        expect(page.locator("[data-subscription=old]")).to_contain_text("Спря да идва.")


def test_a_browser_is_subscribed_with_the_clouds_key(browser: Browser):
    fake = FakeCloud()
    with opened(browser, fake) as page:
        page.evaluate("navigator.serviceWorker.ready.then(() => true)")
        page.evaluate(SUBSCRIBES, PUSH_KEY)
        _open_notices(page)
        page.get_by_label("На това устройство").check()
        expect(page.locator("[data-push=ask]")).to_contain_text("Браузърът ще попита")
        page.get_by_role("button", name="Запази").click()
        expect(page.locator(".notice[data-channel=push]")).to_contain_text("всички сгради")
        assert page.evaluate("subscribedWith.userVisibleOnly") is True
        length = page.evaluate("subscribedWith.applicationServerKey.byteLength")
        assert length == 65  # an uncompressed point of P-256
        push = _kept(fake)["push"]
        assert push["endpoint"] == "https://push.example/1"


def test_a_no_to_the_browsers_question_keeps_nothing_and_says_how_to_undo_it(browser: Browser):
    fake = FakeCloud()
    with opened(browser, fake) as page:
        page.evaluate(REFUSES)
        _open_notices(page)
        page.get_by_label("На това устройство").check()
        page.get_by_role("button", name="Запази").click()
        expect(page.get_by_role("alert")).to_contain_text("Разреши ги от настройките на сайта")
        assert fake.subscriptions == {}


@pytest.mark.parametrize(
    ("script", "state", "said"),
    [
        (
            "() => { Object.defineProperty(Notification, 'permission', {get: () => 'denied'}); }",
            "denied",
            "Известията са забранени",
        ),
        ("delete window.PushManager", "unsupported", "Избери имейл."),
        (
            "() => { Object.defineProperty(navigator, 'userAgent', {get: () => 'iPhone'}); }",
            "install",
            "на началния екран",
        ),
    ],
)
def test_a_browser_that_can_not_be_told_says_what_to_do(
    browser: Browser, script: str, state: str, said: str
):
    fake = FakeCloud()
    with opened(browser, fake) as page:
        page.evaluate(script)
        _open_notices(page)
        page.get_by_label("На това устройство").check()
        expect(page.locator(f"[data-push={state}]")).to_contain_text(said)
        page.get_by_role("button", name="Запази").click(force=True)
        assert fake.subscriptions == {}


def _pushed(place: BrowserContext, page: Page, address: str, message: dict[str, Any]) -> None:
    """Hand the worker a message as the browser's push service would."""
    client = place.new_cdp_session(page)
    versions: list[dict[str, Any]] = []
    client.on(
        "ServiceWorker.workerRegistrationUpdated",
        lambda told: versions.extend(told["registrations"]),
    )
    client.send("ServiceWorker.enable")
    while not versions:
        page.wait_for_timeout(50)
    client.send(
        "ServiceWorker.deliverPushMessage",
        {
            "origin": address,
            "registrationId": versions[0]["registrationId"],
            "data": json.dumps(message),
        },
    )


def test_a_push_shows_a_notification_that_opens_the_alert(browser: Browser):
    fake = FakeCloud()
    alert_id = fake.raise_alert()
    message = {
        "title": "Вероятен теч: нов сигнал",
        "body": "Загуба дотук: 312 л",
        "tag": alert_id,
        "url": f"/#/alerts/{alert_id}",
        "lang": "bg",
        "severity": "warning",
    }
    with (
        running(fake) as address,
        opened_at(browser, address, permissions=["notifications"]) as page,
    ):
        sign_in(page)
        page.wait_for_selector("[data-premises]")
        page.evaluate("navigator.serviceWorker.ready.then(() => true)")
        _pushed(page.context, page, address, message)
        [worker] = page.context.service_workers
        shown = worker.evaluate(
            """async () => {
              let all = [];
              while (!(all = await self.registration.getNotifications()).length) {
                await new Promise((resolve) => setTimeout(resolve, 50));
              }
              return all.map(({title, body, tag, lang, data}) =>
                ({title, body, tag, lang, url: data.url}));
            }"""
        )
        assert shown == [{key: message[key] for key in message if key != "severity"}]
        worker.evaluate(
            """async () => {
              const [notification] = await self.registration.getNotifications();
              self.dispatchEvent(new NotificationEvent("notificationclick", {notification}));
            }"""
        )
        expect(page.locator("h1")).to_have_text("Вероятен теч: водата не спира")
