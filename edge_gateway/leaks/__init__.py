# SPDX-License-Identifier: EUPL-1.2
"""Leaks: pure rules that watch the registers of meters; they know no store and no network.

A reading becomes a stretch (what passed since the one before), stretches become slots (about a
quarter of an hour, about an hour), rules look at these and judge, and what they say of one meter is
fused into one finding.
"""
