# SPDX-License-Identifier: EUPL-1.2
"""Weather: what stations and grids told of the past and the days to come, and when they told it."""
