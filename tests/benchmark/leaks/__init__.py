# SPDX-License-Identifier: EUPL-1.2
"""How soon leaks are found, and how often a meter cries wolf, on real and on simulated homes."""
