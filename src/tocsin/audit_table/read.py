"""The CSV of a printed table: a row a comparison of two groups, every problem with its row and column."""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tocsin.audit_table.printed_numbers import Printed, read_number, read_p
from tocsin.errors import Problem, TocsinError

COUNT, LEVELS, MEANS, NO_NUMBERS, TIMES = "count", "count_multilevel", "mean_sd", "median", "time_to_event"
KINDS = {
    "count": COUNT, "binary": COUNT, "count_multilevel": LEVELS, "categorical": LEVELS, "mean_sd": MEANS,
    "median": NO_NUMBERS, "median_iqr": NO_NUMBERS, "median_range": NO_NUMBERS, "continuous": "", "": "",
    "time_to_event": TIMES, "survival": TIMES,
}  # fmt: skip
ALIASES = {
    "reported_p": "p", "p_value": "p", "p-value": "p", "reported_test": "test", "variable": "outcome",
    "pct_a": "percent_a", "pct_b": "percent_b", "total_n": "n_total", "total_events": "events_total",
}  # fmt: skip
COLUMNS = (
    "table", "outcome", "type", "arm_a", "n_a", "events_a", "percent_a", "mean_a", "sd_a", "missing_a", "summary_a",
    "arm_b", "n_b", "events_b", "percent_b", "mean_b", "sd_b", "missing_b", "summary_b", "n_total", "events_total",
    "p", "test",
)  # fmt: skip
SEE = "docs/audit-table.md lists the columns."
MOST_PATIENTS = 1_000_000
_LEVEL = re.compile(r"^(?P<k>\d[\d,]{0,11})(?:/(?P<n>\d[\d,]{0,11}))?(?:[(\[]?(?P<share>[<>]?[\d.,·]+)%?[)\]])?$")
_SPREAD = re.compile(r"^(?P<mean>[-−–]?[\d.,·]+)\s*(?:±|\+/-|\+-)\s*(?P<sd>[\d.,·]+)$")
Cells = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Group:
    """One arm of a row. ``shares`` are the percentages printed for ``counts``, ``None`` where none stands."""

    arm: str
    n: int | None
    counts: tuple[int, ...] = ()
    shares: tuple[Printed | None, ...] = ()
    mean: Printed | None = None
    sd: Printed | None = None
    missing: int = 0
    column_n: int | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """One row of the table; ``number`` counts from 1 without the header."""

    number: int
    table: str
    outcome: str
    kind: str
    a: Group
    b: Group
    p: Printed | None
    test: str
    n_total: int | None = None
    events_total: int | None = None


def read_table(path: Path) -> list[Line]:
    """The rows of the table. Raises TocsinError `audit.*` with every problem of the file."""
    rows = _rows(path)
    problems: list[Problem] = []
    lines = [_Row(path.name, number, cells, problems).line() for number, cells in enumerate(rows, 1)]
    if problems:
        raise TocsinError(problems)
    return lines


def _rows(path: Path) -> list[dict[str, str]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file)
            header = [_name(cell) for cell in next(reader, [])]
            rows = [row for row in reader if any(cell.strip() for cell in row)]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise TocsinError.of(
            "audit.unreadable", f"{path.name} cannot be read as CSV.", "Nothing was checked.", "Give a UTF-8 CSV file."
        ) from error
    problems = _header_problems(path.name, header)
    if not rows:
        problems.append(Problem("audit.empty", f"{path.name} holds no row.", "Nothing was checked.", SEE))
    for number, row in enumerate(rows, 1):
        if len(row) != len(header):
            problems.append(Problem(
                "audit.cells", f"{path.name}, row {number}: {len(row)} cells, the header has {len(header)}.",
                "Which column a cell belongs to cannot be told.", "Put a cell that holds a comma in quotation marks.",
            ))  # fmt: skip
    if problems:
        raise TocsinError(problems)
    return [{name: cell.strip() for name, cell in zip(header, row, strict=True)} for row in rows]


def _name(cell: str) -> str:
    name = cell.strip().lower().replace(" ", "_")
    return ALIASES.get(name, name)


def _header_problems(file: str, header: list[str]) -> list[Problem]:
    why = "Nothing was checked."
    found = [
        Problem("audit.column-twice", f'{file}: column "{name}" stands there {header.count(name)} times.', why, SEE)
        for name in dict.fromkeys(header)
        if name in COLUMNS and header.count(name) > 1
    ]
    if "outcome" not in header:
        found.append(Problem("audit.column-missing", f'{file}: column "outcome" is missing.', why, SEE))
    pairs = ("events", "mean", "summary")
    if not any({f"{name}_a", f"{name}_b"} <= set(header) for name in pairs):
        wanted = ", or ".join(f'"{name}_a" and "{name}_b"' for name in pairs)
        found.append(Problem("audit.column-missing", f"{file}: needs the columns {wanted}.", why, SEE))
    return found


class _Row:
    """Reads one row; what cannot be read goes to `problems`."""

    def __init__(self, file: str, number: int, cells: Cells, problems: list[Problem]) -> None:
        self.file, self.number, self.cells, self.problems = file, number, cells, problems

    def __call__(self, column: str) -> str:
        return self.cells.get(column, "")

    def bad(self, column: str, do: str, what: str = "not understood") -> None:
        where = f'{self.file}, row {self.number}, column "{column}": {what}.'
        self.problems.append(Problem("audit.value", where, "The row cannot be recomputed.", do))

    def line(self) -> Line:
        if not self("outcome"):
            self.bad("outcome", "Name what the row compares.", "empty")
        kind = self.kind()
        p = read_p(self("p")) if self("p") not in ("", "-", "–", "—", "NA", "na", "n/a") else None
        if p is None and self("p") not in ("", "-", "–", "—", "NA", "na", "n/a"):
            self.bad("p", "Write 0.02, <0.001 or NS; leave it empty where none is printed.")
        a, b = self.group("a", kind), self.group("b", kind)
        if kind == LEVELS and a.counts and b.counts and len(a.counts) != len(b.counts):
            what = f"{len(b.counts)} levels, events_a has {len(a.counts)}"
            self.bad("events_b", "Give both arms the same levels, parted by |; 0 where nobody is.", what)
        totals = self.whole("n_total"), self.whole("events_total")
        return Line(self.number, self("table"), self("outcome"), kind, a, b, p, self("test"), *totals)

    def kind(self) -> str:
        word = self("type").lower().replace(" ", "_").replace("-", "_")
        if word not in KINDS:
            self.bad("type", f"Use one of {', '.join(k for k in KINDS if k)}, or leave it empty.")
            return NO_NUMBERS
        if KINDS[word]:
            return KINDS[word]
        if self("events_a") or self("events_b"):
            return LEVELS if "|" in self("events_a") else COUNT
        if self("mean_a") or self("mean_b") or all(_SPREAD.match(self(f"summary_{side}")) for side in "ab"):
            return MEANS
        if not (self("summary_a") or self("summary_b")):
            self.bad("events_a", "Give events, mean and SD, or a summary.", "nothing to check in this row")
        return NO_NUMBERS

    def group(self, side: str, kind: str) -> Group:
        arm, n, missing = self(f"arm_{side}") or side, self.whole(f"n_{side}"), self.whole(f"missing_{side}") or 0
        if kind in (COUNT, LEVELS):
            return self.counted(side, kind, arm, n, missing)
        if kind == MEANS:
            mean, sd = self.mean_sd(side)
            if n is None and not self(f"n_{side}"):
                self.bad(f"n_{side}", "Give the number of patients of this arm.", "empty")
            return Group(arm, n, mean=mean, sd=sd, missing=missing, column_n=n)
        return Group(arm, n, missing=missing, column_n=n)

    def counted(self, side: str, kind: str, arm: str, n: int | None, missing: int) -> Group:
        column, cell = f"events_{side}", self(f"events_{side}")
        parts = cell.split("|")
        if kind == COUNT and len(parts) > 1:
            self.bad(column, "Write type count_multilevel for several levels.", "several levels in a row of one count")
            return Group(arm, n, missing=missing)
        if kind == LEVELS and len(parts) < 2:
            self.bad(column, "Write the levels parted by |, as 22|10|13.", "needs at least two levels")
            return Group(arm, n, missing=missing)
        hits = [_LEVEL.match(part.replace(" ", "")) for part in parts]
        if not all(hits):
            self.bad(
                column,
                "Write 11, 11 (84.6%) or 11/13 (84.6%); levels parted by |.",
                "empty" if not cell else "not understood",
            )
            return Group(arm, n, missing=missing)
        read = [hit for hit in hits if hit]
        sizes = {int(hit["n"].replace(",", "")) for hit in read if hit["n"]}
        if len(sizes) > 1:
            self.bad(column, "Levels of one row share their denominator.", "several denominators")
        counts = tuple(int(hit["k"].replace(",", "")) for hit in read)
        if max((*counts, *sizes)) > MOST_PATIENTS:
            self.bad(column, "Give a number of patients.", f"more than {MOST_PATIENTS:,}")
        within = sizes.pop() if sizes else n
        if within is None and not self(f"n_{side}"):
            self.bad(f"n_{side}", "Give the number of patients of this arm, or write events as 11/13.", "empty")
        return Group(arm, within, counts, self.shares(side, read), missing=missing, column_n=n)

    def shares(self, side: str, read: list[re.Match[str]]) -> tuple[Printed | None, ...]:
        """The percentages beside the counts, or of their own column; both where both stand must be one."""
        column, cell = f"percent_{side}", self(f"percent_{side}")
        inside = tuple(read_number(hit["share"], percent=True) if hit["share"] else None for hit in read)
        if any(number is None and hit["share"] for number, hit in zip(inside, read, strict=True)):
            self.bad(f"events_{side}", "Write 11 (84.6%).", "percentage not understood")
        if not cell:
            return inside
        own = tuple(
            None if part.strip() in ("", "-", "–", "—") else read_number(part, percent=True) for part in cell.split("|")
        )
        unread = any(
            p is None and part.strip() not in ("", "-", "–", "—") for p, part in zip(own, cell.split("|"), strict=True)
        )
        if unread or len(own) != len(read):
            what = "not understood" if unread else f"{len(own)} percentages for {len(read)} counts"
            self.bad(column, "Write 84.6; levels parted by |.", what)
            return inside
        if any(inside):
            self.bad(column, "Give a percentage in one place only.", "the events hold percentages too")
        return own

    def mean_sd(self, side: str) -> tuple[Printed | None, Printed | None]:
        spread = _SPREAD.match(self(f"summary_{side}"))
        texts = (self(f"mean_{side}"), self(f"sd_{side}"))
        if spread and not any(texts):
            columns, texts = (f"summary_{side}",) * 2, (spread["mean"], spread["sd"])
        else:
            columns = (f"mean_{side}", f"sd_{side}")
        made: list[Printed | None] = []
        for column, text in zip(columns, texts, strict=True):
            number = read_number(text)
            if number is None or number.sign or (column.startswith("sd") and number.value < 0):
                self.bad(
                    column, "Write a number with a decimal point, e.g. 4.4.", "empty" if not text else "not understood"
                )
            made.append(number)
        return made[0], made[1]

    def whole(self, column: str) -> int | None:
        """A number of patients; ``None`` where the cell is empty or was complained about."""
        cell = re.sub(r"(?<=\d)[, ](?=\d{3}\b)", "", self(column))
        if not cell:
            return None
        if not re.fullmatch(r"\d+(\.0+)?", cell) or float(cell) > MOST_PATIENTS:
            self.bad(column, "Give a whole number of patients.")
            return None
        return int(float(cell))
