"""Errors, as RFC 9457 has them."""

from __future__ import annotations

from pydantic import Field

from mailsift.api.schemas.base import Answer


class FieldFault(Answer):
    """One thing that is wrong with the input."""

    field: str = Field(description="the field's path in the body, or the parameter's name")
    message: str


class ProblemDocument(Answer):
    """Any error."""

    type: str = Field(description="where this kind of problem is described")
    title: str
    status: int
    detail: str
    code: str = Field(description="stable: for programs")
    request_id: str
    errors: list[FieldFault] | None = Field(default=None, description="only with `validation_failed`")
