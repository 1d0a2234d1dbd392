"""A large folder of record tables, patients whole, some at a time: so that memory does not grow with the hospital."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from tocsin.errors import TocsinError
from tocsin.tables import MEASUREMENTS, RECORD_TABLES, Records, Table

ROWS = 2_000_000
SMALL = 8_000_000  # bytes
_WINDOW = 65_536


@dataclass(frozen=True)
class Batch:
    """Rows [first, last) of measurements.parquet and the patients in (`after`, `upto`] of every other table."""

    folder: Path
    first: int
    last: int
    after: str | None
    upto: str | None
    zone: str = "UTC"

    def read(self) -> Records:
        """The records of these patients, checked against their contracts. Raises TocsinError `tables.*`."""
        frames = {table.name: self._table(table) for table in RECORD_TABLES}
        supplied = frozenset(name for name, frame in frames.items() if frame is not None)
        tables: dict[str, Any] = {
            t.name: t.check(t.empty() if (f := frames[t.name]) is None else t.frame(f)) for t in RECORD_TABLES
        }
        return Records(**tables, supplied=supplied, zone=self.zone)

    def _table(self, table: Table) -> pl.DataFrame | None:
        path = self.folder / f"{table.name}.parquet"
        if not path.is_file():
            return None
        scan = pl.scan_parquet(path)
        if table is MEASUREMENTS:
            return scan.slice(self.first, self.last - self.first).collect()
        if path.stat().st_size < SMALL:
            return _between(_whole(path, path.stat().st_mtime_ns), self.after, self.upto)
        patient = pl.col("patient_id")
        if self.after is not None:
            scan = scan.filter(patient > self.after)
        if self.upto is not None:
            scan = scan.filter(patient <= self.upto)
        return scan.collect()


@functools.lru_cache(maxsize=8)
def _whole(path: Path, _changed: int) -> pl.DataFrame:
    """A small table, read once for all batches."""
    return pl.read_parquet(path)


def _between(frame: pl.DataFrame, after: str | None, upto: str | None) -> pl.DataFrame:
    """Rows of the patients in (`after`, `upto`] of a frame sorted by patient."""
    patients = frame.get_column("patient_id").set_sorted()
    first = 0 if after is None else int(patients.search_sorted(after, "right"))
    last = frame.height if upto is None else int(patients.search_sorted(upto, "right"))
    return frame.slice(first, last - first)


def batches(folder: Path, rows: int = ROWS, zone: str = "UTC") -> Iterator[Batch]:
    """Batches of about `rows` measurements, cut at patient borders.

    The folder holds record tables as Parquet, each sorted by patient and time (docs/tables.md). Raises TocsinError
    `records.file-missing`.
    """
    path = folder / "measurements.parquet"
    if not path.is_file():
        raise TocsinError.of(
            "records.file-missing", "measurements.parquet is missing.", "", "Give a folder of record tables as Parquet."
        )
    ids = pl.scan_parquet(path).select("patient_id")
    total: int = ids.select(pl.len()).collect().item()
    first, after = 0, None
    while first < total:
        last, upto = _border(ids, min(first + rows, total), total)
        yield Batch(folder, first, last, after, upto if last < total else None, zone)
        first, after = last, upto


def _border(ids: pl.LazyFrame, near: int, total: int) -> tuple[int, str]:
    """First patient border at or after row `near`, and the patient that ends there."""
    start = near - 1
    ending: str = ids.slice(start, 1).collect().item()
    while near < total:
        window = ids.slice(near, _WINDOW).collect().get_column("patient_id")
        other = (window != ending).arg_true()
        if len(other):
            return near + int(other[0]), ending
        near += len(window)
    return total, ending
