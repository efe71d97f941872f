# SPDX-License-Identifier: EUPL-1.2
"""A city to test against: buildings, meters with true dials, weather, faults."""
