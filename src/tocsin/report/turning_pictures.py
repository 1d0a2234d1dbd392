"""The pictures of `turning`: one drawing a result, those of one kind side by side."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from tocsin.report.blocks import rows_of
from tocsin.report.drawing import Figure, nested, sheet, size_of
from tocsin.report.sensitivity_pictures import plot_confounders, plot_e_value, plot_fragility, plot_tipping
from tocsin.report.shapes import drawing, text, width_of
from tocsin.report.turning import ALPHA
from tocsin.report.words import Words
from tocsin.tables import StudyResults

Row = dict[str, Any]
NAMES = ("e_value", "fragility", "tipping", "confounders")
EXPLAINED = {"no": "no", "interval": "interval", "yes": "estimate"}


def plot_turning(results: StudyResults, words: Words) -> list[Figure]:
    """E-values, fragility paths, missing outcomes and confounders of every two-arm result; none without such a result.

    Results that have no picture of a kind (no ratio, nothing missing) are in the tables only.
    """
    effects = [row for row in rows_of(results, "effects") if row["measure"].startswith("E-value")]
    turning = rows_of(results, "turning")
    arms = list(map(str, results.meta.get("arms") or ()))
    makers: tuple[tuple[list[Row], Callable[[list[Row]], Figure]], ...] = (
        (effects, lambda rows: _e_value(rows, turning, words)),
        (_of(turning, "fragility"), lambda rows: _fragility(rows, arms, words)),
        (_of(turning, "missing"), lambda rows: _missing(rows, arms, words)),
        (_of(turning, "confounder"), lambda rows: _confounders(rows, words)),
    )
    return [figure for rows, make in makers for figure in _side_by_side(rows, make, words)]


def _of(rows: list[Row], kind: str) -> list[Row]:
    return [row for row in rows if row["kind"] == kind]


def _side_by_side(rows: list[Row], make: Callable[[list[Row]], Figure], words: Words) -> list[Figure]:
    """One figure of every result's drawing, each under its name; a sentence only where no result has a drawing."""
    results = dict.fromkeys((row["outcome"], row["contrast"]) for row in rows)
    made = {key: make([row for row in rows if (row["outcome"], row["contrast"]) == key]) for key in results}
    drawn = {key: figure for key, figure in made.items() if figure.svg}
    if not drawn:
        return list(made.values())[:1]
    panels = [_headed(figure.svg, _name(key, words)) for key, figure in drawn.items()]
    first = next(iter(drawn.values()))
    said = words("semicolon").join(f"{_name(key, words)}{words('colon')}{f.alt}" for key, f in drawn.items())
    return [replace(first, alt=said, svg=sheet(panels, min(2, len(panels))))]


def _name(key: tuple[str, str], words: Words) -> str:
    return f"{words.term(key[0])}{words('comma')}{words.term(key[1])}"


def _headed(svg: str, name: str) -> str:
    """A drawing with its name above it."""
    wide, high = size_of(svg)
    return drawing(
        max(wide, width_of(name, 13, True) + 24),
        high + 30,
        [text(12, 14, name, 13, bold=True), nested(svg, 0, 30, "in")],
    )


def _pair(rows: list[Row], arms: list[str], words: Words) -> tuple[str, str]:
    """The two arms of a contrast as printed."""
    contrast = rows[0]["contrast"]
    known = next(((a, b) for a in arms for b in arms if f"{a} v {b}" == contrast), None)
    first, second = known or contrast.split(" v ", 1)
    return words.term(first), words.term(second)


def _e_value(rows: list[Row], turning: list[Row], words: Words) -> Figure:
    point = next((row for row in rows if "limit" not in row["measure"]), rows[0])
    limit = next((row["estimate"] for row in rows if "limit" in row["measure"]), None)
    seen = [
        (row["x"], row["y"])
        for row in _of(turning, "covariate")
        if (row["outcome"], row["contrast"]) == (point["outcome"], point["contrast"]) and row["estimate"] is not None
    ]
    why = words.term(point["note"].removeprefix("not estimable: "))
    return plot_e_value(point["estimate"], limit, why, words.lang, seen)


def _fragility(rows: list[Row], arms: list[str], words: Words) -> Figure:
    pair, ways = rows[0]["contrast"].split(" v ", 1)[0], dict.fromkeys((row["arm"], row["move"]) for row in rows)
    first = next((arm for arm in arms if rows[0]["contrast"].startswith(f"{arm} v ")), pair)
    paths = [
        [{"arm": "a" if arm == first else "b", "move": "add" if move == "more" else "remove", "moved": int(row["x"]),
          "p": row["p"]} for row in rows if (row["arm"], row["move"]) == (arm, move)]
        for arm, move in ways
    ]  # fmt: skip
    return plot_fragility(paths, ALPHA, _pair(rows, arms, words), words.lang)


def _missing(rows: list[Row], arms: list[str], words: Words) -> Figure:
    cells = [
        {"filled_a": int(row["x"]), "filled_b": int(row["y"]), "estimate": row["estimate"],
         "turned": row["turns"] == "yes"}
        for row in rows
    ]  # fmt: skip
    likely = next(((int(row["x"]), int(row["y"])) for row in rows if row["expected"]), None)
    return plot_tipping(cells, likely, _pair(rows, arms, words), words.lang)


def _confounders(rows: list[Row], words: Words) -> Figure:
    cells = [
        {"with_arm": row["x"], "with_outcome": row["y"], "estimate": row["estimate"],
         "explained": EXPLAINED[row["turns"]]}
        for row in rows
    ]  # fmt: skip
    return plot_confounders(cells, words.lang)
