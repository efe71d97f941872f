# SPDX-License-Identifier: EUPL-1.2
"""What runs on a node: plain Python for MicroPython, hardware handed in."""

VERSION = "0.1.0"
