"""The column types that tables share, so that a key or a time is the same everywhere."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Annotated, Any

from sqlalchemy import BigInteger, DateTime, Integer, SmallInteger, Text, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, UUID
from sqlalchemy.orm import mapped_column

Key = Annotated[uuid.UUID, mapped_column(UUID(as_uuid=True), primary_key=True)]
Id = Annotated[uuid.UUID, mapped_column(UUID(as_uuid=True))]
Words = Annotated[str, mapped_column(Text)]
Number = Annotated[int, mapped_column(Integer)]
Small = Annotated[int, mapped_column(SmallInteger)]
Big = Annotated[int, mapped_column(BigInteger)]
Count = Annotated[int, mapped_column(BigInteger, server_default=text("0"))]
Time = Annotated[dt.datetime, mapped_column(DateTime(timezone=True))]
Now = Annotated[dt.datetime, mapped_column(DateTime(timezone=True), server_default=text("now()"))]
Json = Annotated[dict[str, Any], mapped_column(JSONB)]
WordList = Annotated[list[str], mapped_column(ARRAY(Text))]
NumberList = Annotated[list[int], mapped_column(ARRAY(Integer))]
