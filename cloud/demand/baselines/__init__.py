# SPDX-License-Identifier: EUPL-1.2
"""Baselines: what would have been used in this weather if nothing had changed."""
