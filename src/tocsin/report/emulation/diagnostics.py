"""The pictures of what the answer rests on: weights by hour, who could be started, how alike the arms are."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

from tocsin.report.drawing import HATCH, Figure, arm_style
from tocsin.report.emulation.answers import Row, arms_of, outcomes_of, rows_of, slug, why_short
from tocsin.report.emulation.middle import alone, band, printed_hours
from tocsin.report.emulation.pictures import hour_ticks, lines_of, names_at_end
from tocsin.report.emulation.words import EmulationWords
from tocsin.report.numbers import fixed
from tocsin.report.shapes import (
    INK,
    PALE,
    SOFT,
    Scale,
    axis_below,
    axis_left,
    dot,
    drawing,
    group,
    joined,
    line,
    path,
    rect,
    round_ticks,
    text,
    widest,
    width_of,
)
from tocsin.tables.emulation import EmulationResults

WIDTH, PANEL = 560, 120
ALIKE = 0.1
BLUES = ("#f4f8fb", "#dbe9f4", "#b4d3e8", "#7fb3d5", "#3f83b5", "#14507f")
CHANCES = (0.005, 0.02, 0.05, 0.1, 0.25)  # hourly chance from which the next darker colour stands
WEIGHTED, PLAIN = "#0072b2", "#d55e00"


def draw_diagnostics(results: EmulationResults, words: EmulationWords) -> list[Figure]:
    """Weights, positivity, balance of the main outcome."""
    main = next(iter(outcomes_of(results)), None)
    if main is None:
        return []
    contrasts = list(dict.fromkeys(r["contrast"] for r in rows_of(results, "balance", outcome=main)))
    alike = [
        made
        for contrast in contrasts
        for made in (plot_balance(results, words, main, contrast), plot_balance_time(results, words, main, contrast))
    ]
    return [plot_weights(results, words, main), plot_positivity(results, words, main), *alike]


def plot_weights(results: EmulationResults, words: EmulationWords, outcome: str) -> Figure:
    """Three panels over the hours: effective number with copies, largest weight, mean weight."""
    rows, title = rows_of(results, "weights", outcome=outcome), words("weights.title")
    arms = [arm for arm in arms_of(results) if any(r["arm"] == arm for r in rows)]
    if not arms:
        none = words("weights.none", why=why_short(results, words, outcome))
        return Figure("weights", title, "", instead=none)
    of = {arm: sorted((r for r in rows if r["arm"] == arm), key=lambda r: r["hour"]) for arm in arms}
    style = {arm: arm_style(arms_of(results).index(arm)) for arm in arms}
    end = max(r["hour"] for r in rows)
    x = Scale(0, max(end, 1), 0, WIDTH)
    ticks = [(float(h), str(h)) for h in hour_ticks(end)]
    parts: list[str] = []
    for k, column in enumerate(("effective", "largest", "mean")):
        y, marks = _axis(rows, column)
        inside = [text(0, -14, words(f"weights.{column}"), 12, bold=True), *axis_left(y, marks, 11, WIDTH)]
        inside += axis_below(x, PANEL, ticks, words("axis.hours") if k == 2 else "", 11)
        inside += [line(0, y(1), WIDTH, y(1), INK, 1, "4 3")] if column == "mean" else []
        ends: list[tuple[float, str, str]] = []
        for arm in arms:
            colour, dash = style[arm]
            if column == "effective":
                inside.append(_line(of[arm], "clones", x, y, colour, 1.2, "1 3"))
            inside.append(_line(of[arm], column, x, y, colour, 2.2, dash))
            known = lines_of(of[arm], column)
            ends += [(y(_held(known[-1][1], column, y)), words.term(arm), colour)] if known else []
        parts.append(group(64, 40 + 176 * k, [*inside, *names_at_end(ends, WIDTH + 8)]))
    right = widest((words.term(a) for a in arms), 13, True) + 22
    alt = words("stop").join([title, " ".join(_weights_told(arm, of[arm], words) for arm in arms)])
    svg = drawing(64 + WIDTH + right, 40 + 176 * 3 + 22, parts)
    return Figure("weights", title, alt, words("weights.caption"), svg)


def _axis(rows: Sequence[Row], column: str) -> tuple[Scale, list[tuple[float, str]]]:
    if column == "largest":
        top = max(1.0, math.log10(max(10.0, *(r["largest"] for r in rows))))
        return Scale(0, top * 1.04, PANEL, 0), [(float(k), f"{10**k:,}") for k in range(math.floor(top) + 1)]
    if column == "mean":
        top = min(5.0, max([2.0, *(r["mean"] for r in rows if r["mean"] is not None)]))
        return Scale(0, top, PANEL, 0), [(t, f"{t:g}") for t in round_ticks(0, top, 4)]
    top = max([1.0, *(r["clones"] for r in rows), *(r["effective"] for r in rows)])
    return Scale(0, top * 1.04, PANEL, 0), [(t, f"{t:,.0f}") for t in round_ticks(0, top, 4)]


def _held(value: float, column: str, y: Scale) -> float:
    """A value as it stands on its panel's axis: weights as logarithms, nothing above the top."""
    return min(math.log10(max(value, 1.0)) if column == "largest" else value, y.high)


def _line(rows: Sequence[Row], column: str, x: Scale, y: Scale, colour: str, width: float, dash: str) -> str:
    return path(joined([(x(h), y(_held(v, column, y))) for h, v in lines_of(rows, column)]), colour, width, dash)


def _weights_told(arm: str, rows: Sequence[Row], words: EmulationWords) -> str:
    means = [r["mean"] for r in rows if r["mean"] is not None]
    return words(
        "weights.alt", arm=words.term(arm), effective=fixed(min(r["effective"] for r in rows), 1),
        largest=fixed(max(r["largest"] for r in rows), 1), low=fixed(min(means, default=None), 2),
        high=fixed(max(means, default=None), 2),
    )  # fmt: skip


def plot_positivity(results: EmulationResults, words: EmulationWords, outcome: str) -> Figure:
    """First doses / hours at risk by grade (down) and hours from time zero (across)."""
    rows, title = rows_of(results, "positivity", outcome=outcome), words("positivity.title")
    held = [r for r in rows if r["at_risk"]]
    if not held:
        none = words("positivity.none", why=why_short(results, words, outcome))
        return Figure("positivity", title, "", instead=none)
    strata = list(dict.fromkeys(r["stratum"] for r in rows))
    said = {r["stratum"]: words.both(r, "stratum") for r in rows}
    bands = sorted({(r["from_hour"], r["to_hour"]): band(r, words) for r in rows}.items())
    across = {key: k for k, (key, _) in enumerate(bands)}
    wide = max(76.0, widest((name for _, name in bands), 11) + 12, widest((_cell_text(r) for r in rows), 11) + 12)
    left, tall = widest(said.values(), 12) + 24, 34.0
    parts = [HATCH]
    parts += [text(wide * (k + 0.5), -12, name, 11, "middle") for k, (_, name) in enumerate(bands)]
    parts += [text(-10, tall * (k + 0.5), said[name], 12, "end") for k, name in enumerate(strata)]
    for row in rows:
        x, y = wide * across[row["from_hour"], row["to_hour"]], tall * strata.index(row["stratum"])
        parts += _cell(row, x, y, wide, tall)
    parts += _scale_of_chances(tall * len(strata) + 26, words)
    empty = sum(alone(r) for r in rows)
    told = words("positivity.alt", cells=len(held), empty=empty)
    width = left + max(wide * len(bands), _chances_width(words)) + 14
    svg = drawing(width, tall * len(strata) + 82, [group(left, 34, parts)])
    return Figure("positivity", title, words("stop").join([title, told]), words("positivity.caption"), svg)


def _cell_text(row: Row) -> str:
    return f"{row['starts']} / {row['at_risk']:,}" if row["at_risk"] else ""


def _shade(chance: float) -> int:
    return sum(chance >= border for border in CHANCES)


def _cell(row: Row, x: float, y: float, wide: float, tall: float) -> list[str]:
    if not row["at_risk"]:
        return [rect(x + 1, y + 1, wide - 2, tall - 2, "#ffffff", f'stroke="{PALE}"')]
    place = (x + wide / 2, y + tall / 2, _cell_text(row), 11, "middle")
    if alone(row):
        edge = f'stroke="{INK}" stroke-width="1.4"'
        box = rect(x + 1.5, y + 1.5, wide - 3, tall - 3, "url(#hatch)", edge)
        words = text(*place, bold=True)
        return [box, words.replace("<text ", '<text paint-order="stroke" stroke="white" stroke-width="3" ', 1)]
    shade = _shade(row["chance"] if row["chance"] is not None else row["starts"] / row["at_risk"])
    return [
        rect(x + 1, y + 1, wide - 2, tall - 2, BLUES[shade], 'stroke="#c4cdd4" stroke-width="0.6"'),
        text(*place, fill="#ffffff" if shade >= 4 else INK),
    ]


def _chances() -> list[str]:
    ends = [f"{100 * c:g}" for c in CHANCES]
    return [f"<{ends[0]} %", *(f"{a}–{b} %" for a, b in pairwise(ends)), f"≥{ends[-1]} %"]


def _chances_width(words: EmulationWords) -> float:
    return width_of(words("head.chance"), 11, True) + 16 + sum(32 + width_of(s, 11) for s in _chances())


def _scale_of_chances(y: float, words: EmulationWords) -> list[str]:
    at = width_of(words("head.chance"), 11, True) + 14
    out = [text(0, y, words("head.chance"), 11, bold=True)]
    for fill, said in zip(BLUES, _chances(), strict=True):
        out += [rect(at, y - 7, 14, 14, fill, 'stroke="#c4cdd4" stroke-width="0.6"'), text(at + 19, y, said, 11)]
        at += 32 + width_of(said, 11)
    return out


def plot_balance(results: EmulationResults, words: EmulationWords, outcome: str, contrast: str) -> Figure:
    """Love plot at up to three hours: a row a covariate, weighted beside unweighted."""
    rows = [
        r for r in rows_of(results, "balance", outcome=outcome, contrast=contrast, when="baseline")
        if r["smd"] is not None or r["smd_unweighted"] is not None
    ]  # fmt: skip
    title, name = words("balance.title", contrast=words.term(contrast)), f"balance-{slug(contrast)}"
    hours = [h for h in printed_hours(results, (r["hour"] for r in rows)) if h > 0][-3:]
    if not hours:
        none = words("balance.none", why=why_short(results, words, outcome))
        return Figure(name, title, "", instead=none)
    named = {r["column"]: words.both(r, "words") for r in rows_of(results, "covariates", outcome=outcome)}
    columns = list(dict.fromkeys(str(r["covariate"]) for r in rows))
    most = max(abs(v) for r in rows if r["hour"] in hours for v in (r["smd"], r["smd_unweighted"]) if v is not None)
    x = Scale(-_rounded(most), _rounded(most), 0, 190)
    shown = {c: _short(str(named.get(c) or words.term(c))) for c in columns}
    left = widest(shown.values(), 12) + 24
    tall = 22.0 * len(columns)
    parts = [text(-10, 22 * (k + 0.5), shown[c], 12, "end") for k, c in enumerate(columns)]
    for k, hour in enumerate(hours):
        of = {r["covariate"]: r for r in rows if r["hour"] == hour}
        parts.append(group(216 * k, 0, _love(of, columns, hour, x, tall, words)))
    parts += _key(tall + 52, words)
    width = left + max(216 * len(hours), 300)
    alt = words("stop").join([title, " ".join(_balance_told(rows, h, named, words) for h in hours)])
    svg = drawing(width, tall + 96, [group(left, 32, parts)])
    return Figure(name, title, alt, words("balance.caption"), svg)


def _short(name: str, most: int = 44) -> str:
    """A name that leaves room for the plot; the whole one stands in the table."""
    return name if len(name) <= most else f"{name[: most - 1].rstrip()}…"


def _rounded(most: float) -> float:
    return next((t for t in (0.25, 0.5, 1.0, 2.0) if most <= t), math.ceil(most))


def _love(
    of: dict[str, Row], columns: Sequence[str], hour: int, x: Scale, tall: float, words: EmulationWords
) -> list[str]:
    out = [rect(x(-ALIKE), 0, x(ALIKE) - x(-ALIKE), tall, "#e9edf0"), line(x(0), 0, x(0), tall, SOFT, 1)]
    out.append(text(x(0), -14, f"{hour} {words('unit.hours')}", 12, "middle", bold=True))
    ticks = [(v, fixed(v, 2).rstrip("0").rstrip(".")) for v in (x.low, 0.0, x.high)]
    out += axis_below(x, tall, ticks, words("balance.axis"), 11)
    for k, column in enumerate(columns):
        row, y = of.get(column), 22 * (k + 0.5)
        if row is None:
            continue
        plain, sure = row["smd_unweighted"], row["smd"]
        if plain is not None and sure is not None:
            out.append(line(x(plain), y, x(sure), y, "#b8c2ca", 1.2))
        if plain is not None:
            out += [dot(x(plain), y, 5, PLAIN), dot(x(plain), y, 3, "#ffffff")]
        if sure is not None:
            out.append(dot(x(sure), y, 5, WEIGHTED))
    return out


def _key(y: float, words: EmulationWords) -> list[str]:
    second = 24 + width_of(words("balance.unweighted"), 12) + 22
    return [
        dot(6, y, 5, PLAIN), dot(6, y, 3, "#ffffff"), text(18, y, words("balance.unweighted"), 12),
        dot(second, y, 5, WEIGHTED), text(second + 12, y, words("balance.weighted"), 12),
    ]  # fmt: skip


def _largest(rows: Sequence[Row], hour: int, column: str) -> tuple[float, str] | None:
    known = [(abs(r[column]), r["covariate"]) for r in rows if r["hour"] == hour and r[column] is not None]
    return max(known, default=None)


def _balance_told(rows: Sequence[Row], hour: int, named: dict[str, str], words: EmulationWords) -> str:
    sure, plain = _largest(rows, hour, "smd"), _largest(rows, hour, "smd_unweighted")
    return words(
        "balance.alt", hours=hour, weighted=fixed(sure[0] if sure else None, 2),
        name=named.get(sure[1], sure[1]) if sure else "–", unweighted=fixed(plain[0] if plain else None, 2),
    )  # fmt: skip


def plot_balance_time(results: EmulationResults, words: EmulationWords, outcome: str, contrast: str) -> Figure:
    """The largest standardised difference of the values at time zero, hour by hour."""
    rows = rows_of(results, "balance", outcome=outcome, contrast=contrast, when="baseline")
    title = words("balance.time.title", contrast=words.term(contrast))
    name = f"balance-time-{slug(contrast)}"
    hours = sorted({r["hour"] for r in rows})
    lines = {
        column: [(h, found[0]) for h in hours if (found := _largest(rows, h, column))]
        for column in ("smd_unweighted", "smd")
    }
    if len(hours) < 2 or not any(lines.values()):
        none = words("balance.none", why=why_short(results, words, outcome))
        return Figure(name, title, "", instead=none)
    top = _rounded(max(v for found in lines.values() for _, v in found))
    x, y = Scale(0, hours[-1], 0, WIDTH), Scale(0, top, 170, 0)
    parts = [rect(0, y(ALIKE), WIDTH, y(0) - y(ALIKE), "#e9edf0")]
    parts += axis_left(y, [(top * k / 4, fixed(top * k / 4, 2)) for k in range(5)], 11, WIDTH)
    parts += axis_below(x, 170, [(float(h), str(h)) for h in hour_ticks(hours[-1])], words("axis.hours"), 11)
    ends: list[tuple[float, str, str]] = []
    for column, colour, dash, said in (
        ("smd_unweighted", PLAIN, "5 3", "balance.unweighted"), ("smd", WEIGHTED, "", "balance.weighted"),
    ):  # fmt: skip
        if found := lines[column]:
            parts.append(path(joined([(x(h), y(v)) for h, v in found]), colour, 2.2, dash))
            ends.append((y(found[-1][1]), words(said), colour))
    right = widest((said for _, said, _ in ends), 13, True) + 20
    named = {r["column"]: words.both(r, "words") for r in rows_of(results, "covariates", outcome=outcome)}
    alt = words("stop").join([title, _balance_told(rows, hours[-1], named, words)])
    svg = drawing(60 + WIDTH + right, 236, [group(60, 16, [*parts, *names_at_end(ends, WIDTH + 8)])])
    return Figure(name, title, alt, words("balance.time.caption"), svg)
