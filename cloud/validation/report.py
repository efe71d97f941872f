# SPDX-License-Identifier: EUPL-1.2
"""The report on a file: findings for people, or one JSON object a line."""

import json
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cloud.validation.assembly import assemble
from cloud.validation.checking import Check
from cloud.validation.files import UnreadableFileError, read
from cloud.validation.finding import Finding, Severity, utc
from cloud.validation.series import RegisterSeries, UsageSeries
from cloud.validation.units import UnknownUnitError

# More of one rule are counted, and listed with --json.
MANY = 5  # on one meter
MANY_METERS = 20
HEADINGS = {
    Severity.ERROR: "Errors: wrong data",
    Severity.WARNING: "Warnings: worth a look",
    Severity.NOTE: "Notes",
}


@dataclass(frozen=True, kw_only=True)
class Report:
    """What the rules found in a file, and the line that sums it up."""

    findings: list[Finding]
    summary: dict[str, Any]


def validate(path: Path, unit: str | None) -> Report:
    """Run all rules on a file, or raise UnreadableFileError."""
    began = time.perf_counter()
    table = read(path)
    try:
        loaded = assemble(table, unit)
    except UnknownUnitError as error:
        raise UnreadableFileError(f"{path.name}: {error}") from error
    check = Check()
    check.run(loaded)
    at_s = table.rows["at_s"]
    series: list[RegisterSeries | UsageSeries] = [*loaded.registers, *loaded.usages]
    by_rule = Counter(one.rule for one in check.findings)
    summary = {
        "summary": path.name,
        "meters": table.rows["meter_id"].n_unique(),
        "series": len(series) + loaded.single,
        "rows": table.count,
        "readings": sum(len(one) for one in series) + loaded.single,
        "repeated_rows": loaded.repeated,
        "from": utc(int(at_s.min())).isoformat(),  # type: ignore[arg-type]
        "to": utc(int(at_s.max())).isoformat(),  # type: ignore[arg-type]
        "findings": len(check.findings),
        "findings_by_rule": dict(sorted(by_rule.items())),
        "bad_rows": [
            {"why": bad.why, "rows": bad.count, "first_line": bad.first_line} for bad in table.bad
        ],
        "assumed": loaded.assumed,
        "not_checked": check.not_checked(loaded),
        "seconds": round(time.perf_counter() - began, 2),
    }
    return Report(findings=check.findings, summary=summary)


def as_json(report: Report) -> Iterator[str]:
    """Return one line for each finding, then the summary."""
    for one in report.findings:
        yield json.dumps(
            {
                "rule": one.rule,
                "meter_id": one.meter_id,
                "reading_type": one.reading_type,
                "started_at": one.started_at.isoformat(),
                "ended_at": None if one.ended_at is None else one.ended_at.isoformat(),
                "severity": one.severity,
                "explanation": one.explanation,
                "evidence": one.evidence,
            },
            ensure_ascii=False,
        )
    yield json.dumps(report.summary, ensure_ascii=False)


def as_text(report: Report) -> Iterator[str]:
    """Return lines for people: the worst first, many alike as one."""
    said = report.summary
    yield (
        f"{said['summary']}: {_count(said['readings'], 'reading')} of"
        f" {_count(said['meters'], 'meter')}, {said['from'][:10]} to {said['to'][:10]}"
    )
    for assumed in said["assumed"]:
        yield f"  {assumed}"
    for severity, heading in HEADINGS.items():
        found = [one for one in report.findings if one.severity == severity]
        if found:
            yield ""
            yield f"{heading} ({len(found)})"
            yield from _by_rule(found)
    if not report.findings:
        yield "Nothing was found."
    yield ""
    for bad in said["bad_rows"]:
        yield f"Left out {_count(bad['rows'], 'row')}, the first in line {bad['first_line']}:"
        yield f"  {bad['why']}."
    if said["repeated_rows"]:
        yield f"{_count(said['repeated_rows'], 'row')} said again what another had said; harmless."
    if said["not_checked"]:
        yield "Not checked, or not fully:"
        for one in said["not_checked"]:
            yield f"  {one['rule']}: {one['why']}"
    totals = ", ".join(f"{rule} {count}" for rule, count in said["findings_by_rule"].items())
    yield (
        f"{_count(said['findings'], 'finding')}{': ' if totals else ''}{totals};"
        f" {said['seconds']} s. `iskar-cloud rules` tells what each rule does."
    )


def _by_rule(found: list[Finding]) -> Iterator[str]:
    """Return the findings of one severity, rule by rule, meter by meter."""
    rules: dict[str, dict[tuple[str, str], list[Finding]]] = {}
    for one in found:
        meters = rules.setdefault(one.rule, {})
        meters.setdefault((one.meter_id, one.reading_type), []).append(one)
    for rule, meters in rules.items():
        yield f"  {rule}"
        for (meter_id, reading_type), alike in list(meters.items())[:MANY_METERS]:
            yield f"    {meter_id}, {reading_type}"
            for one in alike[:MANY]:
                yield f"      {one.explanation}"
            if len(alike) > MANY:
                yield f"      … and {len(alike) - MANY} more like these"
        if len(meters) > MANY_METERS:
            yield f"    … and {len(meters) - MANY_METERS} more meters; --json lists them all"


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}".replace(",", " ")
