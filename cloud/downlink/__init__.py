# SPDX-License-Identifier: EUPL-1.2
"""Downlink: what operators order of nodes, on its way there by their gateways.

A gateway asks for its orders; nobody calls it. It hands a command to its node until the node
answers or the time is over, and rolls a package out by itself. What came of an order is told by the
nodes' events and the gateways' notices, so that it is known as surely as a reading is.
"""
