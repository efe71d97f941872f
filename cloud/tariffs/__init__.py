# SPDX-License-Identifier: EUPL-1.2
"""Tariffs: what supply costs, as dated data, and what was used at those prices."""
