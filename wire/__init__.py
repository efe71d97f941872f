# SPDX-License-Identifier: EUPL-1.2
"""The contract between node, gateway and cloud.

Runs unchanged on MicroPython and CPython, so it uses neither dataclasses nor typing nor enum, and
imports nothing but the interpreter's own modules. Everything is integers: floats on the ESP32 have
32 bits and skip litres above 2^24.
"""

VERSION = 1
