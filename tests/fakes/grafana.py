# SPDX-License-Identifier: EUPL-1.2
"""What Grafana does to a PostgreSQL query before it runs: it expands its macros.

Source: Grafana documentation, PostgreSQL data source, query editor, macros.
"""

import re
from datetime import UTC, datetime

SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def expand(sql: str, since: datetime, until: datetime, interval: str = "1m") -> str:
    """Return plain SQL for the time range [since, until]."""

    def group(match: "re.Match[str]") -> str:
        column, width = match[1].strip(), match[2].strip().strip("'")
        width_s = int(width[:-1]) * SECONDS[width[-1]]
        return f"floor(extract(epoch from {column})/{width_s})*{width_s}"

    first, last = (f"'{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}'" for moment in (since, until))
    interval_ms = int(interval[:-1]) * SECONDS[interval[-1]] * 1000
    sql = sql.replace("$__interval_ms", str(interval_ms)).replace("$__interval", interval)
    sql = re.sub(r"\$__timeFilter\(([^)]+)\)", rf"\1 BETWEEN {first} AND {last}", sql)
    sql = sql.replace("$__timeFrom()", first).replace("$__timeTo()", last)
    alias = re.compile(r"\$__timeGroupAlias\(([^,]+),([^)]+)\)")
    sql = alias.sub(lambda match: f'{group(match)} AS "time"', sql)
    sql = re.sub(r"\$__timeGroup\(([^,]+),([^)]+)\)", group, sql)
    assert "$" not in sql, f"an unknown macro in: {sql}"
    return sql
