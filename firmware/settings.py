# SPDX-License-Identifier: EUPL-1.2
"""Settings: what provisioning wrote, and what the gateway has changed since.

``settings.json`` is only read; changes from afar lie beside it, so that provisioning again starts
from a clean state by deleting one file.
"""

import json

from firmware import durable, registers
from wire import command, fields, reading_types, telegram
from wire.errors import WireError

FILE = "settings.json"
_CHANGES = "settings_changed"
_VERSION = 1
_TYPES = ("u16", "i16", "u32", "i32", "u64", "i64", "f32")
_INPUTS = 2  # counters on the board
_BAUDS = (1200, 2400, 4800, 9600, 19200, 38400, 57600, 115200)


class SettingsError(ValueError):
    """The settings can't be used; the message names the setting and what is wrong with it."""


class PulseChannel:
    """A register counted from pulses: ``start`` + pulses * ``per_pulse``."""

    def __init__(self, obis, number, per_pulse, start):
        self.obis = obis
        self.input = number
        self.per_pulse = per_pulse
        self.start = start


class ModbusChannel:
    """A number read from a Modbus meter: raw * ``scale`` in the reading type's unit."""

    def __init__(self, obis, unit_id, function, address, type_name, word_order, scale):
        self.obis = obis
        self.unit_id = unit_id
        self.function = function
        self.address = address
        self.type = type_name
        self.word_order = word_order
        self.scale = scale
        self.word_count = registers.word_count(type_name)


class Settings:
    """The checked settings of one node."""

    def __init__(self, content):
        """Take the parsed ``settings.json``, or raise SettingsError."""
        try:
            self._take(content)
        except WireError as error:
            raise SettingsError(str(error))

    def _take(self, content):
        _object(content, "settings")
        fields.integer(content, "ver", _VERSION, _VERSION)
        self.node_id = fields.identifier(content.get("node_id"), "node_id")
        self.site = fields.identifier(content.get("site"), "site")
        self.gateway_id = fields.identifier(content.get("gateway_id"), "gateway_id")
        self.first_boot = fields.integer(content, "first_boot", 1, fields.MAX_BOOT)
        self.sample_interval_s = fields.integer(
            content, "sample_interval_s", 1, command.MAX_SAMPLE_INTERVAL_S
        )
        wifi = _object(content.get("wifi"), "wifi")
        self.ssid = _text(wifi, "ssid", "wifi.ssid")
        self.password = _text(wifi, "password", "wifi.password", 0)  # an open network has none
        broker = _object(content.get("broker"), "broker")
        self.host = _text(broker, "host", "broker.host")
        self.port = fields.integer(broker, "port", 1, 65535)
        self.has_tls = broker.get("tls") is True
        self.server_name = _text(broker, "server_name", "broker.server_name")
        bus = _object(content.get("modbus", {}), "modbus")
        self.baud = _one_of(bus.get("baud", 9600), "modbus.baud", _BAUDS)
        self.parity = _one_of(bus.get("parity", "N"), "modbus.parity", ("N", "E", "O"))
        self.timeout_ms = fields.integer(
            {"timeout_ms": bus.get("timeout_ms", 500)}, "timeout_ms", 20, 10000
        )
        self.change_id = None  # of the newest settings command that was applied
        self.pulse_channels = []
        self.modbus_channels = []
        self._take_channels(content.get("channels"))

    def _take_channels(self, channels):
        if not isinstance(channels, list) or not 1 <= len(channels) <= telegram.MAX_REGISTERS:
            raise SettingsError("channels is not a list of 1 to %d." % telegram.MAX_REGISTERS)
        seen = []
        for number, content in enumerate(channels):
            name = "channels[%d]" % number
            try:
                channel = self._channel(_object(content, name), name)
            except WireError as error:
                raise SettingsError("%s: %s" % (name, error))
            if channel.obis in seen:
                raise SettingsError("%s repeats %s." % (name, channel.obis))
            seen.append(channel.obis)

    def _channel(self, content, name):
        obis = content.get("obis")
        reading_type, _ = reading_types.parse(obis)
        kind = _one_of(content.get("kind"), name + ".kind", ("pulse", "modbus"))
        if kind == "pulse":
            if reading_type.kind != reading_types.REGISTER:
                raise SettingsError("%s: pulses make no %s." % (name, reading_type.name))
            channel = PulseChannel(
                obis,
                fields.integer(content, "input", 0, _INPUTS - 1),
                _fraction(content.get("per_pulse"), name + ".per_pulse"),
                fields.integer(content, "start", 0, fields.MAX_REGISTER),
            )
            self.pulse_channels.append(channel)
        else:
            channel = ModbusChannel(
                obis,
                fields.integer(content, "unit_id", 1, 247),
                _one_of(content.get("function"), name + ".function", (3, 4)),
                fields.integer(content, "address", 0, 65535),
                _one_of(content.get("type"), name + ".type", _TYPES),
                _one_of(content.get("word_order"), name + ".word_order", ("big", "little")),
                _fraction(content.get("scale"), name + ".scale"),
            )
            self.modbus_channels.append(channel)
        return channel


def load(flash):
    """Return the settings on ``flash`` with the changes from afar, or raise SettingsError."""
    try:
        with flash.open(FILE, "rb") as file:
            content = json.loads(file.read().decode())
    except OSError:
        raise SettingsError("%s is missing; provision this node first." % FILE)
    except ValueError as error:
        raise SettingsError("%s is not JSON: %s." % (FILE, error))
    settings = Settings(content)
    changes = durable.load(flash, _CHANGES) or {"id": None, "settings": {}}
    _apply(settings, changes["settings"])
    settings.change_id = changes["id"]
    return settings


def change(settings, flash, message, clock):
    """Apply and keep a settings command.

    Return None for one applied before, otherwise what was changed; raise SettingsError when it may
    not be applied any more.
    """
    if message["id"] == settings.change_id:
        return None
    if not clock.is_set:
        raise SettingsError("The clock is not set, so it may have expired.")
    now_s = clock.now()[0]
    if now_s > message["expires_s"]:
        raise SettingsError("It expired %d s ago." % (now_s - message["expires_s"]))
    kept = (durable.load(flash, _CHANGES) or {"settings": {}})["settings"]
    kept.update(message["settings"])
    durable.save(flash, _CHANGES, {"id": message["id"], "settings": kept})
    _apply(settings, message["settings"])
    settings.change_id = message["id"]
    return message["settings"]


def _apply(settings, changed):
    for name in changed:
        if name in command.SETTABLE:
            setattr(settings, name, changed[name])


def _object(content, name):
    if not isinstance(content, dict):
        raise SettingsError("%s is missing or not an object." % name)
    return content


def _text(content, key, name, shortest=1):
    text = content.get(key)
    if not isinstance(text, str) or not shortest <= len(text) <= fields.MAX_TEXT:
        raise SettingsError(
            "%s is not a text of %d to %d characters." % (name, shortest, fields.MAX_TEXT)
        )
    return text


def _one_of(content, name, choices):
    for choice in choices:  # not `in`: True would pass for 1
        if content == choice and not isinstance(content, bool):
            return choice
    raise SettingsError("%s is %r, none of %s." % (name, content, ", ".join(map(str, choices))))


def _fraction(content, name):
    if isinstance(content, list) and len(content) == 2:
        parts = {name + "[0]": content[0], name + "[1]": content[1]}
        return (
            fields.integer(parts, name + "[0]", 1, fields.MAX_REGISTER),
            fields.integer(parts, name + "[1]", 1, fields.MAX_REGISTER),
        )
    raise SettingsError("%s is %r, not [numerator, denominator]." % (name, content))
