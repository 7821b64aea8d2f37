"""What an OpenAPI document cannot tell schemathesis, which loads this module by its name."""

from __future__ import annotations

import datetime as dt
import os
import uuid
from typing import Any

import schemathesis
from hypothesis import strategies as st
from schemathesis import Case, GenerationMode

from mailsift.api.paging import Position, number_cursor, position_cursor

_UTC = st.just(dt.UTC)
_MOMENTS = st.datetimes(dt.datetime(2000, 1, 1), dt.datetime(2100, 1, 1), timezones=_UTC)  # noqa: DTZ001 - it adds a zone
_FORMATS = {
    "position-cursor": st.builds(Position, _MOMENTS, st.uuids()).map(position_cursor),
    "number-cursor": st.integers(0, 2**40).map(number_cursor),
    "cron": st.sampled_from(("@daily", "*/15 6-18 * * mon-fri", "0 8 1 * *")),
    "timezone": st.sampled_from(("UTC", "Europe/Berlin", "America/Argentina/Ushuaia")),
    "domain": st.sampled_from(("example.com", "münchen.example.org", "a.co.uk")),
    "address-of-a-page": st.sampled_from(("https://www.example.com/shop", "example.org:8080/?q=1")),
    "public-https-url": st.sampled_from(("https://hooks.example.com/mailsift", "https://example.org:8443/?a=b")),
    "address": st.sampled_from(("ann@example.com", "BOB@xn--bcher-kva.example", "no address@x")),
    "address-or-domain": st.sampled_from(("ann@example.com", "example.org", "@example.net", "no address@")),
    "delimiter": st.sampled_from((";", "tab", "comma", "|")),
    "character-set": st.sampled_from(("utf-8", "windows-1252", "UTF-16", "shift_jis")),
}
for name, strategy in _FORMATS.items():
    schemathesis.openapi.format(name, strategy)

# The lesser must not be above the greater: (where, the lesser, the greater).
_ORDERED = (
    ("query", "minScore", "maxScore"),
    ("filters", "minScore", "maxScore"),
    ("leadStatus", "medium-quality", "high-quality"),
    ("riskLevel", "medium", "low"),
)


@schemathesis.hook
def before_call(_: Any, case: Case[Any], __: Any) -> None:
    """Keep the key that opens all this, and put right what breaks rules between several values of a good request."""
    if case.path_parameters.get("key_id") == os.environ["OWN_KEY_ID"] and case.method != "GET":
        case.path_parameters["key_id"] = str(uuid.uuid4())
    if case.meta is None or case.meta.generation.mode is not GenerationMode.POSITIVE:
        return
    if "Idempotency-Key" in case.headers:
        # Another request under the same key is refused.
        case.headers["Idempotency-Key"] = uuid.uuid4().hex
    _put_in_order("query", case.query)
    _put_in_order("body", case.body)


def _put_in_order(name: str, said: object) -> None:
    if not isinstance(said, dict):
        return
    for where, lesser, greater in _ORDERED:
        found = [int(said[key]) for key in (lesser, greater) if said.get(key) is not None]
        if where == name and len(found) > 1:
            said[lesser], said[greater] = sorted(found)
    for key, value in said.items():
        _put_in_order(key, value)
