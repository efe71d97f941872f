# SPDX-License-Identifier: EUPL-1.2
"""The bill to expect of a month: what was used so far, and what is forecast of the rest."""
