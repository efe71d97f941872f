# SPDX-License-Identifier: EUPL-1.2
"""What can go wrong in the field; every message says what to do about it."""

_ADVICE = {
    401: "Ask the operator for a new token.",
    403: "The token's role must be technician or operator.",
    404: "Register it with the cloud first; a gateway by `iskar-field enrol-gateway`.",
    409: "Compare the plan with what the cloud has on record.",
    422: "Correct the plan.",
}


class FieldError(Exception):
    """Provisioning can't go on; the message is a sentence for the technician."""


class PlanError(FieldError):
    """The installation plan or a register map says something that can't be."""


class PortError(FieldError):
    """The serial port can't be opened."""


class NodeNotAnsweringError(FieldError):
    """The port is there, but no MicroPython answers on it, or it stopped answering."""

    def __init__(self, port: str, reason: str) -> None:
        super().__init__(
            f"The node on {port} does not answer ({reason}). Check that the cable carries data, "
            f"close other programs on the port, press the node's reset, then run this again."
        )


class NodeStorageError(FieldError):
    """The node answered, but could not keep a file."""

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(
            f"The node could not keep {path} ({reason}). If its flash is full or worn, erase it, "
            f"install the firmware again and rerun."
        )


class NodeTakenError(FieldError):
    """The node at hand is another one already."""

    def __init__(self, found: str, wanted: str) -> None:
        super().__init__(
            f"This node is {found} already, not {wanted}. Connect the right one, or say --replace "
            f"to make it {wanted}."
        )


class VerificationError(FieldError):
    """A file reads back from the node differently from what was written."""

    def __init__(self, path: str) -> None:
        super().__init__(
            f"{path} reads back differently from what was written. Run this again; if it stays, "
            f"the node's flash is worn: replace the board."
        )


class CloudUnreachableError(FieldError):
    """No answer from the cloud; whether it acted is unknown, and running again is safe."""

    def __init__(self, url: str, reason: str) -> None:
        super().__init__(
            f"The cloud at {url} can't be reached ({reason}). Check the address, the network and "
            f"--cloud-ca, then run this again: it goes on where it stopped."
        )


class CloudRefusedError(FieldError):
    """The cloud understood and said no."""

    def __init__(self, request: str, status: int, detail: str) -> None:
        self.status = status
        advice = _ADVICE.get(status, "Run this again; if it stays, tell the operator.")
        super().__init__(f"The cloud refused {request} with {status}: {detail} {advice}")


class CloudAnswerError(FieldError):
    """The cloud's answer is not what the contract says."""
