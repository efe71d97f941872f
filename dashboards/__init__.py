# SPDX-License-Identifier: EUPL-1.2
"""Grafana boards of the municipality, built by code."""
