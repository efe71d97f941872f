# SPDX-License-Identifier: EUPL-1.2
"""Settings of a gateway, from variables GATEWAY_* or a file of them."""

from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from wire import fields

LOOPBACK = ("127.0.0.1", "::1", "localhost")


def _identifier(name: str) -> str:
    return fields.identifier(name, "name")


Identifier = Annotated[str, AfterValidator(_identifier)]


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

    @property
    def pki_dir(self) -> Path:
        """Return where the certificates lie: ca, gateway and broker, as PEM."""
        return self.data_dir / "pki"

    @property
    def mosquitto_dir(self) -> Path:
        """Return where the broker's configuration lies."""
        return self.data_dir / "mosquitto"


class Settings(BrokerSettings):
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
    health_every_s: float = Field(default=1800, gt=0)  # 48 lines a day
    configuration_every_s: float = Field(default=600, gt=0)
    orders_every_s: float = Field(default=15, gt=0)

    @model_validator(mode="after")
    def _token_travels_encrypted(self) -> Self:
        url = urlsplit(self.cloud_url)
        if url.scheme == "https" or (url.scheme == "http" and url.hostname in LOOPBACK):
            return self
        raise ValueError(
            f"GATEWAY_CLOUD_URL is {self.cloud_url!r}; it must begin with https:// "
            "(http:// only to this machine), for the token travels with every request"
        )
