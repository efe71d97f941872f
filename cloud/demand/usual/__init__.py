# SPDX-License-Identifier: EUPL-1.2
"""Whether today is like other days: a building's use so far against usual days and its likes."""
