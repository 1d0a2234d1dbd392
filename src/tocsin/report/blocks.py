"""What a page is made of: plain data that the template prints, so that no section knows any HTML."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from tocsin.report.words import Words
from tocsin.tables import StudyResults

Kind = Literal["text", "note", "warnings", "remarks", "table", "figure", "flow", "pairs", "panels"]


@dataclass(frozen=True)
class Block:
    """One piece of a section. `kind` chooses the template's macro; `data` is what that macro prints."""

    kind: Kind
    data: Any


@dataclass(frozen=True)
class Cell:
    """A table cell; `look` is a style name: strong, soft, red, group; `more` stands under it in small type."""

    text: str
    look: str = ""
    span: int = 1
    more: str = ""


@dataclass(frozen=True)
class Grid:
    """A table: caption, heads, rows of cells; `numeric` columns are right-aligned, `source` is the contract shown."""

    caption: str
    heads: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    numeric: frozenset[int] = frozenset()
    source: str = ""
    fold: str = ""


@dataclass(frozen=True)
class Section:
    """A numbered part of the report with its anchor."""

    anchor: str
    title: str
    blocks: tuple[Block, ...] = field(default_factory=tuple)


def text(words: str) -> Block:
    """A paragraph."""
    return Block("text", words)


def note(words: str) -> Block:
    """A paragraph in small grey type; also the sentence that stands for an empty table."""
    return Block("note", words)


def grid(
    caption: str,
    heads: Sequence[str],
    rows: Sequence[Sequence[Cell | str]],
    *,
    numeric: Sequence[int] = (),
    source: str = "",
    fold: str = "",
    empty: str = "",
) -> Block:
    """A table; without rows, the sentence `empty` instead. `fold` is the line to click where the table is long."""
    if not rows:
        return note(empty or caption)
    made = tuple(tuple(cell if isinstance(cell, Cell) else Cell(cell) for cell in row) for row in rows)
    return Block("table", Grid(caption, tuple(heads), made, frozenset(numeric), source, fold))


def section(words: Words, key: str, *blocks: Block) -> Section:
    """The section with this key, its title in the language of `words`."""
    return Section(key, words(f"section.{key}"), blocks)


def rows_of(results: StudyResults, name: str) -> list[dict[str, Any]]:
    """The rows of one result table."""
    return results.tables[name].to_dicts()
