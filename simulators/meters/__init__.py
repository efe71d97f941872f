# SPDX-License-Identifier: EUPL-1.2
"""Meters with true dials: what they show, the contacts they close, the registers they answer with."""
