# SPDX-License-Identifier: EUPL-1.2
"""Webhooks: events told to the programs of utilities, signed, until each of them has taken them."""
