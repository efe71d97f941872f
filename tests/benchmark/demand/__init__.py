# SPDX-License-Identifier: EUPL-1.2
"""How good demand is forecast, against others in the same run, on real series."""
