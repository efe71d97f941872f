# SPDX-License-Identifier: EUPL-1.2
"""Neighbours: programs of others that are shown what this gateway stores, and tell it nothing.

Each listens to the feed and reads the store by a connection of its own. None is waited for, none is
on unless asked for, and whatever one of them does, readings are stored and forwarded as before.
"""

from edge_gateway.neighbours.company import Company

__all__ = ["Company"]
