# SPDX-License-Identifier: EUPL-1.2
"""Whatever a route changes is in the audit log: no route is left out, and none tells too much."""

import re
from pathlib import Path
from typing import Any

from cloud import accounts
from cloud.app import create_app
from cloud.kit.database import row, rows
from tests.integration.cloud.builders import INSTALLED, NOON, CloudInTest, a_finding, a_premises
from tests.integration.cloud.test_cloud_downlink import TOMORROW
from tests.integration.cloud.test_cloud_registry import a_request
from tests.packages import a_package, id_of

# These change nothing that a person or program decides.
UNRECORDED = {
    "POST /ingest/batches": "readings have a ledger of their own, message by message",
    "POST /service-points/{service_point_id}/backtest": "changes nothing; counted as a look",
    "POST /organisations/{organisation_id}/back-channel-logout": "ends sessions, as signing out",
    "DELETE /session": "a person's own leaving; what ended it is not looked for",
    "POST /session/step-up": "shows again who is there; only the session's token changes",
    "POST /session/passkey-options": "a challenge, for five minutes",
    "POST /account/passkeys/options": "a challenge, for five minutes",
    "POST /account/codes": "an offer, which counts for nothing until it is confirmed",
    "POST /account/password-reset": "a letter; what its link is used for is recorded",
}
# Other tests look for their entries.
ELSEWHERE = {
    "POST /tokens": "test_cloud_tokens.py::test_what_is_done_with_tokens_is_on_the_audit_log",
    "DELETE /tokens/{token_id}": "test_cloud_tokens.py::"
    "test_what_is_done_with_tokens_is_on_the_audit_log",
    "PUT /users/{user_id}": "test_cloud_users.py::"
    "test_what_operators_do_to_users_is_on_the_audit_log",
    "DELETE /users/{user_id}/sessions": "test_cloud_users.py::"
    "test_what_operators_do_to_users_is_on_the_audit_log",
    "PUT /tariffs/{tariff_id}": "test_tariffs.py::"
    "test_every_change_of_a_tariff_is_on_the_audit_log_once",
    "PUT /service-points/{service_point_id}/tariffs": "test_tariffs.py::"
    "test_every_change_of_a_tariff_is_on_the_audit_log_once",
    "POST /alerts/{alert_id}/acknowledge": "test_alert_course.py::"
    "test_what_people_say_of_an_alert_is_on_the_audit_log",
    "POST /alerts/{alert_id}/resolve": "test_alert_course.py::"
    "test_what_people_say_of_an_alert_is_on_the_audit_log",
    "PUT /subscriptions/{subscription_id}": "test_notices.py::"
    "test_a_subscription_and_its_end_are_entries_that_hold_no_address",
    "DELETE /subscriptions/{subscription_id}": "test_notices.py::"
    "test_a_subscription_and_its_end_are_entries_that_hold_no_address",
    "POST /unsubscribe/{key}": "test_notices.py::"
    "test_a_subscription_and_its_end_are_entries_that_hold_no_address",
    **dict.fromkeys(
        (
            "PUT /service-points/{service_point_id}/client-number",
            "DELETE /service-points/{service_point_id}/client-number",
        ),
        "test_papers.py::test_a_client_number_is_set_by_the_owner_seen_by_the_tenant_and_forgotten",
    ),
    "POST /account/erase": "test_personal_data.py::"
    "test_of_an_erased_person_nothing_is_left_but_a_number",
    **dict.fromkeys(
        (
            "POST /webhooks",
            "PATCH /webhooks/{webhook_id}",
            "DELETE /webhooks/{webhook_id}",
            "POST /webhooks/{webhook_id}/rotate",
            "POST /webhooks/{webhook_id}/test",
            "POST /webhooks/{webhook_id}/replay",
        ),
        "test_webhooks.py::test_what_is_done_to_webhooks_is_on_the_audit_log",
    ),
}
# Where their services record them; what these do is tried in the tests of accounts.
IN_CODE = {
    "POST /session": ("sessions", "session.begun"),
    "POST /session/passkey": ("sessions", "session.begun"),
    "DELETE /account/sessions": ("sessions", "sessions.ended"),
    "DELETE /account/sessions/{session_id}": ("sessions", "session.ended"),
    "PUT /account/password": ("service", "password.changed"),
    "POST /account/new-password": ("links", "password.set_by_link"),
    "POST /account/codes/confirm": ("factors", "codes.added"),
    "DELETE /account/codes": ("factors", "codes.removed"),
    "POST /account/recovery-codes": ("factors", "recovery_codes.made"),
    "POST /account/passkeys": ("passkeys", "passkey.added"),
    "DELETE /account/passkeys/{passkey_id}": ("passkeys", "passkey.removed"),
    "POST /premises/{premises_id}/shares": ("shares", "share.granted"),
    "DELETE /premises/{premises_id}/shares/{share_id}": ("shares", "share.revoked"),
}
PACKAGE = a_package()
A_SERIES = {
    "name": {"bg": "Зона", "en": "Zone"},
    "utility": "water",
    "level": "city",
    "unit": "l",
}
SPAN = {"since": INSTALLED.isoformat(), "until": NOON.isoformat()}
# Route, what it is asked with, and what the log says then. In this order, on one cloud.
RECORDED: list[tuple[str, dict[str, Any], str]] = [
    ("PUT /suppliers/{supplier_id}", {"json": {"name": "Water"}}, "supplier.registered"),
    ("PUT /premises/{premises_id}", {"json": a_premises(kind="school")}, "premises.changed"),
    (
        "PUT /service-points/{service_point_id}",
        {
            "json": {
                "premises_id": "p-one",
                "name": {"bg": "Вода", "en": "All water"},
                "reading_type": "cold_water",
            }
        },
        "service_point.changed",
    ),
    (
        "PUT /meters/{meter_id}",
        {"json": {"serial": "1one", "make": "Zenner", "model": "New"}},
        "meter.changed",
    ),
    ("PUT /gateways/{gateway_id}", {"json": {"site": "x", "name": "y"}}, "gateway.registered"),
    (
        "PUT /nodes/{node_id}",
        {"json": {"gateway_id": "gw-one", "board": "esp32s3"}},
        "node.registered",
    ),
    (
        "PUT /installations/{service_point_id}",
        {
            "json": {
                "meter_id": "m-one",
                "node_id": "n-one",
                "obis": "8-0:1.0.0",
                "installed_at": "2024-12-01T00:00:00Z",
            }
        },
        "meter.installed",
    ),
    ("POST /gateways/{gateway_id}/token", {}, "gateway_token.replaced"),
    (
        "POST /gateways/{gateway_id}/certificates",
        {"json": {"csr_pem": a_request(), "usage": "server"}},
        "certificate.issued",
    ),
    (
        "POST /nodes/{node_id}/certificates",
        {"json": {"csr_pem": a_request()}},
        "certificate.issued",
    ),
    (
        "POST /service-points/{service_point_id}/register-events",
        {"json": {"kind": "reset", "at": NOON.isoformat(), "explanation": "Mrs Petrova saw it."}},
        "register_event.recorded",
    ),
    (
        "POST /register-events/{event_id}/undo",
        {"json": {"because": "Mrs Petrova was wrong."}},
        "register_event.undone",
    ),
    (
        "POST /service-points/{service_point_id}/corrections",
        {"json": {"kind": "exclude", "reason": "Told by Mrs Petrova.", **SPAN}},
        "correction.made",
    ),
    (
        "POST /corrections/{correction_id}/undo",
        {"json": {"because": "Mrs Petrova was wrong."}},
        "correction.undone",
    ),
    (
        "POST /nodes/{node_id}/commands",
        {"json": {"settings": {"sample_interval_s": 30}, "expires_at": TOMORROW}},
        "command.ordered",
    ),
    ("POST /packages", {"content": PACKAGE}, "package.added"),
    (
        "POST /gateways/{gateway_id}/rollouts",
        {"json": {"package_id": id_of(PACKAGE), "node_ids": ["n-one"]}},
        "rollout.ordered",
    ),
    ("POST /rollouts/{rollout_id}/stop", {}, "rollout.stopped"),
    (
        "POST /alerts/{alert_id}/label",
        {"json": {"label": "pool", "note": "Mrs Petrova's"}},
        "alert.labelled",
    ),
    ("DELETE /alerts/{alert_id}/label", {}, "alert.unlabelled"),
    (
        "POST /alerts/{alert_id}/snooze",
        {"json": {"hours": 3}},
        "alert.snoozed",
    ),
    ("PUT /demand/series/{series_id}", {"json": A_SERIES}, "demand_series.registered"),
    (
        "POST /demand/series/{series_id}/usage",
        {"content": b"interval_start,usage\n2026-01-31 00:00,1\n2026-01-31 01:00,2\n"},
        "demand.imported",
    ),
    (
        "PUT /demand/limits/{limit_id}",
        {"json": {"series_id": "dma", "upper": 5000}},
        "demand_limit.put",
    ),
    ("DELETE /demand/limits/{limit_id}", {}, "demand_limit.deleted"),
    ("DELETE /demand/series/{series_id}", {}, "demand_series.deleted"),
]


def _changing(cloud: CloudInTest) -> set[str]:
    paths = create_app(cloud.services).openapi()["paths"]
    return {
        f"{method.upper()} {path.removeprefix('/api/v1')}"
        for path, methods in paths.items()
        for method in methods
        if method not in ("get", "head") and path.startswith("/api/v1")
    }


async def _actions(cloud: CloudInTest) -> list[str]:
    async with cloud.services.database.transaction(as_system=True) as connection:
        found = await rows(connection, "select action from audit_log order by entry_id")
    return [one["action"] for one in found]


async def _ids(cloud: CloudInTest) -> dict[str, str]:
    """Return the ids that paths name: those of the building, and the newest of what was made."""
    newest = {
        "event_id": "select max(event_id)::text as id from register_events where undone_at is null",
        "correction_id": "select max(correction_id)::text as id from corrections",
        "rollout_id": "select max(rollout_id) as id from rollouts",
        "alert_id": "select max(alert_id) as id from alerts",
    }
    ids = {"premises_id": "p-one", "service_point_id": "sp-one", "supplier_id": "water-works"}
    ids |= {"series_id": "dma", "limit_id": "too-much"}
    ids |= {"meter_id": "m-one", "gateway_id": "gw-one", "node_id": "n-one"}
    async with cloud.services.database.transaction(as_system=True) as connection:
        for name, query in newest.items():
            found = await row(connection, query)
            ids[name] = str(found and found["id"])
    return ids


async def test_every_route_that_changes_something_is_looked_at(cloud: CloudInTest) -> None:
    recorded = {route for route, _, _ in RECORDED}
    looked_at = recorded | set(ELSEWHERE) | set(IN_CODE) | set(UNRECORDED)
    assert _changing(cloud) - looked_at == set()


def test_what_accounts_do_is_recorded_by_their_services() -> None:
    for route, (module, action) in IN_CODE.items():
        code = (Path(accounts.__file__).parent / f"{module}.py").read_text()
        assert f'"{action}"' in code, route


def test_the_tests_that_look_elsewhere_are_there() -> None:
    for place in ELSEWHERE.values():
        file, name = place.split("::")
        assert f"def {name}(" in Path(__file__).with_name(file).read_text(), place


async def test_each_change_is_an_entry_and_none_names_a_person(cloud: CloudInTest) -> None:
    await cloud.gateway.send(a_finding())
    board = {"gateway_id": "gw-one", "board": "esp32"}
    for route, asked, action in RECORDED:
        if route.endswith("/rollouts"):
            await cloud.operator.put("/nodes/n-one", board)  # that the package is for
        before = await _actions(cloud)
        ids = await _ids(cloud)
        method, path = route.split(" ")
        path = re.sub(r"{(\w+)}", lambda found, ids=ids: ids[found[1]], path)
        answer = await cloud.operator.ask(method, path, **asked)
        assert answer.status_code < 300, (route, answer.text)
        assert (await _actions(cloud))[len(before) :] == [action], route
    async with cloud.services.database.transaction(as_system=True) as connection:
        entries = await rows(connection, "select entry from audit_log")
    told = "".join(one["entry"] for one in entries)
    assert "Petrova" not in told
    assert "@" not in told
    assert (await cloud.services.audit_log.verify()).fault is None


async def test_what_changes_nothing_leaves_no_entry(cloud: CloudInTest) -> None:
    body = a_premises(kind="school")
    await cloud.operator.put("/premises/p-one", body)
    before = await _actions(cloud)
    await cloud.operator.put("/premises/p-one", body)
    await cloud.operator.put("/gateways/gw-one", {"site": "sofia", "name": "Basement"})
    assert await _actions(cloud) == before
