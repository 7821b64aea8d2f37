"""Reports what became of mail, and shows whether the scores told it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Final

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from mailsift.api.schemas.outcomes import BounceRate, Calibration
from mailsift.shared.verdicts import Outcome
from mailsift.standalone.client import Client
from mailsift.standalone.outcomes import Reported
from mailsift.standalone.reports import printable

# Long ones, too, fit into a body of the size that the API takes.
AT_ONCE: Final = 10_000
_MOST_WORDS: Final = 5
_NOTHING: Final = "-"


def report(client: Client, reported: Reported) -> Calibration:
    """Send outcomes, as many as there are, and read what follows."""
    for part in _parts(reported.outcomes):
        delivered = [address for address, outcome in part.items() if outcome is Outcome.DELIVERED]
        bounced = [address for address, outcome in part.items() if outcome is Outcome.BOUNCED]
        client.report_outcomes(delivered, bounced)
    return client.calibration()


def as_json(calibration: Calibration, reported: Reported | None) -> str:
    """Write it on one line."""
    read = {}
    if reported is not None:
        passed = {"noAddress": reported.no_address, "passedOver": dict(reported.passed_over.most_common(_MOST_WORDS))}
        read = {"read": {"addresses": len(reported.outcomes), **passed}}
    return json.dumps({**read, **calibration.model_dump(mode="json", by_alias=True)})


def as_table(calibration: Calibration, reported: Reported | None) -> Group:
    """Show one line for each band, the best first."""
    by_score = _table("score")
    for band in reversed(calibration.by_score):
        _add(by_score, f"{band.from_score}-{band.to_score}", band)
    by_lead = _table("lead status")
    for lead in calibration.by_lead_status:
        _add(by_lead, lead.lead_status.value, lead)
    _add(by_lead, "all", calibration.total)
    return Group(*_read(reported), Text(_headline(calibration)), "", by_score, "", by_lead)


def _parts(outcomes: Mapping[str, Outcome]) -> Iterator[dict[str, Outcome]]:
    rest = iter(outcomes.items())
    while part := dict(islice(rest, AT_ONCE)):
        yield part


def _read(reported: Reported | None) -> Iterator[RenderableType]:
    if reported is None:
        return
    yield Text(f"{len(reported.outcomes):,} addresses read")
    if reported.no_address:
        yield Text(f"{reported.no_address:,} rows without an address or without an outcome")
    if reported.passed_over:
        words = reported.passed_over.most_common(_MOST_WORDS)
        named = ", ".join(f"{printable(word) or 'nothing'} ({count:,})" for word, count in words)
        total = reported.passed_over.total()
        yield Text(f"{total:,} rows say neither delivered nor bounced and were passed over: {named}")


def _headline(calibration: Calibration) -> str:
    said = f"{calibration.outcomes:,} outcomes known, {calibration.matched:,} of them of addresses with a result"
    return said if calibration.complete else f"{said}; for some only the newest results were looked through"


def _table(first: str) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    table.add_column(first)
    for name in ("delivered", "bounced", "bounce rate", "95 % between"):
        table.add_column(name, justify="right")
    return table


def _add(table: Table, name: str, rate: BounceRate) -> None:
    if rate.bounce_rate is None or rate.interval is None:
        table.add_row(name, _NOTHING, _NOTHING, _NOTHING, _NOTHING)
        return
    between = f"{rate.interval.low:.1%} and {rate.interval.high:.1%}"
    table.add_row(name, f"{rate.delivered:,}", f"{rate.bounced:,}", f"{rate.bounce_rate:.1%}", between)
