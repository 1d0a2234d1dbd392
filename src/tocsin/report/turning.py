"""What would turn a two-arm result, step by step: its table, and that table as the report prints it."""

from __future__ import annotations

from typing import Any

from tocsin.report.blocks import Block, Cell, grid, note, rows_of
from tocsin.report.estimates import p_text
from tocsin.report.numbers import NOTHING, fixed
from tocsin.report.words import Words
from tocsin.tables import StudyResults

ALPHA = 0.05
Row = dict[str, Any]


def turning_tables(results: StudyResults, words: Words) -> list[Block]:
    """Every step of `turning`, a table a kind, each folded."""
    rows, synthetic = rows_of(results, "turning"), bool(results.meta.get("synthetic"))
    return [
        block
        for kind, heads, numeric in (
            ("covariate", ("outcome", "covariate", "with_arm", "with_outcome", "e_value", "note"), (2, 3, 4)),
            ("fragility", ("outcome", "changed", "courses", "events", "p", "turns"), (2, 3, 4)),
            ("missing", ("outcome", "filled", "difference", "turns"), (1, 2)),
            ("confounder", ("outcome", "with_arm", "with_outcome", "left", "turns"), (1, 2, 3)),
        )
        for block in _table(kind, [row for row in rows if row["kind"] == kind], heads, numeric, synthetic, words)
    ]


def _table(
    kind: str, rows: list[Row], heads: tuple[str, ...], numeric: tuple[int, ...], synthetic: bool, words: Words
) -> list[Block]:
    if not rows:
        return []
    caption = words(f"turning.{kind}")
    cells = [[_cell(head, row, synthetic, words) for head in heads] for row in rows]
    fold = words("fold", what=caption, n=len(rows))
    named = [words(f"turning.head.{head}") for head in heads]
    told = [note(words("turning.covariate.note"))] if kind == "covariate" else []
    return [grid(caption, named, cells, numeric=numeric, source="turning", fold=fold), *told]


def _cell(head: str, row: Row, synthetic: bool, words: Words) -> Cell:
    limits = ""
    if row["low"] is not None and row["high"] is not None:
        times = 100 if row["kind"] == "missing" else 1
        limits = f"{fixed(row['low'] * times)} {words('to')} {fixed(row['high'] * times)}"
    match head:
        case "outcome":
            return Cell(words.term(row["outcome"]), "strong", more=words.term(row["contrast"]))
        case "covariate":
            return Cell(words.term(row["covariate"]))
        case "with_arm" | "with_outcome":
            value = row["x" if head == "with_arm" else "y"]
            return Cell(NOTHING if value is None else fixed(value))
        case "e_value":
            return Cell(words("not_estimable") if row["estimate"] is None else fixed(row["estimate"]), "strong")
        case "left":
            return Cell(fixed(row["estimate"]), "strong", more=limits)
        case "difference":
            mark = f" ({words('turning.expected')})" if row["expected"] else ""
            sign = "+" if row["estimate"] > 0 else ""
            return Cell(f"{sign}{fixed(row['estimate'] * 100)} {words('unit.points')}{mark}", "strong", more=limits)
        case "changed":
            return Cell(words(f"turning.{row['move']}", arm=words.term(row["arm"])))
        case "courses":
            return Cell(f"{row['x']:.0f}")
        case "filled":
            return Cell(f"{row['x']:.0f} / {row['y']:.0f}")
        case "events":
            return Cell(f"{row['first_events']} / {row['second_events']}")
        case "p":
            return Cell(p_text(row["p"], synthetic, words))
        case "turns":
            return Cell(words(f"turning.turns.{row['turns']}"), "" if row["turns"] == "no" else "strong")
        case _:
            return Cell(words.term(row["note"]) if row["note"] else "")
