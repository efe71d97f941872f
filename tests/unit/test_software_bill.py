# SPDX-License-Identifier: EUPL-1.2
"""The software bill of materials names what is locked, and neither the machine nor the hour."""

import json
import re
import socket

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from tests.needs import ROOT
from tests.software_bill import NPM_LOCKS, bill


@pytest.fixture(scope="module")
def made():
    return bill()


def test_every_locked_package_is_in_it_with_its_hashes(made):
    locked = dict(
        re.findall(r"^([a-z0-9._-]+)==([^ ;\\]+)", (ROOT / "requirements.lock").read_text(), re.M)
    )
    for lock in NPM_LOCKS:
        for path, package in json.loads((ROOT / lock).read_text())["packages"].items():
            if path:
                locked[path.rsplit("node_modules/", 1)[1]] = package["version"]
    found = {(one["name"].lower(), one["version"]) for one in made["components"]}
    assert set(locked.items()) <= found
    for one in made["components"]:
        references = [
            hashed
            for link in one.get("externalReferences", ())
            for hashed in link.get("hashes", ())
        ]
        assert one.get("hashes") or references, one["name"]


def test_it_is_cyclonedx_by_its_own_schema(made):
    # Some of it: the validator compares every item with every other.
    some = [
        {**one, **{name: one[name][:2] for name in ("externalReferences",) if name in one}}
        for one in made["components"][::20]
    ]
    text = json.dumps({**made, "components": some})
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None


def test_it_names_no_machine_and_no_hour(made):
    text = json.dumps(made)
    assert "serialNumber" not in made
    assert "timestamp" not in made["metadata"]
    for name in (socket.gethostname(), str(ROOT), "file://"):
        assert name not in text
