# SPDX-License-Identifier: EUPL-1.2
"""What a reader of the wire raises when bytes are not what the contract says."""


class WireError(ValueError):
    """The bytes break the contract; the message names the field, its content and the rule."""
