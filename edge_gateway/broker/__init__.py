# SPDX-License-Identifier: EUPL-1.2
"""The broker: a session with it, and the configuration that Mosquitto runs by."""
