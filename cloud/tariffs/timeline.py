# SPDX-License-Identifier: EUPL-1.2
"""Timelines: which version of which tariff applies at a service point on which days."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from cloud.tariffs.models import Assignment, Period, Tariff, Version

Sizes = Sequence[tuple[date, int | None]]  # from which day on a meter of which size hangs


@dataclass(frozen=True, kw_only=True)
class Timeline:
    """What a service point pays when: its assignments, and the tariff that counts before them.

    ``assignments`` are those that stand, in order of time.
    """

    assignments: Sequence[Assignment]
    tariffs: Mapping[str, Tariff]
    assumed: Tariff | None
    sizes: Sizes = ()

    def periods(self, first: date, end: date) -> list[Period]:
        """Return the local days [first, end) without a gap; some may have no price."""
        found: list[Period] = []
        for begin, stop, tariff, is_assumed in self._tariffs(first, end):
            for since, until, version in _versions(tariff, begin, stop):
                found += [
                    Period(
                        first=one,
                        end=other,
                        version=version,
                        is_assumed=is_assumed,
                        q3_l_per_h=q3_l_per_h,
                    )
                    for one, other, q3_l_per_h in self._sizes(version, since, until)
                ]
        return found

    def _tariffs(self, first: date, end: date) -> Iterator[tuple[date, date, Tariff | None, bool]]:
        """Yield which tariff counts from when to when, and whether it is only assumed."""
        begin = first
        tariff, is_assumed = self.assumed, self.assumed is not None
        for one in self.assignments:
            since = min(max(one.since, first), end)
            if begin < since:
                yield begin, since, tariff, is_assumed
            begin = max(begin, since)
            tariff = None if one.tariff_id is None else self.tariffs.get(one.tariff_id)
            is_assumed = False
        if begin < end:
            yield begin, end, tariff, is_assumed

    def _sizes(
        self, version: Version | None, first: date, end: date
    ) -> Iterator[tuple[date, date, int | None]]:
        """Yield [first, end), cut where a meter of another size was put up if that matters."""
        if version is None or not any(one.has_size for one in version.components):
            yield first, end, None
            return
        begin, size = first, None
        for since, q3_l_per_h in self.sizes:
            if since >= end:
                break
            if since > begin:
                yield begin, since, size
                begin = since
            size = q3_l_per_h
        yield begin, end, size


def _versions(
    tariff: Tariff | None, first: date, end: date
) -> Iterator[tuple[date, date, Version | None]]:
    """Yield [first, end) by version; None where the tariff says nothing."""
    begin = first
    for version, reach in reaches(tariff):
        since = min(max(version.valid_from, first), end)
        until = end if reach is None else min(reach, end)
        if since >= until:
            continue
        if begin < since:
            yield begin, since, None
        yield since, until, version
        begin = until
    if begin < end:
        yield begin, end, None


def reaches(tariff: Tariff | None) -> Iterator[tuple[Version, date | None]]:
    """Yield each version with the day on which it ends; None for one without an end."""
    versions = tariff.versions if tariff else ()
    for place, version in enumerate(versions):
        ends = [] if version.valid_to is None else [version.valid_to]
        if place + 1 < len(versions):
            ends.append(versions[place + 1].valid_from)
        yield version, min(ends, default=None)
