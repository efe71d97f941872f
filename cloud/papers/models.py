# SPDX-License-Identifier: EUPL-1.2
"""Client numbers as this module keeps them."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, kw_only=True)
class ClientNumber:
    """What a supplier calls whoever pays for a service point, by whose word."""

    service_point_id: str
    supplier_id: str
    client_number: str
    set_by: str
    set_at: datetime
