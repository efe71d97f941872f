# SPDX-License-Identifier: EUPL-1.2
"""The cloud: registry, readings, alerts, and the app that shows them."""
