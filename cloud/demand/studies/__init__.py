# SPDX-License-Identifier: EUPL-1.2
"""Studies: what explains demand, what weather to come may do to it, and when it peaks."""
