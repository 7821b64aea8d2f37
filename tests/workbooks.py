"""Workbooks for tests: as others' programs write them, and as nobody should."""

from __future__ import annotations

import io
import os
import resource
import zipfile
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import openpyxl
import psutil
import xlsxwriter
import xlwt
from msoffcrypto.format.ooxml import OOXMLFile

from mailsift.ingest.workbooks.limits import WorkbookLimits
from mailsift.ingest.workbooks.workbook import Workbook
from mailsift.shared.errors import PermanentError

Table = Sequence[Sequence[object]]

LIST: Table = (
    ("name", "e-mail", "age"),
    ("Ann", "ann@example.com", 34),
    ("Bob", "bob@example.org", 41.5),
)

_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_DECLARATION = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'


def xlsx(rows: Table, name: str = "List", **options: object) -> bytes:
    """By xlsxwriter."""
    target = io.BytesIO()
    with xlsxwriter.Workbook(
        target, {"in_memory": True, "default_date_format": "yyyy-mm-dd hh:mm:ss", **options}
    ) as workbook:
        sheet = workbook.add_worksheet(name)
        for number, row in enumerate(rows):
            for column, cell in enumerate(row):
                write(sheet, number, column, cell)
    return target.getvalue()


def write(sheet: xlsxwriter.worksheet.Worksheet, row: int, column: int, cell: object) -> None:
    """A cell as what it is: text that looks like a number, a formula or a link stays text."""
    if isinstance(cell, str):
        sheet.write_string(row, column, cell)
    elif cell is not None:
        sheet.write(row, column, cell)


def xlsx_by_openpyxl(rows: Table, name: str = "List") -> bytes:
    """By openpyxl, which leaves the values of formulas to whoever opens it."""
    workbook = openpyxl.Workbook()
    sheet = workbook.active
    assert sheet is not None
    sheet.title = name
    for number, row in enumerate(rows, start=1):
        for column, value in enumerate(row, start=1):
            cell = sheet.cell(number, column)
            cell.value = value  # type: ignore[assignment]
            if isinstance(value, str):
                cell.data_type = "s"
    target = io.BytesIO()
    workbook.save(target)
    return target.getvalue()


def ods(rows: Table, name: str = "List") -> bytes:
    """A spreadsheet of OpenDocument 1.2, with what a reader needs and no more."""
    lines = "".join(f"<table:table-row>{''.join(map(_ods_cell, row))}</table:table-row>" for row in rows)
    return ods_of(f'<table:table table:name="{name}">{lines}</table:table>')


def ods_of(tables: str, *, doctype: str = "") -> bytes:
    """An OpenDocument spreadsheet around these tables."""
    namespace = "urn:oasis:names:tc:opendocument:xmlns"
    content = (
        f'{_DECLARATION}{doctype}<office:document-content xmlns:office="{namespace}:office:1.0"'
        f' xmlns:table="{namespace}:table:1.0" xmlns:text="{namespace}:text:1.0" office:version="1.2">'
        f"<office:body><office:spreadsheet>{tables}</office:spreadsheet></office:body></office:document-content>"
    )
    manifest = (
        f'{_DECLARATION}<manifest:manifest xmlns:manifest="{namespace}:manifest:1.0" manifest:version="1.2">'
        '<manifest:file-entry manifest:full-path="/" '
        'manifest:media-type="application/vnd.oasis.opendocument.spreadsheet"/>'
        '<manifest:file-entry manifest:full-path="content.xml" manifest:media-type="text/xml"/></manifest:manifest>'
    )
    return packed(
        {
            "mimetype": "application/vnd.oasis.opendocument.spreadsheet",
            "content.xml": content,
            "META-INF/manifest.xml": manifest,
        }
    )


def _ods_cell(cell: object) -> str:
    if cell is None:
        return "<table:table-cell/>"
    if isinstance(cell, bool):
        return f'<table:table-cell office:value-type="boolean" office:boolean-value="{str(cell).lower()}"/>'
    if isinstance(cell, int | float):
        return f'<table:table-cell office:value-type="float" office:value="{cell}"/>'
    return f'<table:table-cell office:value-type="string"><text:p>{cell}</text:p></table:table-cell>'


def xlsx_of(rows: str | Iterable[str], *, doctype: str = "", shared: str | None = None) -> bytes:
    """An .xlsx around these rows of XML, however many and whatever they are."""
    sheet = [f'{_DECLARATION}{doctype}<worksheet xmlns="{_MAIN}"><sheetData>', *rows, "</sheetData></worksheet>"]
    overrides = [
        f'<Override PartName="/xl/workbook.xml" ContentType="{_TYPE}.sheet.main+xml"/>',
        f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{_TYPE}.worksheet+xml"/>',
    ]
    relations = [_relation(1, "worksheet", "worksheets/sheet1.xml")]
    parts = {}
    if shared is not None:
        overrides.append(f'<Override PartName="/xl/sharedStrings.xml" ContentType="{_TYPE}.sharedStrings+xml"/>')
        relations.append(_relation(2, "sharedStrings", "sharedStrings.xml"))
        parts["xl/sharedStrings.xml"] = f'{_DECLARATION}<sst xmlns="{_MAIN}">{shared}</sst>'
    styles = (
        f'{_DECLARATION}<styleSheet xmlns="{_MAIN}"><fonts count="1"><font/></fonts>'
        '<fills count="1"><fill><patternFill/></fill></fills>'
        '<borders count="1"><border/></borders><cellStyleXfs count="1"><xf/></cellStyleXfs>'
        '<cellXfs count="1"><xf/></cellXfs></styleSheet>'
    )
    overrides.append(f'<Override PartName="/xl/styles.xml" ContentType="{_TYPE}.styles+xml"/>')
    relations.append(_relation(3, "styles", "styles.xml"))
    types = (
        f'{_DECLARATION}<Types xmlns="{_PACKAGE}/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Default Extension="xml" ContentType="application/xml"/>{"".join(overrides)}</Types>'
    )
    workbook = (
        f'{_DECLARATION}<workbook xmlns="{_MAIN}" xmlns:r="{_RELATIONS}"><sheets>'
        '<sheet name="List" sheetId="1" r:id="rId1"/></sheets></workbook>'
    )
    return packed(
        {
            "[Content_Types].xml": types,
            "_rels/.rels": _relations([_relation(1, "officeDocument", "xl/workbook.xml")]),
            "xl/workbook.xml": workbook,
            "xl/_rels/workbook.xml.rels": _relations(relations),
            "xl/styles.xml": styles,
            **parts,
            "xl/worksheets/sheet1.xml": sheet,
        }
    )


def _relation(number: int, kind: str, target: str) -> str:
    return f'<Relationship Id="rId{number}" Type="{_RELATIONS}/{kind}" Target="{target}"/>'


def _relations(relations: list[str]) -> str:
    return f'{_DECLARATION}<Relationships xmlns="{_PACKAGE}/relationships">{"".join(relations)}</Relationships>'


def text_cell(place: str, text: str) -> str:
    """A cell of an .xlsx with its text in it."""
    return f'<c r="{place}" t="inlineStr"><is><t>{text}</t></is></c>'


def packed(parts: dict[str, str | list[str]]) -> bytes:
    """A zip archive of these members; lists are written piece by piece."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for name, content in parts.items():
            entry = zipfile.ZipInfo(name)
            # OpenDocument 1.2, part 3, section 3.3: for all to see that look at the first bytes.
            entry.compress_type = zipfile.ZIP_STORED if name == "mimetype" else zipfile.ZIP_DEFLATED
            with archive.open(entry, "w", force_zip64=name.startswith("xl/worksheets")) as member:
                for piece in [content] if isinstance(content, str) else content:
                    member.write(piece.encode())
    return target.getvalue()


def xls(rows: Table, name: str = "List") -> bytes:
    """By xlwt, as Excel 97 wrote it."""
    workbook = xlwt.Workbook()
    sheet = workbook.add_sheet(name)
    for number, row in enumerate(rows):
        for column, cell in enumerate(row):
            if cell is not None:
                sheet.write(number, column, cell)
    target = io.BytesIO()
    workbook.save(target)
    return target.getvalue()


def encrypted(content: bytes) -> bytes:
    """An .xlsx with a password."""
    target = io.BytesIO()
    OOXMLFile(io.BytesIO(content)).encrypt("secret", target)
    return target.getvalue()


@dataclass(frozen=True, slots=True)
class Hostile:
    """A workbook made to do harm, and the code that it is refused with; None if it is read all the same."""

    content: Callable[[], bytes]
    code: str | None


_HEAD = f'<row r="1">{text_cell("A1", "email")}</row><row r="2">{text_cell("A2", "a@b.example")}</row>'
_LAUGHS = "".join(f'<!ENTITY l{level} "{f"&l{level - 1};" * 10 if level else "ha"}">' for level in range(12))
_LAUGHS = f"<!DOCTYPE laughs [{_LAUGHS}]>"


def _ods_of_text(text: str, *, doctype: str = "", rows: int = 1, columns: int = 1) -> bytes:
    """A text in a cell, which says that it stands for a block of them."""
    cell = f'<table:table-cell table:number-columns-repeated="{columns}" office:value-type="string">'
    row = f'<table:table-row table:number-rows-repeated="{rows}">{cell}<text:p>{text}</text:p></table:table-cell>'
    return ods_of(f'<table:table table:name="L">{row}</table:table-row></table:table>', doctype=doctype)


HOSTILE = {
    "a cell in a row that no sheet has": Hostile(
        lambda: xlsx_of(f'{_HEAD}<row r="2000000000">{text_cell("A2000000000", "z")}</row>'), "workbook_too_large"
    ),
    "a cell in a column that no sheet has": Hostile(
        lambda: xlsx_of(f'{_HEAD}<row r="3">{text_cell("ZZZZZZ3", "z")}</row>'), "workbook_too_large"
    ),
    "a billion laughs": Hostile(
        lambda: xlsx_of(f'{_HEAD}<row r="3">{text_cell("A3", "&l11;")}</row>', doctype=_LAUGHS), "workbook_damaged"
    ),
    "a billion laughs in OpenDocument": Hostile(lambda: _ods_of_text("&l11;", doctype=_LAUGHS), "workbook_damaged"),
    "a cell that stands for all of a sheet": Hostile(
        lambda: _ods_of_text("a@b.example", rows=1_048_576, columns=16_384), "workbook_damaged"
    ),
    "rows that unpack to a thousand times their size": Hostile(
        lambda: xlsx_of([_HEAD, *["<row/>" * 100_000] * 250]), "archive_bomb"
    ),
    "a text of 60 megabytes": Hostile(
        lambda: xlsx_of(
            [_HEAD, '<row r="3"><c r="A3" t="inlineStr"><is><t>', *["a" * 10**6] * 60, "</t></is></c></row>"]
        ),
        None,
    ),
    "a million rows without cells": Hostile(lambda: xlsx_of([_HEAD, "<row/>" * 10**6]), None),
    "a million empty cells": Hostile(
        lambda: xlsx_of([_HEAD, *(f'<row r="{row}"><c r="A{row}"/></row>' for row in range(3, 10**6))]), None
    ),
    "elements within elements": Hostile(lambda: xlsx_of([_HEAD, "<a>" * 10**6]), None),
    "16,384 columns": Hostile(lambda: xlsx([["email"] * 16_384, ["a@b.example"] * 16_384]), None),
    "a text that is not there": Hostile(
        lambda: xlsx_of('<row r="1"><c r="A1" t="s"><v>99</v></c></row>', shared="<si><t>a</t></si>"),
        "workbook_damaged",
    ),
    "the first half of a workbook": Hostile(lambda: (content := xlsx(LIST))[: len(content) // 2], "workbook_damaged"),
    "a workbook without its end": Hostile(lambda: xlsx(LIST)[:-30], "workbook_damaged"),
    "a workbook with a hole": Hostile(
        lambda: (content := xlsx(LIST))[:200] + bytes(300) + content[500:], "workbook_damaged"
    ),
    "a workbook with a password": Hostile(lambda: encrypted(xlsx(LIST)), "workbook_encrypted"),
    "the beginning of an old workbook": Hostile(lambda: xls(LIST)[:600], "workbook_damaged"),
    "an empty archive": Hostile(lambda: b"PK\x05\x06" + bytes(18), "workbook_damaged"),
}


@dataclass(frozen=True, slots=True)
class Reading:
    """What became of a workbook, and what it took."""

    code: str | None
    """Of what is wrong, if anything is."""
    peak_bytes: int
    """Of the largest process so far that read one for this process."""
    processor_seconds: float
    left_running: int


def read_to_its_end(content: bytes) -> Reading:
    """Every sheet, every row."""
    began, code = os.times(), None
    try:
        with Workbook([content], WorkbookLimits(), lambda: None) as workbook:
            for sheet in workbook.sheets:
                deque(workbook.rows(sheet.name), maxlen=0)
    except PermanentError as error:
        code = error.code
    ended = os.times()
    return Reading(
        code=code,
        peak_bytes=resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024,
        processor_seconds=sum(ended[2:4]) - sum(began[2:4]),
        left_running=len(children()),
    )


def children() -> list[psutil.Process]:
    """The processes that read a workbook for this one."""
    return [child for child in psutil.Process().children() if "mailsift.ingest.workbooks.child" in child.cmdline()]
