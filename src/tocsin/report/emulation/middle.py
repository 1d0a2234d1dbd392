"""The middle of the report: curves, every estimate, weights, positivity, balance, sensitivity, the competing event."""

from __future__ import annotations

from collections.abc import Iterable

from tocsin.report.blocks import Block, Cell, Section, grid, note, section, text
from tocsin.report.drawing import Figure
from tocsin.report.emulation.answers import (
    Row,
    arms_of,
    asked_row,
    first_sentence,
    limits,
    outcomes_of,
    rows_of,
    share,
    signed,
    unknown_text,
    why_short,
)
from tocsin.report.emulation.front import shown
from tocsin.report.emulation.words import EmulationWords, parts_of
from tocsin.report.numbers import NOTHING, fixed
from tocsin.tables.emulation import EmulationResults

Figures = dict[str, Figure]
#: Kinds of measure in the order in which they are read; the hazard ratio last.
KINDS = (
    "risk difference", "risk ratio", "difference in event-free hours", "difference in competing risk", "risk",
    "event-free hours", "competing risk", "hazard ratio",
)  # fmt: skip
GRID = "trigger x grace"


def _named(figures: Figures, *starts: str) -> list[Block]:
    return [block for name, figure in figures.items() if name.startswith(starts) for block in shown(figure)]


def _main(results: EmulationResults) -> str:
    return next(iter(outcomes_of(results)), "")


def curves(results: EmulationResults, words: EmulationWords, figures: Figures) -> Section:
    """Cumulative incidence of every outcome by arm, then the main one by analysis."""
    drawn = _named(figures, "curve-", "analyses")
    return section(words, "curves", *(drawn or [note(words("answer.no_outcome"))]))


def effects(results: EmulationResults, words: EmulationWords, figures: Figures) -> Section:
    """Every row of `effects`, a table an outcome, the differences first; the main outcome's stands open."""
    del figures
    found = rows_of(results, "effects")
    outcomes = dict.fromkeys([*outcomes_of(results), *(row["outcome"] for row in found)])
    tables = [
        block for outcome in outcomes
        if (of := [row for row in found if row["outcome"] == outcome])
        for block in _of_outcome(results, outcome, sorted(of, key=_order), words)
    ]  # fmt: skip
    if not tables:
        return section(words, "effects", note(words("effects.none")))
    return section(words, "effects", note(words("effects.order")), *tables)


def _of_outcome(results: EmulationResults, outcome: str, found: list[Row], words: EmulationWords) -> list[Block]:
    """The estimates of one outcome, with and without the largest weights on one line, and how they were made."""
    asked = asked_row(results, outcome)
    why = "" if asked is None or asked["estimable"] else why_short(results, words, outcome)
    lines: dict[tuple[str, int | None, str], dict[bool, Row]] = {}
    for row in found:
        kind, hours, cut = parts_of(row["measure"])
        lines.setdefault((kind, hours, row["contrast"]), {})[cut] = row
    heads = [words(f"head.{k}") for k in ("measure", "contrast", "estimate", "interval", "cut", "n", "know")]
    said = words.outcome(results, outcome)
    rows = [_effect(line, why, words) for line in lines.values()]
    fold = "" if outcome == _main(results) else words("fold", what=said, n=len(rows))
    table = grid(said, heads, rows, numeric=(2, 3, 4, 5), source="effects", fold=fold)
    made = dict.fromkeys(words.term(row["method"]) for row in found)
    return [table, *(note(one) for one in made if not fold)]


def _order(row: Row) -> tuple[int, int, str, bool]:
    kind, hours, cut = parts_of(row["measure"])
    return KINDS.index(kind) if kind in KINDS else len(KINDS), hours or 0, row["contrast"], cut


def _effect(line: dict[bool, Row], why: str, words: EmulationWords) -> list[Cell | str]:
    row = line.get(False) or line[True]
    cut = line.get(True) if False in line else None
    counted = words("outcomes.n", n=row["n"])
    events = words("outcomes.events", events=row["events"]) if row["events"] is not None else ""
    made, between = _value_of(row, words), _between(row, words)
    if row["estimate"] is not None and False in line:
        made = Cell(made.text, "strong")
    beside = Cell(_value_of(cut, words).text, more=_between(cut, words)) if cut else Cell(NOTHING)
    known = Cell(_known(row, why, words), "soft")
    return [
        words.measure(row["measure"]), words.term(row["contrast"]), made, between, beside, Cell(counted, more=events),
        known,
    ]  # fmt: skip


def _value_of(row: Row, words: EmulationWords) -> Cell:
    if row["estimate"] is None:
        return Cell(words("no_estimate"), "soft")
    return Cell(f"{printed(row['measure'], row['estimate'])}{unit_of(row['measure'], words)}")


def _between(row: Row, words: EmulationWords) -> str:
    low, high = (printed(row["measure"], row[end]) for end in ("low", "high"))
    return NOTHING if NOTHING in (low, high) else f"{low} {words('to')} {high}"


def _known(row: Row, why: str, words: EmulationWords) -> str:
    """What to know of an estimate; of one that is not there why, in one sentence."""
    if row["estimate"] is not None:
        return words.term(row["note"])
    return why or first_sentence(words.term(row["note"]))


def printed(measure: str, value: float | None) -> str:
    """A value as its measure prints: shares in percent, differences of shares in points with a sign, hours, ratios."""
    if value is None:
        return NOTHING
    kind = parts_of(measure)[0]
    if kind in ("risk", "competing risk"):
        return fixed(value * 100, 1)
    if kind in ("risk difference", "difference in competing risk"):
        return signed(value)
    if kind.endswith("hours"):
        return f"+{fixed(value, 1)}" if value > 0 and kind.startswith("difference") else fixed(value, 1)
    return fixed(value, 2)


def unit_of(measure: str, words: EmulationWords) -> str:
    """The unit behind a printed value."""
    kind = parts_of(measure)[0]
    if kind in ("risk", "competing risk"):
        return " %"
    if kind in ("risk difference", "difference in competing risk"):
        return f" {words('points.short')}"
    return f" {words('unit.hours')}" if kind.endswith("hours") else ""


def weights(results: EmulationResults, words: EmulationWords, figures: Figures) -> Section:
    """Weights by hour, the last grace hour, and the model of the first dose."""
    main = _main(results)
    none = words("weights.none", why=why_short(results, words, main))
    hours = printed_hours(results, (r["hour"] for r in rows_of(results, "weights", outcome=main)))
    order = [*arms_of(results), *(r["arm"] for r in rows_of(results, "weights", outcome=main))]
    rows = [
        [str(r["hour"]), words.term(r["arm"]), fixed(r["clones"], 0), fixed(r["effective"], 1), fixed(r["largest"], 1),
         fixed(r["mean"], 2)]
        for r in sorted(rows_of(results, "weights", outcome=main), key=lambda r: (r["hour"], order.index(r["arm"])))
        if r["hour"] in hours
    ]  # fmt: skip
    heads = [words(f"head.{k}") for k in ("hours_after", "arm", "clones", "effective", "largest", "mean")]
    table = grid(
        words("weights.caption.table"), heads, rows, numeric=(0, 2, 3, 4, 5), source="weights", empty=none
    )  # fmt: skip
    drawn = _named(figures, "weights") if rows else []
    return section(words, "weights", *drawn, table, *_last_hour(results, words, main), *_model(results, words, main))


def printed_hours(results: EmulationResults, known: Iterable[int]) -> list[int]:
    """The first hour, those the protocol prints, and the last one known."""
    have = sorted(set(known))
    asked = [int(h) for h in results.meta.get("hours") or []]
    near = [max((h for h in have if h <= one), default=None) for one in asked]
    return sorted({h for h in (*have[:1], *near, *have[-1:]) if h is not None})


def _last_hour(results: EmulationResults, words: EmulationWords, main: str) -> list[Block]:
    rows = [
        [Cell(words.term(r["arm"]), "strong"), str(r["grace_hours"]),
         NOTHING if r["last_hour"] is None else str(r["last_hour"]), share(r["last_hour_share"]), words.both(r, "note")]
        for r in rows_of(results, "followed", outcome=main)
        if r["grace_hours"] is not None
    ]  # fmt: skip
    heads = [words(f"head.{k}") for k in ("arm", "grace", "last_hour", "last_share", "know")]
    table = grid(
        words("weights.last"), heads, rows, numeric=(1, 2, 3), source="followed", empty=words("weights.last.none")
    )
    return [table, note(words("weights.last.note"))] if rows else [table]


def _model(results: EmulationResults, words: EmulationWords, main: str) -> list[Block]:
    rows = [
        [Cell(words.both(r, "words"), "strong"), fixed(r["odds_ratio"], 2) if r["odds_ratio"] is not None else NOTHING,
         _plain_limits(r, words), share(r["unknown_share"]), fixed(r["age_h"], 1), Cell(words.term(r["note"]), "soft")]
        for r in rows_of(results, "covariates", outcome=main)
    ]  # fmt: skip
    heads = [words(f"head.{k}") for k in ("covariate", "odds", "interval", "unknown", "age", "know")]
    table = grid(
        words("weights.model"),
        heads,
        rows,
        numeric=(1, 2, 3, 4),
        source="covariates",
        empty=words("weights.model.none"),
    )
    asked = asked_row(results, main)
    fit = [note(words("weights.fit", fit=words.term(asked["fit"])))] if rows and asked and asked["fit"] else []
    said = [words.term(str(one)) for one in (results.meta.get("notes") or {}).get(main, [])]
    return [table, *fit, *(note(one) for one in said)]


def _plain_limits(row: Row, words: EmulationWords) -> str:
    if row["low"] is None or row["high"] is None:
        return NOTHING
    high = ">1,000" if row["high"] > 1000 else fixed(row["high"], 2)
    return f"{fixed(row['low'], 2)} {words('to')} {high}"


def positivity(results: EmulationResults, words: EmulationWords, figures: Figures) -> Section:
    """The heat table, and every cell in which the model speaks alone by its name."""
    main = _main(results)
    rows = rows_of(results, "positivity", outcome=main)
    if not any(row["at_risk"] for row in rows):
        none = words("positivity.none", why=why_short(results, words, main))
        return section(words, "positivity", note(none))
    empty = [
        [Cell(words.both(r, "stratum"), "strong"), band(r, words), f"{r['at_risk']:,}", str(r["starts"]),
         words.both(r, "note")]
        for r in rows
        if alone(r)
    ]  # fmt: skip
    heads = [words(f"head.{k}") for k in ("grade", "band", "at_risk", "starts", "know")]
    table = grid(
        words("positivity.empty"), heads, empty, numeric=(2, 3), source="positivity", empty=words("positivity.full")
    )
    return section(words, "positivity", *_named(figures, "positivity"), table)


def alone(row: Row) -> bool:
    """Hours at risk in which nobody, or everybody, started: nothing there says what a start depends on."""
    return row["at_risk"] > 0 and (row["starts"] == 0 or row["starts"] == row["at_risk"])


def band(row: Row, words: EmulationWords) -> str:
    """`6 to 12 h`."""
    return words("positivity.hours", low=row["from_hour"], high=row["to_hour"])


def balance(results: EmulationResults, words: EmulationWords, figures: Figures) -> Section:
    """Love plot, the largest difference over time, and all of them in a table."""
    main = _main(results)
    named = {r["column"]: words.both(r, "words") for r in rows_of(results, "covariates", outcome=main)}
    rows = [
        [words.term(r["contrast"]), str(r["hour"]), named.get(r["covariate"], words.term(r["covariate"])),
         words(f"balance.{r['when']}"), fixed(r["smd"], 2), fixed(r["smd_unweighted"], 2)]
        for r in rows_of(results, "balance", outcome=main)
    ]  # fmt: skip
    keys = ("contrast", "hours_after", "covariate", "when", "smd_weighted", "smd_plain")
    caption = words("balance.caption.table")
    table = grid(
        caption, [words(f"head.{k}") for k in keys], rows, numeric=(1, 4, 5), source="balance",
        fold=words("fold", what=caption, n=len(rows)),
        empty=words("balance.none", why=why_short(results, words, main)),
    )  # fmt: skip
    return section(words, "balance", *(_named(figures, "balance") if rows else []), table)


def sensitivity(results: EmulationResults, words: EmulationWords, figures: Figures) -> Section:
    """Trigger by grace, the open choices one by one, and the numbers of both."""
    rows = [
        [words.both(r, "parameter"), _choice(r, words), f"{words.term(r['arm'])} v {words.term(r['against'])}",
         share(r["risk"]), share(r["risk_against"]), _difference(r, words), str(r["courses"]), str(r["starts"]),
         Cell(words.both(r, "note"), "soft")]
        for r in rows_of(results, "grid")
    ]  # fmt: skip
    keys = ("parameter", "value", "contrast", "risk", "risk", "risk_difference", "courses", "starts", "know")
    caption = words("sensitivity.caption")
    table = grid(
        caption, [words(f"head.{k}") for k in keys], rows, numeric=range(3, 8), source="grid",
        fold=words("fold", what=caption, n=len(rows)), empty=words("choices.none"),
    )  # fmt: skip
    first = [text(words("sensitivity.one"))] if rows else []
    return section(words, "sensitivity", *first, *(_named(figures, "grid", "choices") if rows else []), table)


def _choice(row: Row, words: EmulationWords) -> str:
    return words.value(row["value"]) + (f" ({words('main')})" if row["is_default"] else "")


def _difference(row: Row, words: EmulationWords) -> Cell:
    if row["difference"] is None:
        return Cell(unknown_text(row, words), "soft")
    return Cell(signed(row["difference"]), "strong", more=limits(row, words, sign=True))


def competing(results: EmulationResults, words: EmulationWords, figures: Figures) -> Section:
    """What ends the chance of each outcome, its curve for the main one, and its risk at the printed hours."""
    what = [
        {"term": words.outcome(results, r["outcome"]), "text": words.both(r, "competing"), "more": ""}
        for r in rows_of(results, "asked")
    ]
    rows: list[list[str]] = []
    for outcome in outcomes_of(results):
        found = rows_of(results, "risks", outcome=outcome, analysis="emulated")
        hours = [h for h in printed_hours(results, (r["hour"] for r in found)) if h > 0]
        of = {(r["hour"], r["arm"]): r for r in found}
        rows += [
            [words.outcome(results, outcome), str(hour),
             *(share(of[hour, arm]["competing"]) if (hour, arm) in of else NOTHING for arm in arms_of(results))]
            for hour in hours
        ]  # fmt: skip
    heads = [words("head.outcome"), words("head.hours_after"), *(words.term(arm) for arm in arms_of(results))]
    table = grid(
        words("competing.caption.table"), heads, rows, numeric=range(1, len(heads)), source="risks",
        empty=words("competing.none"),
    )  # fmt: skip
    first = [Block("pairs", what)] if what else []
    return section(words, "competing", *first, *_named(figures, "competing"), table)
