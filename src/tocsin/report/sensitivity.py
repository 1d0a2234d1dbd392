"""How the arms move when one open choice moves, drawn as tiles."""

from __future__ import annotations

from typing import Any

import polars as pl

from tocsin.report.drawing import Figure
from tocsin.report.figures import arms_of
from tocsin.report.shapes import INK, SOFT, drawing, group, rect, text, widest
from tocsin.report.words import Words
from tocsin.tables import StudyResults


def plot_sensitivity(results: StudyResults, words: Words) -> Figure:
    """How many courses each arm holds when one open choice moves: a tile a value, the main analysis framed."""
    table, title = results.tables["sensitivity"], words("figure.sensitivity")
    if not table.height:
        return Figure("sensitivity", title, "", instead=words("figure.sensitivity.none"))
    arms = [a for a in [*arms_of(results), "none"] if a in set(table["arm"])]
    arms += sorted(set(table["arm"]) - set(arms))
    tables: list[tuple[str, pl.DataFrame]] = []
    quiet: list[str] = []
    for (parameter,), frame in table.group_by(["parameter"], maintain_order=True):
        if any(frame["moved"]):
            tables.append((words.term(str(parameter)), frame))
        else:
            quiet.append(words.term(str(parameter)))
    still = words("figure.sensitivity.quiet", names=words("semicolon").join(quiet)) if quiet else ""
    if not tables:
        return Figure("sensitivity", title, "", instead=still)
    caption = f"{words('figure.sensitivity.caption')} {still}".strip()
    most = int(table["courses"].max() or 1)  # pyright: ignore[reportArgumentType]
    left = 14 + widest((_value(r, words) for _, frame in tables for r in frame.to_dicts()), 11)
    parts: list[str] = []
    down = 12.0
    for head, frame in tables:
        values = frame.get_column("value").unique(maintain_order=True).to_list()
        parts += [text(4, down, head, 13, bold=True), group(left, down + 38, _tiles(frame, values, arms, most, words))]
        down += 38 + 25 * len(values) + 24
    notes = max(widest((_moved(frame, v, words) for v in frame["value"].unique()), 11) for _, frame in tables)
    width = left + 105 * len(arms) + 16 + notes + 12
    return Figure("sensitivity", title, words("alt.sensitivity", title=title), caption, drawing(width, down, parts))


def _tiles(frame: pl.DataFrame, values: list[str], arms: list[str], most: int, words: Words) -> list[str]:
    """A row a value, a tile an arm, who moved beside it; one frame around the row of the main analysis."""
    counted = {(r["value"], r["arm"]): r for r in frame.to_dicts()}
    out = [text(105 * k + 52.5, -10, words.term(arm), 11, "middle") for k, arm in enumerate(arms)]
    for row, value in enumerate(values):
        top, here = 25 * row, [counted.get((value, arm)) for arm in arms]
        first = next(r for r in here if r)
        out.append(text(-8, top + 12.5, _value(first, words), 11, "end"))
        for k, r in enumerate(here):
            n = r["courses"] if r else 0
            out.append(rect(105 * k + 1.5, top + 1.5, 102, 22, _fill(n / max(most, 1))))
            out.append(text(105 * k + 52.5, top + 12.5, str(n), 13, "middle"))
        if first["is_default"]:
            frame_of = f'stroke="{INK}" stroke-width="1.8"'
            out.append(rect(0, top, 105 * len(arms), 25, "none", frame_of))
        out.append(text(105 * len(arms) + 12, top + 12.5, _moved(frame, value, words), 11, fill=SOFT))
    return out


def _fill(share: float) -> str:
    """From nearly white to blue."""
    ends = zip((0xF4, 0xF8, 0xFB), (0x7F, 0xB2, 0xD6), strict=True)
    return "#" + "".join(f"{round(low + (high - low) * share):02x}" for low, high in ends)


def _value(row: dict[str, Any], words: Words) -> str:
    said = words.value(str(row["value"]))
    return f"{said}  ({words('sensitivity.main')})" if row["is_default"] else said


def _moved(frame: pl.DataFrame, value: str, words: Words) -> str:
    rows = frame.filter(pl.col("value") == value)
    if rows["is_default"].any():
        return ""
    courses = sorted({c for text in rows["moved"] for c in text.split()})
    if not courses:
        return words("sensitivity.same")
    named = ", ".join(courses[:4]) + (" …" if len(courses) > 4 else "")
    return words("sensitivity.moved", n=len(courses), courses=named)
