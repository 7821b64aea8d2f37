"""Answers for walks that ask for records, without a nameserver."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from mailsift.analyzer.evidence import Lookup, MailHost
from mailsift.analyzer.records.replies import Reply, Walk

Found = TypeVar("Found")

NODATA = Reply(Lookup.NODATA)
NXDOMAIN = Reply(Lookup.NXDOMAIN)
TIMEOUT = Reply(Lookup.TIMEOUT)


def texts(*records: str) -> Reply:
    return Reply(Lookup.FOUND, texts=records)


def addresses(*found: str) -> Reply:
    return Reply(Lookup.FOUND, addresses=found)


def hosts(*names: str) -> Reply:
    return Reply(Lookup.FOUND, hosts=tuple(MailHost(10, name) for name in names))


def walk(
    steps: Walk[Found], answers: Mapping[str, Reply], otherwise: Reply = NODATA, asked: list[str] | None = None
) -> Found:
    """Answer each question by its name and type, and return what the walk finds."""
    log: list[str] = [] if asked is None else asked
    try:
        question = next(steps)
        while True:
            log.append(f"{question.name} {question.record_type}")
            question = steps.send(answers.get(log[-1], otherwise))
    except StopIteration as end:
        found: Found = end.value
        return found
