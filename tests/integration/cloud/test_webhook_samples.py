# SPDX-License-Identifier: EUPL-1.2
"""The kit's samples and schema are what the cloud sends, for each of three utilities.

After a change of what is sent, write the samples anew:
``ISKAR_WRITE_SAMPLES=1 pytest tests/integration/cloud/test_webhook_samples.py``.
"""

import json
import os
from typing import Any

import jsonschema
import pytest

from cloud.kit.auth.rights import Role
from cloud.kit.settings import CloudSettings
from tests.integration.cloud.builders import (
    INSTALLED,
    NOON,
    TOLD_TODAY,
    CloudInTest,
    a_finding,
    unix,
)
from tests.needs import ROOT

KIT = ROOT / "webhook_kit"
SCHEMA = json.loads((KIT / "schema.json").read_text())


def _closed(schema: Any) -> Any:
    """Return a schema in which nothing may be that it doesn't describe."""
    if isinstance(schema, list):
        return [_closed(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    closed = {name: _closed(one) for name, one in schema.items()}
    is_object = "object" in schema.get("type", ())
    return (
        closed | {"additionalProperties": False} if is_object and "properties" in schema else closed
    )


COMPLETE = jsonschema.Draft202012Validator(_closed(SCHEMA))
WATER = {
    **TOLD_TODAY,
    "explanation": "A cistern has been refilling all night, about once in two minutes.",
    "confidence": 96,
}
GAS = {
    "obis": "7-0:3.0.0",
    "kind": "gas_flow",
    "flow_l_per_h": 60,
    "volume_l": 120,
    "confidence": 88,
    "explanation": "Gas has been flowing for two hours while everything that burns it is off.",
}
ELECTRICITY = {
    **TOLD_TODAY,
    "obis": "1-0:1.8.0",
    "kind": "standby",
    "kinds": ["standby"],
    "flow_l_per_h": None,
    "flow_low_l_per_h": None,
    "flow_high_l_per_h": None,
    "volume_l": None,
    "flow_w": 210,
    "flow_low_w": 190,
    "flow_high_w": 230,
    "energy_wh": 35_280,
    "hours": [[unix(NOON) - 3600, 212.0]],
    "ordinary_use": "Nights of the last month drew 90 W.",
    "clears_when": "It clears after two nights below 120 W.",
    "explanation": "For a week the nights have drawn 210 W, 120 W more than before.",
}
HOOK = {"url": "https://hooks.example/iskar"}
ALERT_ID = "2f0c7a52-4a0e-4f6b-9f0d-8a1d5c3e7b64"
UTILITIES = [
    ("sofiyska-voda", "Sofiyska Voda", "cold_water", WATER),
    ("overgas", "Overgas", "gas", GAS),
    ("electrohold", "Electrohold", "electricity_import", ELECTRICITY),
]


@pytest.fixture
def settings(settings: CloudSettings) -> CloudSettings:
    return settings.model_copy(update={"public_url": "https://iskar.example"})


async def _sent(cloud: CloudInTest, supplier: tuple[str, str, str, dict[str, Any]]) -> Any:
    """Return what a supplier is sent of a finding at its service point; ids are the sample's."""
    supplier_id, name, reading_type, finding = supplier
    operator, point = cloud.operator, f"sp-{supplier_id}"
    await operator.put(f"/suppliers/{supplier_id}", {"name": name})
    service_point = {
        "premises_id": "p-one",
        "name": {"bg": "Апартамент 7", "en": "Flat 7"},
        "reading_type": reading_type,
        "supplier_id": supplier_id,
    }
    meter = {"serial": "40218865", "make": "Example", "model": "One"}
    obis = {"cold_water": "8-1:1.0.0"}.get(reading_type, finding.get("obis"))
    hung = {
        "meter_id": f"m-{supplier_id}",
        "node_id": "n-one",
        "obis": obis,
        "installed_at": INSTALLED.isoformat(),
    }
    await operator.put(f"/service-points/{point}", service_point)
    await operator.put(f"/meters/m-{supplier_id}", meter)
    await operator.put(f"/installations/{point}", hung)
    utility = await cloud.caller(Role.UTILITY, supplier_id=supplier_id)
    made = await utility.post("/webhooks", HOOK)
    await cloud.gateway.send(a_finding(finding_id=f"f-{supplier_id}", **{**finding, "obis": obis}))
    path = f"/webhooks/{made['webhook_id']}"
    [delivery] = (await utility.get(f"{path}/deliveries"))["items"]
    message = await utility.get(f"{path}/messages/{delivery['message_id']}")
    alert_id = json.loads(message["body"])["data"]["alert_id"]
    return json.loads(message["body"].replace(alert_id, ALERT_ID))


@pytest.mark.parametrize("supplier", UTILITIES, ids=[one[0] for one in UTILITIES])
async def test_the_sample_of_a_utility_is_what_it_is_sent(
    cloud: CloudInTest, supplier: tuple[str, str, str, dict[str, Any]]
) -> None:
    sent = await _sent(cloud, supplier)
    COMPLETE.validate(sent)
    file = KIT / "samples" / f"{supplier[0]}.json"
    if os.environ.get("ISKAR_WRITE_SAMPLES"):
        file.write_text(json.dumps(sent, ensure_ascii=False, indent=2) + "\n")
    sample = json.loads(file.read_text())
    assert sample == sent, "see this file's docstring"
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**sent, "type": "leak.unheard_of"}, SCHEMA)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**sent, "data": {}}, SCHEMA)


async def test_the_schema_describes_all_that_is_sent_in_the_course_of_an_alert(
    cloud: CloudInTest,
) -> None:
    utility = await cloud.utility()
    path = f"/webhooks/{(await utility.post('/webhooks', HOOK))['webhook_id']}"
    await utility.ask("POST", f"{path}/test")
    await cloud.gateway.send(a_finding(1, **TOLD_TODAY))
    [alert] = await cloud.operator.all("/alerts")
    for verb in ("acknowledge", "resolve"):
        await cloud.operator.post(f"/alerts/{alert['alert_id']}/{verb}")
    await cloud.gateway.send(a_finding(2, finding_id="f-2", kind="stuck"))
    sent = []
    for one in (await utility.get(f"{path}/deliveries"))["items"]:
        body = (await utility.get(f"{path}/messages/{one['message_id']}"))["body"]
        sent.append(json.loads(body))
        COMPLETE.validate(sent[-1])
    leak = ["leak.acknowledged", "leak.raised", "leak.resolved"]
    assert sorted(one["type"] for one in sent) == [*leak, "meter_fault.raised", "webhook.test"]
    [shown] = [one for one in sent if one["type"] == "leak.raised"]
    for name in shown["data"]:  # each field is asked for
        less = {other: told for other, told in shown["data"].items() if other != name}
        assert not COMPLETE.is_valid({**shown, "data": less}), name
    assert not COMPLETE.is_valid({**shown, "data": {**shown["data"], "unheard_of": 1}})
