# SPDX-License-Identifier: EUPL-1.2
"""LeakDB's contest on the Hanoi network: a year of inflow each half-hour, leaks or none."""
