"""What an answer is sent as: not at all when the client has it (ETag), and packed when that is worth it (gzip).

Streams and files are sent as they are.
"""

from __future__ import annotations

import gzip
import hashlib
from typing import Final

from apiflask import APIFlask
from flask import Response, request

_READ: Final = frozenset({"application/json", "text/html"})
_PACKED: Final = _READ | {"application/problem+json"}
_WORTH_PACKING = 1_000  # bytes
_LEVEL = 1  # the least work takes most of what repeats


def install(app: APIFlask) -> None:
    """Look at every answer before it is sent."""
    app.after_request(_send)


def _send(response: Response) -> Response:
    if response.is_streamed or response.direct_passthrough:
        return response
    if request.method in {"GET", "HEAD"} and response.status_code == 200 and response.mimetype in _READ:
        _mark(response)
    if response.status_code != 304 and response.mimetype in _PACKED:
        _pack(response)
    return response


def _mark(response: Response) -> None:
    """Name what is answered; the same again is 304 without a body (RFC 9110, 13.1.2)."""
    # Weak, as it is the same whether packed or not.
    response.set_etag(hashlib.sha256(response.get_data()).hexdigest()[:32], weak=True)
    response.headers["Cache-Control"] = "private, no-cache"
    response.make_conditional(request)
    # It dates the answer, which the server does for all answers: said twice it is no proper header (RFC 9110, 6.6.1).
    response.headers.pop("Date", None)


def _pack(response: Response) -> None:
    response.vary.add("Accept-Encoding")
    body = response.get_data()
    if len(body) >= _WORTH_PACKING and request.accept_encodings["gzip"] > 0:
        response.set_data(gzip.compress(body, _LEVEL, mtime=0))
        response.headers["Content-Encoding"] = "gzip"
