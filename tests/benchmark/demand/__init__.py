# SPDX-License-Identifier: EUPL-1.2
"""How good forecasts and baselines are: ours and the field's, strictly out of sample."""
