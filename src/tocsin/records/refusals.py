"""The words of every refusal of one file: what and where, why it matters, what to do. No cell is ever quoted."""

from __future__ import annotations

import re
from collections.abc import Sequence

from tocsin.errors import Problem
from tocsin.records.instants import Trouble
from tocsin.records.site import near

_DATA = re.compile(r"[<>]?[-+]?\d+(?:[.,]\d+)?|\d{1,4}[-/.年]\d{1,2}[-/.月]\d{1,4}.*")  # a cell, not a header
_FORMATS = 'Add  time_format = "%d/%m/%Y %H:%M"  (day first) or  "%m/%d/%Y %H:%M"  (month first)'


def column_missing(source: str, column: str, columns: Sequence[str], site_name: str | None, section: str) -> Problem:
    """A column that site.toml or the contract asks for; only headers that resemble it are repeated."""
    hint = near(column, list(columns)) or f"The file has {len(columns):,} columns."
    if any(_DATA.fullmatch(name) for name in columns):
        hint = "Its first line looks like data: it must be a header."
    asks = f"{site_name}, section [{section}]" if site_name else "the table's contract"
    where = "there or in the header." if site_name else "in the header, or write a site.toml with  tocsin init."
    return Problem(
        "records.column-missing",
        f'{source}: there is no column "{column}".',
        f"It is asked for by {asks}.",
        f"{hint} Correct the name {where}",
    )


def no_numbers(where: str, rows: str, under: str, commas: bool) -> Problem:
    """Most filled cells of a column of numbers are none."""
    do = f'Add  decimal = ","  {under}.' if commas else f"Name the column that holds the numbers {under}."
    what = f"{where}: {rows} hold no number."
    return Problem("records.value-unreadable", what, "Most values would be lost. Nothing was written.", do)


def no_times(where: str, rows: str, time_format: str | None, under: str) -> Problem:
    """Most filled cells of a column of times are none."""
    form = f"of the form {time_format}" if time_format else "of a common form"
    return Problem(
        "records.time-unreadable",
        f"{where}: {rows} are no time {form}.",
        "Nothing can be placed in time. Nothing was written.",
        f"{_FORMATS}  or the right one {under}.",
    )


def all_times_empty(where: str, rows: int, under: str) -> Problem:
    """A column of times without any."""
    return Problem(
        "records.time-unreadable",
        f"{where}: all {rows:,} rows are empty (first: row 1).",
        "Nothing can be placed in time. Nothing was written.",
        f"Name the column that holds the time {under}.",
    )


def time_trouble(where: str, trouble: Trouble, filled: str, with_offset: str, under: str) -> Problem:
    """Why no time of a column may be read; `filled` and `with_offset` are the rows concerned, in words."""
    match trouble:
        case "zone-mixed":
            return Problem(
                "records.zone-mixed",
                f"{where}: {with_offset} have a UTC offset and the others have none.",
                "Whether the others are local or UTC cannot be known; hours would be wrong.",
                "Export the column with an offset in every row, or in none.",
            )
        case "zone-missing":
            return Problem(
                "records.zone-missing",
                f"{where}: {filled} have no UTC offset, and no zone is stated.",
                "A time without a zone is no instant; it is never guessed.",
                'Write  zone = "Asia/Shanghai"  (the hospital\'s) in a site.toml in the data folder.',
            )
        case "format-unknown":
            what = f"{where}: the time_format or date_format cannot be used."
            return Problem("records.time-format", what, do="Write it like  %Y-%m-%d %H:%M.")
        case "order-mixed":
            return Problem(
                "records.time-order-mixed",
                f"{where}: some rows have the day first and some the month in {filled}.",
                "A dose could move by months. Nothing was written.",
                "Export it as 2021-04-23 10:30.",
            )
        case "order-ambiguous":
            return Problem(
                "records.time-order",
                f"{where}: day and month cannot be told apart in {filled}.",
                "A dose could move by months. Nothing was written.",
                f"{_FORMATS} {under}.",
            )


def unit_unknown(
    source: str,
    column: str,
    section: str,
    name: str,
    unit: str,
    spelled: Sequence[str],
    count: int,
    first: int,
    long: bool,
) -> Problem:
    """All values of a variable have units that cannot be converted into its own."""
    shown = spelled[0] if len(spelled) <= 3 and len(spelled[0]) <= 12 else "..."
    units = f'unit "{shown}"' if len(spelled) == 1 else f"{len(spelled):,} units that are not known"
    about = f", variable {name}" if long else ""
    fever = "Fever cannot be judged without °C or °F."
    why = fever if name == "temperature" else f"No {name} can be judged without its unit."
    return Problem(
        "records.unit-unknown",
        f'{source}, column "{column}"{about}: {count:,} of {count:,} values have {units} (first: row {first:,}).',
        f"{why} Nothing was written.",
        f'Add  units = {{ "{shown}" = "{unit}" }}  under [{section}] in site.toml, '
        "or run  tocsin init  to see what is in the file.",
    )
