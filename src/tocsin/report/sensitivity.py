"""How the arms move when one open choice moves, drawn as tiles."""

from __future__ import annotations

from typing import Any

import polars as pl

from tocsin.report.drawing import INK, SOFT, Figure, to_svg, values
from tocsin.report.figures import arms_of
from tocsin.report.words import Words
from tocsin.tables import StudyResults


def plot_sensitivity(results: StudyResults, words: Words) -> Figure:
    """How many courses each arm holds when one open choice moves: a tile a value, the main analysis framed."""
    import altair as alt

    table, title = results.tables["sensitivity"], words("figure.sensitivity")
    if not table.height:
        return Figure("sensitivity", title, "", instead=words("figure.sensitivity.none"))
    arms = [a for a in [*arms_of(results), "none"] if a in set(table["arm"])]
    arms += sorted(set(table["arm"]) - set(arms))
    parts: list[Any] = []
    quiet: list[str] = []
    for (parameter,), frame in table.group_by(["parameter"], maintain_order=True):
        if not any(frame["moved"]):
            quiet.append(words.term(str(parameter)))
            continue
        rows = [
            {"v": _value(r, words), "a": words.term(r["arm"]), "n": r["courses"], "main": r["is_default"]}
            for r in frame.to_dicts()
        ]
        moved = [
            {"v": _value(r, words), "m": _moved(frame, r["value"], words)}
            for r in frame.unique("value", maintain_order=True).to_dicts()
        ]
        order = list(dict.fromkeys(r["v"] for r in rows))
        tiles = alt.Chart(values(rows)).encode(
            x=alt.X(
                "a:N",
                sort=[words.term(a) for a in arms],
                axis=alt.Axis(title=None, orient="top", labelAngle=0, ticks=False, domain=False),
            ),
            y=alt.Y(
                "v:N",
                sort=order,
                axis=alt.Axis(title=None, ticks=False, domain=False, minExtent=230, maxExtent=230, labelLimit=225),
            ),
        )
        top = int(table["courses"].max() or 1)  # pyright: ignore[reportArgumentType]
        fill = alt.Color("n:Q", scale=alt.Scale(domain=[0, top], range=["#f4f8fb", "#7fb2d6"]), legend=None)
        cells = tiles.mark_rect(stroke="white", strokeWidth=3).encode(color=fill)
        frame_of_main = tiles.transform_filter("datum.main").mark_rect(filled=False, stroke=INK, strokeWidth=1.8)
        digits = tiles.mark_text(fontSize=13).encode(text="n:Q", color=alt.value(INK))
        grid = alt.layer(cells, frame_of_main, digits).properties(width=105 * len(arms), height=25 * len(order))
        notes = (
            alt.Chart(values(moved))
            .mark_text(align="left", fontSize=11, color=SOFT, x=0)
            .encode(y=alt.Y("v:N", sort=order, axis=None), text="m:N")
            .properties(width=250, height=25 * len(order))
        )
        head = alt.TitleParams(words.term(str(parameter)), anchor="start", frame="bounds", offset=6)
        parts.append(alt.hconcat(grid, notes, spacing=10, title=head).resolve_scale(y="independent"))
    still = words("figure.sensitivity.quiet", names=words("semicolon").join(quiet)) if quiet else ""
    if not parts:
        return Figure("sensitivity", title, "", instead=still)
    caption = f"{words('figure.sensitivity.caption')} {still}".strip()
    chart = alt.vconcat(*parts, spacing=14)
    return Figure("sensitivity", title, words("alt.sensitivity", title=title), caption, to_svg(chart))


def _value(row: dict[str, Any], words: Words) -> str:
    return f"{row['value']}  ({words('sensitivity.main')})" if row["is_default"] else str(row["value"])


def _moved(frame: pl.DataFrame, value: str, words: Words) -> str:
    rows = frame.filter(pl.col("value") == value)
    if rows["is_default"].any():
        return ""
    courses = sorted({c for text in rows["moved"] for c in text.split()})
    if not courses:
        return words("sensitivity.same")
    named = ", ".join(courses[:4]) + (" …" if len(courses) > 4 else "")
    return words("sensitivity.moved", n=len(courses), courses=named)
