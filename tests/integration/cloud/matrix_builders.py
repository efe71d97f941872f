# SPDX-License-Identifier: EUPL-1.2
"""Callers of every role and state, two buildings, and which of their service points each sees."""

from dataclasses import dataclass, field

from cloud.kit.auth.rights import RIGHTS, SEES_ALL, Right, Role
from cloud.kit.database import run
from tests.integration.cloud.builders import (
    COLD,
    INSTALLED,
    Caller,
    CloudInTest,
    a_finding,
    a_premises,
    a_telegram,
)

SECRET = "Nobody Else Knows"  # part of every name that only operators, technicians and owners see
HERE, FLAT, THERE = "sp-one", "sp-one-b", "sp-two"
ONE = frozenset({HERE, FLAT})
BUILDING = {HERE: "p-one", FLAT: "p-one", THERE: "p-two"}


@dataclass(frozen=True, kw_only=True)
class Asker:
    """A caller, what they are, and the service points they see."""

    label: str
    caller: Caller
    role: Role | None  # None: nobody, or nobody any more
    sees: frozenset[str] = frozenset()

    def may(self, right: Right) -> bool:
        """Tell whether the table of rights lets this caller through."""
        return self.role is not None and self.role in RIGHTS[right]

    def sees_of(self, route: str, point: str) -> bool:
        """Tell whether this caller may see what ``route`` is about, asked of ``point``."""
        if self.role in SEES_ALL:
            return True
        if "{service_point_id}" in route or "{alert_id}" in route:
            return point in self.sees
        return BUILDING[point] in {BUILDING[one] for one in self.sees}


@dataclass(kw_only=True)
class Town:
    """Who asks, and the ids of what there is at each service point."""

    askers: list[Asker] = field(default_factory=list)
    alerts: dict[str, str] = field(default_factory=dict)


async def a_town(cloud: CloudInTest) -> Town:
    """Return two buildings, the first with two flats, and callers of every kind."""
    two = await cloud.register("two")
    await cloud.operator.put("/premises/p-two", a_premises(address=f"{SECRET} 2"))
    await _add_a_flat(cloud)
    await cloud.gateway.send(a_telegram(1), a_telegram(2, node="n-flat"), a_finding(3))
    await cloud.gateway.send(a_finding(4, finding_id="f-flat", node_id="n-flat"))
    await two.send(
        a_telegram(1, node="n-two"),
        a_finding(2, finding_id="f-two", node_id="n-two", explanation=f"{SECRET}."),
        gateway="gw-two",
    )
    town = Town()
    for point, building in BUILDING.items():
        for alert in (await cloud.operator.get(f"/premises/{building}/alerts"))["items"]:
            if alert["service_point_id"] == point:
                town.alerts[point] = alert["alert_id"]
    # gateways first: others give them new tokens
    town.askers = [
        Asker(label="gateway one", caller=cloud.gateway, role=Role.GATEWAY, sees=ONE),
        Asker(label="gateway two", caller=two, role=Role.GATEWAY, sees=frozenset({THERE})),
        *await _programs(cloud),
        *await _people(cloud),
    ]
    return town


async def _add_a_flat(cloud: CloudInTest) -> None:
    put = cloud.operator.put
    await put("/suppliers/heating", {"name": "Heating"})
    await put(
        f"/service-points/{FLAT}",
        {
            "premises_id": "p-one",
            "name": {"bg": "Втори", "en": "Flat B"},
            "reading_type": "cold_water",
            "supplier_id": "heating",
        },
    )
    await put("/meters/m-flat", {"serial": "flat", "make": "Zenner", "model": "ETK"})
    await put("/nodes/n-flat", {"gateway_id": "gw-one", "board": "esp32"})
    hung = {"meter_id": "m-flat", "node_id": "n-flat", "obis": COLD}
    await put(f"/installations/{FLAT}", {**hung, "installed_at": INSTALLED.isoformat()})


async def _programs(cloud: CloudInTest) -> list[Asker]:
    everything = frozenset(BUILDING)
    water = await cloud.caller(Role.UTILITY, supplier_id="water-one")
    heating = await cloud.caller(Role.UTILITY, "p-two", supplier_id="heating")
    return [
        Asker(
            label="owner's program",
            caller=await cloud.caller(Role.OWNER, "p-one"),
            role=Role.OWNER,
            sees=ONE,
        ),
        Asker(label="water works", caller=water, role=Role.UTILITY, sees=frozenset({HERE})),
        Asker(label="heating", caller=heating, role=Role.UTILITY, sees=frozenset({FLAT})),
        Asker(
            label="technician",
            caller=await cloud.caller(Role.TECHNICIAN),
            role=Role.TECHNICIAN,
            sees=everything,
        ),
        Asker(label="operator", caller=cloud.operator, role=Role.OPERATOR, sees=everything),
        Asker(
            label="municipality",
            caller=await cloud.caller(Role.MUNICIPALITY, "p-one"),
            role=Role.MUNICIPALITY,
        ),
        Asker(label="nobody", caller=cloud.nobody, role=None),
        Asker(label="a made-up token", caller=Caller(cloud.client, "x" * 43), role=None),
    ]


async def _people(cloud: CloudInTest) -> list[Asker]:
    people = {
        name: await _signed_in(cloud, name, role)
        for name, role in (
            ("owner", Role.OWNER),
            ("tenant", Role.TENANT),
            ("revoked", Role.OWNER),
            ("expired", Role.OWNER),
        )
    }
    changes = {
        "tenant": "update grants set service_point_ids = '{sp-one}' from users",
        "revoked": "update grants set revoked_at = now() from users",
        "expired": "update sessions set expires_at = '2000-01-01' from users",
    }
    async with cloud.services.database.transaction() as connection:
        for name, change in changes.items():
            table = change.split(" ")[1]
            await run(
                connection,
                f"{change} where {table}.user_id = users.user_id and name = %(name)s",
                name=name,
            )
    return [
        Asker(
            label="owner",
            caller=people["owner"],
            role=Role.OWNER,
            sees=ONE,
        ),
        Asker(label="tenant", caller=people["tenant"], role=Role.TENANT, sees=frozenset({HERE})),
        Asker(label="revoked owner", caller=people["revoked"], role=Role.OWNER),
        Asker(label="expired session", caller=people["expired"], role=None),
    ]


async def _signed_in(cloud: CloudInTest, name: str, role: Role) -> Caller:
    email = f"{name}@b.bg"
    password = await cloud.services.access.put_user(email, name, role, ["p-one"])
    answer = await cloud.client.post("/api/v1/session", json={"email": email, "password": password})
    person = Caller(cloud.client, None, cloud.services.reviewer.drain)
    person.headers = {"Cookie": answer.headers["set-cookie"].split(";")[0]}
    cloud.client.cookies.clear()
    return person
