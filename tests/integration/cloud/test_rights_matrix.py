# SPDX-License-Identifier: EUPL-1.2
"""The matrix of AC-121 at the API: every caller, every route, own and others' buildings.

What must come of a cell follows from the table of rights and from what the caller sees: 401 for
nobody, 403 without the right, and what isn't the caller's is not found. Whatever is answered names
nothing that is others'.
"""

import json
import re
from typing import Any

from cloud.kit.auth.rights import SEES_ALL, Role
from tests.integration.cloud.builders import CloudInTest
from tests.integration.cloud.matrix_builders import (
    BUILDING,
    FLAT,
    HERE,
    SECRET,
    THERE,
    Asker,
    Town,
    a_town,
)
from tests.integration.cloud.route_rights import IDS, NEEDS, OF_ONE_GATEWAY, QUERY, STREAMS

POINTS = (HERE, FLAT, THERE)
OWNED = {"premises_id", "service_point_id", "alert_id"}
PARAMETER = re.compile(r"{(\w+)}")
OF_SOMEBODY = re.compile(r"{(premises_id|service_point_id|alert_id)}")
# Of a signed-in person alone, whatever the role: a program's token is refused.
OF_A_PERSON = re.compile(
    r"\w+ (/account(/sessions.*|/password|/codes.*|/recovery-codes|/passkeys.*|/export)?"
    r"|/session/step-up)"
)
# Refused after the right is asked for, before anything happens: what a cell asks is let in or not.
UNFINISHED: dict[str, Any] = {"POST /service-points/{service_point_id}/backtest": {"days": -1}}
BODIES: dict[str, Any] = {
    "POST /alerts/{alert_id}/label": {"label": "pool"},
    "PUT /premises/{premises_id}/budgets/{utility}": {"euro": "40"},
    "PUT /service-points/{service_point_id}/client-number": {"client_number": "10020030"},
    "PUT /service-points/{service_point_id}/rules/{kind}": {"is_on": True},
}
ENDS = {"DELETE /session"}  # what ends the caller's own sign-in comes last
HIDDEN, REFUSED, UNKNOWN = 404, 403, 401


def _expected(asker: Asker, route: str, point: str) -> int | None:
    """Return the status that refuses this cell, None if it must be let in."""
    right = NEEDS[route]
    is_personal = OF_A_PERSON.fullmatch(route) is not None
    if right is None and not is_personal:
        return None
    if asker.role is None:
        return UNKNOWN
    if right is None:
        return None if "Cookie" in asker.caller.headers else REFUSED
    if not asker.may(right):
        return REFUSED
    if asker.label == "gateway two" and route in OF_ONE_GATEWAY:
        return REFUSED
    if OF_SOMEBODY.search(route) and asker.role is not Role.GATEWAY:
        return None if asker.sees_of(route, point) else HIDDEN
    return None


def _path(town: Town, route: str, point: str) -> str:
    ids = {
        **IDS,
        "premises_id": BUILDING[point],
        "service_point_id": point,
        "alert_id": town.alerts[point],
    }
    return re.sub(r"{(\w+)}", lambda found: ids[found[1]], route.split(" ")[1])


async def _asked(
    cloud: CloudInTest, town: Town, asker: Asker, route: str, point: str
) -> tuple[int, str]:
    method, path = route.split(" ")[0], _path(town, route, point)
    if route in STREAMS:  # they don't end
        url = "/api/v1" + path
        async with cloud.client.stream(method, url, headers=asker.caller.headers) as answer:
            await anext(answer.aiter_lines())
            return answer.status_code, ""
    expected = _expected(asker, route, point)
    body = BODIES.get(route, {} if expected else UNFINISHED.get(route))
    asked = {} if body is None or method == "GET" else {"json": body}
    answer = await asker.caller.ask(method, path, params=QUERY, **asked)
    return answer.status_code, answer.text


def _wrong(asker: Asker, route: str, point: str, status: int, text: str) -> str | None:
    """Return what is wrong with an answer, None if nothing is."""
    expected = _expected(asker, route, point)
    if status >= 500:
        return f"{status}"
    if expected is None:
        # there is nothing else by an id of its own: see IDS
        is_seen = OF_SOMEBODY.search(route) and set(PARAMETER.findall(route)) <= OWNED
        is_unseen = status == HIDDEN and is_seen and asker.role not in SEES_ALL
        if NEEDS[route] is not None and (status in (UNKNOWN, REFUSED) or is_unseen):
            return f"{status} instead of letting it in: {text}"
    elif status != expected and not (expected == HIDDEN and status == 422 and "POST" in route):
        return f"{status} instead of {expected}: {text}"
    shown = json.dumps(text) if status < 300 else ""
    others = {SECRET: THERE, "p-two": THERE, "sp-two": THERE, "m-two": THERE, "sp-one-b": FLAT}
    for name, where in others.items():
        if name in shown and where not in asker.sees and asker.role not in SEES_ALL:
            return f"names {name}"
    return None


async def test_every_caller_gets_from_every_route_exactly_what_is_theirs(
    served: CloudInTest,
) -> None:
    town = await a_town(served)
    counted, wrong = 0, []
    for asker in town.askers:
        for route in sorted(NEEDS, key=ENDS.__contains__):
            right = NEEDS[route]
            is_let_in = right is None or asker.may(right)
            points = POINTS if is_let_in and OF_SOMEBODY.search(route) else POINTS[:1]
            for point in points:
                status, text = await _asked(served, town, asker, route, point)
                found = _wrong(asker, route, point, status, text)
                counted += 1
                if found:
                    wrong.append((asker.label, route, point, found))
    print(f"\nrights at the API: {counted} cells, {len(wrong)} wrong")
    assert wrong == []
    assert counted > 800


async def test_a_listing_names_what_is_the_callers_and_nothing_else(served: CloudInTest) -> None:
    town = await a_town(served)
    for asker in town.askers:
        if asker.role in (None, Role.GATEWAY, Role.MUNICIPALITY):
            continue
        everything = asker.role in SEES_ALL
        listed = {one["premises_id"] for one in (await asker.caller.get("/premises"))["items"]}
        assert listed == {BUILDING[one] for one in (BUILDING if everything else asker.sees)}
        for building in listed:
            shown = await asker.caller.get(f"/premises/{building}")
            points = {one["service_point_id"] for one in shown["service_points"]}
            assert points == {one for one in asker.sees if BUILDING[one] == building}, asker.label
            assert {one["service_point_id"] for one in shown["alerts"]} == points, asker.label
