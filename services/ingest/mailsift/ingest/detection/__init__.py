"""What a file is and how to read it, told from its beginning and never from its name; pure."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from mailsift.ingest.detection.contents import refuse_other_formats
from mailsift.ingest.detection.description import describe
from mailsift.ingest.detection.documents import Document, find_document
from mailsift.ingest.detection.encodings import Decoded, decode
from mailsift.ingest.detection.judgement import Sample, judge
from mailsift.ingest.detection.mailing import find_mailboxes
from mailsift.ingest.detection.markup import refuse_markup
from mailsift.ingest.detection.tables import detect_table
from mailsift.ingest.dialect import Dialect, Finding, Format, Trait
from mailsift.ingest.formats.mailboxes import NAMES
from mailsift.ingest.rows import MAX_ROW_LENGTH
from mailsift.shared.errors import PermanentError
from mailsift.shared.reading import ReadingOptions

SAMPLE_SIZE: Final = 4 * MAX_ROW_LENGTH
"""How many bytes to give `detect`: enough to see past a first row of the greatest length."""

_MAX_PATH_SHOWN: Final = 60


def detect(sample: bytes, options: ReadingOptions, *, complete: bool) -> Dialect:
    """Tell how to read the file that begins with `sample`; `complete` when that is the whole of it."""
    if not sample:
        raise PermanentError("empty_file", "The file is empty.")
    refuse_other_formats(sample)
    decoded = decode(sample, options.encoding, complete=complete)
    refuse_markup(decoded.text)
    # Who names a delimiter says that it is a table, and who speaks of a header too.
    if options.delimiter is None:
        if document := find_document(decoded.text, options.sheet, complete=complete):
            return _of_document(document, decoded, options)
        if options.has_header is None and (mailboxes := find_mailboxes(decoded.text, complete=complete)):
            return _of_mailboxes(Sample(mailboxes, complete, names=NAMES), decoded, options)
    return detect_table(decoded, options, complete=complete)


def _of_document(document: Document, decoded: Decoded, options: ReadingOptions) -> Dialect:
    judgement = judge(Sample(document.rows, document.complete, names=document.names), options)
    where = f", rows in the array {document.path[:_MAX_PATH_SHOWN]!r}" if document.path else ""
    evidence = "a JSON value on each line" if document.format is Format.JSONL else f"JSON{where}"
    on_format = Finding(Trait.FORMAT, document.format.value, 1.0, evidence)
    return replace(describe(judgement, decoded, on_format), sheet=document.path)


def _of_mailboxes(sample: Sample, decoded: Decoded, options: ReadingOptions) -> Dialect:
    on_format = Finding(Trait.FORMAT, Format.MAILBOXES.value, 0.9, "mailboxes as in the fields of a mail")
    return describe(judge(sample, options), decoded, on_format)
