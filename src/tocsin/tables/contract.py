"""A contract: names, types, units, words, nulls, ranges and key of one table."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import polars as pl

from tocsin.errors import Problem, TocsinError, rows_phrase

TIME = pl.Datetime("us", "UTC")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MINUTE = pl.Int32


@dataclass(frozen=True)
class Column:
    """One column. `null` says whether it may be empty; `low` and `high` are inclusive; `choices` closes the set."""

    name: str
    dtype: Any
    words: str
    unit: str = ""
    null: bool = False
    low: float | None = None
    high: float | None = None
    choices: tuple[str, ...] = ()


@dataclass(frozen=True)
class Table:
    """A contract. `key` columns are unique together and sorted by in every valid frame of this table."""

    name: str
    words: str
    columns: tuple[Column, ...]
    key: tuple[str, ...] = ()

    @property
    def schema(self) -> dict[str, Any]:
        """Column name to polars type, in order."""
        return {column.name: column.dtype for column in self.columns}

    def empty(self) -> pl.DataFrame:
        """A frame without rows."""
        return pl.DataFrame(schema=self.schema)

    def frame(self, rows: list[dict[str, Any]] | pl.DataFrame | None = None) -> pl.DataFrame:
        """Rows or a frame brought into this shape: missing columns become null, order and types follow the contract.

        NaN becomes null (in polars `NaN >= 38.0` is true). Columns the contract does not know are dropped.
        """
        data = rows if isinstance(rows, pl.DataFrame) else pl.DataFrame(rows or [], infer_schema_length=None)
        have = set(data.columns)
        made = [(pl.col(c.name) if c.name in have else pl.lit(None)).cast(c.dtype).alias(c.name) for c in self.columns]
        out = data.select(made) if have else self.empty()
        floats = [c.name for c in self.columns if c.dtype == pl.Float64]
        return out.with_columns(pl.col(floats).fill_nan(None)) if floats else out

    def problems(self, frame: pl.DataFrame) -> list[Problem]:
        """Everything in `frame` that breaks the contract; the first row number counts from 1."""
        found: list[Problem] = []
        for column in self.columns:
            if column.name not in frame.columns:
                found.append(Problem("tables.column-missing", f'table {self.name}: column "{column.name}" is missing.'))
                continue
            if frame.schema[column.name] != column.dtype:
                found.append(
                    Problem(
                        "tables.type",
                        f'table {self.name}, column "{column.name}": type {frame.schema[column.name]}, '
                        f"expected {column.dtype}.",
                    )
                )
                continue
            found += self._value_problems(frame, column)
        if not found and self.key and frame.height and frame.select(self.key).is_duplicated().any():
            rows = frame.select(self.key).is_duplicated().arg_true()
            found.append(
                Problem("tables.key", f"table {self.name}: key {self.key} is not unique in {rows_phrase(len(rows))}.")
            )
        return found

    def _value_problems(self, frame: pl.DataFrame, column: Column) -> list[Problem]:
        value, bad = pl.col(column.name), pl.lit(False)
        if not column.null:
            bad = bad | value.is_null()
        if column.dtype == pl.Float64:
            bad = bad | value.is_nan().fill_null(False) | value.is_infinite().fill_null(False)
        if column.low is not None:
            bad = bad | (value < column.low).fill_null(False)
        if column.high is not None:
            bad = bad | (value > column.high).fill_null(False)
        if column.choices and column.dtype == pl.String:
            bad = bad | ~value.is_in(list(column.choices)).fill_null(True)
        rows = frame.select(bad.alias("bad")).get_column("bad").arg_true()
        if not len(rows):
            return []
        where = rows_phrase(len(rows), frame.height, int(rows[0]) + 1)
        return [Problem("tables.value", f'table {self.name}, column "{column.name}": {where} outside the contract.')]

    def check(self, frame: pl.DataFrame) -> pl.DataFrame:
        """The same frame, or TocsinError (`tables.*`) with every breach."""
        if problems := self.problems(frame):
            raise TocsinError(problems)
        return frame


def need(name: str, dtype: Any, words: str, unit: str = "", **limits: Any) -> Column:
    """A column that is never empty."""
    return Column(name, dtype, words, unit, **limits)


def may(name: str, dtype: Any, words: str, unit: str = "", **limits: Any) -> Column:
    """A column that may be empty."""
    return Column(name, dtype, words, unit, null=True, **limits)


S, F, I, B = pl.String, pl.Float64, pl.Int32, pl.Boolean
