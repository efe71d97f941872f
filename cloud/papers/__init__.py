# SPDX-License-Identifier: EUPL-1.2
"""Papers: a month's report and a sheet of dials as PDF, and what a bill differs by, and why."""
