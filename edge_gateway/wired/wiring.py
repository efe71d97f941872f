# SPDX-License-Identifier: EUPL-1.2
"""``meters.toml``: which lines run to the gateway, and which meters hang on them."""

import hashlib
import json
import math
import tomllib
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from edge_gateway.errors import SettingsError
from edge_gateway.settings import Identifier
from edge_gateway.wired.errors import RegisterError
from edge_gateway.wired.register_maps import Register, RegisterMap
from wire import command, fields, reading_types, telegram
from wire.reading_types import ReadingType

FILE_NAME = "meters.toml"


def _obis(code: str) -> str:
    reading_types.parse(code)
    return code


Obis = Annotated[str, AfterValidator(_obis)]
PrintableText = Annotated[str, Field(pattern=r"^[!-~]*$")]  # for notices name it


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class MeterTable(_Table):
    """One meter: its unit number, the map it is read by, and what is read of it.

    The first code is the one that commissioning compares with the dial.
    """

    unit_id: int = Field(ge=1, le=247)
    map: str
    registers: tuple[Obis, ...] = Field(min_length=1, max_length=telegram.MAX_REGISTERS)

    @model_validator(mode="after")
    def _begins_with_a_dial(self) -> Self:
        if reading_types.parse(self.registers[0])[0].kind != reading_types.REGISTER:
            raise ValueError(f"{self.registers[0]} is on no dial; name a cumulative register first")
        return self


class LineTable(_Table):
    """One RS-485 line on a serial port, or one TCP connection.

    ``port`` is a path or a pattern of paths, the first that is there being taken: an adapter may
    come back under another name. ``framing`` is that of Modbus TCP for a host, unless the host is
    a converter that passes RTU frames through as they are.
    """

    port: PrintableText = ""
    baud: Literal[1200, 2400, 4800, 9600, 19200, 38400, 57600, 115200] = 9600
    parity: Literal["N", "E", "O"] = "N"
    stop_bits: Literal[1, 2] = 1
    host: PrintableText = ""
    tcp_port: int = Field(default=502, ge=1, le=65535)
    framing: Literal["rtu", "tcp"] = "tcp"
    timeout_ms: int = Field(default=500, ge=20, le=10_000)
    meters: tuple[MeterTable, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _no_conflict(self) -> Self:
        if bool(self.port) == bool(self.host):
            raise ValueError("a line has either a port or a host")
        _refuse_repeats("unit_id", (meter.unit_id for meter in self.meters))
        return self

    @property
    def name(self) -> str:
        """Return what people know the line by."""
        return self.port or f"{self.host}:{self.tcp_port}"


class Wiring(_Table):
    """The whole file; ``node_id`` is the node as which the gateway reads these meters."""

    node_id: Identifier
    interval_s: int = Field(default=30, ge=1, le=command.MAX_SAMPLE_INTERVAL_S)
    lines: tuple[LineTable, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _no_conflict(self) -> Self:
        meters = [meter for line in self.lines for meter in line.meters]
        _refuse_repeats("OBIS code", (code for meter in meters for code in meter.registers))
        _refuse_repeats("line", (line.name for line in self.lines))
        return self


@dataclass(frozen=True, kw_only=True)
class Channel:
    """One register of one meter, with all that is needed to read it."""

    obis: str
    reading_type: ReadingType
    function: int
    register: Register

    def register_in(self, words: bytes) -> int:
        """Return the register that ``words`` say; raise RegisterError if none such can travel."""
        said = math.floor(self.register.amount(words))
        lowest = 0 if self.reading_type.kind == reading_types.REGISTER else -fields.MAX_REGISTER
        if not lowest <= said <= fields.MAX_REGISTER:
            raise RegisterError(f"{self.obis} reads {said}, outside its range.")
        return said


@dataclass(frozen=True, kw_only=True)
class WiredMeter:
    """One meter, and the fingerprint of everything that decides what its words mean."""

    unit_id: int
    line: str
    channels: tuple[Channel, ...]
    fingerprint: str


def read(data_dir: Path) -> Wiring | None:
    """Return the wiring, None where there is no file; raise SettingsError naming every fault."""
    path = data_dir / FILE_NAME
    try:
        return Wiring.model_validate(tomllib.loads(path.read_text()))
    except FileNotFoundError:
        return None
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path} can't be read: {error}.") from error
    except ValidationError as error:
        faults = [
            f"  {'.'.join(map(str, fault['loc']))}: {fault['msg']}"
            for fault in error.errors(include_url=False)
        ]
        raise SettingsError("\n".join([f"{path} is to be corrected:", *faults])) from error


def meters_of(line: LineTable, maps: Mapping[str, RegisterMap]) -> list[WiredMeter]:
    """Return the meters on ``line``, or raise SettingsError where no map fits."""
    return [_meter(line, table, maps) for table in line.meters]


def _meter(line: LineTable, table: MeterTable, maps: Mapping[str, RegisterMap]) -> WiredMeter:
    if table.map not in maps:
        raise SettingsError(
            f"{FILE_NAME}: there is no register map {table.map}; there are {', '.join(maps)}."
        )
    found = maps[table.map]
    channels = []
    for code in table.registers:
        reading_type, _ = reading_types.parse(code)
        if reading_type.obis not in found.registers:
            raise SettingsError(
                f"{FILE_NAME}: {found.make} {found.model} has no {reading_type.name} "
                f"({reading_type.obis}); its map {table.map} has {', '.join(found.registers)}."
            )
        register = found.registers[reading_type.obis]
        channels.append(
            Channel(
                obis=code, reading_type=reading_type, function=found.function, register=register
            )
        )
    return WiredMeter(
        unit_id=table.unit_id,
        line=line.name,
        channels=tuple(channels),
        fingerprint=_fingerprint(line.name, table.unit_id, channels),
    )


def _fingerprint(line: str, unit_id: int, channels: Iterable[Channel]) -> str:
    meaning = [[one.obis, one.function, one.register.model_dump(mode="json")] for one in channels]
    return hashlib.sha256(json.dumps([line, unit_id, meaning]).encode()).hexdigest()


def _refuse_repeats(name: str, seen: Iterable[object]) -> None:
    for key, times in Counter(seen).items():
        if times > 1:
            raise ValueError(f"{name} {key} appears {times} times; it must be unique")
