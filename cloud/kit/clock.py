# SPDX-License-Identifier: EUPL-1.2
"""Clock: the cloud's only source of the present, so that tests can set it."""

from datetime import UTC, datetime


class Clock:
    """The system's clock, in UTC."""

    def now(self) -> datetime:
        """Return the present instant."""
        return datetime.now(UTC)

    def now_ms(self) -> int:
        """Return the present instant in Unix time, in ms: what gateways are told."""
        return int(self.now().timestamp() * 1000)
