# SPDX-License-Identifier: EUPL-1.2
"""What the registry of meters, nodes and gateways takes and gives."""

from datetime import UTC, datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, AwareDatetime, BaseModel, Field

from cloud.kit.schemas import Body, Identifier, Integer, Text
from wire import reading_types
from wire.errors import WireError


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

RegisterCode = Annotated[str, Field(max_length=16), AfterValidator(_register_code)]


class MeterBody(Body):
    """An instrument."""

    serial: Text
    make: Text
    model: Text
    q3_l_per_h: Integer | None = None
    households: Integer | None = None


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
    """Which register of which meter hangs at a service point, and who reads it."""

    meter_id: Identifier
    node_id: Identifier
    obis: RegisterCode
    installed_at: Annotated[AwareDatetime, Field(ge=EARLIEST, lt=LATEST)]


class Installation(InstallationBody):
    """An installation with the service point it is at."""

    service_point_id: str


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


class Channel(BaseModel):
    """One register that a node sends."""

    obis: str
    meter_id: str
    service_point_id: str
    q3_l_per_h: int | None
    households: int | None


class NodeChannels(BaseModel):
    """A node and its registers."""

    node_id: str
    channels: list[Channel]


class Configuration(BaseModel):
    """What a gateway must know of its nodes."""

    gateway_id: str
    nodes: list[NodeChannels]
