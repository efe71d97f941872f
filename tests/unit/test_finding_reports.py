# SPDX-License-Identifier: EUPL-1.2
"""A finding as a gateway reports it is read as it is meant, or refused with the reason."""

import json
from dataclasses import replace
from typing import Any

import pytest

from cloud.alerts.models import GROUPS
from cloud.alerts.reports import MAX_TEXTS, finding_in
from cloud.readings.models import Entry
from edge_gateway.leaks import finding as findings
from edge_gateway.leaks import rules
from edge_gateway.leaks.stretch import Meter
from edge_gateway.leaks.verdict import Raised
from tests.integration.cloud.builders import COLD, TOLD_TODAY, a_finding
from wire.errors import WireError


def an_entry(**changes: Any) -> Entry:
    told = a_finding(**{**TOLD_TODAY, **changes})
    told["number"] = told.pop("n")
    return Entry(**told)


def test_a_whole_report_is_taken():
    finding = finding_in(an_entry())
    assert finding.kinds == ["intermittent_flow", "continuous_flow"]
    assert finding.hours == [(1795258800, 190.5)]


def test_what_ran_backward_in_an_hour_is_below_nothing():
    finding = finding_in(an_entry(kind="backflow", kinds=None, hours=[[1795258800, -3.5]]))
    assert finding.hours == [(1795258800, -3.5)]


@pytest.mark.parametrize(("utility", "obis"), [("water", COLD), ("electricity", "1-0:1.8.0")])
def test_what_a_gateway_writes_the_cloud_reads(utility: str, obis: str):
    seen = Raised(
        started_at_s=1795250000,
        flow=40_000,
        flow_low=35_400,
        flow_high=46_000,
        volume=100_000,
        confidence=80,
        explanation="It never paused.",
        ordinary_use="Somebody is always asleep.",
        clears_when="The meter stands still for an hour.",
        hours=((1795250000, 41_500),),
    )
    meter = Meter(utility=utility)
    told = findings.raised(("n-one", obis), meter, "leak", ("steady_flow",), seen, 1795258800)
    entry = replace(an_entry(), body=json.loads(json.dumps(told.body())))
    finding = finding_in(entry)
    assert {finding.flow_l_per_h, finding.flow_w} == {None, 40}
    assert {finding.volume_l, finding.energy_wh} == {None, 100}
    assert (finding.flow_w is None) == (utility == "water")
    assert finding.hours == [(1795250000, 41.5)]


def test_an_earlier_gateways_report_leaves_out_what_it_did_not_know():
    entry = an_entry()
    for name in TOLD_TODAY.keys() - {"kind"}:
        del entry.body[name]
    finding = finding_in(entry)
    assert (finding.kinds, finding.flow_l_per_h) == (["intermittent_flow"], 190)
    assert (finding.flow_high_l_per_h, finding.clears_when) == (None, "")


@pytest.mark.parametrize(
    "changes",
    [
        {"flow_l_per_h": None},
        {"flow_w": 40},
        {"volume_l": None},
        {"volume_l": -1},
        {"kind": "magic"},
        {"kinds": ["burst"]},
        {"kinds": "intermittent_flow"},
        {"kinds": ["intermittent_flow", "magic"]},
        {"hours": [[1795258800, 1.0]] * 7},
        {"hours": [[1795258800]]},
        {"hours": [[1795258800, float("inf")]]},
        {"hours": [[1795258800, float("nan")]]},
        {"hours": [[1795258800, True]]},
        {"hours": [["noon", 1.0]]},
        {"clears_when": "x" * MAX_TEXTS},
        {"ordinary_use": None},
        {"colour": "blue"},
    ],
)
def test_a_report_that_makes_no_sense_is_refused(changes: dict[str, Any]):
    with pytest.raises(WireError):
        finding_in(an_entry(**changes))


def test_the_cloud_knows_every_rule_of_the_gateway_and_its_group():
    groups = {kind: getattr(rule, "group", None) for kind, rule in rules.discover().items()}
    assert groups.items() <= GROUPS.items()
