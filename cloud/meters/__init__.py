# SPDX-License-Identifier: EUPL-1.2
"""Meters: the instruments, what reads them, and which hangs where since when."""
