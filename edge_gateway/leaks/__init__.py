# SPDX-License-Identifier: EUPL-1.2
"""Leaks: pure rules that watch the registers of water meters; they know no store and no network."""
