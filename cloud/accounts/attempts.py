# SPDX-License-Identifier: EUPL-1.2
"""Attempts: wrong passwords and codes are counted, and too many shut the door for a while.

Two counters: of the account, so that many addresses can't share the guessing; of the address, so
that one can't try many accounts. A passkey can't be guessed and is taken all the same; a password
set by a mailed link opens the door again.
Source: OWASP Authentication Cheat Sheet, "Login throttling".
"""

from datetime import datetime, timedelta
from typing import ClassVar

from cloud.accounts import repository
from cloud.kit.database import Connection
from cloud.kit.errors import CloudError

WINDOW = timedelta(minutes=15)
MAX_FAILURES_OF_EMAIL = 8
MAX_FAILURES_OF_ADDRESS = 40
# Source: NIST SP 800-63B-4, 3.2.2: no more than 100 consecutive failed attempts on one account.
LONG_WINDOW = timedelta(hours=24)
MAX_FAILURES_IN_LONG_WINDOW = 100
# A code is right by chance 3 times in a million (three of six digits are taken at any time); thirty
# tries leave a chance of one in eleven thousand. A password set by a mailed link doesn't begin them
# anew, or who reads the mail could go on for ever: a recovery code, a passkey, or who runs the
# machine (``iskar-cloud user reset``) does.
MAX_CODE_FAILURES = 30


class WrongPasswordError(CloudError):
    """E-mail and password don't belong together."""

    status = 401
    code = "wrong-password"

    def __init__(self) -> None:
        super().__init__("This e-mail address and password do not belong together.")


class CodeNeededError(CloudError):
    """The password is right, and the account has a second factor."""

    status = 401
    code = "code-needed"

    def __init__(self) -> None:
        super().__init__("Send a one-time code or a recovery code too, or sign in by a passkey.")


class WrongCodeError(CloudError):
    """The one-time code is wrong, too old, or was used before."""

    status = 401
    code = "wrong-code"

    def __init__(self) -> None:
        super().__init__("This code is wrong, too old, or was used before.")


class TooManyAttemptsError(CloudError):
    """Too many wrong passwords or codes lately."""

    status = 429
    code = "too-many-attempts"
    headers: ClassVar = {"Retry-After": str(int(WINDOW.total_seconds()))}

    def __init__(self) -> None:
        super().__init__(
            "Too many wrong attempts; try again in a quarter of an hour, set a new password by the"
            " link that is mailed to you, or send a recovery code where a one-time code is refused."
        )


async def refuse_too_many(connection: Connection, email: str, address: str, now: datetime) -> None:
    """Raise TooManyAttemptsError if this account or address failed too often lately."""
    failed = await repository.failures(connection, email, address, now - WINDOW, now - LONG_WINDOW)
    if (
        failed["of_email"] >= MAX_FAILURES_OF_EMAIL
        or failed["of_address"] >= MAX_FAILURES_OF_ADDRESS
        or failed["of_email_long"] >= MAX_FAILURES_IN_LONG_WINDOW
    ):
        raise TooManyAttemptsError


async def count(connection: Connection, email: str, address: str, now: datetime) -> None:
    """Count a failure."""
    await repository.add_failure(connection, email, address, now, now - LONG_WINDOW)
