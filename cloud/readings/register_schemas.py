# SPDX-License-Identifier: EUPL-1.2
"""What registers over time look like over HTTP."""

from pydantic import AwareDatetime, BaseModel, Field

from cloud.meters.schemas import RegisterEvent


class KnownRegister(BaseModel):
    """A register that is known at an instant."""

    read_at: AwareDatetime
    register_count: int = Field(alias="register")
    unit: str
    quality: list[str]


class RegisterEpoch(BaseModel):
    """A meter at a service point, from when to when, and what its register showed.

    ``removed_at`` is None while it hangs there; ``start_register`` and ``final_register`` where
    nobody looked.
    """

    installation_id: int
    meter_id: str
    serial: str
    make: str
    model: str
    node_id: str
    obis: str
    unit: str
    installed_at: AwareDatetime
    removed_at: AwareDatetime | None
    start_register: int | None
    final_register: int | None
    first_reading: KnownRegister | None
    last_reading: KnownRegister | None
    events: list[RegisterEvent]


class RegisterAt(BaseModel):
    """A register at an instant, None if it can't be told, and the two that it comes from."""

    at: AwareDatetime
    meter_id: str
    register_count: int | None = Field(alias="register")
    unit: str
    quality: list[str]
    before: KnownRegister | None
    after: KnownRegister | None
