"""Tables as people send and open them: CSV in any of its shapes, and Excel's files. Nothing in them is ever a formula."""

import csv
from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from io import BytesIO, StringIO
from typing import Any
from zipfile import BadZipFile, ZipFile

from django.utils.translation import gettext as _
from openpyxl import Workbook, load_workbook
from openpyxl.cell import WriteOnlyCell

from directory.errors import DomainError

EXCEL = b"PK\x03\x04"
LARGEST = (
    200_000_000  # bytes, unpacked: fifty thousand rows of a roster are a tenth of it
)
FORMULA = ("=", "+", "-", "@", "\t", "\r")
BYTE_ORDER_MARK = "\ufeff"  # without it spreadsheet programs misread names


def read_table(content: bytes) -> Iterator[list[str]]:
    """Line after line, as text; the first sheet of Excel's. Raises ``DomainError`` where it is neither."""
    if content.startswith(EXCEL):
        yield from _excel(content)
        return
    text = _decoded(content)
    first = text.partition("\n")[0]
    delimiter = max(",;\t", key=first.count)
    try:
        yield from csv.reader(StringIO(text, newline=""), delimiter=delimiter)
    except csv.Error as error:
        raise DomainError(_("This is no CSV file.")) from error


def _decoded(content: bytes) -> str:
    is_wide = content.startswith((BOM_UTF16_LE, BOM_UTF16_BE))  # Excel's "Unicode text"
    try:
        return content.decode("utf-16" if is_wide else "utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252", errors="replace")


def _excel(content: bytes) -> Iterator[list[str]]:
    try:
        with ZipFile(BytesIO(content)) as archive:
            if sum(entry.file_size for entry in archive.infolist()) > LARGEST:
                raise DomainError(_("This file is too large once it is unpacked."))
        book = load_workbook(BytesIO(content), read_only=True, data_only=True)
        sheet = book.worksheets[0]
        for row in sheet.iter_rows(values_only=True):
            yield ["" if cell is None else _said(cell) for cell in row]
    except DomainError:
        raise
    except (
        BadZipFile,
        KeyError,
        ValueError,
        IndexError,
        OSError,
        SyntaxError,
    ) as error:
        raise DomainError(_("This file cannot be read as Excel’s.")) from error


def _said(cell: Any) -> str:
    if isinstance(cell, datetime):
        return cell.date().isoformat()
    return str(cell)


def as_text(value: Any) -> str:
    """What a spreadsheet shows as it stands: it would take some texts for formulas."""
    if isinstance(value, list):
        value = ", ".join(str(item) for item in value)
    text = "" if value is None else str(value)
    is_number = isinstance(value, int | float)
    is_formula = text.lstrip(" ").startswith(FORMULA) and not is_number
    return f"'{text}" if is_formula else text


def write_csv(rows: Iterable[Sequence[Any]]) -> str:
    sheet = StringIO()
    csv.writer(sheet).writerows([as_text(value) for value in row] for row in rows)
    return BYTE_ORDER_MARK + sheet.getvalue()


def write_excel(rows: Iterable[Sequence[Any]]) -> bytes:
    book = Workbook(write_only=True)
    sheet = book.create_sheet()
    for row in rows:
        sheet.append([_cell(sheet, value) for value in row])
    kept = BytesIO()
    book.save(kept)
    return kept.getvalue()


def _cell(sheet: Any, value: Any) -> Any:
    """Text is text, whatever it begins with; what Excel's files cannot hold is left out."""
    if value is None or isinstance(value, int | float | date):
        return value
    text = "".join(letter for letter in str(value) if letter >= " " or letter in "\n\t")
    cell = WriteOnlyCell(sheet, text)
    cell.data_type = "s"
    return cell
