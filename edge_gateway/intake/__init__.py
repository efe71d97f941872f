# SPDX-License-Identifier: EUPL-1.2
"""Intake: telegrams, events and statuses come in; what is on the disk is acknowledged."""

from edge_gateway.intake.service import Intake

__all__ = ["Intake"]
