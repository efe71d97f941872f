# SPDX-License-Identifier: EUPL-1.2
"""Accounts: people, programs and organisations, how they sign in, and what was granted to them."""
