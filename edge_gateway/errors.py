# SPDX-License-Identifier: EUPL-1.2
"""What can go wrong on a gateway, named by who must act on it."""

from pathlib import Path


class GatewayError(Exception):
    """The base of every error that the gateway raises itself."""


class SettingsError(GatewayError):
    """A setting is missing or wrong; the message names the variable and the fix."""


class MosquittoMissingError(GatewayError):
    """The broker program is not installed."""

    def __init__(self) -> None:
        super().__init__(
            "No mosquitto program was found on the PATH or in /usr/sbin. "
            "Install it, on Debian with: apt-get install mosquitto"
        )


class CertificateMissingError(GatewayError):
    """A certificate or key that the settings ask for is not there."""

    def __init__(self, path: Path) -> None:
        super().__init__(
            f"{path} is missing; enrolling the gateway (iskar-field enrol-gateway) writes it."
        )


class StoreError(GatewayError):
    """The store could not do what it was asked; nothing of that transaction is kept."""


class StoreDamagedError(GatewayError):
    """The store's file is damaged: trying again changes nothing, opening it anew sets it aside."""


class NoStoreError(StoreError):
    """There is no store where one was to be looked at."""

    def __init__(self, data_dir: Path) -> None:
        super().__init__(f"There is no store in {data_dir}; is this a gateway's data directory?")


class StoreInUseError(StoreError):
    """Another gateway process holds the same data directory."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"{path} is held by another running gateway; stop that one first.")


class StoreTooNewError(StoreError):
    """The store was written by a later release than this one."""

    def __init__(self, found: int, known: int) -> None:
        super().__init__(
            f"The store has layout {found}, this release knows up to {known}; update the gateway."
        )


class CloudError(GatewayError):
    """The cloud did not take what it was sent."""


class CloudUnreachableError(CloudError):
    """No usable answer came: the network, a time limit, or a fault on the cloud's side."""


class CloudBusyError(CloudUnreachableError):
    """The cloud asks to be left alone for a while; ``retry_after_s`` is 0 if it didn't say."""

    def __init__(self, message: str, retry_after_s: float) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class CloudSilentError(CloudUnreachableError):
    """No answer came within the time limit."""


class CloudNotTrustedError(CloudUnreachableError):
    """Whoever answers at the cloud's address has no certificate of the authority we go by."""


class CloudDeniedError(CloudError):
    """The cloud does not accept this gateway's token."""


class BatchTooLargeError(CloudError):
    """The cloud, or a proxy before it, refuses a body of this size."""


class EncodingRefusedError(CloudError):
    """The cloud does not read the compression that it was sent."""


class BatchRefusedError(CloudError):
    """The cloud finds the batch itself invalid; sending it again would change nothing."""


class PackageRefusedError(GatewayError):
    """A package is not one that may be given to nodes; the message says why."""


class HistoryError(GatewayError):
    """A file of readings can't be replayed; the message names the place and what to write."""
