# SPDX-License-Identifier: EUPL-1.2
"""The scorecard: the same telegrams and the same faults for Iskar and its rivals. See README.md."""
