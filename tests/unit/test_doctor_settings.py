# SPDX-License-Identifier: EUPL-1.2
"""What the doctor says of settings that open a door."""

from cloud.kit.auth.rights import STAFF, Role
from cloud.kit.settings import CloudSettings
from cloud.operation import doctor


def _said(settings: CloudSettings) -> list[tuple[str, str]]:
    return [(one.level, one.said.split()[0]) for one in doctor._settings(settings)]


def test_staff_that_may_sign_in_by_a_password_alone_is_a_fault() -> None:
    lax = CloudSettings(require_second_factor_of=STAFF - {Role.OPERATOR})
    assert ("fault", "CLOUD_REQUIRE_SECOND_FACTOR_OF") in _said(lax)
    assert not any(level == "fault" for level, _ in _said(CloudSettings()))


def test_a_cloud_that_can_send_no_letter_is_told_so() -> None:
    assert ("warning", "CLOUD_SMTP_HOST") in _said(CloudSettings())
    able = CloudSettings(smtp_host="mail.example", smtp_sender="iskar@iskar.example")
    assert ("warning", "CLOUD_SMTP_HOST") not in _said(able)
