"""One section of site.toml: the columns of one file brought to the names and types of one record table.

Words stay as the hospital wrote them (after the section's own `words` and `units`): their meaning is for `clean`.
A wide file is read as if each sub-section were a long file of the cells that are filled.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from tocsin.errors import Problem, rows_phrase
from tocsin.records import refusals
from tocsin.records.files import ROW, Opened
from tocsin.records.instants import Instants, read_instants
from tocsin.records.numbers import Numbers, read_numbers
from tocsin.records.plausible import FEWEST_LOST, GRADING, MOST_LOST
from tocsin.records.site import NEEDED, TABLES, WIDE, Constant, FileMap, Part, columns_of
from tocsin.tables import TIME
from tocsin.units import conversion
from tocsin.vocabulary import normal, unit, variable

NAMED = pl.DataFrame(schema={"patient_id": pl.String, "source": pl.String, "source_row": pl.Int64})
_IDENTIFIERS = ("patient_id", "stay_id", "order_id")
_UNITS = ("unit", "dose_unit", "rate_unit")
_WEIGHTY = ("rate", "fio2", "flow_l_min", "dose", "stop")  # an empty cell here changes what a patient was given
_YES = ("true", "yes", "y", "1", "是", "有", "ja", "oui", "si", "sí")
_NO = ("false", "no", "n", "0", "否", "无", "nein", "non")
_MOST_UNREADABLE = 0.5


@dataclass
class Piece:
    """What one section gave: rows for its table, row numbers it set aside, findings, and what makes it unusable.

    `named` are the patients of every row of the file, also of those that gave nothing: no patient may get lost.
    """

    table: str
    source: str
    frame: pl.DataFrame
    named: pl.DataFrame
    set_aside: list[pl.Series] = field(default_factory=list[pl.Series])
    findings: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    problems: list[Problem] = field(default_factory=list[Problem])
    doubts: list[pl.Series] = field(default_factory=list[pl.Series])  # rows set aside that need a decision


def read_section(opened: Opened, file: FileMap, zone: str | None, site_name: str | None) -> Piece:
    """The rows of one section; `zone` as stated for these times, `site_name` None for the canonical layout."""
    section = _Section(opened, file, file.zone or zone, site_name)
    section.piece.problems += section.missing_columns()
    if not section.piece.problems:
        section.wide() if file.parts else section.long()
        section.piece.named = section.patients()
    return section.piece


class _Section:
    def __init__(self, opened: Opened, file: FileMap, zone: str | None, site_name: str | None) -> None:
        self.opened, self.file, self.zone, self.site_name = opened, file, zone, site_name
        self.source, self.rows = opened.name, opened.frame[ROW]
        self.gone = pl.repeat(False, len(self.rows), eager=True)
        self.under = f"under [{file.section}] in {site_name}" if site_name else "in a site.toml"
        self.piece = Piece(file.table, opened.name, pl.DataFrame(), NAMED.clear())

    def patients(self) -> pl.DataFrame:
        patient = self._column("patient_id")["patient_id"].cast(pl.String)
        frame = pl.DataFrame([patient.alias("patient_id"), self.rows.alias("source_row")])
        return frame.with_columns(pl.lit(self.source).alias("source")).select(NAMED.columns).drop_nulls()

    # --- columns there or not

    def missing_columns(self) -> list[Problem]:
        asked = list(self.file.columns.values())
        for part in self.file.parts.values():
            more = (part.column, part.unit_column, part.site_column, part.method_column, part.value_column)
            asked += [column for column in more if column is not None]
        have = self.opened.columns
        missing = [column for column in dict.fromkeys(asked) if column not in have]
        return [
            refusals.column_missing(self.source, column, have, self.site_name, self.file.section) for column in missing
        ]

    # --- shapes

    def long(self) -> None:
        columns = self._shared(self._given())
        if "value" in self.file.columns and self.file.table == "measurements":
            names = self._known(columns["variable"])
            columns["value"] = self._main_value(self.file.columns["value"], names, "")
        if not self.piece.problems:
            self.piece.frame = self._frame(columns)
        if not self.piece.problems:
            self.piece.problems += self._unit_problems("")

    def wide(self) -> None:
        shared = self._shared([name for name in self._given() if name not in ("value", WIDE[self.file.table])])
        row_gone, frames = self.gone, list[pl.DataFrame]()
        for key, part in self.file.parts.items():
            cell = self.opened.frame[part.column].is_not_null()
            self.gone = row_gone | ~cell
            columns = shared | self._part(key, part, cell)
            if not self.piece.problems:
                frames.append(self._frame(columns))
        if not self.piece.problems:
            self.piece.frame = pl.concat(frames, how="diagonal_relaxed")
            for key in self.file.parts:
                self.piece.problems += self._unit_problems(key)

    def _given(self) -> list[str]:
        given = {*self.file.columns, *self.file.constants}
        return [name for name in (*columns_of(self.file.table), "precision") if name in given]

    def _frame(self, columns: Mapping[str, pl.Series]) -> pl.DataFrame:
        data = [column.alias(name) for name, column in columns.items()]
        frame = pl.DataFrame([*data, self.rows.alias("source_row")])
        return frame.with_columns(pl.lit(self.source).alias("source")).filter(~self.gone)

    def _shared(self, names: list[str]) -> dict[str, pl.Series]:
        """The columns of the section itself; rows whose time cannot be read are set aside."""
        columns: dict[str, pl.Series] = {}
        for name in names:
            if name != "value" or self.file.table != "measurements":
                columns |= self._column(name)
        return columns

    def _part(self, key: str, part: Part, cell: pl.Series) -> dict[str, pl.Series]:
        """The columns that one sub-section adds to those of its file."""
        out = {WIDE[self.file.table]: self._constant(key)}
        for name in ("site", "method"):
            one, column = getattr(part, name), getattr(part, f"{name}_column")
            if one is not None or column is not None:
                out[name] = (
                    self._constant(one) if one is not None else self._words(column, self.file.words | part.words)
                )
        if self.file.table == "outcomes":
            given = part.value is not None
            if given or part.value_column is not None:
                words = self.file.words | part.words
                out["value"] = self._constant(part.value) if given else self._words(part.value_column or "", words)
            return out | self._time("time", part.column, self.file.date_format or self.file.time_format, cell)
        if self.file.table == "assessments":
            return out | {"value": self._words(part.column, self.file.words | part.words)}
        units = self.file.units | part.units
        if part.unit_column is not None:
            out["unit"] = self._words(part.unit_column, units)
        else:
            out["unit"] = self._constant(None if part.unit is None else units.get(part.unit, part.unit))
        names = pl.select(pl.when(cell).then(self._constant(one.name if (one := variable(key)) else key))).to_series()
        return out | {"value": self._main_value(part.column, names, key)}

    # --- one column

    def _column(self, name: str) -> dict[str, pl.Series]:
        dtype = next((c.dtype for c in TABLES[self.file.table].columns if c.name == name), pl.String)
        column = self.file.columns.get(name)
        if column is None:
            return self._given_constant(name, dtype)
        if dtype == TIME:
            everywhere = pl.repeat(True, len(self.rows), eager=True)
            return self._time(name, column, self.file.time_format, everywhere)
        if dtype == pl.Date:
            read = self._instants(column, self.file.date_format, self.zone or "UTC")
            self._emptied("C.time-unreadable", column, read.unreadable, "dates that cannot be read", name)
            return {name: read.local.dt.date()}
        if dtype.is_numeric():
            numbers = self._numbers(column)
            self._emptied("C.value-not-a-number", column, numbers.unreadable, "cells that are no number", name)
            return {name: numbers.value}
        if dtype == pl.Boolean:
            return {name: self._booleans(name, column)}
        words = self.file.units if name in _UNITS else {} if name in _IDENTIFIERS else self.file.words
        return {name: self._words(column, words)}

    def _given_constant(self, name: str, dtype: Any) -> dict[str, pl.Series]:
        value = self.file.constants[name]
        text = self._constant(value)
        if dtype == TIME or dtype == pl.Date:
            read = read_instants(text, self.zone or "UTC", self.file.time_format)
            if read.trouble or (len(text) and read.utc.is_null().any()):
                self._constant_problem(name, "a time such as 2021-03-04 10:30")
            return {name: read.utc if dtype == TIME else read.local.dt.date()}
        if dtype.is_numeric():
            numbers = read_numbers(text, self.file.decimal)
            if len(text) and numbers.value.is_null().any():
                self._constant_problem(name, "a number")
            return {name: numbers.value}
        if dtype == pl.Boolean:
            truth = normal(str(value))
            if truth not in _YES + _NO:
                self._constant_problem(name, "true or false")
            return {name: pl.repeat(truth in _YES, len(text), dtype=pl.Boolean, eager=True)}
        return {name: text}

    def _constant_problem(self, name: str, wanted: str) -> None:
        where = f"{self.site_name}, [{self.file.section}]"
        self.piece.problems.append(
            Problem("records.key-value", f"{where}: {name}_is must be {wanted}.", do="Correct it.")
        )

    def _constant(self, value: Constant | None) -> pl.Series:
        return pl.repeat(None if value is None else str(value), len(self.rows), dtype=pl.String, eager=True)

    def _text(self, column: str) -> pl.Series:
        data = self.opened.frame[column]
        if data.dtype.is_float() and (data.is_null() | (data == data.round())).all():  # identifiers stored as 123.0
            data = data.cast(pl.Int64, strict=False)
        return data.cast(pl.String)

    def _words(self, column: str, words: Mapping[str, str]) -> pl.Series:
        text = self._text(column)
        if not words:
            return text
        ours = {normal(theirs): our for theirs, our in words.items()}
        kinds = [kind for kind in text.unique().drop_nulls().to_list() if normal(kind) in ours]
        return text.replace({kind: ours[normal(kind)] for kind in kinds}) if kinds else text

    def _booleans(self, name: str, column: str) -> pl.Series:
        text = self._words(column, self.file.words).str.to_lowercase()
        yes, no = text.is_in(list(_YES)), text.is_in(list(_NO))
        self._emptied("C.word-unknown", column, ~(yes | no).fill_null(True), "cells that are neither yes nor no", name)
        return pl.select(pl.when(yes).then(True).when(no).then(False)).to_series()

    # --- numbers

    def _numbers(self, column: str) -> Numbers:
        numbers = read_numbers(self.opened.frame[column], self.file.decimal)
        self._too_many_words(column, numbers, ~numbers.blank)
        return numbers

    def _too_many_words(self, column: str, numbers: Numbers, concerned: pl.Series) -> None:
        bad, filled = numbers.unreadable & concerned, int((~numbers.blank & concerned).sum())
        if not filled or bad.sum() <= _MOST_UNREADABLE * filled:
            return
        commas = self._text(column).str.contains(r"^\s*\d+,\d+\s*$").fill_null(False) & bad
        mostly = int(commas.sum()) > int(bad.sum()) / 2
        self._refuse(refusals.no_numbers(self._where(column), self._phrase(bad, filled), self.under, mostly))

    def _main_value(self, column: str, names: pl.Series, key: str) -> pl.Series:
        """The value a row is there for. A row whose value is no number is set aside; "<5" is kept as 5.

        `names` is the variable of every row, null where its value is of no concern.
        """
        concerned = names.is_not_null()
        numbers = read_numbers(self.opened.frame[column], self.file.decimal)
        self._too_many_words(column, numbers, concerned)
        about = f" of {key}" if key else ""
        what = f"values{about} that are no number"
        bad = numbers.unreadable & concerned
        many = self._often(names, bad, ~numbers.blank & concerned)
        self._set_aside("C.value-not-a-number", column, bad & many, what, decide=True)
        self._set_aside("C.value-not-a-number", column, bad, what)
        limits = self.rows.filter(numbers.limit & concerned & ~self.gone)
        if len(limits):
            what = f'column "{column}": values{about} written as less or more than a limit'
            self._note("P.value-limit", limits, what, "the limit was taken as the value", "changed")
        return numbers.value

    def _often(self, names: pl.Series, bad: pl.Series, filled: pl.Series) -> pl.Series:
        """Rows of grading variables of which so many values are no number that the column may be a wrong one."""
        asked: list[str] = []
        for name in GRADING:
            lost, total = int((bad & (names == name)).sum()), int((filled & (names == name)).sum())
            if lost >= FEWEST_LOST and lost > MOST_LOST * total:
                asked.append(name)
        return names.is_in(asked).fill_null(False)

    def _known(self, words: pl.Series) -> pl.Series:
        """The variable of each row; null where tocsin does not use it: only values it uses are worth a word."""
        kinds = words.unique().drop_nulls().to_list()
        ours = {word: one.name for word in kinds if (one := variable(word)) is not None}
        return words.replace_strict(ours, default=None, return_dtype=pl.String)

    # --- times

    def _instants(self, column: str, time_format: str | None, zone: str | None) -> Instants:
        read = read_instants(self.opened.frame[column], zone, time_format)
        if read.trouble:
            height, offsets = len(self.rows), read.blank if read.offsets is None else read.offsets
            filled, offset = self._phrase(~read.blank, height), self._phrase(offsets & ~read.blank, height)
            self._refuse(refusals.time_trouble(self._where(column), read.trouble, filled, offset, self.under))
            return read
        filled = int((~read.blank).sum())
        if filled and read.unreadable.sum() > _MOST_UNREADABLE * filled:
            rows = self._phrase(read.unreadable, filled)
            self._refuse(refusals.no_times(self._where(column), rows, time_format, self.under))
        return read

    def _time(self, name: str, column: str, time_format: str | None, concerned: pl.Series) -> dict[str, pl.Series]:
        read = self._instants(column, time_format, self.zone)
        if read.trouble:
            return {name: read.utc}
        out, main = {name: read.utc}, name in NEEDED[self.file.table]
        if main:
            self._set_aside("C.time-unreadable", column, read.unreadable, "times that cannot be read", decide=True)
            self._needs_some(column, read, concerned)
            if "precision" in TABLES[self.file.table].schema and "precision" not in self.file.columns:
                out["precision"] = read.precision
        else:
            self._emptied("C.time-unreadable", column, read.unreadable, "times that cannot be read", name)
        self._time_notes(column, read)
        return out

    def _needs_some(self, column: str, read: Instants, concerned: pl.Series) -> None:
        if concerned.any() and (read.blank | ~concerned).all():
            self._refuse(refusals.all_times_empty(self._where(column), len(self.rows), self.under))

    def _time_notes(self, column: str, read: Instants) -> None:
        where = f'column "{column}"'
        if read.shifted.any():
            what = f"{where}: local times that a clock change made twofold or skipped"
            self._note(
                "C.time-ambiguous", self.rows.filter(read.shifted), what, "the later reading was taken", "changed"
            )
        if read.midnight:
            rows = self.rows.filter(read.utc.is_not_null())
            done = "read as dates: 12:00 local, precision day"
            self._note("C.time-midnight", rows, f"{where}: every time is 00:00", done, "changed")
        elif (dates := read.precision == "day").any():
            rows = self.rows.filter(dates.fill_null(False))
            self._note(
                "C.time-date-only", rows, f"{where}: dates without a time", "12:00 local, precision day", "noted"
            )
        if read.order_inferred:
            what = f"{where}: numeric dates; the order of day and month was read off the rows where it shows"
            self._note("C.time-order", self.rows.filter(read.utc.is_not_null()), what, "one order for all", "noted")

    # --- units

    def _unit_problems(self, key: str) -> list[Problem]:
        """`records.unit-unknown` for each variable of which no value at all has a unit that can be converted."""
        frame = self.piece.frame
        if self.file.table != "measurements" or "unit" not in frame.columns or frame.is_empty():
            return []
        frame = frame.filter(pl.col("variable") == key) if key else frame
        found: list[Problem] = []
        filled = frame.filter(pl.col("unit").is_not_null() & pl.col("value").is_not_null())
        for (word,), group in filled.group_by(["variable"], maintain_order=True):
            kept = variable(str(word))
            spelled = group["unit"].unique(maintain_order=True).to_list()
            if kept is None or any(convertible(one, kept.name) for one in spelled):
                continue
            column = self.file.parts[key].column if key else self.file.columns.get("value", "value")
            section = f"{self.file.section}.{key}" if key else self.file.section
            first = int(group["source_row"][0])
            found.append(
                refusals.unit_unknown(
                    self.source, column, section, kept.name, kept.unit, spelled, group.height, first, long=not key
                )
            )
        return found

    # --- findings

    def _refuse(self, problem: Problem) -> None:
        self.piece.problems.append(problem)

    def _where(self, column: str) -> str:
        return f'{self.source}, column "{column}"'

    def _phrase(self, mask: pl.Series, total: int) -> str:
        rows = self.rows.filter(mask)
        return rows_phrase(len(rows), total, int(rows[0]) if len(rows) else None)

    def _note(self, code: str, rows: pl.Series, what: str, done: str, effect: str, decide: bool = False) -> None:
        self.piece.findings.append(
            {
                "code": code, "source": self.source, "row": int(rows[0]) if len(rows) else None, "count": len(rows),
                "what": what, "done": done, "effect": effect, "needs_decision": decide,
            }
        )  # fmt: skip

    def _set_aside(self, code: str, column: str, mask: pl.Series, what: str, decide: bool = False) -> None:
        rows = self.rows.filter(mask & ~self.gone)
        if len(rows):
            self._note(code, rows, f'column "{column}": {what}', "set aside", "excluded", decide)
            if decide:
                self.piece.doubts.append(rows)
            self.gone = self.gone | mask
            self.piece.set_aside.append(rows)

    def _emptied(self, code: str, column: str, mask: pl.Series, what: str, name: str) -> None:
        rows = self.rows.filter(mask & ~self.gone)
        if len(rows):
            done = "the cell is left empty"
            self._note(code, rows, f'column "{column}": {what}', done, "changed", decide=name in _WEIGHTY)


def convertible(spelling: str, name: str) -> bool:
    """Whether values in this unit can become values in the unit of the variable."""
    found, kept = unit(spelling), variable(name)
    if found is None or kept is None:
        return False
    return any(conversion(found.unit, kept.unit, other) for other in (name, name.upper()))
