"""The table of all estimates: a row a measure with the arms side by side, a row a contrast."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tocsin.report.blocks import Block, Cell, grid, rows_of
from tocsin.report.estimates import estimate_text, interval_text, level_text, months_text, p_text
from tocsin.report.figures import arms_of, sizes_of
from tocsin.report.numbers import NOTHING
from tocsin.report.words import Words
from tocsin.tables import StudyResults

Row = dict[str, Any]


def outcome_table(results: StudyResults, words: Words) -> Block:
    """Every row of `effects` in its own cell: arms of a measure share a line, a contrast has its own line."""
    arms, sizes = arms_of(results), sizes_of(results)
    synthetic = bool(results.meta.get("synthetic"))
    heads = [words("head.measure"), *(f"{words.term(a)} (n = {sizes[a]})" for a in arms)]
    heads += [words("head.p"), words("head.how_made")]
    rows: list[list[Cell | str]] = []
    before = None
    for line in lines_of(rows_of(results, "effects"), arms):
        if line[0]["outcome"] != before:
            before = line[0]["outcome"]
            rows.append([Cell(words.term(before), "group", len(heads))])
        first = line[0]
        alone = first["contrast"] not in arms
        measure = Cell(words.term(first["measure"]), more=words.term(first["contrast"]) if alone else "")
        of_arm = {row["contrast"]: row for row in line}
        cells = [_cell(of_arm.get(arm), words) for arm in arms]
        if alone:
            cells = [replace(_cell(first, words), look="between", span=len(arms))]
        p = next((row["p"] for row in line if row["p"] is not None), None)
        rows.append([measure, *cells, p_text(p, synthetic, words), _how(line, words)])
    numeric = range(1, len(heads) - 1)
    return grid(words("outcomes.caption"), heads, rows, numeric=numeric, source="effects", empty=words("outcomes.none"))


def lines_of(effects: list[Row], arms: list[str]) -> list[list[Row]]:
    """Rows by outcome; the arms of one measure together (a second row of the same arm opens a new line)."""
    lines: list[list[Row]] = []
    places: dict[tuple[str, str], list[Row]] = {}
    for row in effects:
        key = (row["outcome"], row["measure"])
        if row["contrast"] not in arms:
            lines.append([row])
            continue
        if key not in places or any(one["contrast"] == row["contrast"] for one in places[key]):
            places[key] = []
            lines.append(places[key])
        places[key].append(row)
    order = {outcome: k for k, outcome in enumerate(dict.fromkeys(row["outcome"] for row in effects))}
    return sorted(lines, key=lambda line: order[line[0]["outcome"]])


def _cell(row: Row | None, words: Words) -> Cell:
    if row is None:
        return Cell(NOTHING)
    limits = interval_text(row, words)
    counted = words("outcomes.n", n=row["n"])
    if row["events"] is not None:
        counted += words("comma") + words("outcomes.events", events=row["events"])
    parts = [f"{level_text(row, words)} {limits}" if limits != NOTHING else "", months_text(row, words), counted]
    return Cell(estimate_text(row, words), more="\n".join(part for part in parts if part))


def _how(line: list[Row], words: Words) -> Cell:
    """Method, and under it the notes; a note that only some cells carry names them."""
    methods = dict.fromkeys(words.term(row["method"]) for row in line)
    notes: dict[str, list[str]] = {}
    for row in line:
        if row["note"]:
            notes.setdefault(words.term(row["note"]), []).append(words.term(row["contrast"]))
    said = [
        text if len(whose) == len(line) else f"{words('comma').join(whose)}{words('colon')}{text}"
        for text, whose in notes.items()
    ]
    return Cell(words("semicolon").join(methods), "soft", more="\n".join(said))
