# SPDX-License-Identifier: EUPL-1.2
"""Forecasts as they were issued: kept, served, audited, and held against limits."""
