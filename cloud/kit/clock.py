# SPDX-License-Identifier: EUPL-1.2
"""Clock: the cloud's only source of the present, so that tests can set it."""

from datetime import UTC, datetime


class Clock:
    """The system's clock, in UTC."""

    def now(self) -> datetime:
        """Return the present instant."""
        return datetime.now(UTC)
