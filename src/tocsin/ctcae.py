"""CTCAE grades of one reading: the bands of three versions as data, and both bounds where a piece is missing.

Row logic only. One version is chosen and never mixed with another: neutrophils of 0.3 are grade 4 in v5, grade 3 in v6.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal, get_args

import polars as pl

from tocsin.errors import Problem, TocsinError
from tocsin.sources import CTCAE_5 as CRS_5
from tocsin.sources import CTCAE_6 as CRS_6
from tocsin.sources import CTCAE_403 as CRS_403
from tocsin.sources import Source, Tag

_WHERE = "laboratory terms, fever and hypoxia"
CTCAE_6, CTCAE_5, CTCAE_4 = (replace(source, where=_WHERE) for source in (CRS_6, CRS_5, CRS_403))
ADMIRAL = Source("admiral", "pharmaverse admiral, laboratory grading test cases (Apache-2.0)")

Version = Literal["v4.03", "v5", "v6"]
VERSIONS: tuple[str, ...] = get_args(Version)
FibrinogenFall = Literal["value_below_limit", "baseline_below_limit"]
VARIABLES: Mapping[str, str] = {
    "creatinine": "creatinine", "bilirubin": "bilirubin", "ast": "ast", "alt": "alt", "fibrinogen": "fibrinogen",
    "neutrophils": "neutrophils", "platelets": "platelets", "fever": "temperature", "hypoxia": "spo2",
}  # fmt: skip
TERMS: tuple[str, ...] = tuple(VARIABLES)
_EDGE = re.compile(r"(>=|<=|>|<) ([\d.]+)(?: (ULN|LLN|BL))?( if < LLN)?( for > 24 h)?")
_DECIMALS = 6  # of a multiple of a limit: 1.5 x 0.7 is 1.05, in floats 1.0499999999999998
_INFINITE = float("inf")


@dataclass(frozen=True)
class Bands:
    """One line of the table: what opens grades 1 to 4, in the unit of vocabulary/variables.csv.

    A cell lists edges joined by `or`; a grade holds where one of its edges is passed, the worst one counts. `when` says
    for which baseline the line is read. `reading` names the choice among readings it belongs to.
    """

    version: str
    term: str
    when: str
    cells: tuple[str, str, str, str]
    tag: Tag
    source: Source
    reading: str = ""


_TIMES_LIMIT = ("> 1 ULN", "> 3 ULN", "> 5 ULN", "> 20 ULN")
_FALL_ANY = ("< 1 LLN or < 1 BL", "< 0.75 LLN or <= 0.75 BL", "< 0.5 LLN or <= 0.5 BL",
             "< 0.25 LLN or <= 0.25 BL or < 0.5")  # fmt: skip
_FALL_BELOW = ("< 1 LLN", "< 0.75 LLN or <= 0.75 BL if < LLN", "< 0.5 LLN or <= 0.5 BL if < LLN",
               "< 0.25 LLN or <= 0.25 BL if < LLN or < 0.5")  # fmt: skip
_OF_LIMIT = ("< 1 LLN", "< 0.75 LLN", "< 0.5 LLN", "< 0.25 LLN or < 0.5")
_OF_BASELINE = ("< 1 BL", "<= 0.75 BL", "<= 0.5 BL", "<= 0.25 BL or < 0.5")
_BILIRUBIN = ("> 1 ULN", "> 1.5 ULN", "> 3 ULN", "> 10 ULN")
_NEUTROPHILS = ("< 1 LLN", "< 1.5", "< 1.0", "< 0.5")
_PLATELETS = ("< 1 LLN", "< 75", "< 50", "< 25")
_FEVER = (">= 38.0", "> 39.0", "> 40.0", "> 40.0 for > 24 h")
_HYPOXIA = ("< 1 LLN", "oxygen >= 1 or exercise", "< 88 or oxygen continuous", "oxygen >= 4")
_NO, _HIGH, _NOT_HIGH, _LOW, _NOT_LOW = "", "BL > ULN", "BL <= ULN", "BL < LLN", "BL >= LLN"

BANDS: tuple[Bands, ...] = (
    Bands("v4.03", "creatinine", _NO,
          ("> 1 ULN or > 1 BL", "> 1.5 ULN or > 1.5 BL", "> 3 ULN or > 3 BL", "> 6 ULN"), "Mh", CTCAE_4),
    Bands("v5", "creatinine", _NO,
          ("> 1 ULN", "> 1.5 ULN or > 1.5 BL", "> 3 ULN or > 3 BL", "> 6 ULN"), "V", CTCAE_5),
    Bands("v6", "creatinine", _NOT_LOW, ("> 1 ULN", "> 1.5 ULN", "> 3 ULN", "> 6 ULN"), "V", CTCAE_6),
    Bands("v6", "creatinine", _LOW,
          ("> 1 ULN", "> 1.5 ULN or > 1.5 BL", "> 3 ULN or > 3 BL", "> 6 ULN"), "V", CTCAE_6),
    Bands("v4.03", "bilirubin", _NO, _BILIRUBIN, "V2", ADMIRAL),
    Bands("v5", "bilirubin", _NOT_HIGH, _BILIRUBIN, "V", CTCAE_5),
    Bands("v5", "bilirubin", _HIGH, ("> 1 BL", "> 1.5 BL", "> 3 BL", "> 10 BL"), "V", CTCAE_5),
    Bands("v6", "bilirubin", _NOT_HIGH, _BILIRUBIN, "V", CTCAE_6),
    Bands("v6", "bilirubin", _HIGH, (">= 1 BL", "> 1.5 BL", "> 2.5 BL", "> 10 BL"), "V", CTCAE_6),
    *(line for term in ("ast", "alt") for line in (
        Bands("v4.03", term, _NO, _TIMES_LIMIT, "V2", ADMIRAL),
        Bands("v5", term, _NOT_HIGH, _TIMES_LIMIT, "V", CTCAE_5),
        Bands("v5", term, _HIGH, (">= 1.5 BL", "> 3 BL", "> 5 BL", "> 20 BL"), "V", CTCAE_5),
        Bands("v6", term, _NOT_HIGH, _TIMES_LIMIT, "V", CTCAE_6),
        Bands("v6", term, _HIGH, (">= 1 BL", "> 1.5 BL", "> 2 BL", "> 4 BL"), "V", CTCAE_6),
    )),
    Bands("v4.03", "fibrinogen", _NO, _FALL_ANY, "V2", ADMIRAL),
    *(line for version, source in (("v5", CTCAE_5), ("v6", CTCAE_6)) for line in (
        Bands(version, "fibrinogen", _NO, _FALL_BELOW, "V2", ADMIRAL, "value_below_limit"),
        Bands(version, "fibrinogen", _NOT_LOW, _OF_LIMIT, "V", source, "baseline_below_limit"),
        Bands(version, "fibrinogen", _LOW, _OF_BASELINE, "V", source, "baseline_below_limit"),
    )),
    Bands("v4.03", "neutrophils", _NO, _NEUTROPHILS, "V2", ADMIRAL),
    Bands("v5", "neutrophils", _NO, _NEUTROPHILS, "V", CTCAE_5),
    Bands("v6", "neutrophils", _NO, ("< 1.5", "< 1.0", "< 0.5", "< 0.1"), "V", CTCAE_6),
    Bands("v4.03", "platelets", _NO, _PLATELETS, "V2", ADMIRAL),
    Bands("v5", "platelets", _NO, _PLATELETS, "V", CTCAE_5),
    Bands("v6", "platelets", _NO, ("< 1 LLN", "< 75", "< 50", "< 10"), "V", CTCAE_6),
    Bands("v4.03", "fever", _NO, _FEVER, "Mh", CTCAE_4),
    Bands("v5", "fever", _NO, _FEVER, "V", CTCAE_5),
    Bands("v6", "fever", _NO, _FEVER, "V", CTCAE_6),
    Bands("v4.03", "hypoxia", _NO, ("never", *_HYPOXIA[1:]), "Mh", CTCAE_4),
    Bands("v5", "hypoxia", _NO, ("never", *_HYPOXIA[1:]), "Mh", CTCAE_5),
    Bands("v6", "hypoxia", _NO, _HYPOXIA, "V", CTCAE_6),
)  # fmt: skip


def bounds(
    term: str,
    version: str,
    value: pl.Expr,
    *,
    low_limit: pl.Expr | None = None,
    high_limit: pl.Expr | None = None,
    baseline: pl.Expr | None = None,
    hours: pl.Expr | None = None,
    oxygen: pl.Expr | None = None,
    oxygen_at_most: pl.Expr | None = None,
    fibrinogen_fall: FibrinogenFall = "value_below_limit",
) -> tuple[pl.Expr, pl.Expr]:
    """Grade proved and grade that cannot be excluded, both Int8 0-4, from columns in the units of the vocabulary.

    creatinine and bilirubin mg/dL, ast and alt U/L, fibrinogen g/L, neutrophils and platelets 10^9/L, fever °C, hypoxia
    saturation at rest in %. `low_limit` and `high_limit` are the laboratory's, `baseline` the reading before
    lymphodepletion, `hours` how long the temperature is above 40.0 so far, `oxygen` and `oxygen_at_most` the class
    0-4 of the signs (4 = invasive ventilation). Each may be null, or left out, which is the same: a missing piece takes
    every value that the order low < high and the rest of the row allow, and the two grades are the least and the worst
    of those. A null value is 0 to 4 (hypoxia: what the oxygen proves and excludes).

    `fibrinogen_fall` (R): v5 and v6 count a fall from baseline "if abnormal", and leave open what is: the value (as
    admiral reads it; the worse of multiple and fall counts), or the baseline (then the fall replaces the multiples).

    Raises TocsinError `ctcae.version-unknown`, `ctcae.term-unknown`. Source: CTCAE v4.03, v5, v6, see `BANDS`; checked
    against the admiral cases.
    """
    lines = bands(term, version, fibrinogen_fall)
    value = _number(value)
    known = {"LLN": _number(low_limit), "ULN": _number(high_limit), "BL": _number(baseline)}
    signs = _Signs(_number(hours), *_oxygen(oxygen, oxygen_at_most))
    read = [_line(line, value, known, signs) for line in lines]
    if term == "hypoxia":
        return read[0]
    empty = value.is_null()
    proved = pl.min_horizontal(low for low, _ in read)
    at_most = pl.max_horizontal(high for _, high in read)
    return (
        pl.when(empty).then(pl.lit(0, pl.Int8)).otherwise(proved),
        pl.when(empty).then(pl.lit(4, pl.Int8)).otherwise(at_most),
    )


def bands(term: str, version: str, fibrinogen_fall: FibrinogenFall = "value_below_limit") -> tuple[Bands, ...]:
    """The lines of the table for one term and version.

    Raises TocsinError `ctcae.version-unknown`, `ctcae.term-unknown`.
    """
    problems: list[Problem] = []
    if version not in VERSIONS:
        problems.append(
            Problem("ctcae.version-unknown", "there is no such CTCAE version.", "", f"Known: {', '.join(VERSIONS)}.")
        )
    if term not in TERMS:
        problems.append(Problem("ctcae.term-unknown", "there is no such term.", "", f"Known: {', '.join(TERMS)}."))
    if problems:
        raise TocsinError(problems)
    return tuple(
        line
        for line in BANDS
        if line.term == term and line.version == version and line.reading in ("", fibrinogen_fall)
    )


@dataclass(frozen=True)
class _Signs:
    """What the cells of fever and hypoxia look at beside the value."""

    hours: pl.Expr
    oxygen: pl.Expr
    oxygen_at_most: pl.Expr


@dataclass(frozen=True)
class _Span:
    """A limit or baseline between `low` and `high`; both are the number itself where it is `given`."""

    given: pl.Expr
    low: pl.Expr
    high: pl.Expr


def _number(expr: pl.Expr | None) -> pl.Expr:
    return pl.lit(None, pl.Float64) if expr is None else expr.cast(pl.Float64).fill_nan(None)


def _oxygen(proved: pl.Expr | None, at_most: pl.Expr | None) -> tuple[pl.Expr, pl.Expr]:
    low = _number(proved)
    high = low if at_most is None else _number(at_most)
    return low.fill_null(0), high.fill_null(4)


def _line(line: Bands, value: pl.Expr, known: Mapping[str, pl.Expr], signs: _Signs) -> tuple[pl.Expr, pl.Expr]:
    """Both grades where the line is read, null where the baseline rules it out."""
    possible, spans = _spans(line.when, known)
    hits = [_cell(cell, value, spans, signs) for cell in line.cells]
    low, high = (_worst([hit[k] for hit in hits]) for k in (0, 1))
    return pl.when(possible).then(low), pl.when(possible).then(high)


def _worst(holds: list[pl.Expr]) -> pl.Expr:
    return pl.max_horizontal(
        pl.lit(0, pl.Int8),
        *(pl.when(hold).then(pl.lit(grade, pl.Int8)) for grade, hold in enumerate(holds, 1)),
    )


def _spans(when: str, known: Mapping[str, pl.Expr]) -> tuple[pl.Expr, dict[str, _Span]]:
    """Whether a line may be read at all, and where its limits and baseline lie if it is."""
    lln, uln, bl = known["LLN"], known["ULN"], known["BL"]
    low, high = {}, {}
    low["LLN"], high["LLN"] = lln.fill_null(0), pl.coalesce(lln, uln, _INFINITE)
    low["ULN"], high["ULN"] = pl.coalesce(uln, lln, 0.0), uln.fill_null(_INFINITE)
    low["BL"], high["BL"] = bl.fill_null(0), bl.fill_null(_INFINITE)
    possible = pl.lit(True)
    if when:
        _, order, limit = when.split()
        above = order in (">", ">=")
        upper, lower = ("BL", limit) if above else (limit, "BL")
        strict = order in ("<", ">")
        possible = high[upper] > low[lower] if strict else high[upper] >= low[lower]
        low[upper], high[lower] = pl.max_horizontal(low[upper], low[lower]), pl.min_horizontal(high[lower], high[upper])
    return possible, {name: _Span(known[name], low[name], high[name]) for name in known}


def _cell(cell: str, value: pl.Expr, spans: Mapping[str, _Span], signs: _Signs) -> tuple[pl.Expr, pl.Expr]:
    """Proved and not excluded: one of the cell's edges is passed."""
    edges = [_edge(edge, value, spans, signs) for edge in cell.split(" or ")]
    return pl.any_horizontal(edge[0] for edge in edges), pl.any_horizontal(edge[1] for edge in edges)


def _edge(edge: str, value: pl.Expr, spans: Mapping[str, _Span], signs: _Signs) -> tuple[pl.Expr, pl.Expr]:
    found = _EDGE.fullmatch(edge)
    if found is None:
        return _support(edge, signs)
    order, factor, name, below, lasting = found.groups()
    if name is None:
        sure = may = _passed(order, value, pl.lit(float(factor)))
    else:
        sure, may = _against(order, value, float(factor), spans[name])
    if below:
        limits = _against("<", value, 1.0, spans["LLN"])
        sure, may = sure & limits[0], may & limits[1]
    if lasting:
        long = signs.hours > 24
        sure, may = sure & long.fill_null(False), may & long.fill_null(True)
    return sure.fill_null(False), may.fill_null(True)


def _against(order: str, value: pl.Expr, factor: float, span: _Span) -> tuple[pl.Expr, pl.Expr]:
    """Passed for every, and for some, place of a limit; the ends of an open span are not reached."""

    def times(limit: pl.Expr) -> pl.Expr:
        return limit if factor == 1 else (limit * factor).round(_DECIMALS)

    near, far = (span.low, span.high) if order in (">", ">=") else (span.high, span.low)
    sure, may = _passed(order, value, times(far)), _passed(order[0], value, times(near))
    if order != order[0]:
        may |= span.given.is_not_null() & (value == times(near))
    return sure, may


def _passed(order: str, value: pl.Expr, edge: pl.Expr) -> pl.Expr:
    return {">": value > edge, ">=": value >= edge, "<": value < edge, "<=": value <= edge}[order]


def _support(edge: str, signs: _Signs) -> tuple[pl.Expr, pl.Expr]:
    """Cells of hypoxia that look at oxygen.

    A class says what runs, not whether it runs all the time: low flow to face mask may be intermittent, positive
    pressure is not (R). Desaturation on exercise is charted nowhere and is never excluded.
    """
    if edge == "never":
        return pl.lit(False), pl.lit(False)
    if edge == "exercise":
        return pl.lit(False), pl.lit(True)
    if edge == "oxygen continuous":
        return signs.oxygen >= 3, signs.oxygen_at_most >= 1
    least = float(edge.removeprefix("oxygen >= "))
    return signs.oxygen >= least, signs.oxygen_at_most >= least
