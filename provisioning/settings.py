# SPDX-License-Identifier: EUPL-1.2
"""Settings of a node, built from its row of the plan and the register maps: pure functions."""

import json
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, PositiveInt, TypeAdapter, ValidationError

from provisioning.errors import PlanError
from provisioning.plan import (
    ModbusChannel,
    Node,
    Plan,
    PulseChannel,
    WiredMeter,
    faults_of,
)
from wire import VERSION, reading_types, telegram


class Register(BaseModel):
    """Where a meter keeps one quantity; raw count * scale is in the reading type's unit."""

    model_config = ConfigDict(frozen=True)
    address: int = Field(ge=0, le=65535)
    type: Literal["u16", "i16", "u32", "i32", "u64", "i64", "f32"]
    word_order: Literal["big", "little"]
    scale: tuple[PositiveInt, PositiveInt]


class RegisterMap(BaseModel):
    """How one model of meter answers; registers by OBIS code on channel 0."""

    model_config = ConfigDict(frozen=True)
    make: str
    model: str
    function: Literal[3, 4]
    registers: Mapping[str, Register]


RegisterMaps = Mapping[str, RegisterMap]


def read_register_maps(path: Path) -> RegisterMaps:
    """Return the maps in ``path`` by name, or raise PlanError."""
    try:
        tables = tomllib.loads(path.read_text())
        return TypeAdapter(dict[str, RegisterMap]).validate_python(tables)
    except OSError as error:
        raise PlanError(f"The register maps {path} can't be read: {error.strerror}.") from error
    except ValidationError as error:
        raise PlanError(faults_of(path, error)) from error
    except tomllib.TOMLDecodeError as error:
        raise PlanError(f"The register maps {path} are not TOML: {error}.") from error


def node_settings(plan: Plan, node: Node, maps: RegisterMaps, first_boot: int) -> dict[str, Any]:
    """Return what ``settings.json`` of ``node`` says; raise PlanError where no map fits."""
    broker = plan.broker_of(node)
    channels = [entry for channel in node.channels for entry in _entries(channel, maps)]
    if len(channels) > telegram.MAX_REGISTERS:
        raise PlanError(
            f"Node {node.node_id} would send {len(channels)} registers; a telegram holds "
            f"{telegram.MAX_REGISTERS}. Ask for fewer under also, or add a node."
        )
    return {
        "ver": VERSION,
        "node_id": node.node_id,
        "site": plan.site,
        "gateway_id": node.gateway_id,
        "first_boot": first_boot,
        "sample_interval_s": node.sample_interval_s,
        "wifi": {
            "ssid": node.wifi.ssid,
            "password": node.wifi.password.get_secret_value(),
        },
        "broker": {
            "host": broker.host,
            "port": broker.port,
            "tls": broker.tls,
            "server_name": broker.server_name or node.gateway_id,
        },
        "modbus": node.modbus.model_dump(),
        "channels": channels,
    }


def encode(settings: Mapping[str, Any]) -> bytes:
    """Return the file's bytes; equal settings give equal bytes."""
    return json.dumps(settings, sort_keys=True, separators=(",", ":")).encode()


def _entries(channel: PulseChannel | ModbusChannel, maps: RegisterMaps) -> Iterator[dict[str, Any]]:
    if isinstance(channel, PulseChannel):
        yield channel.model_dump(
            mode="json", include={"obis", "kind", "input", "per_pulse", "start"}
        )
        return
    meter, codes = codes_of(channel, maps)
    for code, quantity in codes:
        yield {
            "obis": code,
            "kind": "modbus",
            "unit_id": channel.unit_id,
            "function": meter.function,
            **meter.registers[quantity].model_dump(mode="json"),
        }


def codes_of(channel: WiredMeter, maps: RegisterMaps) -> tuple[RegisterMap, list[tuple[str, str]]]:
    """Return a meter's map and what is read of it: (code on its channel, code in the map).

    Raises PlanError where there is no map, or not that quantity in it.
    """
    if channel.map not in maps:
        raise PlanError(f"There is no register map {channel.map}; there are {', '.join(maps)}.")
    meter = maps[channel.map]
    _, number = reading_types.parse(channel.obis)
    codes = []
    for code in dict.fromkeys((channel.obis, *channel.also)):
        quantity, _ = reading_types.parse(code)
        if quantity.obis not in meter.registers:
            raise PlanError(
                f"{meter.make} {meter.model} has no {quantity.name} ({quantity.obis}); its map "
                f"{channel.map} has {', '.join(meter.registers)}."
            )
        codes.append((quantity.on_channel(number), quantity.obis))
    return meter, codes
