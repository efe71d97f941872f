# SPDX-License-Identifier: EUPL-1.2
"""Sight: which buildings and service points a caller may see.

The application asks here before it answers, so that what isn't the caller's isn't found; the
database asks again of every row (``cloud.kit.auth.row_security``), and leaves out what was before
the ``since`` of a grant.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Self

from cloud.kit.auth.rights import SEES_ALL, Grant, Principal, Role

GRANTED = frozenset({Role.OWNER, Role.TENANT})


@dataclass(frozen=True, kw_only=True)
class Sight:
    """All there is, what was granted, or what a utility supplies."""

    sees_all: bool = False
    grants: frozenset[Grant] = frozenset()
    supplier_id: str | None = None

    @classmethod
    def of(cls, caller: Principal) -> Self:
        """Return what ``caller`` sees: by the role, grants or the supplier, never by both."""
        return cls(
            sees_all=caller.role in SEES_ALL,
            grants=caller.grants if caller.role in GRANTED else frozenset(),
            supplier_id=caller.supplier_id if caller.role is Role.UTILITY else None,
        )

    @property
    def premises_ids(self) -> frozenset[str]:
        """The buildings of which something was granted."""
        return frozenset(
            grant.premises_id for grant in self.grants if grant.service_point_ids != frozenset()
        )

    def sees_premises(self, premises_id: str, suppliers_there: Collection[str | None]) -> bool:
        """Tell whether the name and address of a building may be seen."""
        return (
            self.sees_all
            or premises_id in self.premises_ids
            or (self.supplier_id is not None and self.supplier_id in suppliers_there)
        )

    def sees_point(self, premises_id: str, service_point_id: str, supplier_id: str | None) -> bool:
        """Tell whether what is measured at a service point may be seen."""
        if self.sees_all or (self.supplier_id is not None and self.supplier_id == supplier_id):
            return True
        return any(
            grant.premises_id == premises_id
            and (grant.service_point_ids is None or service_point_id in grant.service_point_ids)
            for grant in self.grants
        )

    def since(self, premises_id: str, service_point_id: str) -> datetime | None:
        """Return from when on what was measured at a service point is seen; None for always.

        The database leaves out what was measured before; this is for what it can't know to be
        of then, such as what a register showed when its meter was put up.
        """
        granted = [
            grant.since
            for grant in self.grants
            if grant.premises_id == premises_id
            and (grant.service_point_ids is None or service_point_id in grant.service_point_ids)
        ]
        known = [since for since in granted if since is not None]
        return min(known) if known and len(known) == len(granted) else None
