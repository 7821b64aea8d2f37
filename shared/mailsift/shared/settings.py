"""Environment to frozen settings: what all services share, with every fault reported in one error."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Literal, TypeVar

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    PositiveFloat,
    PositiveInt,
    ValidationError,
    ValidationInfo,
    field_validator,
)
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from mailsift.shared.scoring_policy import ScoringPolicy, parse_policy_text

SettingsType = TypeVar("SettingsType", bound="BaseSettings")


class SettingsError(Exception):
    """One or more environment variables are missing or wrong; the message lists all of them."""


def _has_opentelemetry() -> bool:
    try:
        return find_spec("opentelemetry.exporter.otlp.proto.http") is not None
    except ModuleNotFoundError:
        return False


# The standard has an empty variable count as none, and anything but `true` as false.
_Endpoint = Annotated[Annotated[str, Field(pattern="^https?://")] | None, BeforeValidator(lambda said: said or None)]
_Exporter = Annotated[Literal["otlp", "none"], BeforeValidator(lambda said: said or "otlp")]
_Ratio = Annotated[float, Field(ge=0, le=1), BeforeValidator(lambda said: 1.0 if said == "" else said)]
_Sampler = Annotated[
    Literal[
        "always_on",
        "always_off",
        "traceidratio",
        "parentbased_always_on",
        "parentbased_always_off",
        "parentbased_traceidratio",
    ],
    BeforeValidator(lambda said: said or "parentbased_always_on"),
]
_Switch = Annotated[bool, BeforeValidator(lambda said: str(said).lower() == "true")]


class TracingSettings(BaseSettings):
    """Whether traces are told, and where to, in OpenTelemetry's own words.

    It reads them itself, these and more; those of a sampler stand here because it would only grumble at a wrong one.
    """

    model_config = SettingsConfigDict(frozen=True, extra="ignore")

    otel_sdk_disabled: _Switch = False
    otel_traces_exporter: _Exporter = "otlp"
    otel_exporter_otlp_endpoint: _Endpoint = None
    otel_exporter_otlp_traces_endpoint: _Endpoint = None
    otel_service_name: str | None = None
    otel_traces_sampler: _Sampler = "parentbased_always_on"
    otel_traces_sampler_arg: _Ratio = 1.0

    @property
    def traces_wanted(self) -> bool:
        """Whether they are told at all."""
        somewhere = self.otel_exporter_otlp_traces_endpoint or self.otel_exporter_otlp_endpoint
        return somewhere is not None and self.otel_traces_exporter == "otlp" and not self.otel_sdk_disabled

    @field_validator("otel_exporter_otlp_endpoint", "otel_exporter_otlp_traces_endpoint")
    @classmethod
    def _can_be_told(cls, value: str | None, info: ValidationInfo) -> str | None:
        off = info.data.get("otel_sdk_disabled") or info.data.get("otel_traces_exporter") == "none"
        if value is not None and not off and not _has_opentelemetry():
            raise ValueError(
                "traces need OpenTelemetry: pip install 'mailsift-shared[tracing]', or set OTEL_SDK_DISABLED=true"
            )
        return value


class Settings(TracingSettings):
    """What every process needs to reach the database and to be watched. Times are in seconds."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", case_sensitive=False)

    database_url: str = Field(description="PostgreSQL, with this service's own role")
    log_level: str = Field(default="INFO", pattern="^(DEBUG|INFO|WARNING|ERROR)$")
    health_host: str = "0.0.0.0"  # noqa: S104 - probes and scrapes come from outside the container
    health_port: int = Field(default=9100, ge=0, le=65535, description="/livez, /readyz, /metrics; 0: any free port")
    statement_timeout_seconds: PositiveFloat = 600

    @field_validator("database_url")
    @classmethod
    def _always_psycopg2(cls, value: str) -> str:
        return psycopg2_url(value)


class BrokerSettings(BaseSettings):
    """What a process that sends or receives hints needs."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore")

    rabbitmq_url: str = Field(pattern="^amqps?://", description="amqp://user:password@host:port/vhost")


class RetrySettings(BaseSettings):
    """How long a job waits for its next try. Times are in seconds."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore")

    retry_base_seconds: PositiveFloat = 60
    retry_cap_seconds: PositiveFloat = 3600
    retry_jitter_seconds: Annotated[float, Field(ge=0)] = 30


class WorkerSettings(Settings, BrokerSettings, RetrySettings):
    """What a process that runs jobs needs to keep their leases alive. Times are in seconds."""

    worker_threads: PositiveInt = 4
    lease_seconds: PositiveFloat = 90
    heartbeat_seconds: PositiveFloat = 30
    progress_seconds: PositiveFloat = 1


class StorageSettings(BaseSettings):
    """Where uploaded and exported files live."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore")

    storage_url: str = Field(
        pattern="^(file|s3|gs|az)://", description="file:///folder, s3://bucket, gs://bucket, az://container"
    )
    storage_shared: bool = Field(
        default=False, validate_default=True, description="a file:// folder that every service mounts"
    )

    @field_validator("storage_shared")
    @classmethod
    def _a_folder_is_shared(cls, value: bool, info: ValidationInfo) -> bool:  # noqa: FBT001 - pydantic's signature
        if not value and str(info.data.get("storage_url", "")).startswith("file:"):
            raise ValueError("STORAGE_URL is a folder; say true when every service mounts the same one")
        return value


def _split(value: object) -> object:
    return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value


def _are_networks(value: tuple[str, ...]) -> tuple[str, ...]:
    for network in value:
        ip_network(network)
    return value


Words = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_split)]
"""A list, separated by commas."""

Networks = Annotated[Words, AfterValidator(_are_networks)]
"""Such as `10.1.0.0/16,fd12::/48`."""


class ResolverSettings(BaseSettings):
    """Which nameservers answer, as host[:port]; none means those of the machine."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore")

    nameservers: Words = ()


class ScoringSettings(BaseSettings):
    """What the operator wants weighed otherwise."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore")

    scoring_policy: Annotated[ScoringPolicy | None, NoDecode] = Field(
        default=None, description="JSON, or the path of a file with it"
    )

    @field_validator("scoring_policy", mode="before")
    @classmethod
    def _read(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        return read_policy(value) if value.strip() else None


def read_policy(said: str) -> ScoringPolicy:
    """Read a policy from JSON, or from the file that is named instead. Raises ValueError."""
    said = said.strip()
    if said.startswith("{"):
        return parse_policy_text(said)
    try:
        return parse_policy_text(Path(said).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        # A policy that is wrong is a ValueError too, and the file is the one to mend.
        raise ValueError(f"{said}: {error}") from error


def psycopg2_url(url: str) -> str:
    """Name the driver in a PostgreSQL URL: SQLAlchemy 2.1 takes a bare `postgresql://` for psycopg 3.

    Raises ValueError when the URL is not one of PostgreSQL.
    """
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        message = "not a database URL; write postgresql://user:password@host:5432/name"
        # What the parser stumbled over may be the password: with a slip before it, that is where the port should be.
        raise ValueError(message) from None
    if parsed.drivername.split("+")[0] not in {"postgresql", "postgres"}:
        message = "mailsift needs PostgreSQL; write postgresql://user:password@host:5432/name"
        raise ValueError(message)
    return parsed.set(drivername="postgresql+psycopg2").render_as_string(hide_password=False)


def load(settings_type: type[SettingsType]) -> SettingsType:
    """Read settings from the environment.

    Raises SettingsError naming every faulty variable, without its value: it may be a secret.
    """
    try:
        return settings_type()
    except ValidationError as error:
        faults = [f"  {'.'.join(map(str, fault['loc'])).upper()}: {fault['msg']}" for fault in error.errors()]
        message = "the environment is not complete:\n" + "\n".join(faults)
        raise SettingsError(message) from None


def load_or_exit(settings_type: type[SettingsType]) -> SettingsType:
    """Read settings for a process that cannot do without: faults end it with 2, their list and no trace."""
    try:
        return load(settings_type)
    except SettingsError as error:
        sys.stderr.write(f"{error}\n")
        raise SystemExit(2) from None
