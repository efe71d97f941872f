# SPDX-License-Identifier: EUPL-1.2
"""Who sees which series: by the same sight as the readings that they are made of."""

from collections.abc import Collection
from datetime import datetime

from cloud.demand.history.models import ISKAR, MANY, Series
from cloud.kit.auth.rights import Principal, Role
from cloud.kit.auth.sight import GRANTED, Sight
from cloud.kit.errors import CloudError


class HoursNotToldError(CloudError):
    """Hours of sums over buildings aren't for the municipality, who sees months that are over."""

    status = 403
    code = "hours-not-told"

    def __init__(self, series_id: str) -> None:
        super().__init__(
            f"The hours of {series_id} are sums over buildings, one of which could be told from"
            " them; ask /api/v1/districts/{district}/usage for days and months."
        )


def sees(
    caller: Principal, series: Series, suppliers: Collection[str | None], buildings: int, least: int
) -> bool:
    """Tell whether ``caller`` may see that there is such a series, and what is expected of it.

    ``suppliers`` are those of the points that it sums, ``buildings`` how many these are in: they
    count for what is summed here. ``least``: how many buildings a municipality's sums must be of.
    """
    if Sight.of(caller).sees_all:
        return True
    if caller.role is Role.UTILITY and caller.supplier_id is not None:
        if series.origin == ISKAR:
            return set(suppliers) == {caller.supplier_id}
        return series.supplier_id == caller.supplier_id
    if caller.role is Role.MUNICIPALITY:
        return series.level in MANY and (series.origin != ISKAR or buildings >= least)
    return bool(_grants(caller, series))


def seen_since(caller: Principal, series: Series) -> datetime | None:
    """Return from when on ``caller`` sees the use of a series that they see; None for all of it."""
    if caller.role not in GRANTED:
        return None
    begun = [since for since in _grants(caller, series) if since is not None]
    return min(begun) if len(begun) == len(_grants(caller, series)) else None


def check_hours(caller: Principal, series: Series) -> None:
    """Raise HoursNotToldError where the hours themselves are not the caller's to see."""
    if caller.role is Role.MUNICIPALITY and series.origin == ISKAR:
        raise HoursNotToldError(series.series_id)


def _grants(caller: Principal, series: Series) -> list[datetime | None]:
    """Return since when each grant shows the series; one for a flat doesn't show the building."""
    if caller.role not in GRANTED or series.premises_id is None:
        return []
    return [
        grant.since
        for grant in caller.grants
        if grant.premises_id == series.premises_id
        and (grant.service_point_ids is None or series.service_point_id in grant.service_point_ids)
    ]
