"""Lists as people have them, in every format and every container, drawn from a seed."""

from __future__ import annotations

import csv
import io
import json
import re
import zipfile
from collections.abc import Callable, Mapping, Sequence
from random import Random

from packing import PACK, zipped
from workbooks import ods, xls, xlsx, xlsx_by_openpyxl

Rows = Sequence[Sequence[str]]

_MOMENT = re.compile(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")

_NAMES = ("Ann", "Bob Smith", 'Zoë "Z" Öst', "Smith, Bob", "", "O'Neil", "李雷", "two\nlines", "\u202eevil", "=1+1")
_HEADERS = ("email", "E-Mail", "name", "city", "name", "", "Work email", "date")
_ODD = (
    "",
    " ",
    "none",
    "a@",
    "@b.example",
    "a b@c.example",
    "a@@b.example",
    "Ann <ann@example.com>",
    "mailto:a@b.example",
)
_ENCODINGS = (
    "utf-8",
    "utf-8-sig",
    "utf-16",
    "utf-16-le",
    "utf-32",
    "cp1252",
    "latin-1",
    "cp1251",
    "shift_jis",
    "gb18030",
)


def address(draw: Random) -> str:
    """One that is right, or sometimes one that is not."""
    if draw.random() < 0.15:
        return draw.choice(_ODD)
    host = draw.choice(("example.com", "Example.ORG", "müller.example", "sub.host.example"))
    return f"{draw.choice(('ann', 'bob', 'x.y', 'a+b'))}{draw.randrange(100)}@{host}"


def rows(draw: Random) -> Rows:
    """A header and what is below it."""
    width = draw.choice((1, 2, 3, 3, 5, 40))
    columns = sorted(draw.sample(range(width), k=min(width, draw.choice((1, 1, 1, 2, 3)))))
    header = [draw.choice(_HEADERS) for _ in range(width)]
    header[columns[0]] = "email"
    below = [
        [address(draw) if column in columns else draw.choice(_NAMES) for column in range(width)]
        for _ in range(draw.choice((0, 1, 5, 30, 200)))
    ]
    return [header, *below] if draw.random() < 0.8 else below


def delimited(draw: Random) -> bytes:
    """CSV and its kin, in one of the encodings that such files have."""
    text = io.StringIO()
    delimiter, end = draw.choice(",;\t|"), draw.choice(("\n", "\r\n", "\r"))
    always = csv.writer(text, delimiter=delimiter, lineterminator=end, quoting=csv.QUOTE_ALL)
    where_needed = csv.writer(text, delimiter=delimiter, lineterminator=end)
    draw.choice((always, where_needed)).writerows(rows(draw))
    preamble = draw.choice(("", "", "Our list\n\n", "sep=;\r\n"))
    return (preamble + text.getvalue()).encode(draw.choice(_ENCODINGS), errors="replace")


def text(draw: Random) -> bytes:
    """An address on each line, or somewhere in it."""
    lines = [draw.choice(("", "write to ", "1. ")) + address(draw) for _ in range(draw.randrange(60))]
    return "\n".join(lines).encode(draw.choice(_ENCODINGS), errors="replace")


def mailboxes(draw: Random) -> bytes:
    """As from a line of To: in a mail."""
    found = [f'"{draw.choice(_NAMES)}" <{address(draw)}>' for _ in range(draw.randrange(1, 60))]
    return draw.choice((", ", ";\n", ",\r\n ")).join(found).encode()


def json_rows(draw: Random) -> bytes:
    """A list of objects, of lists or of texts; or an object around one."""
    header, *below = rows(draw) or [["email"]]
    if draw.random() < 0.6:
        content: object = [dict(zip(header, row, strict=True)) for row in below]
    else:
        content = [[*row, None, 1, 2.5, True, {"deep": [[]]}] for row in below] or [address(draw) for _ in range(9)]
    if draw.random() < 0.3:
        content = {"meta": {"total": len(below)}, "data": content}
    return json.dumps(content, ensure_ascii=draw.random() < 0.5, indent=draw.choice((None, 1))).encode()


def json_lines(draw: Random) -> bytes:
    """An object on each line."""
    header, *below = rows(draw) or [["email"]]
    return "\n".join(json.dumps(dict(zip(header, row, strict=True))) for row in below).encode()


PLAIN: Mapping[str, Callable[[Random], bytes]] = {
    "delimited": delimited,
    "text": text,
    "mailboxes": mailboxes,
    "json": json_rows,
    "jsonl": json_lines,
}


def _cells(draw: Random) -> list[list[object]]:
    """As in a spreadsheet: numbers, dates and nothing among the texts."""
    others = (None, True, -1, 2.5, 1e300, "=1+1", "x" * 300)
    return [[draw.choice(others) if draw.random() < 0.1 else _printable(cell) for cell in row] for row in rows(draw)]


def _printable(cell: str) -> str:
    """Without what XML has no place for, and with what it has names for."""
    return cell.replace("&", "&amp;").replace("<", "&lt;").replace("\n", " ")


def _undated(content: bytes) -> bytes:
    """A workbook without the moment at which it was made."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return zipped({name: _MOMENT.sub(b"2026-01-01T00:00:00Z", archive.read(name)) for name in archive.namelist()})


WORKBOOKS: Mapping[str, Callable[[Random], bytes]] = {
    "xlsx": lambda draw: _undated(xlsx(_cells(draw))),
    "xlsx-by-openpyxl": lambda draw: _undated(xlsx_by_openpyxl(_cells(draw))),
    "ods": lambda draw: ods(_cells(draw)),
    "xls": lambda draw: xls(_cells(draw)),
}


def pack(draw: Random, content: bytes) -> bytes:
    """The same in one of the containers; of a zip file also with other members beside it."""
    container = draw.choice(list(PACK))
    if draw.random() < 0.2:
        return zipped({"a.csv": content, "__MACOSX/._a.csv": b"\0", "../b.csv": PLAIN["delimited"](draw), "c/": b""})
    return PACK[container](content)
