# SPDX-License-Identifier: EUPL-1.2
"""Readings: the ledger of all messages, the registers read, and the usage between two instants."""
