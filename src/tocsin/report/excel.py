"""The result tables as one Excel workbook: a sheet a table, typed cells, and a first sheet that explains."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

import polars as pl

from tocsin.report.word import RESEARCH, clean
from tocsin.report.words import Lang, Words
from tocsin.tables import StudyResults, Table

RISKY = ("=", "+", "-", "@", "\t", "\r")
MOST_ROWS = 1_048_575  # a sheet's rows without the header
MOST_TEXT = 32_767  # characters of a cell
NARROWEST, WIDEST, LOOKED_AT = 8, 60, 200  # characters; rows a width is taken from
FIXED = datetime(2000, 1, 1)  # the same results give the same bytes
SHEET_NAMES = {
    "about": ("about", "说明"), "sheet": ("sheet", "工作表"), "holds": ("what it holds", "内容"),
    "rows": ("rows", "行数"), "column": ("column", "列"), "unit": ("unit", "单位"), "words": ("meaning", "含义"),
    "cut": ("cut to {n} rows; whole in tables/{table}.csv", "截为 {n} 行；全部见 tables/{table}.csv"),
    "time": ("Empty cells are unknown, never 0. Instants are UTC; minutes and days count from time zero.",
             "空单元格表示未知，不是 0。时刻为 UTC；分钟与天数自时间零点起计。"),
}  # fmt: skip


def excel_bytes(results: StudyResults, lang: Lang = "en", most_rows: int = MOST_ROWS) -> bytes:
    """The workbook; the same results give the same bytes.

    Text is written as text whatever it starts with, and stays text when somebody edits the cell (quote prefix). A
    table longer than a sheet is cut and the first sheet says so; a text longer than a cell ends in `...`.
    """
    from tocsin.report.files import result_contracts

    frames = [(table, results.tables[table.name]) for table in result_contracts()]
    return workbook(
        _title(results, lang), frames, lang, most_rows,
        lambda sheet, looks: _about(sheet, results, lang, looks, most_rows),
    )  # fmt: skip


def workbook(
    title: str, frames: Sequence[tuple[Table, pl.DataFrame]], lang: Lang, most_rows: int,
    about: Callable[[Any, dict[str, Any]], None],
) -> bytes:  # fmt: skip
    """A workbook: a first sheet that `about` writes, then a sheet a table, cut at `most_rows`."""
    from xlsxwriter import Workbook

    held = io.BytesIO()
    options = {
        "in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False,
        "default_date_format": "yyyy-mm-dd hh:mm",
    }  # fmt: skip
    with Workbook(held, options) as book:
        book.set_properties({"title": clean(title), "author": "tocsin", "created": FIXED})
        looks = {
            "head": book.add_format({"bold": True, "bg_color": "#F4F7F9", "bottom": 1, "text_wrap": True}),
            "risky": book.add_format({"quote_prefix": True}),
            "time": book.add_format({"num_format": "yyyy-mm-dd hh:mm"}),
            "bold": book.add_format({"bold": True}),
            "title": book.add_format({"bold": True, "font_size": 14}),
        }
        first = book.add_worksheet(SHEET_NAMES["about"][lang == "zh"])
        for table, frame in frames:
            write_sheet(book.add_worksheet(table.name), table, frame.head(most_rows), looks)
        about(first, looks)
    return held.getvalue()


def _title(results: StudyResults, lang: Lang) -> str:
    words = Words(lang)
    return words.meta(results.meta, "title") or words("title")


def write_sheet(sheet: Any, table: Table, frame: pl.DataFrame, looks: dict[str, Any]) -> None:
    """One table: frozen heads with a filter, cells by the contract's types; an unknown value is an empty cell."""
    for place, column in enumerate(table.columns):
        cell_text(sheet, 0, place, column.name, looks, looks["head"])
        values = frame.get_column(column.name)
        dtype = column.dtype
        if dtype == pl.String:
            for row, value in enumerate(values, 1):
                if value:
                    cell_text(sheet, row, place, value, looks)
        elif dtype == pl.Boolean:
            for row, value in enumerate(values, 1):
                if value is not None:
                    sheet.write_boolean(row, place, value)
        elif dtype.is_temporal():
            for row, value in enumerate(values, 1):
                if value is not None:
                    sheet.write_datetime(row, place, value.astimezone(UTC).replace(tzinfo=None), looks["time"])
        else:
            for row, value in enumerate(values, 1):
                if value is not None:
                    sheet.write_number(row, place, value)
        sheet.set_column(place, place, _width(column.name, values))
    sheet.freeze_panes(1, 0)
    sheet.autofilter(0, 0, max(frame.height, 1), len(table.columns) - 1)


def cell_text(sheet: Any, row: int, column: int, value: str, looks: dict[str, Any], look: Any = None) -> None:
    """Writes words, cut to what a cell holds, never as a formula."""
    said = clean(value)
    said = said if len(said) <= MOST_TEXT else f"{said[: MOST_TEXT - 3]}..."
    sheet.write_string(row, column, said, look or (looks["risky"] if said.startswith(RISKY) else None))


def _width(name: str, values: pl.Series) -> float:
    """Wide enough for most of it; Chinese signs take two places."""
    seen = [name, *(_shown(value) for value in values.head(LOOKED_AT))]
    longest = max(len(one) + sum(ord(sign) > 0x2E7F for sign in one[:WIDEST]) for one in seen)
    return min(WIDEST, max(NARROWEST, longest + 2))


def _shown(value: Any) -> str:
    if isinstance(value, datetime):
        return "2000-01-01 00:00"
    return f"{value:.9g}" if isinstance(value, float) else "" if value is None else str(value)


def _about(sheet: Any, results: StudyResults, lang: Lang, looks: dict[str, Any], most_rows: int) -> None:
    """What this is, what it is not, which sheet holds what, and every column with its unit and meaning."""
    from tocsin.report.files import result_contracts

    words, meta = Words(lang), results.meta
    names = {key: said[lang == "zh"] for key, said in SHEET_NAMES.items()}
    lines = [(_title(results, lang), looks["title"]), (f"{RESEARCH[lang]} {words('device')}", looks["bold"])]
    if meta.get("synthetic"):
        lines += [(words("banner"), looks["bold"]), (words.meta(meta, "synthetic_note"), None)]
    lines += [
        (words("made_by", version=meta.get("version") or words("unknown")), None),
        (words("spec", spec=meta.get("spec_hash") or words("unknown")), None),
        (names["time"], None),
    ]
    said = [(line, look) for line, look in lines if line]
    for row, (line, look) in enumerate(said):
        cell_text(sheet, row, 0, line, looks, look)
    row = len(said) + 1
    for place, key in enumerate(("sheet", "rows", "holds")):
        cell_text(sheet, row, place, names[key], looks, looks["head"])
    for table in result_contracts():
        row, height = row + 1, results.tables[table.name].height
        sheet.write_url(row, 0, f"internal:'{table.name}'!A1", string=table.name)
        sheet.write_number(row, 1, height)
        cut = f" ({names['cut'].format(n=f'{most_rows:,}', table=table.name)})" if height > most_rows else ""
        cell_text(sheet, row, 2, words(f"table.{table.name}") + cut, looks)
    row += 2
    for place, key in enumerate(("sheet", "column", "words", "unit")):
        cell_text(sheet, row, place, names[key], looks, looks["head"])
    for table in result_contracts():
        for column in table.columns:
            row += 1
            for place, value in enumerate((table.name, column.name, column.words, column.unit)):
                cell_text(sheet, row, place, value, looks)
    for place, width in enumerate((16, 20, 70, 10)):
        sheet.set_column(place, place, width)
