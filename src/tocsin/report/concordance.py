"""How far scales agree, drawn and on a page: from the tables of a concordance only. In English."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

from tocsin.report.blocks import Block, Cell, Section, grid, note, text
from tocsin.report.drawing import HATCH, Figure, inline
from tocsin.report.html import _style, _template  # pyright: ignore[reportPrivateUsage] - the page of every report
from tocsin.report.numbers import NOTHING, fixed, percent
from tocsin.report.shapes import INK, SOFT, drawing, group, line, rect, widest, width_of
from tocsin.report.shapes import text as words_at
from tocsin.report.words import Words

Tables = Mapping[str, pl.DataFrame]
Key = tuple[str, str]
SHARE_ENDS, KAPPA_ENDS, BELOW_CHANCE = ("#f6f9fc", "#6ea8d0"), ("#f5faf7", "#62bd98"), "#f6d5c3"
CELL_WIDTH, CELL_HEIGHT = 92, 50
OPEN, SHOWN, LONG = 3, 12, 15  # pairs with open criteria, criteria a pair, pairs of an open table
EQUAL, LINEAR, QUADRATIC = "share with equal grade", "linear weighted kappa", "quadratic weighted kappa"


def concordance_page(tables: Tables, summary: Mapping[str, Any], parameters: pl.DataFrame) -> str:
    """The page, whole and offline: `tables` by the names of their contracts, `summary` and `parameters` beside them."""
    from markupsafe import Markup

    def shown(svg: str, name: str, least: float = 0) -> Markup:
        return Markup(inline(svg, name, least))

    return _template().render(
        words=Words("en"),
        meta={"version": summary["version"], "synthetic": False, "spec_hash": ""},
        title="Concordance of grading scales",
        synthetic_note="",
        sections=_sections(tables, summary, parameters),
        drawing=shown,
        legend=Markup(inline(_key_of_cross_tables(), "legend", 300)),
        style=Markup(_style()),
    )


def _sections(tables: Tables, summary: Mapping[str, Any], parameters: pl.DataFrame) -> list[Section]:
    titles = _titles(summary)
    return [
        Section("answer", "Agreement at a glance", _glance(tables, summary)),
        Section("scales", "What was compared", _compared(summary)),
        Section("maxima", "Highest grade of each course", (_agreement(tables, titles),)),
        Section("cross", "Cross-tables of the highest grades", (Block("panels", plot_cross_tables(tables, summary)),)),
        Section("hours", "Hours of disagreement", _hours(tables, titles)),
        Section("criteria", "Which criteria part the scales", _criteria(tables["criteria"], titles)),
        Section("methods", "How it was reckoned", _methods(summary, parameters)),
    ]


def _titles(summary: Mapping[str, Any]) -> dict[str, str]:
    return {name: scale["title"] for name, scale in summary["scales"].items()}


def _pair(row: Mapping[str, Any]) -> Key:
    return row["scale_a"], row["scale_b"]


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


def plot_heat_map(tables: Tables, summary: Mapping[str, Any]) -> Figure:
    """Scales against scales: above the diagonal the share of courses with equal highest grade, below it kappa."""
    titles = _titles(summary)
    places = {name: k for k, name in enumerate(titles)}
    heads = {name: _wrapped(title, CELL_WIDTH - 8) for name, title in titles.items()}
    top, left = 22 + 14 * max(map(len, heads.values())), 16 + widest(titles.values(), 12)
    side, high = CELL_WIDTH * len(titles), CELL_HEIGHT * len(titles)
    parts: list[str] = []
    for name, k in places.items():
        parts.append(words_at(-10, CELL_HEIGHT * (k + 0.5), titles[name], 12, "end"))
        lines = heads[name]
        bold = next((j for j, one in enumerate(lines) if one.startswith("(")), len(lines))
        for j, one in enumerate(lines):
            down = -12 - 14 * (len(lines) - 1 - j)
            parts.append(words_at(CELL_WIDTH * (k + 0.5), down, one, 11, "middle", bold=j < bold))
        parts.append(rect(CELL_WIDTH * k + 1, CELL_HEIGHT * k + 1, CELL_WIDTH - 2, CELL_HEIGHT - 2, "#e6eaed"))
    estimates = _estimates(tables["agreement"])
    equal = {_pair(row): f"{row['equal']:,}/{row['gradable']:,}" for row in tables["pairs"].iter_rows(named=True)}
    for pair in equal:
        first, second = sorted(pair, key=lambda name: places[name])
        share, kappa = estimates[pair][EQUAL, False], estimates[pair][QUADRATIC, True]
        parts.append(_tile(places[second], places[first], share["estimate"], SHARE_ENDS, _percent(share), equal[pair]))
        parts.append(
            _tile(places[first], places[second], kappa["estimate"], KAPPA_ENDS, _number(kappa), _limits(kappa))
        )
    parts += _keys(high + 26, side)
    width = left + max(side, 470) + 16
    caption = (
        "Above the diagonal: share of courses with the same highest proved grade. Below: quadratic weighted kappa with "
        f"{fixed(100 * summary['level'], 0)} % bootstrap interval by patient; hatched: not estimable; "
        "empty: not compared."
    )
    svg = drawing(width, top + high + 84, [HATCH, group(left, top, parts)])
    return Figure(
        "heat_map", "Agreement of the scales, pair by pair", _heat_alt(tables, titles, estimates), caption, svg
    )


def _tile(column: int, row: int, value: float | None, ends: Key, main: str, small: str) -> str:
    """One pair: its colour, its number, and what stands under it."""
    fill = "url(#hatch)" if value is None else BELOW_CHANCE if value < 0 else _between(ends, value)
    middle = CELL_WIDTH / 2
    box = rect(1, 1, CELL_WIDTH - 2, CELL_HEIGHT - 2, fill)
    if value is None:
        said = [words_at(middle, 25, small, 10, "middle")]
    else:
        said = [
            words_at(middle, 20, main, 14, "middle", bold=True),
            words_at(middle, 37, small, 10, "middle", "#3c4852"),
        ]
    return group(CELL_WIDTH * column, CELL_HEIGHT * row, [box, *said])


def _keys(down: float, side: float) -> list[str]:
    """The two colour strips under the map."""
    out: list[str] = []
    for k, (ends, low, high, words) in enumerate((
        (SHARE_ENDS, "0 %", "100 %", "above: courses with equal highest grade"),
        (KAPPA_ENDS, "0", "1", "below: quadratic weighted kappa (orange: under 0)"),
    )):  # fmt: skip
        at = down + 24 * k
        out += [rect(30 + 6 * step, at - 6, 6, 12, _between(ends, step / 14)) for step in range(15)]
        out += [words_at(25, at, low, 10, "end", SOFT), words_at(125, at, high, 10, fill=SOFT)]
        out.append(words_at(162, at, words, 11, fill=SOFT))
    return out


def _heat_alt(tables: Tables, titles: Mapping[str, str], estimates: Mapping[Key, Any]) -> str:
    said = [
        f"{titles[a]} and {titles[b]}: {_percent(estimates[a, b][EQUAL, False])} of courses equal, "
        f"kappa {_number(estimates[a, b][QUADRATIC, True])}"
        for a, b in map(_pair, tables["pairs"].iter_rows(named=True))
    ]
    return "Agreement of the scales. " + "; ".join(said)


def _estimates(agreement: pl.DataFrame) -> dict[Key, dict[tuple[str, bool], dict[str, Any]]]:
    """By pair: by measure and whether the interval is a bootstrap."""
    out: dict[Key, dict[tuple[str, bool], dict[str, Any]]] = {}
    for row in agreement.iter_rows(named=True):
        out.setdefault(_pair(row), {})[row["measure"], row["method"].startswith("bootstrap")] = row
    return out


def _between(ends: Key, share: float) -> str:
    low, high = ([int(end[k : k + 2], 16) for k in (1, 3, 5)] for end in ends)
    return "#" + "".join(f"{round(a + (b - a) * share):02x}" for a, b in zip(low, high, strict=True))


def _wrapped(title: str, width: float, size: float = 11) -> list[str]:
    """A title in lines of about this width, cut at its spaces."""
    lines = [""]
    for word in title.split():
        longer = f"{lines[-1]} {word}".strip()
        if lines[-1] and (width_of(longer, size, bold=True) > width or word.startswith("(")):
            lines.append(word)
        else:
            lines[-1] = longer
    return lines


# --- cross-tables -----------------------------------------------------------------------------------------------------


def plot_cross_tables(tables: Tables, summary: Mapping[str, Any]) -> Figure:
    """A small cross-table of the highest grades for each pair; every panel has the same rows and columns."""
    maxima, titles = tables["maxima"], _titles(summary)
    seen = [g for name in ("grade_a", "grade_b") for g in maxima.get_column(name).to_list()]
    grades: list[int | None] = [*range(max([g for g in seen if g is not None], default=0) + 1)]
    grades += [None] if None in seen else []
    panels: list[tuple[str, str]] = []
    for row in tables["pairs"].iter_rows(named=True):
        a, b = _pair(row)
        cells = {
            (r["grade_a"], r["grade_b"]): r
            for r in maxima.filter((pl.col("scale_a") == a) & (pl.col("scale_b") == b)).iter_rows(named=True)
        }
        told = f"{titles[a]} in rows, {titles[b]} in columns: " + "; ".join(
            f"{_grade(x)} and {_grade(y)}: {r['courses']} courses, {r['settled']} settled"
            for (x, y), r in cells.items()
        )
        panels.append((_cross_table(titles[a], titles[b], grades, cells, row["courses"]), told))
    caption = (
        "Rows: the first scale; columns: the second. On the framed diagonal the highest proved grades are equal. The "
        "small number counts the courses in which both highest grades are settled; n. g.: no moment to grade."
    )
    return Figure("cross_tables", "Courses by highest proved grade", "", caption, panels=tuple(panels))


def _cross_table(
    first: str, second: str, grades: list[int | None], cells: Mapping[Any, dict[str, Any]], courses: int
) -> str:
    size, left, top, high = 36.0, 46.0, 62.0, 34.0
    parts = [words_at(6, 14, first, 12, bold=True), words_at(6, 30, f"v  {second}", 12, bold=True)]
    for k, grade in enumerate(grades):
        parts.append(words_at(left + size * (k + 0.5), top - 9, _grade(grade), 11, "middle", SOFT))
        parts.append(words_at(left - 8, top + high * (k + 0.5), _grade(grade), 11, "end", SOFT))
    for i, x in enumerate(grades):
        for j, y in enumerate(grades):
            cell = cells.get((x, y))
            share = cell["courses"] / courses if cell and courses else 0.0
            ends = SHARE_ENDS if x == y and x is not None else ("#fdf1e7", "#f0a35e")
            fill = _between(ends, share**0.5) if cell else "#fafbfc"
            edge = f'stroke="{INK}" stroke-width="1.1"' if x == y and x is not None else 'stroke="#e6eaed"'
            at = (left + size * j, top + high * i)
            parts.append(rect(at[0] + 1, at[1] + 1, size - 2, high - 2, fill, edge))
            if cell:
                parts.append(words_at(at[0] + size / 2, at[1] + 12, f"{cell['courses']:,}", 12, "middle", bold=True))
                parts.append(words_at(at[0] + size / 2, at[1] + 25, f"{cell['settled']:,}", 8.5, "middle", "#3c4852"))
    width = max(left + size * len(grades) + 10, 290, 12 + width_of(f"v  {second}", 12, bold=True))
    return drawing(width, top + high * len(grades) + 10, parts)


def _key_of_cross_tables() -> str:
    parts = [
        rect(4, 4, 18, 16, _between(SHARE_ENDS, 0.6), f'stroke="{INK}" stroke-width="1.1"'),
        words_at(28, 12, "equal highest grade", 11.5, fill=SOFT),
        rect(160, 4, 18, 16, "#f0a35e"),
        words_at(184, 12, "different", 11.5, fill=SOFT),
        words_at(262, 12, "12", 12, bold=True),
        words_at(282, 12, "courses", 11.5, fill=SOFT),
        words_at(346, 12, "9", 9),
        words_at(358, 12, "of them settled on both scales", 11.5, fill=SOFT),
        line(0, 25.5, 540, 25.5, "#e6eaed"),
    ]
    return drawing(540, 26, parts)


def _grade(grade: int | None) -> str:
    return "n. g." if grade is None else str(grade)


# --- tables -----------------------------------------------------------------------------------------------------------


def _agreement(tables: Tables, titles: Mapping[str, str]) -> Block:
    estimates = _estimates(tables["agreement"])
    rows: list[list[Cell | str]] = []
    for row in tables["pairs"].iter_rows(named=True):
        of = estimates[_pair(row)]
        share = of[EQUAL, False]
        rows.append([
            Cell(titles[row["scale_a"]], "strong", more=titles[row["scale_b"]]),
            Cell(f"{row['gradable']:,}", more=f"of {row['courses']:,}"),
            Cell(f"{row['equal']:,} ({_percent(share)})", more=_limits(share, 100)),
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
    return Cell(_number(drawn), more=f"{_limits(drawn)}\nlarge sample {_limits(large)}")


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


def _number(row: Mapping[str, Any]) -> str:
    """Two decimals; `>0.99` where kappa is not 1."""
    value = row["estimate"]
    return ">0.99" if value is not None and 0.995 <= value < 1 else fixed(value, 2)


def _percent(row: Mapping[str, Any]) -> str:
    """A whole percentage; `>99 %` and `<1 %` where it is not all or none."""
    share = row["estimate"]
    if share is None or share in (0, 1):
        return percent(share, 0)
    return "<1 %" if share < 0.005 else ">99 %" if share >= 0.995 else percent(share, 0)


def _limits(row: Mapping[str, Any], times: float = 1) -> str:
    """`0.52 to 0.88`; without a number why, shortly."""
    if row["estimate"] is None:
        return "not estimable"
    if row["low"] is None:
        return "no limits"
    digits = 0 if times == 100 else 2
    return f"{fixed(times * row['low'], digits)} to {fixed(times * row['high'], digits)}{' %' if times == 100 else ''}"
