"""The naming rule of the database: snake_case attributes, quoted camelCase columns, index names that never collide."""

from __future__ import annotations

import re
from typing import Any

from sqlalchemy import Column, MetaData, event
from sqlalchemy.orm import DeclarativeBase

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(DeclarativeBase):
    """The base of every table."""

    metadata = MetaData(naming_convention=NAMING)


def camel_case(name: str) -> str:
    """Turn `upload_id` into `uploadId`."""
    return re.sub(r"_([a-z0-9])", lambda match: match.group(1).upper(), name)


@event.listens_for(Column, "before_parent_attach")
def _name_in_camel_case(column: Column[Any], parent: object) -> None:
    # Only the name changes: with `mapped_column("uploadId")` the key would change too, and an upsert's SET would then
    # compile to the attribute's name. Tables of others, as Alembic's own, keep the names that their tools look for.
    if getattr(parent, "metadata", None) is Base.metadata and column.name and "_" in column.name:
        column.key = column.key or column.name
        column.name = camel_case(column.name)
