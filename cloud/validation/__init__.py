# SPDX-License-Identifier: EUPL-1.2
"""Validation: what is wrong with the readings, said so that a person can check it."""
