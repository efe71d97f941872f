# SPDX-License-Identifier: EUPL-1.2
"""What was used: series summed from meters or brought along, checked, with the weather beside."""
