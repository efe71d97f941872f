# SPDX-License-Identifier: EUPL-1.2
"""The inbox: what the gateway says to this node, and its topics."""

from firmware import settings as node_settings
from wire import acknowledgement, command, event, fields, topics
from wire.errors import WireError


class Inbox:
    """Takes acknowledgements and commands; whatever it can't understand it counts and drops."""

    def __init__(self, board, settings, clock, scribe):
        self._board = board
        self._settings = settings
        self._clock = clock
        self._scribe = scribe
        self.refused = 0
        self.on_acknowledged = None  # (boot, sequence)
        self.on_other = None

    def topic(self, channel):
        """Return our topic for ``channel``."""
        settings = self._settings
        return topics.topic(settings.site, settings.gateway_id, settings.node_id, channel)

    def take(self, topic, payload):
        """Take one message from the broker."""
        try:
            if topic == self.topic(topics.ACKNOWLEDGEMENT):
                self.on_acknowledged(*acknowledgement.decode(payload))
            elif topic == self.topic(topics.COMMAND):
                self._take_command(payload)
                self.on_other()
        except WireError as error:
            self.refused += 1
            print("inbox: %s: %s" % (topic, error))

    def _take_command(self, payload):
        try:
            message = command.decode(payload)
        except WireError as error:
            self._refuse(fields.parse(payload), error)
            raise
        if message["command"] == command.TIME:
            self._set_clock(message)
        elif message["command"] == command.SETTINGS:
            self._change_settings(message)
        else:
            self._refuse(message, "This firmware can't do it.")

    def _set_clock(self, message):
        step = self._clock.confirm(message["echo_up_ms"], message["now_ms"])
        if step is not None:
            self._board.set_rtc(step[1])
            self._scribe.event(event.CLOCK_SET, {"before_s": step[0], "after_s": step[1]})

    def _change_settings(self, message):
        if not self._clock.is_set:
            return  # nobody knows whether it has expired; it is told again until we answer
        try:
            changed = node_settings.change(self._settings, self._board.flash, message, self._clock)
        except node_settings.SettingsError as error:
            self._refuse(message, error)
            return
        if changed is not None:
            detail = {"id": message["id"]}
            detail.update(changed)
            self._scribe.event(event.SETTINGS_APPLIED, detail)

    def _refuse(self, message, reason):
        """Answer a command that can't be carried out, if it has an id: its sender waits."""
        kind = message.get("command")
        if kind == command.TIME:
            return
        detail = {
            "id": fields.identifier(message.get("id"), "id"),
            "reason": str(reason)[: fields.MAX_TEXT],
        }
        if kind == command.SETTINGS:
            self._scribe.event(event.SETTINGS_REFUSED, detail)
        else:
            detail["command"] = fields.text(kind, "command")
            self._scribe.event(event.COMMAND_REFUSED, detail)
