# SPDX-License-Identifier: EUPL-1.2
"""Models of demand that follow its level: columns, what learns from them, ranges that hold."""
