# SPDX-License-Identifier: EUPL-1.2
"""Exports: readings and usage as files that other programs read: CSV, Parquet, SenML."""
