# SPDX-License-Identifier: EUPL-1.2
"""Alerts: what a gateway found, told to owners as it happens and to utilities by webhook."""
