# SPDX-License-Identifier: EUPL-1.2
"""Savings: budgets and early warnings, nights, what weather explains, what to do."""
