# SPDX-License-Identifier: EUPL-1.2
"""The price book: the tariffs that are recorded or shipped, and who pays which."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date

from cloud.kit.database import Connection
from cloud.kit.hypertable import ZONE
from cloud.meters.service import installations_at, meters_by_id
from cloud.tariffs import documents, repository
from cloud.tariffs.models import Tariff, Version
from cloud.tariffs.timeline import Timeline


class PriceBook:
    """Reads what service points pay; what was recorded goes before what is shipped.

    ``assumed`` names by utility the tariff that counts where nobody assigned one.
    """

    def __init__(self, assumed: Mapping[str, str]) -> None:
        self._assumed = assumed
        self._versions: dict[int, Version] = {}  # a version never changes once it is recorded

    async def timelines(
        self, connection: Connection, utilities: Mapping[str, str]
    ) -> dict[str, Timeline]:
        """Return what each of these service points pays; ``utilities`` are by their ids."""
        assignments = await repository.assignments(connection, utilities, only_standing=True)
        named = {one.tariff_id for one in assignments if one.tariff_id is not None}
        assumed = {self._assumed[one] for one in set(utilities.values()) & set(self._assumed)}
        tariffs = await self.tariffs(connection, named | assumed)
        sized = _sized(tariffs)
        sizes = await _sizes(connection, list(utilities)) if sized else {}
        return {
            point_id: Timeline(
                assignments=[one for one in assignments if one.service_point_id == point_id],
                tariffs=tariffs,
                assumed=tariffs.get(self._assumed.get(utility, "")),
                sizes=sizes.get(point_id, ()),
            )
            for point_id, utility in utilities.items()
        }

    async def tariffs(
        self, connection: Connection, tariff_ids: Collection[str]
    ) -> dict[str, Tariff]:
        """Return these tariffs by id with the versions that stand; unknown ones are left out."""
        recorded = await repository.tariffs(connection, tariff_ids)
        ids = [fields["tariff_id"] for fields in recorded]
        rows = await repository.versions(connection, ids, only_standing=True) if ids else []
        found: dict[str, Tariff] = {}
        for fields in recorded:
            versions = tuple(
                self._version(row["version_id"], row["tariff_id"], row["content"])
                for row in rows
                if row["tariff_id"] == fields["tariff_id"]
            )
            found[fields["tariff_id"]] = Tariff(**fields, versions=versions)
        for tariff_id in set(tariff_ids) - set(found):
            shipped = documents.shipped_tariff(tariff_id)
            if shipped is not None:
                found[tariff_id] = shipped
        return found

    def _version(self, version_id: int, tariff_id: str, content: Mapping[str, object]) -> Version:
        if version_id not in self._versions:
            told = documents.stored(content)
            self._versions[version_id] = documents.version_of(tariff_id, told, version_id)
        return self._versions[version_id]


def _sized(tariffs: Mapping[str, Tariff]) -> bool:
    return any(
        component.has_size
        for tariff in tariffs.values()
        for version in tariff.versions
        for component in version.components
    )


async def _sizes(
    connection: Connection, service_point_ids: Sequence[str]
) -> dict[str, list[tuple[date, int | None]]]:
    """Return from which local day on a meter of which size hung at each service point."""
    installations = await installations_at(connection, service_point_ids)
    meters = await meters_by_id(connection, [one.meter_id for one in installations])
    found: dict[str, list[tuple[date, int | None]]] = {}
    for one in installations:
        if not one.is_undone:
            since = one.valid_from.astimezone(ZONE).date()
            size = meters[one.meter_id].q3_l_per_h
            found.setdefault(one.service_point_id, []).append((since, size))
    return found
