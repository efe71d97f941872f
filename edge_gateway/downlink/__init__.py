# SPDX-License-Identifier: EUPL-1.2
"""The downlink: what the cloud orders of nodes, carried out as surely as readings are carried up.

Orders are fetched and kept in the store; all that follows is judged from there, so that a restart
at any line repeats a message and forgets nothing. A command is repeated until its node answers or
its time is over. A package is let in by its signature alone, and rolled out in waves that halt at
the first failure or silence. Nothing here acts on a clock that is not trusted.

How a node writes a package into its flash is the firmware's; one that can't says so, and its
rollout halts.
"""

from edge_gateway.downlink.service import Downlink

__all__ = ["Downlink"]
