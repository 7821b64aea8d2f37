"""A dialect, put together from what was found out; pure."""

from __future__ import annotations

from mailsift.ingest.detection.encodings import Decoded
from mailsift.ingest.detection.judgement import Judgement
from mailsift.ingest.dialect import Dialect, Finding, Format, Trait


def describe(judgement: Judgement, decoded: Decoded, on_format: Finding, others: tuple[Finding, ...] = ()) -> Dialect:
    """Say how to read a text, given what its rows and its bytes tell."""
    on_encoding = Finding(Trait.ENCODING, decoded.encoding, decoded.confidence, decoded.evidence)
    return Dialect(
        format=Format(str(on_format.value)),
        encoding=decoded.encoding,
        skipped_rows=judgement.skipped_rows,
        has_header=judgement.has_header,
        column_names=judgement.column_names,
        email_columns=judgement.email_columns,
        kept_columns=judgement.kept_columns,
        findings=(on_format, on_encoding, *others, *judgement.findings),
    )
