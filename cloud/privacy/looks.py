# SPDX-License-Identifier: EUPL-1.2
"""What a request looks at: told by its route, so that no route can forget to say it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

# Routes over all that the caller may see, by their first word; what they ask for in the query
# narrows the answer, not the sight.
WIDE = frozenset({"premises", "usual", "alerts", "live", "telegrams", "quarantine", "findings"})
# One thing by its id: which kind of id its buildings are found by.
OF_ONE = ("premises_id", "service_point_id", "alert_id", "message_id", "series_id")
WRITES_THAT_SHOW = frozenset({"backtest"})  # POSTs that change nothing and answer with data


@dataclass(frozen=True, kw_only=True)
class Target:
    """What is looked at: data of a kind, of the thing with this id, or of all (no id)."""

    kind: str
    id_name: str = ""
    id: str = ""


@dataclass(frozen=True, kw_only=True)
class Look:
    """Who looked at what, in which hour."""

    hour: datetime
    subject: str
    role: str
    supplier_id: str | None
    target: Target


def target(method: str, path: str, ids: Mapping[str, Any]) -> Target | None:
    """Return what a route looks at, None if at nobody's data.

    ``path`` is the route's, below the API's prefix, with ``{names}`` of its ``ids``.
    """
    words = [word for word in path.split("/") if word]
    kind = "overview" if words[-1].startswith("{") else words[-1]
    if "message_id" in ids:
        kind = "message"
    if method not in ("GET", "HEAD") and kind not in WRITES_THAT_SHOW:
        return None
    for name in OF_ONE:
        if name in ids:
            return Target(kind=kind, id_name=name, id=str(ids[name]))
    return Target(kind=kind) if words[0] in WIDE else None
