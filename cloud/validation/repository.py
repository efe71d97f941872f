# SPDX-License-Identifier: EUPL-1.2
"""The tables exclusions and validation_findings as the review of readings writes them."""

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from cloud.kit.database import Connection, integers, run, texts
from cloud.meters.models import VALIDATION
from cloud.validation.finding import Finding
from cloud.validation.outcome import Exclusion


@dataclass(frozen=True, kw_only=True)
class Found:
    """A finding, and where it was made."""

    service_point_id: str
    installation_id: int | None
    finding: Finding


async def replace_exclusions(
    connection: Connection,
    spans: Collection[tuple[int, int, int]],
    exclusions: Sequence[Exclusion],
) -> None:
    """Keep these exclusions instead of those in spans: (channel, since_s, until_s), inclusive.

    Windows of two marks may reach the same reading; it is written once.
    """
    by_key = {(one.channel_id, one.read_at_s, one.boot, one.sequence): one for one in exclusions}
    exclusions = list(by_key.values())
    channels, since, until = zip(*spans, strict=True)
    await run(
        connection,
        "delete from exclusions using unnest(%(channels)s::int[], %(since)s::bigint[],"
        " %(until)s::bigint[]) as span (id, since_s, until_s) where channel_id = id"
        " and read_at >= to_timestamp(since_s) and read_at <= to_timestamp(until_s)",
        channels=integers(channels),
        since=integers(since),
        until=integers(until),
    )
    if exclusions:
        await run(
            connection,
            "insert into exclusions select channel_id, to_timestamp(read_at_s), boot, sequence,"
            " rule, explanation from unnest(%(channels)s::int[], %(read)s::bigint[],"
            " %(boots)s::int[], %(sequences)s::int[], %(rules)s::text[], %(explanations)s::text[])"
            " as new (channel_id, read_at_s, boot, sequence, rule, explanation)"
            " on conflict (channel_id, read_at, boot, sequence) do update"
            " set rule = excluded.rule, explanation = excluded.explanation",
            channels=integers(one.channel_id for one in exclusions),
            read=integers(one.read_at_s for one in exclusions),
            boots=integers(one.boot for one in exclusions),
            sequences=integers(one.sequence for one in exclusions),
            rules=texts(one.rule for one in exclusions),
            explanations=texts(one.explanation for one in exclusions),
        )


async def replace_findings(
    connection: Connection,
    rules: Collection[str],
    spans: Collection[tuple[int, datetime, datetime]],
    found: Sequence[Found],
) -> None:
    """Keep these findings instead of those that ``rules`` made in spans.

    A span is (installation, since, until), both included; a finding that stays keeps its id.
    """
    if not spans:
        return
    ids, since, until = zip(*spans, strict=True)
    await run(
        connection,
        "delete from validation_findings known using unnest(%(ids)s::int[],"
        " %(since)s::timestamptz[], %(until)s::timestamptz[]) as span (id, since, until)"
        " where installation_id = id and rule = any(%(rules)s) and started_at >= span.since"
        " and started_at <= span.until and not exists (select from unnest(%(named)s::text[],"
        " %(points)s::text[], %(started)s::timestamptz[]) as new (rule, point, started_at)"
        " where (new.rule, new.point, new.started_at)"
        " = (known.rule, known.service_point_id, known.started_at))",
        ids=integers(ids),
        since=list(since),
        until=list(until),
        rules=list(rules),
        named=[one.finding.rule for one in found],
        points=[one.service_point_id for one in found],
        started=[one.finding.started_at for one in found],
    )
    await add_findings(connection, found)


async def add_findings(connection: Connection, found: Sequence[Found]) -> None:
    """Write findings; what was found before is told better, and keeps its id.

    Windows of two marks may reach the same one; it is written once.
    """
    by_key = {
        (one.finding.rule, one.service_point_id, one.finding.started_at): one for one in found
    }
    found = list(by_key.values())
    if found:
        await run(
            connection,
            "insert into validation_findings (rule, service_point_id, installation_id,"
            " reading_type, started_at, ended_at, severity, explanation, evidence)"
            " select * from unnest(%(rules)s::text[], %(points)s::text[], %(ids)s::int[],"
            " %(types)s::text[], %(started)s::timestamptz[], %(ended)s::timestamptz[],"
            " %(severities)s::text[], %(explanations)s::text[], %(evidence)s::jsonb[])"
            " on conflict (rule, service_point_id, started_at) do update set"
            " installation_id = excluded.installation_id, ended_at = excluded.ended_at,"
            " severity = excluded.severity, explanation = excluded.explanation,"
            " evidence = excluded.evidence, ended_by = null",
            rules=[one.finding.rule for one in found],
            points=[one.service_point_id for one in found],
            ids=[one.installation_id for one in found],
            types=[one.finding.reading_type for one in found],
            started=[one.finding.started_at for one in found],
            ended=[one.finding.ended_at for one in found],
            severities=[str(one.finding.severity) for one in found],
            explanations=[one.finding.explanation for one in found],
            evidence=[json.dumps(one.finding.evidence) for one in found],
        )


async def end_findings(
    connection: Connection,
    rules: Collection[str],
    service_point_ids: Collection[str],
    *,
    since: datetime,
    now: datetime,
    true_now: Sequence[Found],
) -> int:
    """End what these rules found since then and is not true now; return how many that were."""
    return await run(
        connection,
        "update validation_findings known set ended_at = coalesce(ended_at, %(now)s),"
        " ended_by = %(ended_by)s where service_point_id = any(%(points)s)"
        " and rule = any(%(rules)s) and started_at >= %(since)s and ended_by is null"
        " and not exists (select from unnest(%(named)s::text[], %(found_at)s::text[],"
        " %(started)s::timestamptz[]) as new (rule, point, started_at) where (new.rule, new.point,"
        " new.started_at) = (known.rule, known.service_point_id, known.started_at))",
        now=now,
        ended_by=VALIDATION,
        points=list(service_point_ids),
        rules=list(rules),
        since=since,
        named=[one.finding.rule for one in true_now],
        found_at=[one.service_point_id for one in true_now],
        started=[one.finding.started_at for one in true_now],
    )
