# SPDX-License-Identifier: EUPL-1.2
"""What a line or a meter on it may do instead of answering; ``reason`` is what events say of it."""

from edge_gateway.errors import GatewayError


class ModbusError(GatewayError):
    """A meter did not give what it was asked for."""

    reason = "modbus"


class LineLostError(ModbusError):
    """The adapter or the connection is gone; the line must be opened anew."""

    reason = "line_lost"


class NoReplyError(ModbusError):
    """Nothing came within the timeout."""

    reason = "no_reply"


class GarbledError(ModbusError):
    """Something came, but no frame that is whole and answers the question."""

    reason = "garbled"


class DoubtfulError(ModbusError):
    """Late replies were about and no two in a row agreed."""

    reason = "doubtful"


class NoisyBusError(ModbusError):
    """The bus never fell silent, so nothing could be asked."""

    reason = "noisy_bus"


class RefusedError(ModbusError):
    """The meter answered with an exception code."""

    def __init__(self, code: int) -> None:
        super().__init__(f"The meter answered with exception {code}.")
        self.reason = f"exception_{code}"


class RegisterError(ModbusError):
    """Words that can't be a register of this reading type."""

    reason = "out_of_range"
