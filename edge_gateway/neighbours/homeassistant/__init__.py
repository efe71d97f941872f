# SPDX-License-Identifier: EUPL-1.2
"""Home Assistant: meters and leaks as its entities, by MQTT discovery, read-only.

``entities`` says what they are, `picture` what Home Assistant is to see now, `service` publishes
it, all of it retained, so that neither side needs to ask the other anything.
Source: Home Assistant documentation, MQTT integration, "MQTT discovery".
"""

from edge_gateway.neighbours.homeassistant.service import HomeAssistant

__all__ = ["HomeAssistant"]
