# SPDX-License-Identifier: EUPL-1.2
"""Settings of the cloud, read once from the environment (CLOUD_*) and passed down."""

from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Annotated, Self

from pydantic import Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from cloud.kit.auth.organisations import Organisation, is_secure
from cloud.kit.auth.rights import STAFF, Role
from cloud.kit.hypertable import KEPT, Retention
from cloud.kit.log import Format
from cloud.kit.mail import IMPLICIT_TLS_PORT, MailServer, is_address
from cloud.kit.rates import Rate

Positive = Annotated[float, Field(gt=0)]
Count = Annotated[int, Field(ge=1)]
Port = Annotated[int, Field(ge=0, le=65535)]

# Standard Webhooks 1.0, "Retry schedule": at once, then these pauses; 75 h 35 min in all.
WEBHOOK_PAUSES_S = (5, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400)

# The tariffs of most homes in Sofia, see cloud/tariffs/data.
ASSUMED_TARIFFS = {
    "water": "sofiyska-voda-household",
    "electricity": "electrohold-household",
    "gas": "overgas-household",
    "heat": "toplofikatsia-sofia-household",
}


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
    # whom to tell of a vulnerability, as RFC 9116 has it: mailto:… or https://…
    security_contact: Annotated[str, Field(pattern=r"^(mailto:|https://)[!-~]+$")] | None = None
    # how long each resolution is kept; months are kept for ever
    raw_retention_days: Annotated[int, Field(ge=2 * KEPT.days)] = 90
    hourly_retention_days: int = 3 * 366
    daily_retention_days: int = 10 * 366
    # Source: NIST SP 800-63B-4, 2.1.3 and 2.2.3: 30 days with a password alone, a day where a
    # second factor is demanded.
    session_days: Count = 30
    session_idle_days: Count = 14
    staff_session_hours: Count = 24
    require_second_factor_of: frozenset[Role] = STAFF
    webhook_pauses_s: tuple[float, ...] = WEBHOOK_PAUSES_S
    webhook_timeout_s: Positive = 15
    webhook_disable_after_days: Positive = 5
    # networks that need not be public, to which webhooks may go, also unencrypted
    webhook_allowed_networks: tuple[IPv4Network | IPv6Network, ...] = ()
    oidc: tuple[Organisation, ...] = ()  # whose people sign in at their own identity provider
    # proxies whose X-Forwarded-For and -Proto count; none unless told, for anybody may send them
    trusted_proxies: tuple[IPv4Network | IPv6Network, ...] = ()
    # requests a second, and at once, in each process; an app's page asks about ten times
    caller_requests_per_s: Positive = 50
    caller_burst_requests: Count = 1000
    gateway_requests_per_s: Positive = 100  # a backlog comes as fast as it is taken
    gateway_burst_requests: Count = 2000
    stranger_requests_per_s: Positive = 10
    stranger_burst_requests: Count = 200
    # networks that need not be public, in which push services of browsers may be
    push_allowed_networks: tuple[IPv4Network | IPv6Network, ...] = ()
    # mail: off as long as no server is named
    smtp_host: str | None = None
    smtp_port: Port = 587
    smtp_username: str | None = None
    smtp_password: SecretStr | None = None
    smtp_sender: str | None = None
    smtp_starttls: bool = True  # port 465 is encrypted without it
    # which tariff counts by utility where nobody assigned one; {} for none
    assumed_tariffs: dict[str, str] = ASSUMED_TARIFFS
    # of a district's sums; the database never tells of fewer than five
    aggregate_min_premises: Annotated[int, Field(ge=5)] = 5
    # how often each series is forecast, and how old a model of it grows
    demand_forecast_every_h: Annotated[int, Field(ge=1, le=24)] = 6
    demand_refit_after_days: Annotated[int, Field(ge=1, le=60)] = 7
    log_level: str = "info"
    log_format: Format = "console"
    metrics_port: Port | None = None  # Prometheus is answered here, on a port of its own
    metrics_host: str = "127.0.0.1"
    # While a balancer learns that we stop, we still answer; then what is under way may end.
    drain_s: Annotated[float, Field(ge=0, le=300)] = 0
    stop_grace_s: Annotated[int, Field(ge=1, le=300)] = 10
    backup_dir: Path | None = None  # where `iskar-cloud doctor` looks for backups
    backup_passphrase_file: Path | None = None
    postgres_bin: Path | None = None  # pg_dump and pg_restore; None: those of the wheel, or PATH

    @model_validator(mode="after")
    def _coarser_is_kept_longer(self) -> Self:
        if not self.raw_retention_days <= self.hourly_retention_days <= self.daily_retention_days:
            raise ValueError("Hours can't be kept shorter than readings, nor days than hours.")
        return self

    @model_validator(mode="after")
    def _mail_is_complete(self) -> Self:
        if self.smtp_host is None:
            return self
        if self.smtp_sender is None or not is_address(self.smtp_sender):
            raise ValueError("CLOUD_SMTP_SENDER has to be an address, as letters come from it.")
        if (self.smtp_username is None) != (self.smtp_password is None):
            raise ValueError("Of CLOUD_SMTP_USERNAME and CLOUD_SMTP_PASSWORD one is missing.")
        if self.smtp_password is not None and not self.smtp_is_encrypted:
            raise ValueError(
                "CLOUD_SMTP_PASSWORD would travel in the clear: set CLOUD_SMTP_STARTTLS."
            )
        return self

    @model_validator(mode="after")
    def _organisations_come_back_here(self) -> Self:
        if self.oidc and not (self.public_url and is_secure(self.public_url)):
            raise ValueError("CLOUD_OIDC needs CLOUD_PUBLIC_URL, with https://.")
        if len({one.organisation_id for one in self.oidc}) < len(self.oidc):
            raise ValueError("Each organisation in CLOUD_OIDC needs an organisation_id of its own.")
        # a person is known by issuer and subject: one of the first would come in as the second's
        if len({one.issuer for one in self.oidc}) < len(self.oidc):
            raise ValueError("Each organisation in CLOUD_OIDC needs an issuer of its own.")
        return self

    @property
    def base_url(self) -> str:
        """Where people and programs reach this installation: what links begin with."""
        return (self.public_url or f"http://{self.http_host}:{self.http_port}").rstrip("/")

    @property
    def contact(self) -> str:
        """Where push services may complain about us (RFC 8292, 2.1)."""
        if self.smtp_sender is not None:
            return f"mailto:{self.smtp_sender}"
        return self.public_url or "mailto:postmaster@localhost"

    @property
    def smtp_is_encrypted(self) -> bool:
        """Whether letters travel to the mail server encrypted."""
        return self.smtp_starttls or self.smtp_port == IMPLICIT_TLS_PORT

    @property
    def mail_server(self) -> MailServer | None:
        """Where letters are handed in; None where e-mail is off."""
        if self.smtp_host is None or self.smtp_sender is None:
            return None
        return MailServer(
            host=self.smtp_host,
            port=self.smtp_port,
            sender=self.smtp_sender,
            username=self.smtp_username,
            password=self.smtp_password,
            starttls=self.smtp_starttls,
        )

    @property
    def caller_rate(self) -> Rate:
        """How often a person or program may ask."""
        return Rate(per_s=self.caller_requests_per_s, burst=self.caller_burst_requests)

    @property
    def gateway_rate(self) -> Rate:
        """How often a gateway may ask."""
        return Rate(per_s=self.gateway_requests_per_s, burst=self.gateway_burst_requests)

    @property
    def stranger_rate(self) -> Rate:
        """How often those may ask, from one address, who haven't shown who they are."""
        return Rate(per_s=self.stranger_requests_per_s, burst=self.stranger_burst_requests)

    @property
    def retention(self) -> Retention:
        """How long each resolution is kept."""
        return Retention(
            raw_days=self.raw_retention_days,
            hourly_days=self.hourly_retention_days,
            daily_days=self.daily_retention_days,
        )
