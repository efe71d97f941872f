# SPDX-License-Identifier: EUPL-1.2
"""One ordinary state of each other page; what is special about one has a module of its own."""

from playwright.sync_api import Page

from tests.e2e.app_states import State
from tests.fakes.fake_cloud_api import FakeCloud

HOME = "#/premises/mladost-17"


def _an_alert(fake: FakeCloud) -> None:
    fake.raise_alert()


def _begin_codes(page: Page, _: FakeCloud) -> None:
    page.click("[data-begin-codes]")


STATES = (
    State(name="alerts", view="alerts", address="#/alerts", before=_an_alert),
    State(name="alerts_none", view="alerts", address="#/alerts"),
    State(name="alert", view="alert", address="#/alerts/al-1", before=_an_alert),
    State(name="notices", view="notices", address="#/notices"),
    State(name="account", view="account", address="#/account"),
    State(
        name="account_codes",
        view="account",
        address="#/account",
        act=_begin_codes,
        ready=".qr-code",
    ),
    State(name="my_data", view="my_data", address="#/account/data"),
    State(name="meter", view="meter", address=f"{HOME}/meters/sp-home-cold"),
    State(name="saving", view="saving", address=f"{HOME}/saving"),
    State(name="papers", view="papers", address=f"{HOME}/papers"),
    State(name="rules", view="rules", address=f"{HOME}/rules"),
    State(name="people", view="people", address=f"{HOME}/people"),
    State(name="demand", view="demand", role="utility", address="#/demand"),
    State(
        name="demand_series", view="demand_series", role="utility", address="#/demand/sofia-heat"
    ),
    State(
        name="demand_series_closed",
        view="demand_series",
        role="utility",
        address="#/demand/sofia-heat",
        before=lambda fake: fake.closed.add("sofia-heat"),
    ),
    State(
        name="demand_series_unknown",
        view="demand_series",
        role="utility",
        address="#/demand/none",
        ready="[role=alert]",
    ),
    State(name="datasets", view="datasets", role="utility", address="#/datasets"),
)
