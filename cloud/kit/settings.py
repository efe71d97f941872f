# SPDX-License-Identifier: EUPL-1.2
"""Settings of the cloud, read once from the environment (CLOUD_*) and passed down."""

from pathlib import Path
from typing import Annotated, Self

from pydantic import Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from cloud.kit.hypertable import KEPT, Retention
from cloud.kit.prices import SOFIA, DatedPrice

Port = Annotated[int, Field(ge=0, le=65535)]

# Standard Webhooks 1.0, "Retry schedule": at once, then these pauses; 75 h 35 min in all.
WEBHOOK_PAUSES_S = (5, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400)


class CloudSettings(BaseSettings):
    """Where the cloud keeps its data and where it listens."""

    model_config = SettingsConfigDict(env_prefix="CLOUD_", frozen=True)

    data_dir: Path = Path("var/cloud")
    database_url: SecretStr | None = None  # None: PostgreSQL embedded below data_dir
    database_pool_size: Annotated[int, Field(ge=2, le=200)] = 12
    http_host: str = "127.0.0.1"
    http_port: Port = 8080
    https_port: Port | None = None  # its certificate comes from our own authority
    public_url: str | None = None
    # how long each resolution is kept; months are kept for ever
    raw_retention_days: Annotated[int, Field(ge=2 * KEPT.days)] = 90
    hourly_retention_days: int = 3 * 366
    daily_retention_days: int = 10 * 366
    session_days: Annotated[int, Field(ge=1)] = 30
    webhook_pauses_s: tuple[float, ...] = WEBHOOK_PAUSES_S
    webhook_timeout_s: float = 15
    prices: tuple[DatedPrice, ...] = SOFIA  # until tariffs are recorded by contract
    # of a district's sums; the database never tells of fewer than five
    aggregate_min_premises: Annotated[int, Field(ge=5)] = 5
    log_level: str = "info"

    @model_validator(mode="after")
    def _coarser_is_kept_longer(self) -> Self:
        if not self.raw_retention_days <= self.hourly_retention_days <= self.daily_retention_days:
            raise ValueError("Hours can't be kept shorter than readings, nor days than hours.")
        return self

    @property
    def retention(self) -> Retention:
        """How long each resolution is kept."""
        return Retention(
            raw_days=self.raw_retention_days,
            hourly_days=self.hourly_retention_days,
            daily_days=self.daily_retention_days,
        )
