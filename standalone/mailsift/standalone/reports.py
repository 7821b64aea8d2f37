"""The answers as people read them."""

from __future__ import annotations

import sys
import unicodedata
from collections.abc import Iterable, Mapping
from typing import Final, TypeVar

from rich import box
from rich.console import Console, Group
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from mailsift.analyzer.reference.lists import NameList
from mailsift.api.schemas.analyses import Analysis
from mailsift.api.schemas.results import Result
from mailsift.standalone.reasons import count_reasons
from mailsift.standalone.verifying import Verified

DEMONSTRATION_ZONE: Final = "demonstration_zone"
NOTICES: Final = {
    "dns_unreachable": "no nameserver answered, so addresses whose domain had to be looked up are unknown: check the "
    "network, or name another nameserver with --nameserver",
    DEMONSTRATION_ZONE: "this was asked of a demonstration zone on loopback: its domains are invented, and so is "
    "what it says of real ones",
}
Word = TypeVar("Word", bound=str)

_COLOURS: Final = {
    "valid": "green",
    "risky": "yellow",
    "invalid": "red",
    "high-quality": "green",
    "medium-quality": "cyan",
    "low-quality": "yellow",
    "low": "green",
    "medium": "yellow",
    "high": "red",
    "critical": "red",
    "warning": "yellow",
    "advice": "cyan",
}
_WIDTH_OF_A_FILE: Final = 120
_LONGEST_ADDRESS: Final = 40
_TOP_REASONS: Final = 8
_ROWS_LOOKED_AT: Final = 200_000
_SHOWN_REASONS: Final = 4


def console() -> Console:
    """Write to standard output; in a file or a pipe the lines are as wide as tables need."""
    width = None if sys.stdout.isatty() else _WIDTH_OF_A_FILE
    return Console(width=width, highlight=False, markup=False, emoji=False, soft_wrap=False)


def notice(code: str) -> str:
    """Explain a notice of an analysis."""
    return NOTICES.get(code, code)


def summary(verified: Verified) -> Group:
    """Show the counts of a list, the reasons seen most, and where the file is."""
    upload, analysis = verified.upload, verified.analysis
    counts = Table.grid(padding=(0, 6))
    counts.add_row(
        _counts("status", analysis.by_status),
        *([_counts("lead status", analysis.by_lead_status)] if analysis.by_lead_status else []),
        _counts("risk", analysis.by_risk_level),
    )
    facts = (
        f"{upload.total_rows:,} rows: {upload.total_emails:,} with an address ({upload.valid_emails:,} well-formed, "
        f"{upload.duplicate_emails:,} repeated), {upload.rejected_rows:,} without one that can be read"
    )
    written = [Text(f"written to {printable(str(verified.path))}")]
    if left_out := verified.export.suppressed_rows:
        written.append(Text(f"without {left_out:,} rows with suppressed addresses"))
    if verified.rejected is not None:
        written.append(Text(f"rejected rows in {printable(str(verified.rejected))}"))
    return Group("", facts, *from_the_cache(analysis), "", counts, "", *_reasons(verified), *written)


def overview(results: Iterable[Result]) -> Table:
    """Show one line for each address."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    table.add_column("address", no_wrap=True, overflow="ellipsis", max_width=_LONGEST_ADDRESS)
    for name in ("status", "score", "lead status", "risk"):
        table.add_column(name, no_wrap=True, justify="right" if name == "score" else "left")
    table.add_column("why")
    for result in results:
        table.add_row(
            printable(result.email_address, _LONGEST_ADDRESS),
            word(result.status),
            str(result.deliverability_score),
            word(result.lead_status),
            word(result.risk_level),
            _why(result),
        )
    return table


def lists(known: Iterable[NameList]) -> Table:
    """Show one line for each list."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for name in ("kind", "name", "version", "date", "size", "source"):
        table.add_column(name, justify="right" if name == "size" else "left")
    for each in known:
        size = f"{len(each.entries):,}" + (f" ({each.refused:,} lines refused)" if each.refused else "")
        table.add_row(each.kind.value, each.name, each.version, each.date or "-", size, printable(each.source))
    return table


def detail(result: Result, *, is_cached: bool = False) -> Group:
    """Show everything about one address that led to its score, and which other leads to the same mailbox."""
    head = Text.assemble(
        (printable(result.email_address), "bold"),
        "  ",
        word(result.status),
        f" ({result.sub_status}), score {result.deliverability_score}, ",
        word(result.lead_status),
        ", risk ",
        word(result.risk_level),
    )
    lines = Table.grid(padding=(0, 2))
    lines.add_column(justify="right")
    for line in result.score_breakdown:
        lines.add_row(f"{line.points:+d}" if line.points else "", line.reason)
    cached = [Text("answered from the cache")] if is_cached else []
    extra = [Text(f"did you mean {printable(result.suggestion)}?")] if result.suggestion else []
    if result.canonical_address != result.normalized_address:
        extra.append(Text(f"the same mailbox as {printable(result.canonical_address)}"))
    return Group(head, Padding(Group(lines, *extra, *cached), (0, 0, 0, 2), expand=False))


def printable(text: str, longest: int | None = None) -> str:
    """Escape what would move the cursor or hide, and shorten."""
    shown = "".join(_escaped(letter) for letter in text)
    return shown if longest is None or len(shown) <= longest else f"{shown[: longest - 1]}…"


def _escaped(letter: str) -> str:
    if unicodedata.category(letter)[0] in "CZ" and letter != " ":
        return letter.encode("unicode_escape").decode()
    return letter


def _counts(title: str, counted: Mapping[Word, int]) -> Table:
    total = sum(counted.values())
    table = Table(box=None, pad_edge=False, padding=(0, 1), title=title, title_justify="left", show_header=False)
    table.add_column()
    table.add_column(justify="right")
    table.add_column(justify="right")
    for name, count in counted.items():
        table.add_row(word(name), f"{count:,}", f"{count / total:.0%}" if total else "")
    return table


def from_the_cache(analysis: Analysis) -> Iterable[str]:
    """Say how much of a list was answered from what was known, if anything was."""
    if analysis.cached_emails:
        yield (
            f"{analysis.cached_emails:,} of {analysis.total_emails:,} answers from the cache "
            f"({analysis.cached_domains:,} of {analysis.total_domains:,} domains)"
        )


def _reasons(verified: Verified) -> Iterable[Table | Text | str]:
    export = verified.export
    counted = count_reasons(verified.path, export.file_type, export.compression, _ROWS_LOOKED_AT)
    if not counted:
        return
    some = verified.upload.total_rows > _ROWS_LOOKED_AT
    table = Table.grid(padding=(0, 2))
    table.add_column()
    table.add_column(justify="right")
    for reason, count in counted.most_common(_TOP_REASONS):
        table.add_row(reason, f"{count:,}")
    yield Text("most frequent reasons" + (f" (of the first {_ROWS_LOOKED_AT:,} rows)" if some else ""), "italic")
    yield table
    yield ""


def _why(result: Result) -> str:
    shown = ", ".join(result.reasons[:_SHOWN_REASONS])
    more = len(result.reasons) - _SHOWN_REASONS
    said = f"{shown} and {more} more" if more > 0 else shown
    return f"{said}; did you mean {printable(result.suggestion)}?" if result.suggestion else said


def word(said: str | None) -> Text:
    """Write one of the words of a verdict in its colour."""
    return Text(said or "-", _COLOURS.get(said or "", ""))
