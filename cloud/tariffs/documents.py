# SPDX-License-Identifier: EUPL-1.2
"""Tariffs as documents: from what people and files say to what is reckoned with, and back."""

import json
import tomllib
from collections.abc import Mapping
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from cloud.kit.errors import InvalidRequestError
from cloud.tariffs import models, schemas

FOLDER = Path(__file__).parent / "data"


class UnreadableTariffError(InvalidRequestError):
    """A file is not a tariff."""

    code = "unreadable-tariff"

    def __init__(self, path: Path, why: str) -> None:
        super().__init__(f"{path} is not a tariff: {why}")


def version_of(
    tariff_id: str, told: schemas.Version, version_id: int | None = None
) -> models.Version:
    """Return a version as it is reckoned with."""
    gas = None
    if told.gas is not None:
        gas = models.GasConversion(
            kwh_per_m3=Decimal(told.gas.kwh_per_m3), volume_factor=Decimal(told.gas.volume_factor)
        )
    return models.Version(
        version_id=version_id,
        tariff_id=tariff_id,
        valid_from=told.valid_from,
        valid_to=told.valid_to,
        currency=told.currency,
        components=tuple(map(_component, told.components)),
        windows=tuple(
            models.Window(
                band=one.band,
                months=frozenset(one.months),
                from_hour=one.from_hour,
                to_hour=one.to_hour,
            )
            for one in told.windows
        ),
        other_band=told.other_band if told.windows else None,
        gas=gas,
        sources=tuple(told.sources),
        leaves_out_bg=told.leaves_out.bg if told.leaves_out else None,
        leaves_out_en=told.leaves_out.en if told.leaves_out else None,
    )


def _component(told: schemas.Component) -> models.Component:
    return models.Component(
        name=told.name,
        title_bg=told.title.bg,
        title_en=told.title.en,
        per=told.per,
        price=Decimal(told.price),
        vat_percent=Decimal(told.vat_percent),
        band=told.band,
        above=Decimal(told.above),
        up_to=None if told.up_to is None else Decimal(told.up_to),
        q3_from_l_per_h=told.q3_from_l_per_h,
        q3_to_l_per_h=told.q3_to_l_per_h,
    )


def tariff_of(tariff_id: str, told: schemas.TariffBody) -> models.Tariff:
    """Return a tariff as it is reckoned with, its versions in order of time."""
    return models.Tariff(
        tariff_id=tariff_id,
        supplier_id=told.supplier_id,
        utility=told.utility,
        name_bg=told.name.bg,
        name_en=told.name.en,
        versions=tuple(
            version_of(tariff_id, one)
            for one in sorted(told.versions, key=lambda version: version.valid_from)
        ),
    )


def content_of(told: schemas.Version) -> dict[str, Any]:
    """Return a version as it is stored: JSON without a float."""
    found: dict[str, Any] = told.model_dump(mode="json")
    return found


def stored(content: Mapping[str, Any]) -> schemas.Version:
    """Return a version from what ``content_of`` made of it."""
    return schemas.Version.model_validate_json(json.dumps(content))


def read_file(path: Path) -> schemas.TariffFile:
    """Return the tariff in a TOML file, or raise UnreadableTariffError."""
    try:
        with path.open("rb") as file:
            told = tomllib.load(file, parse_float=str)
        return schemas.TariffFile.model_validate(told)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise UnreadableTariffError(path, str(error)) from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise UnreadableTariffError(path, f"{where}: {first['msg']}") from error


@cache
def shipped() -> Mapping[str, schemas.TariffFile]:
    """Return the tariffs that ship with the program, by id."""
    files = [read_file(path) for path in sorted(FOLDER.glob("*.toml"))]
    return {file.tariff_id: file for file in files}


@cache
def shipped_tariff(tariff_id: str) -> models.Tariff | None:
    """Return a shipped tariff as it is reckoned with; None if there is none of that id."""
    file = shipped().get(tariff_id)
    return None if file is None else tariff_of(tariff_id, file)
