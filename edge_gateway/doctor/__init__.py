# SPDX-License-Identifier: EUPL-1.2
"""The doctor: looks over a gateway, running or not, changes nothing, says what to mend and how."""

from edge_gateway.doctor.examination import examine
from edge_gateway.doctor.verdict import Verdict

__all__ = ["Verdict", "examine"]
