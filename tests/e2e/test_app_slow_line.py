# SPDX-License-Identifier: EUPL-1.2
"""What the app shows on a slow line."""

import pytest
from playwright.sync_api import Browser, expect

from tests.e2e.app_page import opened, sign_in
from tests.fakes.fake_cloud_api import FakeCloud

pytestmark = pytest.mark.needs_browser

# Chrome's "Slow 3G": 400 kbit/s each way and 400 ms latency, less what HTTP costs.
SLOW_3G = {
    "offline": False,
    "latency": 400,
    "downloadThroughput": 50_000,
    "uploadThroughput": 50_000,
}


def test_on_slow_3g_the_page_says_at_once_that_it_is_opening_and_then_opens(browser: Browser):
    with opened(browser, FakeCloud(), service_workers="block") as page:
        page.wait_for_selector("#email")
        page.goto("about:blank")
        devtools = page.context.new_cdp_session(page)
        devtools.send("Network.enable")
        devtools.send("Network.clearBrowserCache")
        devtools.send("Network.emulateNetworkConditions", SLOW_3G)
        page.go_back(wait_until="commit", timeout=60_000)
        expect(page.locator("#starting")).to_contain_text("Искър се отваря")
        page.wait_for_selector("#email", timeout=60_000)
        expect(page.locator("#starting")).to_have_count(0)
        sign_in(page)
        page.wait_for_selector("[data-premises]", timeout=60_000)
