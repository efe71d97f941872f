# SPDX-License-Identifier: EUPL-1.2
"""The installation plan: which node reads which meters, and how. Documented in README.md."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    PositiveInt,
    SecretStr,
    ValidationError,
    model_validator,
)

from provisioning.errors import PlanError
from wire import command, fields, reading_types


def _identifier(content: str) -> str:
    return fields.identifier(content, "id")


def _obis(code: str) -> str:
    reading_types.parse(code)
    return code


def _wifi_password(password: SecretStr) -> SecretStr:
    length = len(password.get_secret_value())
    if length and not 8 <= length <= 63:
        raise ValueError(f"a WPA2 password has 8 to 63 characters, this one {length}")
    return password


Identifier = Annotated[str, AfterValidator(_identifier)]
Obis = Annotated[str, AfterValidator(_obis)]


class _Row(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Wifi(_Row):
    """The network that the node joins; an empty password means an open one."""

    ssid: str = Field(min_length=1, max_length=32)
    password: Annotated[SecretStr, AfterValidator(_wifi_password)]


class Broker(_Row):
    """Where the node's gateway listens, as the node sees it."""

    host: str = Field(min_length=1, max_length=253)
    port: int = Field(default=8883, ge=1, le=65535)
    tls: bool = True
    server_name: str | None = None  # of the broker's certificate; the gateway's id if None


class ModbusLine(_Row):
    """How the node's RS-485 line is set."""

    baud: Literal[1200, 2400, 4800, 9600, 19200, 38400, 57600, 115200] = 9600
    parity: Literal["N", "E", "O"] = "N"
    timeout_ms: int = Field(default=500, ge=50, le=10_000)


class _Channel(_Row):
    service_point_id: Identifier
    meter_id: Identifier
    obis: Obis
    installed_at: AwareDatetime | None = None  # the plan's if None


class PulseChannel(_Channel):
    """A meter with a pulse output on one of the node's two counters."""

    kind: Literal["pulse"]
    input: int = Field(ge=0, le=1)
    per_pulse: tuple[PositiveInt, PositiveInt]  # wire units per pulse, as an exact rational
    start: int = Field(ge=0, le=fields.MAX_REGISTER)  # wire units on the dial at counter 0

    @model_validator(mode="after")
    def _counts_a_register(self) -> Self:
        if reading_types.parse(self.obis)[0].kind != reading_types.REGISTER:
            raise ValueError(f"{self.obis} is no register; pulses can only count one")
        return self


class WiredMeter(_Channel):
    """A meter on a line, read by a map of ``hardware/register_maps.toml``."""

    map: str
    unit_id: int = Field(ge=1, le=247)
    also: tuple[Obis, ...] = ()  # further quantities of the same meter, put on obis's channel


class ModbusChannel(WiredMeter):
    """A meter on the node's RS-485 line."""

    kind: Literal["modbus"]


class Node(_Row):
    """One node: its network, its line, its meters."""

    node_id: Identifier
    gateway_id: Identifier
    board: str = "ESP32-S3-WROOM-1-N16R8"
    sample_interval_s: int = Field(default=30, ge=1, le=command.MAX_SAMPLE_INTERVAL_S)
    wifi: Wifi
    broker: Broker | None = None  # the plan's if None
    modbus: ModbusLine = ModbusLine()
    channels: tuple[Annotated[PulseChannel | ModbusChannel, Field(discriminator="kind")], ...]

    @model_validator(mode="after")
    def _no_conflict(self) -> Self:
        if not self.channels:
            raise ValueError("a node reads at least one meter")
        _refuse_repeats("OBIS code", (channel.obis for channel in self.channels))
        _refuse_repeats(
            "pulse input", (c.input for c in self.channels if isinstance(c, PulseChannel))
        )
        meters = {(c.unit_id, c.meter_id) for c in self.channels if isinstance(c, ModbusChannel)}
        _refuse_repeats("Modbus unit_id", (unit_id for unit_id, _ in meters))
        return self


class WiredLine(_Row):
    """One line that runs to a gateway; what is left out is as the gateway's README says."""

    port: str | None = None
    baud: int | None = None
    parity: Literal["N", "E", "O"] | None = None
    stop_bits: Literal[1, 2] | None = None
    host: str | None = None
    tcp_port: int | None = Field(default=None, ge=1, le=65535)
    framing: Literal["rtu", "tcp"] | None = None
    timeout_ms: int | None = Field(default=None, ge=20, le=10_000)
    meters: tuple[WiredMeter, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _no_conflict(self) -> Self:
        if (self.port is None) == (self.host is None):
            raise ValueError("a line has either a port or a host")
        units = {(meter.unit_id, meter.meter_id, meter.map) for meter in self.meters}
        _refuse_repeats("Modbus unit_id", (unit_id for unit_id, _, _ in units))
        return self


class WiredNode(_Row):
    """The meters wired to one gateway; it counts as a node, and sends what they say as one."""

    node_id: Identifier
    gateway_id: Identifier
    board: str = "gateway"
    interval_s: int = Field(default=30, ge=1, le=command.MAX_SAMPLE_INTERVAL_S)
    lines: tuple[WiredLine, ...] = Field(min_length=1)

    @property
    def channels(self) -> tuple[WiredMeter, ...]:
        """Return every meter on every line."""
        return tuple(meter for line in self.lines for meter in line.meters)

    @model_validator(mode="after")
    def _no_conflict(self) -> Self:
        _refuse_repeats("OBIS code", (meter.obis for meter in self.channels))
        return self


class Plan(_Row):
    """One installation: nodes of one site."""

    site: Identifier
    broker: Broker | None = None
    installed_at: AwareDatetime | None = None  # the moment of first enrolment if None
    nodes: tuple[Node, ...] = ()
    wired: tuple[WiredNode, ...] = ()

    @model_validator(mode="after")
    def _no_conflict(self) -> Self:
        everyone: tuple[Node | WiredNode, ...] = (*self.nodes, *self.wired)
        if not everyone:
            raise ValueError("a plan has at least one node")
        _refuse_repeats("node_id", (node.node_id for node in everyone))
        _refuse_repeats(
            "service_point_id", (c.service_point_id for node in everyone for c in node.channels)
        )
        for node in self.nodes:
            if node.broker is None and self.broker is None:
                raise ValueError(f"node {node.node_id} has no broker and the plan names none")
        return self

    def node(self, node_id: str) -> Node:
        """Return the node, or raise PlanError naming those there are."""
        for node in self.nodes:
            if node.node_id == node_id:
                return node
        known = ", ".join(node.node_id for node in self.nodes)
        raise PlanError(f"The plan has no node {node_id}; it has {known}.")

    def wired_to(self, gateway_id: str) -> WiredNode:
        """Return the meters wired to a gateway, or raise PlanError."""
        for node in self.wired:
            if node.gateway_id == gateway_id:
                return node
        raise PlanError(f"The plan has no meters wired to gateway {gateway_id}.")

    def broker_of(self, node: Node) -> Broker:
        """Return the broker that ``node`` speaks to."""
        broker = node.broker or self.broker
        assert broker is not None  # noqa: S101 - _no_conflict saw to it
        return broker


def read_plan(path: Path) -> Plan:
    """Return the plan in ``path``, or raise PlanError naming every place to correct."""
    try:
        return Plan.model_validate(json.loads(path.read_text()))
    except OSError as error:
        raise PlanError(f"The plan {path} can't be read: {error.strerror}.") from error
    except ValidationError as error:
        raise PlanError(faults_of(path, error)) from error
    except ValueError as error:
        raise PlanError(f"The plan {path} is not JSON: {error}.") from error


def faults_of(path: Path, error: ValidationError) -> str:
    """Return every fault with its place in the file, and never its content: it may be secret."""
    found = [
        f"  {''.join(_place(fault['loc']))}: {fault['msg']}"
        for fault in error.errors(include_input=False, include_url=False)
    ]
    return "\n".join([f"{path} has {len(found)} fault(s) to correct:", *found])


def _place(location: Iterable[int | str]) -> Iterator[str]:
    separator = ""
    for step in location:
        yield f"[{step}]" if isinstance(step, int) else f"{separator}{step}"
        separator = "."


def _refuse_repeats(name: str, seen: Iterable[Any]) -> None:
    for key, times in Counter(seen).items():
        if times > 1:
            raise ValueError(f"{name} {key} appears {times} times; it must be unique")
