"""What is wrong with the input, field by field, in words for those who send it; pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from pydantic import ValidationError

_SEVERAL_SHAPES: Final = frozenset({"AnalysisRequest", "JobRequest"})
# A field that nobody knows has the name that the client gave it, however long.
_MOST, _LONGEST_NAME, _LONGEST_MESSAGE = 20, 100, 300
_KIND = re.compile(r"str-enum\[\w+\]")  # where a value may be a word of several lists
_MEMBER = re.compile(r"<\w+\.\w+: ('[^']*')>")
# The names that Python has for what JSON names otherwise, and what pydantic says of itself.
_WORDS: Final = {
    "extra_forbidden": "there is no such field here",
    "tuple_type": "Input should be a list",
    "list_type": "Input should be a list",
    "dict_type": "Input should be an object",
    "model_type": "Input should be an object",
    "model_attributes_type": "Input should be an object",
    "union_tag_not_found": "Field required",
}


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong with the input: where, and what."""

    field: str
    message: str


def faults_of(error: ValidationError, at: str = "") -> tuple[list[Fault], int]:
    """Name the first fields that are wrong, without repeating what they held, and how many more there are."""
    found = error.errors(include_url=False, include_input=False)[:_MOST]
    # In a body of several shapes pydantic puts the shape's name in front.
    first = 1 if error.title in _SEVERAL_SHAPES else 0
    faults: dict[str, str] = {}
    for each in found:
        field, message = at + _path(each, first), _message(each)
        faults[field] = f"{faults[field]}; or: {message}" if field in faults else message
    named = [Fault(field, message[:_LONGEST_MESSAGE]) for field, message in faults.items()]
    return named, error.error_count() - len(found)


def said(faults: Sequence[Fault], unsaid: int = 0) -> str:
    """Say all faults in one line."""
    words = [f"{fault.field}: {fault.message}" if fault.field else fault.message for fault in faults]
    return "; ".join([*words, f"and {unsaid} more"] if unsaid else words)


def _path(error: Any, first: int) -> str:
    if discriminator := error.get("ctx", {}).get("discriminator"):
        # By the name that clients know: the last of those that it has.
        return str(discriminator.rsplit("'", 2)[1])
    return ".".join(str(part)[:_LONGEST_NAME] for part in error["loc"][first:] if not _KIND.fullmatch(str(part)))


def _message(error: Any) -> str:
    if error["type"] == "union_tag_invalid":
        return f"Input should be one of {', '.join(_MEMBER.findall(error['ctx']['expected_tags']))}"
    words = _WORDS.get(error["type"], error["msg"])
    return _MEMBER.sub(r"\1", words.removeprefix("Value error, "))
