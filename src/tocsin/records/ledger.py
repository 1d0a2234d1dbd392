"""The book in which every rule writes what it did, and by which every row is accounted for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import polars as pl

from tocsin.errors import Problem, TocsinError
from tocsin.tables import ACCOUNT, FINDINGS
from tocsin.tables.records import DOUBTS

ROW = ("source", "source_row")
# a column that tells of which table a frame is, as read and in the contract
_TABLES = {"drug": "drugs", "med_category": "drugs", "device": "supports", "device_category": "supports"}


class Ledger:
    """Findings, and the fate of every row seen: used, excluded under a finding, or not needed."""

    def __init__(self, findings: pl.DataFrame | None = None, doubts: pl.DataFrame | None = None) -> None:
        self._given = FINDINGS.frame(findings)
        self._doubts = [pl.DataFrame(schema=DOUBTS) if doubts is None else doubts.select(list(DOUBTS))]
        self._made: list[dict[str, Any]] = []
        self._excluded: list[pl.DataFrame] = []
        self._not_needed: list[pl.DataFrame] = []

    def note(
        self, rows: pl.DataFrame, code: str, what: str, done: str, effect: str = "noted", *, decide: bool = False
    ) -> None:
        """One finding per file about `rows`, which carry source and source_row. No rows, no finding."""
        if rows.is_empty():
            return
        by_file = rows.select(ROW).unique().group_by("source").agg(pl.len().alias("n"), pl.col("source_row").min())
        for source, count, row in by_file.sort("source").iter_rows():
            self.add(code, source, row, count, what, done, effect, decide=decide)

    def add(
        self, code: str, source: str, row: int | None, count: int, what: str, done: str, effect: str = "noted",
        *, decide: bool = False,
    ) -> None:  # fmt: skip
        """One finding with its count already known."""
        self._made.append(
            {"code": code, "source": source, "row": row, "count": count, "what": what, "done": done, "effect": effect,
             "needs_decision": decide}
        )  # fmt: skip

    def exclude(
        self, frame: pl.DataFrame, bad: pl.Expr, code: str, what: str, *, decide: bool = False, done: str = "set aside"
    ) -> pl.DataFrame:
        """`frame` without the rows where `bad` holds; they are written into the book."""
        marked = frame.with_columns(bad.fill_null(False).alias("__bad"))
        out = marked.filter("__bad")
        if out.is_empty():
            return frame
        self.note(out, code, what, done, "excluded", decide=decide)
        if decide:
            self.doubt(out)
        self._excluded.append(out.select(ROW))
        return marked.filter(~pl.col("__bad")).drop("__bad")

    def set_unneeded_aside(self, frame: pl.DataFrame, unneeded: pl.Expr) -> pl.DataFrame:
        """`frame` without rows about things tocsin does not use; they are counted, and are no error."""
        marked = frame.with_columns(unneeded.fill_null(False).alias("__out"))
        self._not_needed.append(marked.filter("__out").select(ROW))
        return marked.filter(~pl.col("__out")).drop("__out")

    def doubt(self, rows: pl.DataFrame) -> None:
        """Absence of a drug or support proves nothing for the patients of `rows`, which are of one of these tables."""
        table = next((name for column, name in _TABLES.items() if column in rows.columns), None)
        if table is not None and "patient_id" in rows.columns:
            self._doubts.append(rows.select(pl.col("patient_id").cast(pl.String), pl.lit(table).alias("table")))

    def doubts(self) -> pl.DataFrame:
        """Each patient once a table, sorted."""
        named = pl.concat(self._doubts).filter(pl.col("patient_id").str.strip_chars() != "")
        return named.unique().sort("patient_id", "table")

    def findings(self) -> pl.DataFrame:
        """The reader's findings and ours."""
        made = FINDINGS.frame(self._made) if self._made else FINDINGS.empty()
        return pl.concat([self._given, made]).sort("source", "code", "what", maintain_order=True)

    def account(
        self,
        seen: Iterable[pl.DataFrame],
        used: Iterable[pl.DataFrame],
        rows_read: Mapping[str, int],
        not_needed: Mapping[str, int],
    ) -> pl.DataFrame:
        """rows = used + excluded + not_needed for every file, each counted on its own.

        A row with several values is used when one of them is. Rows the reader itself set aside must be covered by its
        own findings with effect `excluded`. Raises `records.row-lost` where the sum is not the number of rows read.
        """
        all_rows, kept = _distinct(seen), _distinct(used)
        out = _distinct(self._excluded).join(kept, on=ROW, how="anti")
        spare = _distinct(self._not_needed).join(kept, on=ROW, how="anti").join(out, on=ROW, how="anti")
        counts = [_count(f) for f in (all_rows, kept.join(all_rows, on=ROW, how="semi"), out, spare)]
        made, problems = list[dict[str, Any]](), list[Problem]()
        for source in sorted({*rows_read, *not_needed, *counts[0]}):
            saw, use, excluded, spared = (count.get(source, 0) for count in counts)
            read = rows_read.get(source, saw)
            by_reader = read - saw - not_needed.get(source, 0)
            lost = saw - use - excluded - spared
            if lost or by_reader < 0 or by_reader > self._excluded_by_reader(source):
                problems.append(_lost(source, read, saw, use, excluded, spared, not_needed.get(source, 0)))
            made.append(
                {"source": source, "rows": read, "used": use, "excluded": excluded + by_reader,
                 "not_needed": spared + not_needed.get(source, 0)}
            )  # fmt: skip
        if problems:
            raise TocsinError(problems)
        return ACCOUNT.check(ACCOUNT.frame(made))

    def _excluded_by_reader(self, source: str) -> int:
        rows = self._given.filter((pl.col("source") == source) & (pl.col("effect") == "excluded"))
        return int(rows.get_column("count").sum())


def _distinct(frames: Iterable[pl.DataFrame]) -> pl.DataFrame:
    parts = [frame.select(pl.col("source").cast(pl.String), pl.col("source_row").cast(pl.Int64)) for frame in frames]
    return pl.concat(parts).unique() if parts else pl.DataFrame(schema={"source": pl.String, "source_row": pl.Int64})


def _count(frame: pl.DataFrame) -> dict[str, int]:
    return dict(frame.group_by("source").len().iter_rows())


def _lost(source: str, read: int, saw: int, used: int, excluded: int, spared: int, not_needed: int) -> Problem:
    return Problem(
        "records.row-lost",
        f"{source}: {read:,} rows read; {saw:,} reached the rules ({used:,} used, {excluded:,} excluded, {spared:,} "
        f"not needed) and {not_needed:,} were counted as not needed by the reader.",
        "A row that is neither used nor set aside under a finding may be a lost fever or a lost patient.",
        "This is a defect of the reader: report it with the two numbers.",
    )
