# SPDX-License-Identifier: EUPL-1.2
"""Settings of a gateway, from variables GATEWAY_* or a file of them."""

from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from wire import fields

LOOPBACK = ("127.0.0.1", "::1", "localhost")


def _identifier(name: str) -> str:
    return fields.identifier(name, "name")


Identifier = Annotated[str, AfterValidator(_identifier)]


def is_private(url: str) -> bool:
    """Return whether what is sent to ``url`` is encrypted, or never leaves this machine."""
    parts = urlsplit(url)
    return parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOOPBACK)


class BrokerSettings(BaseSettings):
    """What is needed to run the broker and to talk to it."""

    model_config = SettingsConfigDict(env_prefix="GATEWAY_", extra="ignore")

    id: Identifier
    site: Identifier
    data_dir: Path
    broker_host: str = "127.0.0.1"
    broker_port: int = Field(default=8883, ge=1, le=65535)
    broker_tls: bool = True
    broker_bind: str = "0.0.0.0"  # noqa: S104 - nodes come over the building's network, by mutual TLS
    broker_server_name: str = ""  # of the broker's certificate; empty: the gateway's id
    homeassistant_password: SecretStr = SecretStr("")
    homeassistant_prefix: str = Field(default="homeassistant", pattern="^[a-zA-Z0-9_-]+$")
    homeassistant_guest_port: int = Field(default=0, ge=0, le=65535)  # on our broker; 0: none

    @property
    def pki_dir(self) -> Path:
        """Return where the certificates lie: ca, gateway and broker, as PEM."""
        return self.data_dir / "pki"

    @property
    def mosquitto_dir(self) -> Path:
        """Return where the broker's configuration lies."""
        return self.data_dir / "mosquitto"

    @model_validator(mode="after")
    def _guest_is_known(self) -> Self:
        if self.homeassistant_guest_port and not self.broker_tls:
            raise ValueError(
                "GATEWAY_HOMEASSISTANT_GUEST_PORT needs GATEWAY_BROKER_TLS: "
                "who comes by the network must be known by a password, and that be encrypted"
            )
        if self.homeassistant_guest_port and not self.homeassistant_password.get_secret_value():
            raise ValueError(
                "GATEWAY_HOMEASSISTANT_PASSWORD is missing: "
                "choose one for Home Assistant to show at GATEWAY_HOMEASSISTANT_GUEST_PORT"
            )
        return self


class NeighbourSettings(BrokerSettings):
    """What is needed to show readings to the programs of others; each is off until asked for."""

    homeassistant_host: str = ""  # of its broker; empty: none, or ours if it has a guest port
    homeassistant_port: int = Field(default=8883, ge=1, le=65535)
    homeassistant_tls: bool = True
    homeassistant_ca_file: Path | None = None
    homeassistant_user: str = "iskar"
    metrics_port: int = Field(default=0, ge=0, le=65535)  # 0: none
    metrics_bind: str = "127.0.0.1"
    influx_url: str = ""  # https, or http to this machine; empty: none
    influx_token: SecretStr = SecretStr("")
    influx_org: str = ""
    influx_bucket: str = "iskar"
    influx_ca_file: Path | None = None

    @field_validator("influx_url")
    @classmethod
    def _mirror_travels_encrypted(cls, url: str) -> str:
        if url and not is_private(url):
            raise ValueError(f"{url!r} must begin with https:// (http:// only to this machine)")
        return url


class Settings(NeighbourSettings):
    """Everything a running gateway is told from outside."""

    cloud_url: str
    cloud_token: SecretStr
    cloud_ca_file: Path | None = None
    uplink_timeout_s: float = Field(default=10, gt=0, le=120)
    uplink_retry_cap_s: float = Field(default=15, gt=0, le=600)
    token_days: float = Field(default=30, ge=0)  # then a new one is asked for; 0: never
    batch_entries: int = Field(default=5000, ge=1, le=5000)
    # Under what a node waits before it sends again, 5 s; of thirty nodes, many share a sync.
    commit_interval_s: float = Field(default=2, ge=0, le=4)
    # How long the store may not know that the cloud has something; a cut in power repeats that.
    forget_every_s: float = Field(default=60, ge=0)
    retention_days: float = Field(default=7, ge=0)  # of what the cloud has; the rest stays
    clock: Literal["checked", "cloud", "assumed"] = "checked"  # whose word on the time is enough
    store_limit_mb: int = Field(default=1024, ge=16)
    health_every_s: float = Field(default=1800, gt=0)  # 48 lines a day
    configuration_every_s: float = Field(default=600, gt=0)
    orders_every_s: float = Field(default=15, gt=0)

    @model_validator(mode="after")
    def _token_travels_encrypted(self) -> Self:
        if is_private(self.cloud_url):
            return self
        raise ValueError(
            f"GATEWAY_CLOUD_URL is {self.cloud_url!r}; it must begin with https:// "
            "(http:// only to this machine), for the token travels with every request"
        )
