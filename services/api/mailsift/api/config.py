"""The API's settings."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import Field, PositiveFloat, PositiveInt, field_validator
from pydantic_settings import NoDecode

from mailsift.shared.settings import ScoringSettings, Settings, StorageSettings

REQUEST_THREADS = 16  # threads for short requests, beside those that streams and uploads hold
# For so long after its use a connection to the database is taken to be there still: no server restarts within less.
TRUSTED_SECONDS = 1.0
# As a browser writes one: no path, no slash at the end (RFC 6454).
_ORIGIN = re.compile(r"https?://[a-z0-9.-]+(:[0-9]{1,5})?|https?://\[[0-9a-f:]+\](:[0-9]{1,5})?")
SMALL_BODY = 64 * 1024  # bytes: more than any request needs but an upload


class ApiSettings(Settings, StorageSettings, ScoringSettings):
    """What the API reads from its environment. Times are in seconds."""

    host: str = "0.0.0.0"  # noqa: S104 - a container is reached from outside
    port: int = Field(default=8000, ge=1, le=65535)
    statement_timeout_seconds: PositiveFloat = 30

    max_upload_bytes: PositiveInt = 2 * 1024**3
    # Uploads under way at once: each keeps the part of its file in memory that the storage has not got yet.
    max_uploads: PositiveInt = 16
    # A list of addresses in JSON, which is read whole.
    max_body_bytes: PositiveInt = 4 * 1024**2
    max_streams: PositiveInt = 100
    # How long a request may wait for the answer to a single address.
    wait_seconds: float = Field(default=5, ge=0, le=30)
    # How long an analysis of a file in one request may take, from the request to the workbook.
    analyze_file_seconds: PositiveInt = 600
    # And how often a stream looks whether its key opens still.
    stream_heartbeat_seconds: float = Field(default=15, gt=0, le=60)
    # A notification may be missed; this often a stream looks by itself.
    stream_poll_seconds: PositiveFloat = 5
    # For the head of a request; of silence in its body, or while the client reads the answer.
    head_seconds: PositiveFloat = 10
    body_seconds: PositiveFloat = 30
    # Web pages that may ask from a browser, as https://app.example.com.
    cors_origins: Annotated[tuple[str, ...], NoDecode] = ()

    @field_validator("cors_origins", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value

    @field_validator("cors_origins")
    @classmethod
    def _origins(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for origin in value:
            if not _ORIGIN.fullmatch(origin):
                raise ValueError(f"{origin!r} is no origin: write it like https://app.example.com")
        return value
