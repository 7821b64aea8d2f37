"""The body of a request as a stream that is whole and not too large."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import IO

from werkzeug.exceptions import ClientDisconnected, RequestEntityTooLarge

from mailsift.api.problems import Problem, incomplete, not_whole

_CHUNK = 256 * 1024


def chunks(stream: IO[bytes], announced: int | None) -> Iterator[bytes]:
    """Read a body to its end. Raises Problem when it ends before its announced length: the client has gone."""
    received = 0
    try:
        while chunk := stream.read(_CHUNK):
            received += len(chunk)
            yield chunk
    except ClientDisconnected as error:
        raise not_whole(error) from error
    except RequestEntityTooLarge as error:
        raise Problem("upload_too_large", "the body is longer than this server takes") from error
    if announced is not None and received < announced:
        raise incomplete()


@dataclass(frozen=True, slots=True)
class UploadLimit:
    """How many bytes a file may have, and whether it is a plan that says so."""

    bytes: int
    plan: str | None = None

    def exceeded(self) -> Problem:
        """Say that a file has more."""
        whose = f" on the {self.plan} plan" if self.plan else ""
        return Problem("upload_too_large", f"a file may have {self.bytes} bytes at most{whose}")


def limited(parts: Iterable[bytes], limit: UploadLimit) -> Iterator[bytes]:
    """Pass a stream on while it stays within its limit. Raises Problem."""
    size = 0
    for part in parts:
        size += len(part)
        if size > limit.bytes:
            raise limit.exceeded()
        yield part
