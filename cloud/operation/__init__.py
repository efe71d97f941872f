# SPDX-License-Identifier: EUPL-1.2
"""Operation: backups, what an operator is told of the cloud's state, and what Prometheus is."""
