# SPDX-License-Identifier: EUPL-1.2
"""Virtual node: the real firmware under real MicroPython, one process each, on a fake board."""

from simulators.virtual_node.ledger import JournalConflictError, Journaled, journaled
from simulators.virtual_node.node import VirtualNode
from simulators.virtual_node.pulse_input import PulseInput

__all__ = ["JournalConflictError", "Journaled", "PulseInput", "VirtualNode", "journaled"]
