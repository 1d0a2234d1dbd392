"""The sections of an emulated trial's report, in the order a clinician reads them, from the result tables only."""

from __future__ import annotations

from collections.abc import Callable

import polars.selectors as cs

from tocsin.report import paperwork
from tocsin.report.blocks import Block, Section, grid, note, section, text
from tocsin.report.drawing import Figure
from tocsin.report.emulation import front, middle
from tocsin.report.emulation.answers import level_of, rows_of
from tocsin.report.emulation.words import EmulationWords
from tocsin.report.fonts_cover import uncovered
from tocsin.tables import StudyResults
from tocsin.tables.emulation import EMULATION_TABLES, EmulationResults

Figures = dict[str, Figure]


def sections(results: EmulationResults, words: EmulationWords, figures: list[Figure]) -> list[Section]:
    """Every section, numbered by the template."""
    drawn = {figure.name: figure for figure in figures}
    makers: tuple[Callable[[EmulationResults, EmulationWords, Figures], Section], ...] = (
        front.answer, front.naive, front.trial, front.who, middle.curves, middle.effects, middle.competing,
        middle.weights, middle.positivity, middle.balance, middle.sensitivity,
    )  # fmt: skip
    held = StudyResults(results.meta, results.tables)  # the back of every report asks for meta and tables alone
    back = (paperwork.parameters, paperwork.findings, paperwork.citations)
    return [
        *(make(results, words, drawn) for make in makers),
        _methods(results, words),
        *(make(held, words) for make in back),
        _provenance(results, words),
    ]


def _methods(results: EmulationResults, words: EmulationWords) -> Section:
    said = [
        text(words("colon").join(part for part in (words.meta(one, "title"), words.meta(one, "text")) if part))
        for one in results.meta.get("methods") or []
    ]
    return section(words, "methods", *(said or _own_methods(results, words)))


def _own_methods(results: EmulationResults, words: EmulationWords) -> list[Block]:
    """The paragraph of every emulation, where the results carry none."""
    fit = next((row["fit"] for row in rows_of(results, "asked", main=True, estimable=True)), None)
    if fit is None:
        return [note(words("methods.none"))]
    replicates = (results.meta.get("bootstrap") or {}).get("replicates")
    made = words("methods.intervals", level=level_of(results), replicates=f"{replicates:,}") if replicates else ""
    intervals = made or words("methods.no_intervals")
    grid_hours = results.meta.get("grid_hours") or words("unknown")
    return [text(words("methods.emulation", grid=grid_hours, fit=words.term(fit), intervals=intervals))]


def _provenance(results: EmulationResults, words: EmulationWords) -> Section:
    """Version, hashes, seed, replicates, packages, and the tables beside the page."""
    meta, unknown = results.meta, words("unknown")
    seed = meta.get("seed")
    rows = [
        [words("provenance.version"), f"tocsin {meta.get('version') or unknown}"],
        [words("provenance.spec"), str(meta.get("spec_hash") or unknown)],
        [words("provenance.seed"), str(seed) if seed is not None else words("provenance.no_seed")],
        [words("provenance.bootstrap"), _replicates(results, words)],
    ]
    rows += [
        [words("provenance.strategy", name=words.term(s["name"])), str(s.get("hash") or unknown)]
        for s in meta.get("strategies") or []
    ]
    for key, name in (("inputs", "file"), ("generated_with", "name")):
        kind = "provenance.input" if name == "file" else "provenance.package"
        rows += [[words(kind, **{name: one}), str(value)] for one, value in sorted((meta.get(key) or {}).items())]
    table = grid(words("provenance.caption"), [words("head.what"), words("head.value")], rows)
    return section(words, "provenance", table, *_unshown(results, words), _data(results, words))


def _replicates(results: EmulationResults, words: EmulationWords) -> str:
    found = results.meta.get("bootstrap") or {}
    if not found.get("replicates"):
        return words("provenance.none")
    draw = str(found.get("draw") or "")
    said = words(f"draw.{draw}") if draw in ("multinomial", "bayesian") else draw or words("unknown")
    return words(
        "provenance.replicates", replicates=found["replicates"], draw=said, failed=found.get("failed") or 0
    )  # fmt: skip


def _unshown(results: EmulationResults, words: EmulationWords) -> list[Block]:
    """One sentence where the data hold Chinese characters that the shipped font lacks."""
    texts = (
        one
        for frame in results.tables.values()
        for column in frame.select(cs.string())
        for one in column.unique().drop_nulls()
    )
    lacking = uncovered(texts)
    return [note(words("font.missing", characters=" ".join(lacking)))] if lacking else []


def _data(results: EmulationResults, words: EmulationWords) -> Block:
    rows = [
        [f"tables/{t.name}.csv", words(f"table.{t.name}"), f"{results.tables[t.name].height:,}"]
        for t in EMULATION_TABLES
    ]
    heads = [words(f"head.{k}") for k in ("file", "holds", "rows")]
    return grid(words("data.caption"), heads, rows, numeric=(2,))
