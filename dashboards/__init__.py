# SPDX-License-Identifier: EUPL-1.2
"""Dashboards: Grafana boards built by code, their queries kept as SQL files that tests run."""
