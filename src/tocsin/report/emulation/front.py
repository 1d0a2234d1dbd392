"""The front of the report: the answer, why a plain comparison says something else, the trial, who is in it."""

from __future__ import annotations

from tocsin.report.blocks import Block, Cell, Section, grid, note, section, text
from tocsin.report.drawing import Figure
from tocsin.report.emulation.answers import (
    Asked,
    Row,
    arms_of,
    asked_row,
    compared,
    level_of,
    limits,
    main_question,
    outcomes_of,
    points,
    risk_row,
    rows_of,
    share,
    signed,
    why_not,
    why_short,
)
from tocsin.report.emulation.words import EmulationWords
from tocsin.report.numbers import NOTHING
from tocsin.tables.emulation import EmulationResults

Figures = dict[str, Figure]
NOT_ESTIMATED = "emulate.not-estimated"  # the answer itself says it
NOBODY = "nobody leaves"  # what `flow` says of a step that nobody leaves at


def shown(figure: Figure | None) -> list[Block]:
    """A figure, or the sentence in its place."""
    if figure is None:
        return []
    return [note(figure.instead) if figure.instead else Block("figure", figure)]


def answer(results: EmulationResults, words: EmulationWords, figures: Figures) -> Section:
    """The answer in a sentence a contrast, what n allows, and the numbers behind it."""
    del figures
    asked = main_question(results)
    if asked is None:
        return section(words, "answer", text(words("answer.no_outcome")))
    row = asked_row(results, asked.outcome)
    said = [text(line) for line in answer_lines(results, words)]
    allows = words.both(row, "allows") if row else ""
    new = allows and (row is None or allows != words.both(row, "why_not"))
    more = [text(words("answer.allows", allows=allows))] if new else []
    nor = [words.outcome(results, r["outcome"]) for r in rows_of(results, "asked", estimable=False) if not r["main"]]
    more += [note(line) for line in _of_intervals(results, words, asked)]
    more += [text(words("answer.nor", outcomes=words("comma").join(nor)))] if nor else []
    known = any(r["estimable"] for r in rows_of(results, "asked"))
    table = [_main_table(results, words, asked)] if known else []
    return section(
        words, "answer", *_warnings(results, words), *said, *more, *table, *_based(words, row),
        *_remarks(results, words),
    )  # fmt: skip


def answer_lines(results: EmulationResults, words: EmulationWords) -> list[str]:
    """One sentence for every contrast of the main outcome; or why there is none."""
    asked = main_question(results)
    if asked is None:
        return [words("answer.no_outcome")]
    what = words.outcome(results, asked.outcome)
    out: list[str] = []
    for arm, against in asked.contrasts:
        row = next((r for r in compared(results, asked, arm, against) if r["analysis"] == "emulated"), None)
        if row is None or row["difference"] is None:
            continue
        between = limits(row, words, sign=True)
        level = level_of(results)
        interval = words("answer.limits", level=level, **_ends(row)) if between else words("answer.no_interval")
        sides = [_arm_limits(results, words, asked, name) for name in (arm, against)]
        sentence = words(
            "answer.risks", arm=words.term(arm), against=words.term(against), outcome=what, hours=asked.hour,
            risk=share(row["risk"]), risk_against=share(row["risk_against"]), limits=sides[0], limits_against=sides[1],
            difference=points(row["difference"], words), interval=interval,
        )  # fmt: skip
        decided = between and (row["low"] > 0 or row["high"] < 0)
        out.append(sentence if decided or not between else _joined(words, sentence, words("answer.includes")))
    return out or [words("answer.cannot", outcome=what, why=why_not(results, words, asked.outcome))]


def _of_intervals(results: EmulationResults, words: EmulationWords, asked: Asked) -> list[str]:
    """What `effects` says of the intervals in the answer: replicates that gave no number."""
    measure = f"risk difference after {asked.hour} h"
    rows = rows_of(results, "effects", outcome=asked.outcome, measure=measure)
    said = dict.fromkeys(words.term(r["note"]) for r in rows if r["note"] and r["estimate"] is not None)
    return [words("answer.replicates", note=one) for one in said]


def _joined(words: EmulationWords, *sentences: str) -> str:
    return ("" if words.lang == "zh" else " ").join(sentences)


def _ends(row: Row) -> dict[str, str]:
    return {"low": signed(row["low"]), "high": signed(row["high"])}


def _arm_limits(results: EmulationResults, words: EmulationWords, asked: Asked, arm: str) -> str:
    row = risk_row(results, asked.outcome, arm, asked.hour)
    if row is None or row["low"] is None or row["high"] is None:
        return ""
    return words("answer.limits", level=level_of(results), low=share(row["low"]), high=share(row["high"]))


def _warnings(results: EmulationResults, words: EmulationWords) -> list[Block]:
    """The serious warnings of the results, and above all that a small n carries no main result."""
    data = [_warning(r, words) for r in rows_of(results, "warnings", serious=True) if not _elsewhere(results, r)]
    main = rows_of(results, "asked", main=True, use="no", estimable=True)
    data = [{"arm": "", "text": words("answer.use.no")} for _ in main] + data
    return [Block("warnings", {"rows": data, "short": False})] if data else []


def _warning(row: Row, words: EmulationWords) -> dict[str, str]:
    """A warning with the arm it concerns, where its own words do not name it."""
    named = not row["arm"] or row["arm"] in row["text"]
    return {"arm": "" if named else words.term(row["arm"]), "text": words.of(row)}


def _elsewhere(results: EmulationResults, row: Row) -> bool:
    """Said in the answer itself, or of another outcome than the main one: its words come first in the text."""
    others = (r["words"] for r in rows_of(results, "asked", main=False))
    return row["slug"] == NOT_ESTIMATED or row["text"].startswith(tuple(others))


def _remarks(results: EmulationResults, words: EmulationWords) -> list[Block]:
    rows = rows_of(results, "warnings")
    data = [_warning(r, words) for r in rows if not r["serious"] and not _elsewhere(results, r)]
    data += [_warning(r, words) for r in rows if r["slug"] != NOT_ESTIMATED and _elsewhere(results, r)]
    data += [
        {
            "arm": words.outcome(results, r["outcome"]),
            "text": words("answer.exceeded", exceeded=words.term(r["exceeded"])),
        }
        for r in rows_of(results, "asked")
        if r["exceeded"] and r["main"]
    ]
    return [Block("remarks", data)] if data else []


def _based(words: EmulationWords, row: Row | None) -> list[Block]:
    if row is None:
        return []
    said = words(
        "answer.based", courses=row["courses"], starts=row["starts"], events=row["events"],
        competing=row["competing_events"], lost=row["lost"],
    )  # fmt: skip
    return [note(said)]


def _main_table(results: EmulationResults, words: EmulationWords, asked: Asked) -> Block:
    """Every outcome at the main hour: the risk in each arm and the differences."""
    arms, rows = arms_of(results), list[list[Cell | str]]()
    for outcome in outcomes_of(results):
        found = {
            (r["arm"], r["against"]): r
            for r in rows_of(results, "comparison", outcome=outcome, hour=asked.hour, analysis="emulated")
        }
        cells: list[Cell | str] = [Cell(words.outcome(results, outcome), "strong")]
        for arm in arms:
            row = risk_row(results, outcome, arm, asked.hour)
            cells.append(
                Cell(share(row["risk"]), "strong", more=limits(row, words))
                if row
                else Cell(words("no_estimate"), "soft")
            )
        for pair in asked.contrasts:
            row = found.get(pair)
            known = row is not None and row["difference"] is not None
            cells.append(
                Cell(signed(row["difference"]), "strong", more=limits(row, words, sign=True))
                if row and known
                else Cell(words("no_estimate"), "soft", more="")
            )
        rows.append(cells)
    heads = [
        words("head.outcome"),
        *(words("head.risk_of", arm=words.term(arm)) for arm in arms),
        *(f"{words.term(a)} − {words.term(b)}" for a, b in asked.contrasts),
    ]
    return grid(
        words("answer.caption", hours=asked.hour), heads, rows, numeric=range(1, len(heads)), source="comparison"
    )


def naive(results: EmulationResults, words: EmulationWords, figures: Figures) -> Section:
    """One picture of all analyses, the gap in numbers, and where it comes from."""
    asked = main_question(results)
    if asked is None:
        return section(words, "naive", note(words("answer.no_outcome")))
    drawn = [block for name, f in figures.items() if name.startswith("comparison") for block in shown(f)]
    gaps = [text(line) for pair in asked.contrasts for line in gap_lines(results, words, asked, *pair)]
    why = [
        {"term": words(f"naive.{key}.term"), "text": words(f"naive.{key}"), "more": ""}
        for key in ("immortal", "outcome", "indication", "instead")
    ]
    tables = [_six(results, words, asked, *pair) for pair in asked.contrasts]
    return section(words, "naive", *drawn, *gaps, Block("pairs", why), *tables, *_every_outcome(results, words))


def gap_lines(results: EmulationResults, words: EmulationWords, asked: Asked, arm: str, against: str) -> list[str]:
    """What the naive and the emulated analysis say, and how far they are apart."""
    rows = {r["analysis"]: r["difference"] for r in compared(results, asked, arm, against)}
    if all(value is None for value in rows.values()):
        return []  # the picture's place says so
    first, answer = rows.get("by_received"), rows.get("emulated")
    if first is None or answer is None:
        missing = [words(f"analysis.{k}") for k in ("by_received", "emulated") if rows.get(k) is None]
        return [words("naive.no_gap", missing=words("comma").join(missing))]
    gap = words("points", value=signed(abs(first - answer)).lstrip("+"))
    return [words("naive.gap", naive=points(first, words), emulated=points(answer, words), gap=gap)]


def _six(results: EmulationResults, words: EmulationWords, asked: Asked, arm: str, against: str) -> Block:
    rows = [_analysis(r, words) for r in compared(results, asked, arm, against)]
    heads = [
        words("head.analysis"), *(words("head.risk_of", arm=words.term(side)) for side in (arm, against)),
        words("head.risk_difference"), words("head.answers"), words("head.know"),
    ]  # fmt: skip
    return grid(
        words("naive.caption.table", hours=asked.hour), heads, rows, numeric=(1, 2, 3), source="comparison",
        empty=words("naive.none", why=why_short(results, words, asked.outcome)),
    )  # fmt: skip


def _analysis(row: Row, words: EmulationWords) -> list[Cell | str]:
    sides = [
        Cell(share(row[risk]), "", more="" if row[n] is None else words("outcomes.n", n=row[n]))
        for risk, n in (("risk", "n"), ("risk_against", "n_against"))
    ]
    difference = (
        Cell(words("no_estimate"), "soft")
        if row["difference"] is None
        else Cell(signed(row["difference"]), "strong" if row["answers"] else "", more=limits(row, words, sign=True))
    )
    name = Cell(words(f"analysis.{row['analysis']}"), "strong" if row["answers"] else "")
    return [name, *sides, difference, words("yes") if row["answers"] else words("no"), words.both(row, "note")]


def _every_outcome(results: EmulationResults, words: EmulationWords) -> list[Block]:
    rows = [
        [words.outcome(results, r["outcome"]), str(r["hour"]), words(f"analysis.{r['analysis']}"),
         f"{words.term(r['arm'])} v {words.term(r['against'])}", share(r["risk"]), share(r["risk_against"]),
         signed(r["difference"]) if r["difference"] is not None else words("no_estimate"),
         limits(r, words, sign=True) or NOTHING]
        for r in rows_of(results, "comparison")
    ]  # fmt: skip
    if not rows:
        return []
    keys = ("outcome", "hours_after", "analysis", "contrast", "risk", "risk", "risk_difference", "interval")
    fold = words("naive.fold", n=len(rows))
    heads = [words(f"head.{k}") for k in keys]
    return [grid(words("naive.caption.all"), heads, rows, numeric=(1, 4, 5, 6, 7), source="comparison", fold=fold)]


def trial(results: EmulationResults, words: EmulationWords, figures: Figures) -> Section:
    """The question, the strategies, the TARGET table, and what was asked about."""
    del figures
    meta = results.meta
    question = [text(words.meta(meta, "question"))] if meta.get("question") else []
    pairs = [
        {"term": words.term(item["name"]), "text": words.meta(item, "sentence"), "more": _more(item, words)}
        for item in meta.get("strategies") or []
    ]
    zero = words("asked.zero", zero=words.meta(meta, "time_zero") or words("unknown"))
    scale = words("asked.scale", scale=words.term(str(meta.get("scale") or words("unknown"))))
    target = [
        [Cell(words.both(r, "element"), "strong"), words.both(r, "specification"), words.both(r, "emulation")]
        for r in rows_of(results, "protocol")
    ]
    heads = [words(f"head.{k}") for k in ("element", "specification", "emulation")]
    table = grid(words("trial.target"), heads, target, source="protocol", empty=words("trial.none"))
    arms = Block("pairs", pairs) if pairs else note(words("asked.none"))
    return section(
        words, "trial", *question, arms, note(_joined(words, zero, scale)), table, _asked(results, words),
        *_given(results, words),
    )  # fmt: skip


def _more(item: Row, words: EmulationWords) -> str:
    source = words("asked.source", source=item.get("source") or words("unknown"))
    hours, how = item.get("grace_hours"), str(item.get("initiation") or "")
    if hours is None:
        return source
    known = words(f"initiation.{how}") if how in ("uniform", "natural", "observed") else words("unknown")
    return _joined(words, words("trial.grace", hours=f"{hours:g}", initiation=known), source)


def _asked(results: EmulationResults, words: EmulationWords) -> Block:
    rows = [
        [Cell(words.both(r, "words"), "strong"), words.both(r, "competing"), str(r["courses"]), str(r["starts"]),
         str(r["events"]), str(r["competing_events"]), str(r["lost"]), words(f"use.{r['use']}"),
         Cell("" if r["estimable"] else words("no_estimate"), "soft", more=words.both(r, "why_not"))]
        for r in rows_of(results, "asked")
    ]  # fmt: skip
    keys = ("outcome", "competing", "courses", "starts", "events", "ended", "lost", "use", "know")
    heads = [words(f"head.{k}") for k in keys]
    return grid(
        words("trial.asked"), heads, rows, numeric=range(2, 7), source="asked", empty=words("answer.no_outcome")
    )


def _given(results: EmulationResults, words: EmulationWords) -> list[Block]:
    """The protocol as text to write, where the file had none."""
    toml = str(results.meta.get("protocol_toml") or "")
    if results.meta.get("protocol_given", True) or not toml:
        return []
    rows = [[Cell("", more=toml.rstrip())]]
    return [note(words("trial.default")), grid(words("trial.toml"), ["study.toml"], rows, fold=words("trial.toml"))]


def who(results: EmulationResults, words: EmulationWords, figures: Figures) -> Section:
    """Who left at which step, and what became of the copies."""
    del figures
    rows, outcomes = rows_of(results, "flow"), outcomes_of(results)
    steps = [
        {"step": words.both(r, "step"), "out": r["courses_out"], "lost": r["courses_in"] - r["courses_out"],
         "came": r["courses_in"], "why": "" if r["why"] == NOBODY else words.both(r, "why")}
        for r in rows
        if r["outcome"] is None
    ]  # fmt: skip
    followed = rows_of(results, "followed", outcome=outcomes[0]) if outcomes else []
    ends = [{"arm": words.term(r["arm"]), "n": r["clones"]} for r in followed]
    flow = Block("flow", {"steps": steps, "arms": ends}) if steps else note(words("who.no_attrition"))
    apart = [
        [words.outcome(results, r["outcome"]), words.both(r, "step"), str(r["courses_in"]), str(r["courses_out"]),
         words.both(r, "why")]
        for r in rows
        if r["outcome"] is not None and r["why"] != NOBODY
    ]  # fmt: skip
    heads = [words(f"head.{k}") for k in ("outcome", "step", "in", "out", "why")]
    more = grid(
        words("who.outcome_flow"), heads, apart, numeric=(2, 3), source="flow", empty=words("who.outcome_none")
    )  # fmt: skip
    return section(words, "who", flow, more, *_copies(results, words, outcomes))


def _copies(results: EmulationResults, words: EmulationWords, outcomes: list[str]) -> list[Block]:
    rows = [
        [Cell(words.term(r["arm"]), "strong"), str(r["clones"]), str(r["too_early"]), str(r["too_late"]),
         str(r["followed"])]
        for r in rows_of(results, "followed")
        if r["outcome"] in outcomes[:1]
    ]  # fmt: skip
    heads = [words(f"head.{k}") for k in ("arm", "clones", "too_early", "too_late", "stayed")]
    what = words.outcome(results, outcomes[0]) if outcomes else NOTHING
    table = grid(
        words("who.clones", outcome=what), heads, rows, numeric=range(1, 5), source="followed",
        empty=words("who.clones_none"),
    )  # fmt: skip
    return [table, note(words("who.every"))] if rows else [table]
