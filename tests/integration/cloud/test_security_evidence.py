# SPDX-License-Identifier: EUPL-1.2
"""What SECURITY.md names is there, and says what it is said to."""

import re
from pathlib import Path

import httpx
import pytest
from pydantic import ValidationError

from cloud.app import create_app
from cloud.app.services import Services
from cloud.kit.settings import CloudSettings
from cloud.privacy.catalogue import ACCESS_LOG_DAYS, AUDIT_DETAILS_DAYS, FAILURES_DAYS, WEBHOOK_DAYS
from tests.integration.cloud.builders import CloudInTest, FakeClock

ROOT = Path(__file__).parents[3]
EVIDENCE = ROOT / "SECURITY.md"
NAMED = re.compile(r"`((?:\.importlinter|[\w./-]+/[\w./-]+|[\w-]+\.lock)(?:::\w+)?)`")


def _named() -> list[str]:
    return [one for one in NAMED.findall(EVIDENCE.read_text()) if not one.startswith("/")]


def test_every_file_and_test_that_the_evidence_names_is_there() -> None:
    named = _named()
    assert len(named) > 60
    missing = []
    for one in named:
        path, _, test = one.partition("::")
        file = ROOT / path
        if not file.exists() or (test and f"def {test}(" not in file.read_text()):
            missing.append(one)
    assert missing == []


@pytest.mark.parametrize(
    ("heading", "rows"),
    [
        ("ETSI EN 303 645", [f"5.{number} " for number in range(1, 14)]),
        ("OWASP ASVS", [f"V{number} " for number in range(1, 18)]),
    ],
)
def test_each_provision_has_a_row_with_evidence_or_a_reason(heading: str, rows: list[str]) -> None:
    section = EVIDENCE.read_text().split(f"## {heading}")[1].split("\n## ")[0]
    for name in rows:
        [row] = [line for line in section.splitlines() if line.startswith(f"| {name}")]
        assert "`" in row or "not met" in row or "not used" in row, row


def test_the_days_that_are_told_to_people_are_those_of_the_program() -> None:
    told = (ROOT / "cloud" / "PRIVACY.md").read_text()
    assert (ACCESS_LOG_DAYS, AUDIT_DETAILS_DAYS // 366) == (365, 5)
    assert f"(f) legitimate interest | after {FAILURES_DAYS} days" in told
    assert f"to send again on request | (b) | after {WEBHOOK_DAYS} days" in told


async def test_the_contact_is_where_researchers_look(
    dsn: str, settings: CloudSettings, cloud: CloudInTest
) -> None:
    assert (await cloud.client.get("/.well-known/security.txt")).status_code == 404
    told = settings.model_copy(
        update={
            "security_contact": "mailto:security@example.bg",
            "public_url": "https://iskar.example/",
        }
    )
    async with Services.opened(told, dsn, FakeClock()) as services:
        transport = httpx.ASGITransport(create_app(services))
        async with httpx.AsyncClient(transport=transport, base_url="http://cloud") as client:
            answer = await client.get("/.well-known/security.txt")
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.text.splitlines() == [
        "Contact: mailto:security@example.bg",
        "Expires: 2027-05-20T00:00:00Z",
        "Preferred-Languages: bg, en",
        "Canonical: https://iskar.example/.well-known/security.txt",
    ]


@pytest.mark.parametrize("contact", ["security@example.bg", "mailto:a@b.bg\nX: y", "http://a.bg/"])
def test_a_contact_that_the_file_can_not_hold_is_refused(contact: str) -> None:
    with pytest.raises(ValidationError):
        CloudSettings(security_contact=contact)
