# SPDX-License-Identifier: EUPL-1.2
"""Settings of the cloud, read once from the environment (CLOUD_*) and passed down."""

from pathlib import Path
from typing import Annotated

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

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
    session_days: Annotated[int, Field(ge=1)] = 30
    webhook_pauses_s: tuple[float, ...] = WEBHOOK_PAUSES_S
    webhook_timeout_s: float = 15
    log_level: str = "info"
