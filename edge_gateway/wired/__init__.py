# SPDX-License-Identifier: EUPL-1.2
"""Wired meters: the gateway polls Modbus meters itself, and stores what they say as any node's."""

from edge_gateway.wired.service import Wired

__all__ = ["Wired"]
