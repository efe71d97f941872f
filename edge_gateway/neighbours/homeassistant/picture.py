# SPDX-License-Identifier: EUPL-1.2
"""Picture: all that Home Assistant is to see now, as retained messages by topic."""

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from edge_gateway.feed import News, Noticed
from edge_gateway.neighbours.homeassistant import entities
from edge_gateway.neighbours.homeassistant.entities import Announcement, Entities
from wire.status import ONLINE, Status
from wire.telegram import Telegram

MAX_AHEAD_S = 3600  # of the gateway's clock; further ahead a node's clock was wrong
_OF_A_FINDING = (
    *("kind", "flow_l_per_h", "flow_low_l_per_h", "flow_high_l_per_h", "volume_l"),
    *("flow_w", "flow_low_w", "flow_high_w", "energy_wh"),
    *("confidence", "explanation", "ordinary_use", "clears_when"),
)

ConcernKey = tuple[str, str, str]  # (node_id, obis with its channel, which concern)
Findings = dict[str, Mapping[str, object]]  # those open, by finding_id: a kind may change


class Picture:
    """Kept up from the feed whether or not Home Assistant can be reached.

    An entity is announced when its node is first heard of. A channel shows its newest reading: a
    node that empties its journal after an outage is not replayed.
    """

    def __init__(self, of: Entities) -> None:
        self._entities = of
        self._read_at_s: dict[tuple[str, ...], int] = {}  # by node, and by node and channel
        self._noticed: dict[ConcernKey, Findings] = {}
        self.retained: dict[str, str] = {}
        self._announce(of.gateway_connection())

    def take(self, news: News, now_s: int | None) -> None:
        """Take in what the feed tells; ``now_s`` is None while the clock is not trusted."""
        if isinstance(news, Status):
            self._show_node(news.node_id, news.state)
        elif isinstance(news, Noticed):
            self._show_finding(news.finding)
        elif isinstance(news.message, Telegram) and (
            now_s is None or news.read_at_s <= now_s + MAX_AHEAD_S
        ):
            self._show_telegram(news.message, news.read_at_s)

    def _show_node(self, node_id: str, availability: str) -> None:
        topic = self._entities.availability_topic(node_id)
        if topic not in self.retained:
            self._announce(self._entities.node_connection(node_id))
        self.retained[topic] = availability

    def _show_telegram(self, telegram: Telegram, read_at_s: int) -> None:
        node_id = telegram.node_id
        if self._entities.availability_topic(node_id) not in self.retained:
            self._show_node(node_id, ONLINE)  # meters of the gateway have no status
        for obis, register in telegram.registers.items():
            if self._is_newest((node_id, obis), read_at_s, self._entities.register):
                topic = self._entities.state_topic(node_id, entities.slug(obis))
                self.retained[topic] = entities.state(obis, register)
            for name in entities.concerns(obis):
                if (node_id, obis, name) not in self._noticed:
                    self._show_noticed((node_id, obis, name), {})
        if self._is_newest((node_id,), read_at_s, self._entities.last_reading):
            topic = self._entities.state_topic(node_id, "last_reading")
            self.retained[topic] = _as_iso(read_at_s)

    def _is_newest(
        self, of: tuple[str, ...], read_at_s: int, entity: Callable[..., Announcement]
    ) -> bool:
        """Return whether no later reading was seen of a channel or node; announce a new one."""
        if of not in self._read_at_s:
            self._announce(entity(*of))
        elif read_at_s <= self._read_at_s[of]:
            return False
        self._read_at_s[of] = read_at_s
        return True

    def _show_finding(self, finding: Mapping[str, object]) -> None:
        node_id, obis, kind = (str(finding[name]) for name in ("node_id", "obis", "kind"))
        key = (node_id, obis, entities.concern(obis, kind))
        found = self._noticed.get(key, {})
        found.pop(str(finding["finding_id"]), None)
        if finding["cleared_at_s"] is None:
            found[str(finding["finding_id"])] = finding
        self._show_noticed(key, found)

    def _show_noticed(self, key: ConcernKey, found: Findings) -> None:
        if key not in self._noticed:
            self._announce(self._entities.noticed(*key))
        self._noticed[key] = found
        said = {
            "leak": entities.ON if found else entities.OFF,
            "findings": [
                {name: one[name] for name in _OF_A_FINDING if one.get(name) is not None}
                | {"raised_at": _as_iso(int(str(one["raised_at_s"])))}
                for one in found.values()
            ],
        }
        node_id, obis, name = key
        topic = self._entities.state_topic(node_id, f"{entities.slug(obis)}_{name}")
        self.retained[topic] = json.dumps(said, ensure_ascii=False)

    def _announce(self, entity: Announcement) -> None:
        topic, payload = entity
        self.retained[topic] = json.dumps(payload, ensure_ascii=False)


def _as_iso(unix_s: int) -> str:
    return datetime.fromtimestamp(unix_s, UTC).isoformat()
