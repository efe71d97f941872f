# SPDX-License-Identifier: EUPL-1.2
"""What a building looks like as a whole: its place, its use, its registers, its alerts."""

from pydantic import AwareDatetime, BaseModel, Field

from cloud.alerts.schemas import Alert, LabelledUse, Severity
from cloud.kit.schemas import Name


class Today(BaseModel):
    """What a building used of one reading type since local midnight."""

    reading_type: str
    utility: str
    unit: str
    usage: int | None
    quality: list[str]


class Flow(BaseModel):
    """What flows into a building now; a part of it where the quality says missing."""

    utility: str
    unit: str
    reading: int | None
    quality: list[str]
    read_at: AwareDatetime | None


class SilentPoint(BaseModel):
    """A service point whose sensor was not heard for over an hour."""

    service_point_id: str
    name: Name
    utility: str
    read_at: AwareDatetime


class Freshness(BaseModel):
    """How many meters hang in a building, how many of them were never read, which fell silent."""

    meters: int
    unread: int
    newest_read_at: AwareDatetime | None
    silent: list[SilentPoint]


class WorstAlert(BaseModel):
    """The open alert that somebody should look after first."""

    alert_id: str
    kind: str
    utility: str
    severity: Severity


class PremisesSummary(BaseModel):
    """A building in the list."""

    premises_id: str
    name: Name
    kind: str
    address: str
    open_alerts: int
    worst_alert: WorstAlert | None
    flows: list[Flow]
    freshness: Freshness
    today: list[Today]


class Meter(BaseModel):
    """The instrument that hangs at a service point."""

    meter_id: str
    serial: str
    make: str
    model: str


class Instantaneous(BaseModel):
    """A rate at the moment of its reading: power or flow."""

    reading_type: str
    unit: str
    reading: int
    read_at: AwareDatetime
    quality: list[str]


class ServicePoint(BaseModel):
    """A service point with its meter's latest register; None where there is none yet."""

    service_point_id: str
    name: Name
    utility: str
    reading_type: str
    unit: str
    parent_service_point_id: str | None
    meter: Meter | None
    node_id: str | None
    register_count: int | None = Field(alias="register")
    read_at: AwareDatetime | None
    received_at: AwareDatetime | None
    quality: list[str]
    instantaneous: Instantaneous | None


class Premises(BaseModel):
    """A building with all that is measured in it."""

    premises_id: str
    name: Name
    kind: str
    address: str
    service_points: list[ServicePoint]
    alerts: list[Alert]


class Health(BaseModel):
    """Whether the cloud can do its work."""

    status: str


class Parent(BaseModel):
    """The register of a main, read by the same gateway."""

    node_id: str
    obis: str


class Channel(BaseModel):
    """One register that a node sends; that of ``parent`` includes it."""

    obis: str
    meter_id: str
    service_point_id: str
    utility: str
    q3_l_per_h: int | None
    households: int | None
    parent: Parent | None
    labels: list[LabelledUse]
    rules_off: list[str]


class NodeChannels(BaseModel):
    """A node and its registers."""

    node_id: str
    channels: list[Channel]


class Configuration(BaseModel):
    """What a gateway must know of its nodes; ``now_ms`` is Unix time as it was answered."""

    gateway_id: str
    now_ms: int
    nodes: list[NodeChannels]
