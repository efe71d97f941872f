# SPDX-License-Identifier: EUPL-1.2
"""Premises: the buildings, and the service points where their supply is measured."""
