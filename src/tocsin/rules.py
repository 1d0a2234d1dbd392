"""Sign, Criterion, Scale: the tongue in which a published grading table is written and read against the paper.

Row logic only: a grade is a function of one row of signs. All time logic reaches a scale as a sign. A criterion is
true, false or unknown (polars null); a scale turns that into two bounds.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

import polars as pl

from tocsin.sources import Source


@dataclass(frozen=True)
class Criterion:
    """One rule with three faces: words, a polars expression (null = unknown), and the edges it turns on."""

    words: str
    expr: pl.Expr
    edges: tuple[tuple[str, str], ...]

    def __and__(self, other: Criterion) -> Criterion:
        return Criterion(f"{self.words} and {other.words}", self.expr & other.expr, self.edges + other.edges)

    def __or__(self, other: Criterion) -> Criterion:
        return Criterion(f"{self.words} or {other.words}", self.expr | other.expr, self.edges + other.edges)

    def __invert__(self) -> Criterion:
        return Criterion(f"not {self.words}", ~self.expr, self.edges)

    def said(self, words: str) -> Criterion:
        """The same criterion in the paper's own terms."""
        return Criterion(words, self.expr, self.edges)

    @property
    def signs(self) -> tuple[str, ...]:
        """Columns the criterion looks at, each once."""
        return tuple(dict.fromkeys(name for name, _ in self.edges))


@dataclass(frozen=True)
class Sign:
    """A column of the signs table.

    kind `truth`: Boolean, null unknown. `number`: null unknown. `word`: one of `classes`, null unknown. `bounded`: an
    ordered class 0, 1, .. (named by `classes`) in two columns, `name` = what is proved and `name_at_most` = what cannot
    be excluded. `values` lists what a finite sign can take, for the exhaustive truth table.
    """

    name: str
    words: str
    kind: Literal["truth", "number", "word", "bounded"] = "truth"
    unit: str = ""
    classes: tuple[str, ...] = ()
    values: tuple[Any, ...] = ()

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns of the signs table that hold it."""
        return (self.name, f"{self.name}_at_most") if self.kind == "bounded" else (self.name,)

    def present(self) -> Criterion:
        """True where the sign is."""
        return Criterion(self.words, pl.col(self.name), ((self.name, "present"),))

    def at_least(self, edge: float) -> Criterion:
        """True from `edge` on."""
        if self.kind == "bounded":
            low, high = (pl.col(c) for c in self.columns)
            expr = pl.when(low >= edge).then(True).when(high < edge).then(False)
        else:
            expr = pl.col(self.name) >= edge
        shown = self.classes[int(edge)] if self.classes else f"{edge:g}{self.unit}"
        return Criterion(f"{self.words} at least {shown}", expr, ((self.name, f"at_least {edge:g}"),))

    def below(self, edge: float) -> Criterion:
        """True under `edge`, not at it."""
        return (~self.at_least(edge)).said(f"{self.words} below {edge:g}{self.unit}")

    def at_most(self, edge: float) -> Criterion:
        """True up to and at `edge`; for numbers."""
        return Criterion(
            f"{self.words} at most {edge:g}{self.unit}", pl.col(self.name) <= edge, ((self.name, f"at_most {edge:g}"),)
        )

    def between(self, low: float, high: float) -> Criterion:
        """True from `low` to `high`, both included; for numbers."""
        words = f"{self.words} {low:g} to {high:g}{self.unit}"
        return (self.at_least(low) & self.at_most(high)).said(words)

    def one_of(self, *words: str) -> Criterion:
        """True where the sign is one of these words."""
        expr = pl.col(self.name).cast(pl.String).is_in(list(words))
        return Criterion(f"{self.words} {' or '.join(words)}", expr, tuple((self.name, word) for word in words))


@dataclass(frozen=True)
class Scale:
    """The paper's table: rows are grades, columns are axes, cells are criteria; a grade is the worst row that applies.

    `entry` opens the table and gives no grade by itself. `flags` are criteria over the same row that are printed
    beside the grade; they may look at the column `grade`.
    """

    name: str
    title: str
    source: Source
    entry: Criterion | None
    table: Mapping[int, Mapping[str, Criterion]]
    signs: tuple[Sign, ...]
    flags: Mapping[str, Criterion] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    severe: int = 3

    def cells(self) -> list[tuple[int, str, Criterion]]:
        """Every cell: grade, axis, criterion; worst grade first."""
        return [(g, axis, c) for g in sorted(self.table, reverse=True) for axis, c in self.table[g].items()]

    @property
    def axes(self) -> tuple[str, ...]:
        """Columns of the paper's table, in order of appearance."""
        return tuple(dict.fromkeys(axis for row in self.table.values() for axis in row))

    def _worst(self, unknown: bool) -> pl.Expr:
        hits = pl.max_horizontal(
            pl.when(c.expr.fill_null(unknown)).then(pl.lit(g, pl.Int8)).otherwise(pl.lit(0, pl.Int8))
            for g, _, c in self.cells()
        )
        if self.entry is None:
            return hits
        return pl.when(self.entry.expr.fill_null(unknown)).then(hits).otherwise(pl.lit(0, pl.Int8))

    def grade(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Adds `grade` (what is proved) and `grade_at_most` (what cannot be excluded), both Int8 0-4.

        Eager on purpose: two bounds in one lazy select are several times slower in polars.
        """
        return frame.with_columns(grade=self._worst(False)).with_columns(grade_at_most=self._worst(True))

    def marks(self, graded: pl.DataFrame) -> pl.DataFrame:
        """Adds `axes_code` (bit k: axis k sets the grade) and `flags_code` (bit k: flag k) to graded rows."""
        return graded.with_columns(
            axes_code=_bits(
                pl.any_horizontal(
                    *((c.expr.fill_null(False) & (pl.col("grade") == g)) for g, a, c in self.cells() if a == axis)
                )
                for axis in self.axes
            ),
            flags_code=_bits(c.expr.fill_null(False) for c in self.flags.values()),
        )

    def axis_words(self, code: int) -> str:
        """`hypotension+oxygen` for an `axes_code`."""
        return "+".join(axis for k, axis in enumerate(self.axes) if code >> k & 1)

    def flag_words(self, code: int) -> str:
        """`resolving provisional` for a `flags_code`."""
        return " ".join(flag for k, flag in enumerate(self.flags) if code >> k & 1)

    def explain(self, row: Mapping[str, Any]) -> list[dict[str, Any]]:
        """The cells that hold in one row of signs, worst first: grade, axis, criterion, seen, decides, signs."""
        frame = pl.DataFrame([{name: row.get(name) for name in self.columns}], schema_overrides=self.schema)
        graded = self.grade(frame)
        grade, found = graded.item(0, "grade"), list[dict[str, Any]]()
        for g, axis, c in self.cells():
            if graded.select(c.expr.fill_null(False).alias("x")).item() and g <= grade:
                found.append({"grade": g, "axis": axis, "criterion": c.words, "seen": self.seen(row, c),
                              "decides": g == grade, "signs": c.signs})  # fmt: skip
        return found

    def seen(self, row: Mapping[str, Any], criterion: Criterion) -> str:
        """What each sign of a criterion showed, in words; `unknown` where it is."""
        by_name = {sign.name: sign for sign in self.signs}
        return ", ".join(f"{by_name[name].words} {_shown(by_name[name], row)}" for name in criterion.signs)

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns of the signs table the scale reads."""
        return tuple(column for sign in self.signs for column in sign.columns)

    @property
    def schema(self) -> dict[str, Any]:
        """Types of these columns."""
        kinds = {"truth": pl.Boolean, "number": pl.Int8, "bounded": pl.Int8, "word": pl.String}
        return {column: kinds[sign.kind] for sign in self.signs for column in sign.columns}

    def to_dict(self) -> dict[str, Any]:
        """The scale as data: what the hash is made of and what is exported as JSON."""
        return {
            "name": self.name,
            "title": self.title,
            "source": str(self.source),
            "entry": {"words": self.entry.words, "edges": self.entry.edges} if self.entry else None,
            "table": {
                str(g): {a: {"words": c.words, "edges": c.edges} for a, c in row.items()}
                for g, row in self.table.items()
            },
            "notes": self.notes,
        }

    @cached_property
    def hash(self) -> str:
        """First 12 hex digits of the SHA-256 of the scale as data; stands on every result made with it."""
        return spec_hash(self.to_dict())

    def to_markdown(self) -> str:
        """The table as a page: our words beside the rule, the source, the open points."""
        lines = [f"# {self.title}", "", f"Source: {self.source}. Hash `{self.hash}`.", ""]
        if self.entry:
            lines += [f"Opens with: {self.entry.words}. Without it: grade 0.", ""]
        lines += ["| grade | axis | criterion |", "| --- | --- | --- |"]
        lines += [f"| {g} | {axis} | {c.words} |" for g, axis, c in sorted(self.cells(), key=lambda cell: cell[0])]
        lines += ["", "| flag | printed where |", "| --- | --- |"]
        lines += [f"| {flag} | {c.words} |" for flag, c in self.flags.items()]
        return "\n".join([*lines, "", *(f"- {note}" for note in self.notes), ""])


def spec_hash(value: Any) -> str:
    """First 12 hex digits of the SHA-256 of `value` as canonical JSON."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def _bits(flags: Any) -> pl.Expr:
    bits: Sequence[pl.Expr] = [pl.when(flag).then(1 << k).otherwise(0) for k, flag in enumerate(flags)]
    return pl.sum_horizontal(pl.lit(0, pl.Int32), *bits).cast(pl.Int32)


def _shown(sign: Sign, row: Mapping[str, Any]) -> str:
    value = row.get(sign.name)
    if sign.kind == "bounded":
        low, high = value, row.get(f"{sign.name}_at_most")
        names = [sign.classes[int(v)] if sign.classes and v is not None else str(v) for v in (low, high)]
        return names[0] if low == high else f"between {names[0]} and {names[1]}"
    if value is None:
        return "unknown"
    if sign.kind == "truth":
        return "yes" if value else "no"
    return f"{value}{sign.unit}"
