# SPDX-License-Identifier: EUPL-1.2
"""Meters with true dials: what they show, how their contacts close, what their registers answer."""
