"""How far scales agree, on a page: from the tables of a concordance only. In English."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

from tocsin.report.blocks import Block, Cell, Section, grid, note, text
from tocsin.report.concordance_pictures import (
    EQUAL,
    LINEAR,
    QUADRATIC,
    Tables,
    estimates_of,
    key_of_cross_tables,
    limits_text,
    number_text,
    pair_of,
    percent_text,
    plot_cross_tables,
    plot_heat_map,
    titles_of,
)
from tocsin.report.drawing import inline
from tocsin.report.html import page_style, page_template
from tocsin.report.numbers import NOTHING, fixed, percent
from tocsin.report.words import Words

__all__ = ["concordance_page", "plot_cross_tables", "plot_heat_map"]

OPEN, SHOWN, LONG = 3, 12, 15  # pairs with open criteria, criteria a pair, pairs of an open table


def concordance_page(tables: Tables, summary: Mapping[str, Any], parameters: pl.DataFrame) -> str:
    """The page, whole and offline: `tables` by the names of their contracts, `summary` and `parameters` beside them."""
    from markupsafe import Markup

    def shown(svg: str, name: str, least: float = 0) -> Markup:
        return Markup(inline(svg, name, least))

    return page_template().render(
        words=Words("en"),
        meta={"version": summary["version"], "synthetic": False, "spec_hash": ""},
        title="Concordance of grading scales",
        synthetic_note="",
        sections=_sections(tables, summary, parameters),
        drawing=shown,
        legend=Markup(inline(key_of_cross_tables(), "legend", 300)),
        style=Markup(page_style()),
    )


def _sections(tables: Tables, summary: Mapping[str, Any], parameters: pl.DataFrame) -> list[Section]:
    titles = titles_of(summary)
    return [
        Section("answer", "Agreement at a glance", _glance(tables, summary)),
        Section("scales", "What was compared", _compared(summary)),
        Section("maxima", "Highest grade of each course", (_agreement(tables, titles),)),
        Section("cross", "Cross-tables of the highest grades", (Block("panels", plot_cross_tables(tables, summary)),)),
        Section("hours", "Hours of disagreement", _hours(tables, titles)),
        Section("criteria", "Which criteria part the scales", _criteria(tables["criteria"], titles)),
        Section("methods", "How it was reckoned", _methods(summary, parameters)),
    ]


def _glance(tables: Tables, summary: Mapping[str, Any]) -> tuple[Block, ...]:
    """The picture, and how many courses it rests on."""
    known = tables["course_grades"].drop_nulls("grade").group_by("course_id")
    settled = known.agg((pl.col("grade") == pl.col("grade_at_most")).all()).get_column("grade")
    said = (
        f"{summary['courses']:,} courses of {summary['patients']:,} patients, each graded on "
        f"{len(summary['scales'])} scales from the same signs; minute 0: {summary['time_zero']}. In "
        f"{int(settled.sum()):,} of {len(settled):,} graded courses the highest grade is settled on every scale; in "
        "the others an unknown sign may hide a higher grade."
    )
    return text(said), Block("figure", plot_heat_map(tables, summary)), note(summary["notice"])


def _compared(summary: Mapping[str, Any]) -> tuple[Block, ...]:
    rows = [
        [Cell(s["title"], "strong"), name, s["source"], f"{s['courses_graded']:,}", s["hash"]]
        for name, s in summary["scales"].items()
    ]
    heads = ("scale", "name", "source", "courses graded", "hash")
    said = (
        "A scale's grade is its own: grade 3 on one is not grade 3 on another. A difference is no error of either; the "
        "criteria below say where it comes from. Proved grades are compared; where a sign is unknown the proved grade "
        "may lie below the true one, so each count says how much of it is settled (what is proved = what cannot be "
        "excluded)."
    )
    return grid("Scales", heads, rows, numeric=[3]), note(said)


# --- the heat map -----------------------------------------------------------------------------------------------------


def _agreement(tables: Tables, titles: Mapping[str, str]) -> Block:
    estimates = estimates_of(tables["agreement"])
    rows: list[list[Cell | str]] = []
    for row in tables["pairs"].iter_rows(named=True):
        of = estimates[pair_of(row)]
        share = of[EQUAL, False]
        rows.append([
            Cell(titles[row["scale_a"]], "strong", more=titles[row["scale_b"]]),
            Cell(f"{row['gradable']:,}", more=f"of {row['courses']:,}"),
            Cell(f"{row['equal']:,} ({percent_text(share)})", more=limits_text(share, 100)),
            Cell(f"{row['a_higher']:,} / {row['b_higher']:,}"),
            Cell(f"{row['settled']:,}", more=f"{row['settled_equal']:,} equal"),
            *(_kappa_cell(of, measure) for measure in (LINEAR, QUADRATIC)),
        ])  # fmt: skip
    heads = ("pair", "courses graded on both", "equal highest grade", "first / second higher", "settled on both",
             "linear kappa", "quadratic kappa")  # fmt: skip
    caption = "Agreement of the highest proved grades"
    return grid(caption, heads, rows, numeric=range(1, 7), source="agreement", fold=_fold(caption, rows))


def _fold(caption: str, rows: list[list[Cell | str]]) -> str:
    """The line to click where there are many pairs."""
    return f"{caption}: show {len(rows):,} pairs" if len(rows) > LONG else ""


def _kappa_cell(of: Mapping[tuple[str, bool], dict[str, Any]], measure: str) -> Cell:
    """The number, its bootstrap interval, and the large-sample interval under it."""
    drawn, large = of[measure, True], of[measure, False]
    if drawn["estimate"] is None:
        return Cell("not estimable", "soft", more=drawn["note"].removeprefix("not estimable: "))
    return Cell(number_text(drawn), more=f"{limits_text(drawn)}\nlarge sample {limits_text(large)}")


def _hours(tables: Tables, titles: Mapping[str, str]) -> tuple[Block, ...]:
    rows: list[list[Cell | str]] = [
        [
            Cell(titles[r["scale_a"]], "strong", more=titles[r["scale_b"]]), fixed(r["hours"], 0),
            *(_hours_cell(r[name], r["hours"]) for name in ("hours_differ", "hours_apart", "hours_settled")),
        ]
        for r in tables["pairs"].iter_rows(named=True)
    ]  # fmt: skip
    whole = "Hours graded on both scales"
    heads = ("pair", "hours graded on both", "proved grades differ", "differ for certain", "both grades settled")
    by_grade: list[list[Cell | str]] = [
        [f"{titles[r['scale_a']]} v {titles[r['scale_b']]}", str(r["grade_a"]), str(r["grade_b"]), fixed(r["hours"], 1),
         fixed(r["hours_apart"], 1), fixed(r["hours_settled"], 1), f"{r['courses']:,}"]
        for r in tables["hours"].filter(pl.col("grade_a") != pl.col("grade_b")).iter_rows(named=True)
    ]  # fmt: skip
    long = ("pair", "first", "second", "hours", "certain", "settled", "courses")
    unfinished = int(tables["pairs"].get_column("still_open").max() or 0)  # pyright: ignore[reportArgumentType]
    said = (
        "Certain: the grades that are proved on one scale lie above all that the other cannot exclude, whatever the "
        "unknown signs are. Most hours of a course are grade 0 on every scale, so shares of hours look better than "
        f"shares of courses. Courses whose last run is still open and adds no hours: {unfinished:,}."
    )
    return (
        grid(whole, heads, rows, numeric=range(1, 5), source="pairs", fold=_fold(whole, rows)),
        note(said),
        grid("Hours by the two proved grades", long, by_grade, numeric=range(1, 7), source="hours",
             fold=f"Hours by the two proved grades: show {len(by_grade):,} rows",
             empty="The proved grades never differ."),
    )  # fmt: skip


def _hours_cell(hours: float, of: float) -> Cell:
    return Cell(fixed(hours, 1), more=percent(hours / of, 1) if of else NOTHING)


def _criteria(criteria: pl.DataFrame, titles: Mapping[str, str]) -> tuple[Block, ...]:
    if criteria.is_empty():
        return (note("The proved grades never differ."),)
    whole = criteria.group_by("scale_a", "scale_b", maintain_order=True).agg(pl.len(), pl.col("hours").sum())
    ordered = whole.sort("hours", descending=True, maintain_order=True)
    blocks = [
        text("What decides on each side while the proved grades differ; pairs and criteria with most hours first.")
    ]
    for k, (a, b, kinds, hours) in enumerate(ordered.iter_rows()):
        of_pair = criteria.filter((pl.col("scale_a") == a) & (pl.col("scale_b") == b)).head(SHOWN)
        rows = [
            [fixed(r["hours"], 1), fixed(r["hours_apart"], 1), f"{r['courses']:,}",
             *(f"{r[f'grade_{side}']} · {r[f'criterion_{side}']}" for side in "ab")]
            for r in of_pair.iter_rows(named=True)
        ]  # fmt: skip
        first = "" if kinds <= SHOWN else f", the first {SHOWN} of {kinds:,} (all in criteria.csv)"
        caption = f"{titles[a]} v {titles[b]}: {fixed(hours, 0)} h{first}"
        heads = ("hours", "certain", "courses", titles[a], titles[b])
        fold = "" if k < OPEN else caption
        blocks.append(grid(caption, heads, rows, numeric=range(3), source="criteria", fold=fold))
    return tuple(blocks)


def _methods(summary: Mapping[str, Any], parameters: pl.DataFrame) -> tuple[Block, ...]:
    level = fixed(100 * summary["level"], 0)
    said = (
        "Weighted kappa (Cohen 1968) over all courses graded on both scales, grade 0 included: disagreement weighs the "
        "number of grades between (linear) or its square (quadratic). Intervals "
        f"({level} %): percentile bootstrap that draws patients with all their courses ({summary['draws']:,} draws, "
        f"seed {summary['seed']}), and the large-sample variance of Fleiss, Cohen and Everitt (1969), which takes "
        "courses as independent. Shares of courses: Clopper-Pearson. Kappa depends on how the grades are spread: do "
        "not set kappas of two hospitals side by side without the cross-tables."
    )
    rows = [[r["name"], r["value"], r["default"], r["words"], r["tag"]] for r in parameters.iter_rows(named=True)]
    files = [[name, digest] for name, digest in summary["inputs"].items()]
    heads = ("parameter", "value", "default", "what it decides", "evidence")
    return (
        text(said),
        grid("Open choices", heads, rows, source="parameters", fold=f"Open choices: show {len(rows):,} rows"),
        grid("Files read (SHA-256)", ("file", "SHA-256"), files, fold=f"Files read: show {len(files):,} rows"),
    )
