# SPDX-License-Identifier: EUPL-1.2
"""Runs: models fitted and forecasts made as of then, by jobs, one group of series at a time."""
