"""The page of a design: its question, the picture, every figure with its Monte-Carlo error, how it was reckoned."""

from __future__ import annotations

from typing import Any

import polars as pl

import tocsin
from tocsin.power.design import Design
from tocsin.power.picture import plot_strips
from tocsin.power.run import Powered
from tocsin.power.words import DOES, NOT_EVIDENCE, TITLES, contrast, points, signed, verdict, with_error
from tocsin.report.blocks import Block, Cell, Section, grid, note, text
from tocsin.report.drawing import Figure, inline
from tocsin.report.html import page_style, page_template
from tocsin.report.words import Words
from tocsin.sentences import length_words
from tocsin.tables.power import POWER_ANALYSES

Rows = list[dict[str, Any]]


def power_page(done: Powered) -> str:
    """The page, whole and offline."""
    from markupsafe import Markup

    def shown(svg: str, name: str, least: float = 0) -> Markup:
        return Markup(inline(svg, name, least))

    return page_template().render(
        words=Words("en"),
        meta={"version": tocsin.__version__, "synthetic": True, "spec_hash": done.design.hash},
        title=done.design.title or "Design by simulation",
        synthetic_note=NOT_EVIDENCE,
        sections=_sections(done),
        drawing=shown,
        legend="",
        style=Markup(page_style()),
    )


def main_figure(done: Powered) -> Figure | None:
    """The picture of the main quantity: the first outcome's difference at the latest hour."""
    rows = main_rows(done.performance, done.truth)
    return plot_strips(done.studies, rows) if rows else None


def main_rows(performance: pl.DataFrame, truth: pl.DataFrame) -> Rows:
    """PERFORMANCE rows of the first difference of the truth at its latest hour, in the order of the analyses."""
    differences = truth.filter(pl.col("against") != "")
    if differences.is_empty():
        return []
    first = differences.row(0, named=True)
    mine = performance.filter(measure="risk difference", **{k: first[k] for k in ("outcome", "arm", "against")})
    mine = mine.filter(pl.col("hour") == pl.col("hour").max())
    return sorted(mine.to_dicts(), key=lambda row: POWER_ANALYSES.index(row["analysis"]))


def _sections(done: Powered) -> list[Section]:
    return [
        Section("answer", "Would the study have found the truth?", _answer(done)),
        Section("figures", "Every difference", tuple(_tables(done, "risk difference"))),
        Section("risks", "Every risk", tuple(_tables(done, "risk"))),
        Section("design", "The design", tuple(_design(done.design))),
        Section("methods", "How it was reckoned", tuple(_methods(done))),
    ]


def _answer(done: Powered) -> tuple[Block, ...]:
    rows = main_rows(done.performance, done.truth)
    if not rows:
        return (note("No study is done yet."),)
    said = (
        f"{done.studies.get_column('replicate').n_unique():,} simulated studies, each analysed as tocsin analyses a "
        f"real one. Truth, {contrast(rows[0])}: {signed(rows[0]['truth'])} percentage points."
    )
    figure = plot_strips(done.studies, rows)
    heads = ("analysis", "verdict", "what it does")
    told = [[Cell(TITLES[row["analysis"]], "strong"), verdict(row), DOES[row["analysis"]]] for row in rows]
    return text(said), Block("figure", figure), grid("What each analysis made of it", heads, told)


def _tables(done: Powered, measure: str) -> list[Block]:
    out: list[Block] = []
    mine = done.performance.filter(measure=measure)
    for part in mine.partition_by("outcome", "hour", "arm", "against", maintain_order=True):
        rows = sorted(part.to_dicts(), key=lambda row: POWER_ANALYSES.index(row["analysis"]))
        truth = signed(rows[0]["truth"]) if rows[0]["against"] else points(rows[0]["truth"])
        heads = ["analysis", "studies", "mean", "bias", "empirical SE", "SE seen", "RMSE", "coverage, %"]
        rejected = rows[0]["rejection_is"] or next((r["rejection_is"] for r in rows if r["rejection_is"]), "")
        heads += [f"{rejected}, %"] if rejected else []
        cells = [_cells(row, bool(rejected)) for row in rows]
        out.append(grid(f"{contrast(rows[0])}; truth {truth}", heads, cells, numeric=range(1, len(heads)),
                        source="performance"))  # fmt: skip
    return out or [note("Nothing was estimated.")]


def _cells(row: dict[str, Any], rejected: bool) -> list[Cell | str]:
    lost = row["studies"] - row["estimated"]
    made: list[Cell | str] = [
        Cell(TITLES[row["analysis"]], "strong"),
        Cell(f"{row['estimated']:,}", more=f"{lost:,} not: {row['failures']}" if lost else ""),
        signed(row["mean"]) if row["against"] else points(row["mean"]),
        with_error(row["bias"], row["bias_error"], sign=True),
        with_error(row["empirical_se"], row["empirical_se_error"]),
        with_error(row["model_se"], row["model_se_error"]),
        with_error(row["rmse"], row["rmse_error"]),
        with_error(row["coverage"], row["coverage_error"]),
    ]
    return [*made, with_error(row["rejection"], row["rejection_error"])] if rejected else made


def _design(design: Design) -> list[Block]:
    pairs = [("world", design.world), ("patients infused in each study", f"{design.n:,}"), ("seed", str(design.seed)),
             ("bootstrap draws", f"{design.draws:,}"), ("level", f"{100 * design.level:g} %")]  # fmt: skip
    if design.is_closed_form:
        form = design.closed_form
        pairs += [("effect", f"{form.effect:g}"), ("hidden confounder", f"{form.hidden:g}"),
                  ("arm early", f"a start within {form.grace} h, {form.initiation}"),
                  ("arm delay", "no start before severity has been high; then as care did")]  # fmt: skip
    else:
        world = design.scenario.world
        pairs += [("world in words", world.words), ("world hash", world.hash)]
        pairs += [(f"{name} of the world", f"{value:g}") for name, value in design.numbers.items()]
        pairs += [
            (f"arm {name}", f"{rule.sentence()} (within {length_words(rule.within)})")
            for name, rule in design.strategies.items()
        ]
    return [grid("Settings", ("what", "value"), [[Cell(a, "strong"), b] for a, b in pairs])]


def _methods(done: Powered) -> list[Block]:
    patients = done.truth.get_column("patients").max()
    said = (
        "Aims, data, estimands, methods and performance measures follow Morris, White & Crowther, Stat Med "
        "2019;38:2074. Every figure stands with its Monte-Carlo error in brackets: what another run of as many studies "
        "would move it by.",
        f"Truth: {patients:,} virtual patients at time zero, apart from those of the studies, cared for by each arm "
        "with the same luck. The error of the bias holds that of the truth. Coverage: share of intervals that hold the "
        "truth. Power or type-1 error: share of studies whose interval excludes no difference.",
        "Intervals: estimate and its bootstrap standard error over patients drawn again, with one Newton step of the "
        "refit; of the naive analyses Newcombe's. Studies without an estimate are counted and left out; where there "
        "are many, the rest are no fair sample.",
        "Each study's luck is a function of the seed and of its number: a run that was stopped goes on, and one run "
        "again gives the same studies. The centres of a virtual world are the same in every study.",
    )
    return [text(one) for one in said]
