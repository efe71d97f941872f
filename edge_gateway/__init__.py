# SPDX-License-Identifier: EUPL-1.2
"""The gateway: takes telegrams, keeps them through any outage, finds leaks, forwards."""
