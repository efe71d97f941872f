# SPDX-License-Identifier: EUPL-1.2
"""The routes of rules and subscriptions: switches, backtests, who is told of what and how."""

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, HTTPException

from cloud.alerts.schemas import Backtest, BacktestBody
from cloud.alerts.subscription_schemas import PushKey, Subscription, SubscriptionBody
from cloud.alerts.switch_endpoints import Rule, SwitchBody
from cloud.alerts.switches import RULES_OF, may_be_switched_off
from cloud.kit.schemas import Listing

if TYPE_CHECKING:
    from tests.fakes.fake_cloud_api import FakeCloud

# The public half of the example in RFC 8291, 5.
PUSH_KEY = "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4"


def add_rule_routes(router: APIRouter, fake: "FakeCloud") -> None:
    """Add the routes to a router of those who are signed in."""
    _add_rules(router, fake)
    _add_backtests(router, fake)
    _add_subscriptions(router, fake)


def _add_rules(router: APIRouter, fake: "FakeCloud") -> None:
    @router.get("/service-points/{service_point_id}/rules")
    async def rules(service_point_id: str) -> Listing[Rule]:
        kinds = RULES_OF[_utility_of(fake, service_point_id)]
        return Listing(items=[_rule(fake, service_point_id, kind) for kind in kinds])

    @router.put("/service-points/{service_point_id}/rules/{kind}")
    async def put_rule(service_point_id: str, kind: str, body: SwitchBody) -> Rule:
        if fake.role not in ("owner", "operator"):
            raise HTTPException(403, "Only owners switch rules.")
        if body.is_on:
            fake.rules_off.pop((service_point_id, kind), None)
        else:
            fake.rules_off.setdefault((service_point_id, kind), datetime.now(UTC))
        return _rule(fake, service_point_id, kind)


def _add_backtests(router: APIRouter, fake: "FakeCloud") -> None:
    @router.post("/service-points/{service_point_id}/backtest")
    async def backtest(service_point_id: str, body: BacktestBody) -> Backtest:
        if fake.backtest_refusal is not None:
            status, code = fake.backtest_refusal
            raise HTTPException(status, "Not now.", {"X-Code": code, "Retry-After": "30"})
        until = datetime.now(UTC)
        return Backtest.model_validate(
            {
                "service_point_id": service_point_id,
                "since": until - timedelta(days=body.days),
                "until": until,
                **fake.backtested,
            }
        )


def _add_subscriptions(router: APIRouter, fake: "FakeCloud") -> None:
    @router.get("/subscriptions")
    async def subscriptions() -> Listing[Subscription]:
        return Listing(items=[Subscription.model_validate(one) for one in _all(fake)])

    @router.put("/subscriptions/{subscription_id}")
    async def put(subscription_id: str, body: SubscriptionBody) -> Subscription:
        if body.channel == "email" and fake.mail_is_off:
            raise HTTPException(503, "E-mail is off.", {"X-Code": "mail-off"})
        kept = body.model_dump() | {
            "subscription_id": subscription_id,
            "created_at": datetime.now(UTC),
            "ended_at": None,
            "ended_because": None,
        }
        fake.subscriptions[subscription_id] = kept
        return Subscription.model_validate(kept)

    @router.delete("/subscriptions/{subscription_id}", status_code=204)
    async def delete(subscription_id: str) -> None:
        if fake.subscriptions.pop(subscription_id, None) is None:
            raise HTTPException(404, f"There is no subscription {subscription_id}.")

    @router.get("/push-key")
    async def push_key() -> PushKey:
        return PushKey(key=PUSH_KEY)


def _all(fake: "FakeCloud") -> list[dict[str, Any]]:
    return list(fake.subscriptions.values())


def _utility_of(fake: "FakeCloud", service_point_id: str) -> str:
    for building in fake.buildings.values():
        for point in building["service_points"]:
            if point["service_point_id"] == service_point_id:
                return str(point["utility"])
    raise HTTPException(404, f"There is no service point {service_point_id}.")


def _rule(fake: "FakeCloud", service_point_id: str, kind: str) -> Rule:
    off_at = fake.rules_off.get((service_point_id, kind))
    return Rule.model_validate(
        {
            "kind": kind,
            "is_on": off_at is None,
            "may_be_switched_off": may_be_switched_off(_utility_of(fake, service_point_id), kind),
            "switched_off_at": off_at,
        }
    )
