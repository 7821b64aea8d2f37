"""The API's settings."""

from __future__ import annotations

from pydantic import Field, PositiveFloat, PositiveInt

from mailsift.shared.settings import ScoringSettings, Settings, StorageSettings

REQUEST_THREADS = 16  # threads for short requests, beside those that streams and uploads hold
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
    stream_heartbeat_seconds: PositiveFloat = 15
    # A notification may be missed; this often a stream looks by itself.
    stream_poll_seconds: PositiveFloat = 5
