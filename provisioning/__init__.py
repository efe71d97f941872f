# SPDX-License-Identifier: EUPL-1.2
"""Provisioning: how a bare board becomes a node of an installation.

The laptop makes a key, the cloud's own CA signs it, and the node gets its settings and
certificates over its USB cable. Every step may be interrupted and run again.
"""
