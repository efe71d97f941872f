# SPDX-License-Identifier: EUPL-1.2
"""Prices: what a cubic metre or a kilowatt-hour costs from a day on.

They only tell people what a leak costs about; nobody is billed by them. An operator sets his own by
CLOUD_PRICES, as JSON: [{"utility": "water", "since": "2026-01-01", "eur_per_unit": 1.94}, ...].
"""

from datetime import date
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field


class DatedPrice(BaseModel):
    """What a utility's unit costs a home from the local day ``since`` on, all taxes included.

    The unit is a cubic metre of water or gas, a kilowatt-hour of electricity.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    utility: Literal["water", "gas", "electricity"]
    since: date
    eur_per_unit: Annotated[float, Field(gt=0, le=1000)]


# Water in Sofia with sewerage, treatment and VAT: 3.52, 3.64 and 3.80 BGN/m³ in the plan of
# Sofiyska Voda for 2022-2026 as the regulator approved it (novinite.com, 2024-10-01), at the fixed
# rate of 1.95583 BGN/EUR; the regulator decides anew each year. Electricity: Eurostat, households
# in Bulgaria, first half of 2025. Of gas we know no price that we could name a source for.
SOFIA = (
    DatedPrice(utility="water", since=date(2024, 10, 1), eur_per_unit=1.80),
    DatedPrice(utility="water", since=date(2025, 1, 1), eur_per_unit=1.86),
    DatedPrice(utility="water", since=date(2026, 1, 1), eur_per_unit=1.94),
    DatedPrice(utility="electricity", since=date(2025, 1, 1), eur_per_unit=0.13),
)
