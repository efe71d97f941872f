# SPDX-License-Identifier: EUPL-1.2
"""Demand: what will be used, what would have been used, and why, with ranges that hold."""
