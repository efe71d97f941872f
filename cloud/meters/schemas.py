# SPDX-License-Identifier: EUPL-1.2
"""What the registry of meters, nodes and gateways takes and gives."""

from datetime import UTC, datetime
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, AwareDatetime, BaseModel, Field, model_validator

from cloud.kit.schemas import Body, Identifier, Integer, Text
from wire import reading_types
from wire.errors import WireError
from wire.fields import MAX_REGISTER


def _register_code(code: str) -> str:
    try:
        reading_type, _ = reading_types.parse(code)
    except WireError as error:
        raise ValueError(str(error)) from error
    if reading_type.kind != reading_types.REGISTER:
        raise ValueError(f"{code} is not a register")
    return code


EARLIEST = datetime(1900, 1, 1, tzinfo=UTC)  # beyond these, a typing error that would stay
LATEST = datetime(2100, 1, 1, tzinfo=UTC)

EventKind = Literal["installation", "exchange", "removal", "rollover", "reset"]
Instant = Annotated[AwareDatetime, Field(ge=EARLIEST, lt=LATEST)]
RegisterCount = Annotated[int, Field(ge=0, le=MAX_REGISTER)]
RegisterCode = Annotated[str, Field(max_length=16), AfterValidator(_register_code)]


class MeterBody(Body):
    """An instrument.

    ``register_modulus``: at which count its register is at zero again; ``max_per_h``: the most that
    can pass it in an hour; both in the reading type's unit, left out where nobody has told.
    """

    serial: Text
    make: Text
    model: Text
    q3_l_per_h: Integer | None = None
    households: Integer | None = None
    register_modulus: Annotated[int, Field(gt=0, le=MAX_REGISTER)] | None = None
    max_per_h: Annotated[int, Field(gt=0, le=MAX_REGISTER)] | None = None


class Meter(MeterBody):
    """An instrument with its id."""

    meter_id: str


class GatewayBody(Body):
    """A gateway."""

    site: Identifier
    name: Text


class Gateway(GatewayBody):
    """A gateway with its id."""

    gateway_id: str


class NodeBody(Body):
    """A node."""

    gateway_id: Identifier
    board: Text


class Node(NodeBody):
    """A node with its id."""

    node_id: str


class InstallationBody(Body):
    """Which register of which meter hangs at a service point, and who reads it.

    ``start_register`` is what it showed then, ``final_register`` what the meter showed that was
    taken down for it; in the reading type's unit, left out where nobody looked.
    """

    meter_id: Identifier
    node_id: Identifier
    obis: RegisterCode
    installed_at: Instant
    start_register: RegisterCount | None = None
    final_register: RegisterCount | None = None
    explanation: Text | None = None


class Installation(BaseModel):
    """Since when a meter hangs at a service point, and the event that says so."""

    service_point_id: str
    meter_id: str
    node_id: str
    obis: str
    installed_at: AwareDatetime
    start_register: int | None
    kind: EventKind | None
    event_id: int | None


class RegisterEventBody(Body):
    """What happened to a register at an instant, and what it showed before and after.

    In the reading type's unit, left out where nobody looked.
    """

    kind: Literal["rollover", "reset", "removal"]
    at: Instant
    register_before: RegisterCount | None = None
    register_after: RegisterCount | None = None
    explanation: Text

    @model_validator(mode="after")
    def _is_possible(self) -> Self:
        before, after = self.register_before, self.register_after
        if self.kind == "removal" and after is not None:
            raise ValueError(f"after a removal there is no register, so it can't be {after}")
        if before is not None and after is not None and self.kind == "rollover" and before <= after:
            raise ValueError(f"a register doesn't roll over from {before} up to {after}")
        return self


class RegisterEvent(BaseModel):
    """An event of a register, who recorded it, and whether it was undone since."""

    event_id: int
    service_point_id: str
    kind: EventKind
    at: AwareDatetime
    register_before: int | None
    register_after: int | None
    unit: str
    explanation: str
    recorded_by: str
    recorded_at: AwareDatetime
    undone_at: AwareDatetime | None
    undone_by: str | None
    undone_because: str | None


class Undoing(Body):
    """Why something is undone."""

    because: Text


class Token(BaseModel):
    """A token, shown this once."""

    token: str


class NodeSigningRequest(Body):
    """A certificate signing request; only its public key is used."""

    csr_pem: Annotated[str, Field(max_length=8192)]


class SigningRequest(NodeSigningRequest):
    """A signing request of a gateway, for one side of TLS."""

    usage: Literal["client", "server"]


class Certificate(BaseModel):
    """A certificate of the installation's own authority."""

    certificate_pem: str
    ca_pem: str
    not_after: AwareDatetime
    serial: str


class NodeCertificate(Certificate):
    """A node's certificate, and from which boot on it must count."""

    first_boot: int
