# SPDX-License-Identifier: EUPL-1.2
"""My buildings and one building: as they run, empty, failing, without a network."""

from datetime import UTC, datetime, timedelta

from playwright.sync_api import Page

from tests.e2e.app_states import State
from tests.fakes.fake_cloud_api import FakeCloud

HOME = "#/premises/mladost-17"


def _no_buildings(fake: FakeCloud) -> None:
    fake.buildings.clear()


def _broken(fake: FakeCloud) -> None:
    fake.broken = True


def _break_later(page: Page, fake: FakeCloud) -> None:
    page.wait_for_selector("[data-premises]")
    fake.broken = True
    page.evaluate("localStorage.clear()")
    page.click("[data-premises=mladost-17]")


def _alerts(fake: FakeCloud) -> None:
    day_ago = (datetime.now(UTC) - timedelta(days=1)).isoformat()
    fake.raise_alert()
    fake.raise_alert(alert_id="seen", state="acknowledged", kind="burst")
    fake.raise_alert(alert_id="ordinary", state="acknowledged", label="irrigation")
    fake.raise_alert(alert_id="over", state="resolved", resolved_at=day_ago)


def _never_reported(fake: FakeCloud) -> None:
    for point in fake.buildings["mladost-17"]["service_points"]:
        point |= {"register": None, "read_at": None, "received_at": None, "instantaneous": None}


def _readings(fake: FakeCloud) -> None:
    fake.count("sp-home-cold", 5_000_000)
    fake.flow("sp-home-power", 9_800)


def _unfold(page: Page, _: FakeCloud) -> None:
    page.wait_for_selector("[data-chart] .uplot")
    page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")


def _old_forecast(fake: FakeCloud) -> None:
    fake.forecast.age = timedelta(days=3)
    fake.forecast.is_fallback = True


def _unfold_month(page: Page, fake: FakeCloud) -> None:
    _unfold(page, fake)
    page.click("[data-period=month]")


def _disconnect(page: Page, _: FakeCloud) -> None:
    page.wait_for_selector("[data-chart] .uplot")
    page.context.set_offline(True)


def _disconnect_list(page: Page, _: FakeCloud) -> None:
    page.wait_for_selector("[data-premises]")
    page.context.set_offline(True)
    page.evaluate("dispatchEvent(new Event('online'))")  # it asks at once, in vain


CHARTED = "[data-chart] .uplot"
STATES = (
    State(name="buildings", view="buildings", ready="[data-premises]"),
    State(name="buildings_alert", view="buildings", before=_alerts, ready="[data-premises]"),
    State(name="buildings_none", view="buildings", before=_no_buildings),
    State(
        name="buildings_offline",
        view="buildings",
        act=_disconnect_list,
        ready=".banner-offline",
    ),
    State(name="broken", view="buildings", before=_broken, ready="[role=alert]"),
    State(name="building", view="building", address=HOME, before=_readings, ready=CHARTED),
    State(
        name="building_ahead",
        view="building",
        address=HOME,
        act=_unfold,
        ready="[data-chart=day] .ahead b",
    ),
    State(
        name="building_ahead_old",
        view="building",
        address=HOME,
        before=_old_forecast,
        act=_unfold_month,
        ready="[data-chart=month] .ahead iskar-age",
    ),
    State(
        name="building_alerts",
        view="building",
        address=HOME,
        before=_alerts,
        act=_unfold,
        ready=".alert-raised",
    ),
    State(
        name="building_never_reported",
        view="building",
        address=HOME,
        before=_never_reported,
        ready=CHARTED,
    ),
    State(
        name="building_offline",
        view="building",
        address=HOME,
        before=_readings,
        act=_disconnect,
        ready="[data-connection=offline]",
    ),
    State(
        name="building_broken",
        view="building",
        act=_break_later,
        ready="iskar-building [role=alert]",
    ),
    State(
        name="building_unknown",
        view="building",
        address="#/premises/none",
        ready="iskar-building [role=alert]",
    ),
)
