# SPDX-License-Identifier: EUPL-1.2
"""The uplink: batches to the cloud, and the cloud's word on meters back."""

from edge_gateway.forwarder.cloud import Cloud
from edge_gateway.forwarder.configuration import Configuration
from edge_gateway.forwarder.rotation import Rotation
from edge_gateway.forwarder.service import Forwarder

__all__ = ["Cloud", "Configuration", "Forwarder", "Rotation"]
