"""The sections of a study's report, in the order a clinician reads them, from the result tables only."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import polars as pl

from tocsin.report.blocks import Block, Cell, Section, grid, note, text
from tocsin.report.drawing import Figure
from tocsin.report.estimates import (
    estimate_text,
    headline,
    interval_text,
    is_contrast,
    level_text,
    months_text,
    p_text,
)
from tocsin.report.figures import arms_of, sizes_of
from tocsin.report.numbers import NOTHING, fixed, short
from tocsin.report.toxicity import course_table, toxicity_tables
from tocsin.report.words import Words
from tocsin.sources import TAG_WORDS
from tocsin.tables import StudyResults

Figures = dict[str, Figure]


def sections(results: StudyResults, words: Words, figures: list[Figure]) -> list[Section]:
    """Every section, numbered by the template."""
    drawn = {figure.name: figure for figure in figures}
    makers: tuple[Callable[[StudyResults, Words, Figures], Section], ...] = (
        _asked, _answer, _who, _compared, _toxicity, _outcomes, _curves, _charts, _swimmer, _days, _sensitivity,
        _counts, _methods, _parameters, _findings, _citations, _provenance,
    )  # fmt: skip
    return [make(results, words, drawn) for make in makers]


def _rows(results: StudyResults, name: str) -> list[dict[str, Any]]:
    return results.tables[name].to_dicts()


def _section(words: Words, key: str, *blocks: Block) -> Section:
    return Section(key, words(f"section.{key}"), blocks)


def warnings_block(results: StudyResults, words: Words) -> list[Block]:
    """The serious warnings; they stand above every two-arm estimate."""
    rows = [row for row in _rows(results, "warnings") if row["serious"]]
    data = [{"arm": words.term(row["arm"]) if row["arm"] else "", "text": words.of(row), "slug": row["slug"]} for row in rows]
    return [Block("warnings", data)] if data else []


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
    return _section(words, "asked", *question, arms, note(f"{zero} {scale}"))


def _answer(results: StudyResults, words: Words, figures: Figures) -> Section:
    del figures
    arms, sizes, synthetic = arms_of(results), sizes_of(results), bool(results.meta.get("synthetic"))
    rows: list[list[Cell | str]] = []
    for item in headline(_rows(results, "effects"), arms):
        cells = [_with_interval(item["arms"].get(arm), words) for arm in arms]
        p_row = item["p_row"]
        what = words.term(item["outcome"]) + (f" – {words.term(item['measure'])}" if item["measure"] else "")
        rows.append([Cell(what, "strong"), *cells, _with_interval(item["contrast"], words, label=True),
                     Cell(p_text(p_row["p"] if p_row else None, synthetic, words), "line")])  # fmt: skip
    heads = [words("head.outcome"), *(_arm_head(arm, sizes, words) for arm in arms), words("head.difference"), words("head.p")]
    table = grid(words("answer.caption"), heads, rows, numeric=range(1, len(heads)), empty=words("answer.none"))
    milder = [row for row in _rows(results, "warnings") if not row["serious"]]
    others = [Block("remarks", [{"arm": words.term(r["arm"]) if r["arm"] else "", "text": words.of(r)} for r in milder])] if milder else []
    small = [note(words("answer.small", sizes=", ".join(f"{words.term(a)} n = {n}" for a, n in sizes.items())))] if sizes else []
    return _section(words, "answer", *warnings_block(results, words), table, *small, *others)


def _with_interval(row: dict[str, Any] | None, words: Words, label: bool = False) -> Cell:
    if row is None:
        return Cell(NOTHING)
    limits = interval_text(row, words)
    parts = [f"{level_text(row, words)} {limits}" if limits != NOTHING else "", months_text(row, words)]
    said = f"{words.term(row['measure'])}: {estimate_text(row, words)}" if label else estimate_text(row, words)
    return Cell(said, "strong", more="\n".join(part for part in parts if part))


def _arm_head(arm: str, sizes: dict[str, int], words: Words) -> str:
    return f"{words.term(arm)} (n = {sizes.get(arm, 0)})"


def _who(results: StudyResults, words: Words, figures: Figures) -> Section:
    del figures
    steps = [
        {"step": words.term(r["step"]), "out": r["courses_out"], "lost": r["courses_in"] - r["courses_out"],
         "came": r["courses_in"], "why": words.term(r["why"])}
        for r in _rows(results, "attrition")
    ]  # fmt: skip
    sizes = sizes_of(results)
    ends = [{"arm": words.term(arm), "n": n} for arm, n in sizes.items()]
    flow = Block("flow", {"steps": steps, "arms": ends}) if steps else note(words("who.no_attrition"))
    rows = _rows(results, "arms")
    outside = [[r["course_id"], words.term(r["why"])] for r in rows if r["arm"] is None]
    left = grid(words("who.outside"), [words("head.course"), words("head.why")], outside, source="arms", empty=words("who.all_inside"))
    return _section(words, "who", flow, left, course_table(results, words))


def _compared(results: StudyResults, words: Words, figures: Figures) -> Section:
    del figures
    arms, sizes, rows = arms_of(results), sizes_of(results), []
    frame, before = results.tables["table1"], None
    for (variable, level), group in frame.group_by(["variable", "level"], maintain_order=True):
        cells = {r["arm"]: r["text"] for r in group.to_dicts()}
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
    table = grid(words("table1.caption"), heads, rows, numeric=range(2, len(heads)), source="table1", empty=words("table1.none"))
    more = [note(words("table1.note"))] if rows else []
    return _section(words, "table1", table, *more)


def _smd_look(row: dict[str, Any]) -> str:
    chance = row["smd_by_chance"]
    return "strong" if row["smd"] is not None and chance and abs(row["smd"]) > 2 * chance else ""


def _toxicity(results: StudyResults, words: Words, figures: Figures) -> Section:
    del figures
    return _section(words, "toxicity", *warnings_block(results, words), *toxicity_tables(results, words))


def _outcomes(results: StudyResults, words: Words, figures: Figures) -> Section:
    del figures
    synthetic, rows, before = bool(results.meta.get("synthetic")), [], None
    width = 9
    for r in _rows(results, "effects"):
        if r["outcome"] != before:
            rows.append([Cell(words.term(r["outcome"]), "group", width)])
            before = r["outcome"]
        limits = interval_text(r, words)
        rows.append([
            Cell(words.term(r["contrast"]), "strong" if is_contrast(r) else ""), words.term(r["measure"]),
            Cell(NOTHING if r["estimate"] is None and r["p"] is not None else estimate_text(r, words), more=months_text(r, words)),
            Cell(limits, "line", more=level_text(r, words) if limits != NOTHING else ""),
            p_text(r["p"], synthetic, words), str(r["n"]), NOTHING if r["events"] is None else str(r["events"]),
            Cell(words.term(r["method"]), "soft"), Cell(words.term(r["note"]), "soft"),
        ])  # fmt: skip
    heads = [words(f"head.{k}") for k in ("contrast", "measure", "estimate", "interval", "p", "n", "events", "method", "note")]
    table = grid(words("outcomes.caption"), heads, rows, numeric=(2, 3, 4, 5, 6), source="effects", empty=words("outcomes.none"))
    return _section(words, "outcomes", *warnings_block(results, words), table, _endpoints(results, words))


def _endpoints(results: StudyResults, words: Words) -> Block:
    rows = [
        [r["course_id"], words.term(r["endpoint"]), fixed(r["start"], 1), fixed(r["stop"], 1),
         words("endpoint.unknown") if r["event"] is None else words(f"endpoint.{min(r['event'], 2)}"),
         words.term(r["value"]) if r["value"] else NOTHING]
        for r in _rows(results, "endpoints")
    ]  # fmt: skip
    heads = [words(f"head.{k}") for k in ("course", "endpoint", "start", "stop", "event", "value")]
    return grid(words("endpoints.caption"), heads, rows, numeric=(2, 3), source="endpoints",
                fold=words("fold", what=words("endpoints.caption"), n=len(rows)), empty=words("endpoints.none"))  # fmt: skip


def _curves(results: StudyResults, words: Words, figures: Figures) -> Section:
    drawn = [f for name, f in figures.items() if name.startswith(("survival-", "incidence-", "curves"))]
    return _section(words, "curves", *warnings_block(results, words), *(b for f in drawn for b in _figure(f)))


def _charts(results: StudyResults, words: Words, figures: Figures) -> Section:
    del results
    return _section(words, "patients", *_figure(figures.get("patients")))


def _swimmer(results: StudyResults, words: Words, figures: Figures) -> Section:
    return _section(words, "swimmer", *warnings_block(results, words), *_figure(figures.get("swimmer")))


def _days(results: StudyResults, words: Words, figures: Figures) -> Section:
    drawn = [f for name, f in figures.items() if name.startswith("days")]
    return _section(words, "days", *warnings_block(results, words), *(b for f in drawn for b in _figure(f)))


def _sensitivity(results: StudyResults, words: Words, figures: Figures) -> Section:
    rows = [
        [words.term(r["parameter"]), r["value"] + (f" ({words('sensitivity.main')})" if r["is_default"] else ""),
         words.term(r["arm"]), str(r["courses"]), r["moved"] or NOTHING]
        for r in _rows(results, "sensitivity")
    ]  # fmt: skip
    heads = [words(f"head.{k}") for k in ("parameter", "value", "arm", "courses", "moved")]
    table = grid(words("sensitivity.caption"), heads, rows, numeric=(3,), source="sensitivity",
                 fold=words("fold", what=words("sensitivity.caption"), n=len(rows)), empty=words("figure.sensitivity.none"))  # fmt: skip
    drawn = figures.get("sensitivity")
    return _section(words, "sensitivity", *(_figure(drawn) if drawn and not drawn.instead else []), table)


def _counts(results: StudyResults, words: Words, figures: Figures) -> Section:
    del figures
    rows = [
        [words.term(r["what"]), words.term(r["arm"]), f"{short(r['value'])} {words.term(r['unit'])}", Cell(words.term(r["note"]), "soft")]
        for r in _rows(results, "counts")
    ]
    heads = [words(f"head.{k}") for k in ("what", "arm", "value", "how")]
    return _section(words, "counts", grid(words("counts.caption"), heads, rows, numeric=(2,), source="counts", empty=words("counts.none")))


def _methods(results: StudyResults, words: Words, figures: Figures) -> Section:
    del figures
    said = [text(str(p.get(words.lang) or p.get("en") or "")) for p in results.meta.get("methods") or []]
    return _section(words, "methods", *(said or [note(words("methods.none"))]))


def _parameters(results: StudyResults, words: Words, figures: Figures) -> Section:
    del figures
    rows = [
        [Cell(r["name"], "strong"), r["value"], r["default"] if r["value"] != r["default"] else words("same"), words.term(r["words"]),
         f"{r['tag']}: {words.term(TAG_WORDS.get(r['tag'], r['tag']))}", Cell(r["source"], "soft")]
        for r in _rows(results, "parameters")
    ]  # fmt: skip
    heads = [words(f"head.{k}") for k in ("parameter", "value", "default", "decides", "tag", "source")]
    table = grid(words("parameters.caption"), heads, rows, source="parameters", empty=words("parameters.none"))
    return _section(words, "parameters", table)


def _findings(results: StudyResults, words: Words, figures: Figures) -> Section:
    del figures
    rows = [
        [r["code"], r["source"], NOTHING if r["row"] is None else f"{r['row']:,}", f"{r['count']:,}", words.term(r["what"]), words.term(r["done"]),
         words(f"finding.{r['effect']}"), Cell(words("yes") if r["needs_decision"] else words("no"), "red" if r["needs_decision"] else "")]
        for r in _rows(results, "findings")
    ]  # fmt: skip
    heads = [words(f"head.{k}") for k in ("code", "file", "first_row", "rows", "wrong", "done", "effect", "decision")]
    found = grid(words("findings.caption"), heads, rows, numeric=(2, 3), source="findings", empty=words("findings.none"))
    account = [[r["source"], *(f"{r[k]:,}" for k in ("rows", "used", "excluded", "not_needed"))] for r in _rows(results, "account")]
    heads = [words(f"head.{k}") for k in ("file", "rows", "used", "excluded", "not_needed")]
    counted = grid(words("account.caption"), heads, account, numeric=(1, 2, 3, 4), source="account", empty=words("account.none"))
    return _section(words, "findings", found, counted)


def _citations(results: StudyResults, words: Words, figures: Figures) -> Section:
    del figures
    rows = [[Cell(r["key"], "strong"), r["text"], f"doi:{r['doi']}" if r["doi"] else NOTHING, words.term(r["used_for"])] for r in _rows(results, "citations")]
    heads = [words(f"head.{k}") for k in ("key", "citation", "doi", "used_for")]
    return _section(words, "citations", grid(words("citations.caption"), heads, rows, source="citations", empty=words("citations.none")))


def _provenance(results: StudyResults, words: Words, figures: Figures) -> Section:
    del figures
    meta = results.meta
    rows: list[list[Cell | str]] = [[words("provenance.version"), f"tocsin {meta.get('version') or words('unknown')}"],
            [words("provenance.spec"), str(meta.get("spec_hash") or words("unknown"))],
            [words("provenance.seed"), str(meta["seed"]) if meta.get("seed") is not None else words("provenance.no_seed")]]  # fmt: skip
    rows += [[words("provenance.strategy", name=words.term(s["name"])), str(s.get("hash") or words("unknown"))] for s in meta.get("strategies") or []]
    rows += [[words("provenance.input", file=file), str(found)] for file, found in sorted((meta.get("inputs") or {}).items())]
    rows += [[words("provenance.package", name=name), str(found)] for name, found in sorted((meta.get("generated_with") or {}).items())]
    table = grid(words("provenance.caption"), [words("head.what"), words("head.value")], rows)
    return _section(words, "provenance", table, _data(results, words))


def _data(results: StudyResults, words: Words) -> Block:
    """Every table of the results: what it holds, how many rows, in which file it lies."""
    from tocsin.report.files import result_contracts

    rows = [
        [f"tables/{c.name}.csv", words(f"table.{c.name}"), f"{results.tables.get(c.name, pl.DataFrame()).height:,}"]
        for c in result_contracts()
    ]
    return grid(words("data.caption"), [words("head.file"), words("head.holds"), words("head.rows")], rows, numeric=(2,))


