"""The sections of a study's report, in the order a clinician reads them, from the result tables only."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from tocsin.report import paperwork
from tocsin.report.blocks import Block, Cell, Section, grid, note, rows_of, section, text
from tocsin.report.design_audit import audit_section
from tocsin.report.drawing import Figure
from tocsin.report.estimates import (
    estimate_text,
    headline,
    interval_text,
    level_text,
    months_text,
    p_text,
)
from tocsin.report.figures import arms_of, sizes_of
from tocsin.report.numbers import NOTHING, fixed
from tocsin.report.outcomes import outcome_table
from tocsin.report.toxicity import course_table, toxicity_tables
from tocsin.report.turning import turning_tables
from tocsin.report.turning_pictures import NAMES
from tocsin.report.words import Words
from tocsin.tables import StudyResults

Figures = dict[str, Figure]


def sections(results: StudyResults, words: Words, figures: list[Figure]) -> list[Section]:
    """Every section, numbered by the template."""
    drawn = {figure.name: figure for figure in figures}
    makers: tuple[Callable[[StudyResults, Words, Figures], Section], ...] = (
        _asked, _answer, _audit, _who, _compared, _toxicity, _outcomes, _curves, _charts, _swimmer, _days, _sensitivity,
        _turning,
    )  # fmt: skip
    back = (paperwork.counts, paperwork.methods, paperwork.parameters, paperwork.findings, paperwork.citations,
            paperwork.provenance)  # fmt: skip
    front = [make(results, words, drawn) for make in makers]
    return [*front, *(make(results, words) for make in back)]


def _audit(results: StudyResults, words: Words, figures: Figures) -> Section:
    del figures
    return audit_section(results.tables, words.meta(results.meta, "protocol"), words)


def warnings_block(results: StudyResults, words: Words, short: bool = False) -> list[Block]:
    """The serious warnings, above every two-arm estimate. `short`: what each says first; the answer has all of it."""
    rows = [row for row in rows_of(results, "warnings") if row["serious"]]
    data: list[dict[str, str]] = []
    for row in rows:
        said = words.of(row)
        said = re.match(r"(?s).*?(?:[.;](?=\s|$)|[。；]|$)", said)[0].rstrip(".:;。：；") if short else said  # pyright: ignore
        data.append({"arm": words.term(row["arm"]) if row["arm"] else "", "text": said})
    return [Block("warnings", {"rows": data, "short": short})] if data else []


def _figure(figure: Figure | None) -> list[Block]:
    if figure is None:
        return []
    if figure.instead:
        return [note(figure.instead)]
    return [Block("panels" if figure.panels else "figure", figure)]


def _asked(results: StudyResults, words: Words, figures: Figures) -> Section:
    del figures
    meta = results.meta
    pairs = []
    for item in meta.get("strategies") or []:
        said = item.get("sentence_zh") if words.lang == "zh" else item.get("sentence")
        pairs.append({"term": words.term(item["name"]), "text": said or item.get("sentence") or "",
                      "more": words("asked.source", source=item.get("source") or words("unknown"))})  # fmt: skip
    zero = words("asked.zero", zero=words.term(str(meta.get("time_zero") or words("unknown"))))
    scale = words("asked.scale", scale=words.term(str(meta.get("scale") or words("unknown"))))
    question = [text(words.meta(meta, "question"))] if meta.get("question") else []
    arms = Block("pairs", pairs) if pairs else note(words("asked.none"))
    return section(words, "asked", *question, arms, note(f"{zero} {scale}"))


def _answer(results: StudyResults, words: Words, figures: Figures) -> Section:
    del figures
    arms, sizes, synthetic = arms_of(results), sizes_of(results), bool(results.meta.get("synthetic"))
    rows: list[list[Cell | str]] = []
    for item in headline(rows_of(results, "effects"), arms):
        cells = [_with_interval(item["arms"].get(arm), words) for arm in arms]
        p_row = item["p_row"]
        what = words.term(item["outcome"]) + (f" – {words.term(item['measure'])}" if item["measure"] else "")
        rows.append([Cell(what, "strong"), *cells, _with_interval(item["contrast"], words, label=True),
                     Cell(p_text(p_row["p"] if p_row else None, synthetic, words), "line")])  # fmt: skip
    heads = [
        words("head.outcome"),
        *(_arm_head(arm, sizes, words) for arm in arms),
        words("head.difference"),
        words("head.p"),
    ]
    table = grid(words("answer.caption"), heads, rows, numeric=range(1, len(heads)), empty=words("answer.none"))
    milder = [row for row in rows_of(results, "warnings") if not row["serious"]]
    others = (
        [Block("remarks", [{"arm": words.term(r["arm"]) if r["arm"] else "", "text": words.of(r)} for r in milder])]
        if milder
        else []
    )
    small = (
        [note(words("answer.small", sizes=", ".join(f"{words.term(a)} n = {n}" for a, n in sizes.items())))]
        if sizes
        else []
    )
    return section(words, "answer", *warnings_block(results, words), table, *small, *others)


def _with_interval(row: dict[str, Any] | None, words: Words, label: bool = False) -> Cell:
    if row is None:
        return Cell(NOTHING)
    limits = interval_text(row, words)
    parts = [
        words.term(row["measure"]) if label else "",
        f"{level_text(row, words)} {limits}" if limits != NOTHING else "",
        months_text(row, words),
    ]
    return Cell(estimate_text(row, words), "strong", more="\n".join(part for part in parts if part))


def _arm_head(arm: str, sizes: dict[str, int], words: Words) -> str:
    return f"{words.term(arm)} (n = {sizes.get(arm, 0)})"


def _who(results: StudyResults, words: Words, figures: Figures) -> Section:
    del figures
    steps = [
        {"step": words.term(r["step"]), "out": r["courses_out"], "lost": r["courses_in"] - r["courses_out"],
         "came": r["courses_in"], "why": words.term(r["why"])}
        for r in rows_of(results, "attrition")
    ]  # fmt: skip
    sizes = sizes_of(results)
    ends = [{"arm": words.term(arm), "n": n} for arm, n in sizes.items()]
    flow = Block("flow", {"steps": steps, "arms": ends}) if steps else note(words("who.no_attrition"))
    rows = rows_of(results, "arms")
    outside = [[r["course_id"], words.why(r["why"])] for r in rows if r["arm"] is None]
    left = grid(
        words("who.outside"),
        [words("head.course"), words("head.why")],
        outside,
        source="arms",
        empty=words("who.all_inside"),
    )
    return section(words, "who", flow, left, course_table(results, words))


def _compared(results: StudyResults, words: Words, figures: Figures) -> Section:
    del figures
    arms, sizes, rows = arms_of(results), sizes_of(results), []
    frame, before = results.tables["table1"], None
    for (variable, level), group in frame.group_by(["variable", "level"], maintain_order=True):
        cells = {r["arm"]: words.numbers(r["text"]) for r in group.to_dicts()}
        first = group.row(0, named=True)
        new = variable != before
        before = variable
        known = {r["arm"]: r for r in group.to_dicts()}
        missing = sum(r["missing"] for r in known.values())
        rows.append([
            Cell(words.term(str(variable)) if new else "", "strong"), Cell(words.term(str(level)), ""),
            *(cells.get(arm, NOTHING) for arm in arms), str(missing) if new else "",
            Cell(fixed(first["smd"]) if new else "", _smd_look(first) if new else ""),
            fixed(first["smd_by_chance"]) if new else "",
        ])  # fmt: skip
    heads = [words("head.variable"), words("head.level"), *(_arm_head(a, sizes, words) for a in arms),
             words("head.missing"), words("head.smd"), words("head.smd_by_chance")]  # fmt: skip
    table = grid(
        words("table1.caption"), heads, rows, numeric=range(2, len(heads)), source="table1", empty=words("table1.none")
    )
    more = [note(words("table1.note"))] if rows else []
    return section(words, "table1", table, *more)


def _smd_look(row: dict[str, Any]) -> str:
    chance = row["smd_by_chance"]
    return "strong" if row["smd"] is not None and chance and abs(row["smd"]) > 2 * chance else ""


def _toxicity(results: StudyResults, words: Words, figures: Figures) -> Section:
    del figures
    return section(words, "toxicity", *warnings_block(results, words, short=True), *toxicity_tables(results, words))


def _outcomes(results: StudyResults, words: Words, figures: Figures) -> Section:
    del figures
    table = outcome_table(results, words)
    return section(words, "outcomes", *warnings_block(results, words, short=True), table, _endpoints(results, words))


def _endpoints(results: StudyResults, words: Words) -> Block:
    rows = [
        [r["course_id"], words.term(r["endpoint"]), fixed(r["start"], 1), fixed(r["stop"], 1),
         words("endpoint.unknown") if r["event"] is None else words(f"endpoint.{min(r['event'], 2)}"),
         words.term(r["value"]) if r["value"] else NOTHING]
        for r in rows_of(results, "endpoints")
    ]  # fmt: skip
    heads = [words(f"head.{k}") for k in ("course", "endpoint", "start", "stop", "event", "value")]
    return grid(
        words("endpoints.caption"),
        heads,
        rows,
        numeric=(2, 3),
        source="endpoints",
        fold=words("fold", what=words("endpoints.caption"), n=len(rows)),
        empty=words("endpoints.none"),
    )


def _curves(results: StudyResults, words: Words, figures: Figures) -> Section:
    drawn = [f for name, f in figures.items() if name.startswith(("survival-", "incidence-", "curves"))]
    return section(
        words, "curves", *warnings_block(results, words, short=True), *(b for f in drawn for b in _figure(f))
    )


def _charts(results: StudyResults, words: Words, figures: Figures) -> Section:
    del results
    return section(words, "patients", *_figure(figures.get("patients")))


def _swimmer(results: StudyResults, words: Words, figures: Figures) -> Section:
    return section(words, "swimmer", *warnings_block(results, words, short=True), *_figure(figures.get("swimmer")))


def _days(results: StudyResults, words: Words, figures: Figures) -> Section:
    drawn = [f for name, f in figures.items() if name.startswith("days")]
    return section(words, "days", *warnings_block(results, words, short=True), *(b for f in drawn for b in _figure(f)))


def _choice(row: dict[str, Any], words: Words) -> str:
    return words.value(row["value"]) + (f" ({words('sensitivity.main')})" if row["is_default"] else "")


def _sensitivity(results: StudyResults, words: Words, figures: Figures) -> Section:
    rows = [
        [words.term(r["parameter"]), _choice(r, words),
         words.term(r["arm"]), str(r["courses"]), r["moved"] or NOTHING]
        for r in rows_of(results, "sensitivity")
    ]  # fmt: skip
    heads = [words(f"head.{k}") for k in ("parameter", "value", "arm", "courses", "moved")]
    table = grid(
        words("sensitivity.caption"),
        heads,
        rows,
        numeric=(3,),
        source="sensitivity",
        fold=words("fold", what=words("sensitivity.caption"), n=len(rows)),
        empty=words("figure.sensitivity.none"),
    )
    drawn = figures.get("sensitivity")
    return section(words, "sensitivity", *(_figure(drawn) if rows else []), table)


TURNING = ("E-value", "fragility", "tipping", "ways that turn", "risk difference, ")


def _turning(results: StudyResults, words: Words, figures: Figures) -> Section:
    """E-values, fragility and missing outcomes of `effects` once more, side by side; none of these rows has a P."""
    rows: list[list[Cell | str]] = [
        [Cell(words.term(r["outcome"]), "strong", more=words.term(r["contrast"])), words.term(r["measure"]),
         _with_interval(r, words), words.term(r["note"])]
        for r in rows_of(results, "effects")
        if r["measure"].startswith(TURNING) and r["p"] is None
    ]  # fmt: skip
    heads = [words("head.outcome"), words("head.measure"), words("head.value"), words("head.why")]
    table = grid(words("turning.caption"), heads, rows, numeric=(2,), source="effects", empty=words("turning.none"))
    drawn = [block for name in NAMES for block in _figure(figures.get(name))] if rows else []
    steps = turning_tables(results, words)
    return section(words, "turning", *warnings_block(results, words, short=True), table, *drawn, *steps)
