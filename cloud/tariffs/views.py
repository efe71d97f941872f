# SPDX-License-Identifier: EUPL-1.2
"""Tariffs as they are shown: recorded ones, and those that ship with the program."""

from collections.abc import Mapping, Sequence
from typing import Any

from cloud.kit.schemas import Name
from cloud.tariffs import documents, models, schemas
from cloud.tariffs.timeline import reaches


def recorded(fields: Mapping[str, Any], versions: Sequence[Mapping[str, Any]]) -> schemas.Tariff:
    """Return a tariff from its row and those of its versions."""
    return schemas.Tariff(
        tariff_id=fields["tariff_id"],
        supplier_id=fields["supplier_id"],
        utility=fields["utility"],
        name=Name(bg=fields["name_bg"], en=fields["name_en"]),
        versions=[
            schemas.RecordedVersion(
                **documents.stored(row["content"]).model_dump(),
                version_id=row["version_id"],
                recorded_by=row["recorded_by"],
                recorded_at=row["recorded_at"],
                superseded_by=row["superseded_by"],
                superseded_at=row["superseded_at"],
            )
            for row in versions
        ],
    )


def shipped(file: schemas.TariffFile) -> schemas.Tariff:
    """Return a tariff that nobody recorded."""
    return schemas.Tariff(
        tariff_id=file.tariff_id,
        supplier_id=file.supplier_id,
        utility=file.utility,
        name=file.name,
        versions=[
            schemas.RecordedVersion(
                **version.model_dump(),
                version_id=None,
                recorded_by=None,
                recorded_at=None,
                superseded_by=None,
                superseded_at=None,
            )
            for version in file.versions
        ],
    )


def summary(tariff: models.Tariff, *, is_shipped: bool) -> schemas.TariffSummary:
    """Return what a listing shows of a tariff."""
    ends = [end for _, end in reaches(tariff)]
    return schemas.TariffSummary(
        tariff_id=tariff.tariff_id,
        supplier_id=tariff.supplier_id,
        utility=tariff.utility,
        name=Name(bg=tariff.name_bg, en=tariff.name_en),
        valid_from=tariff.versions[0].valid_from if tariff.versions else None,
        valid_to=ends[-1] if ends else None,
        is_shipped=is_shipped,
    )
