"""CTCAE bounds: the bands edge by edge, the version trap, and what a missing piece really allows."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.ctcae import BANDS, TERMS, VERSIONS, bands, bounds
from tocsin.errors import TocsinError


def graded(term: str, version: str, value: float | None, fall: str = "value_below_limit", **known: float | None):
    """(proved, not excluded) of one reading."""
    exprs = {name: pl.lit(number, pl.Float64) for name, number in known.items()}
    pair = bounds(term, version, pl.lit(value, pl.Float64), fibrinogen_fall=fall, **exprs)  # type: ignore[arg-type]
    return pl.select(proved=pair[0], at_most=pair[1]).row(0)


# value just inside each band, from grade 0 to 4; the edge itself stands on the side the paper gives it
EDGES = {
    ("creatinine", "v4.03"): (
        {"high_limit": 1.0, "baseline": 1.0},
        ((1.0, 0), (1.001, 1), (1.5, 1), (1.501, 2), (3.0, 2), (3.001, 3), (6.0, 3), (6.001, 4)),
    ),
    ("creatinine", "v5"): (
        {"high_limit": 1.0, "baseline": 0.4},
        ((0.6, 0), (0.601, 2), (1.2, 2), (1.201, 3), (6.0, 3), (6.001, 4)),
    ),
    ("creatinine", "v6"): (
        {"high_limit": 1.0, "low_limit": 0.5, "baseline": 0.4},
        ((0.6, 0), (0.601, 2), (1.201, 3), (6.001, 4)),
    ),
    ("bilirubin", "v5"): (
        {"high_limit": 1.0, "baseline": 2.0},
        ((2.0, 0), (2.001, 1), (3.0, 1), (3.001, 2), (6.001, 3), (20.0, 3), (20.001, 4)),
    ),
    ("bilirubin", "v6"): (
        {"high_limit": 1.0, "baseline": 2.0},
        ((1.999, 0), (2.0, 1), (3.001, 2), (5.0, 2), (5.001, 3), (20.001, 4)),
    ),
    ("alt", "v4.03"): (
        {"high_limit": 40, "baseline": 100},
        ((40, 0), (41, 1), (120, 1), (121, 2), (200, 2), (201, 3), (800, 3), (801, 4)),
    ),
    ("alt", "v5"): (
        {"high_limit": 40, "baseline": 100},
        ((149, 0), (150, 1), (300, 1), (301, 2), (500, 2), (501, 3), (2000, 3), (2001, 4)),
    ),
    ("ast", "v6"): (
        {"high_limit": 40, "baseline": 100},
        ((99, 0), (100, 1), (150, 1), (151, 2), (200, 2), (201, 3), (400, 3), (401, 4)),
    ),
    ("ast", "v5"): ({"high_limit": 40, "baseline": 40}, ((40, 0), (41, 1), (120, 1), (121, 2), (201, 3), (801, 4))),
    ("fibrinogen", "v5"): (
        {"low_limit": 2.0, "baseline": 3.0},
        ((2.0, 0), (1.999, 2), (1.501, 2), (1.5, 3), (0.751, 3), (0.75, 4)),
    ),
    ("fibrinogen", "v4.03"): (
        {"low_limit": 1.5, "baseline": 6.0},
        ((6.0, 0), (5.999, 1), (4.501, 1), (4.5, 2), (3.0, 3), (1.501, 3), (1.5, 4)),
    ),
    ("neutrophils", "v5"): (
        {"low_limit": 1.8},
        ((1.8, 0), (1.799, 1), (1.5, 1), (1.499, 2), (1.0, 2), (0.999, 3), (0.5, 3), (0.499, 4)),
    ),
    ("neutrophils", "v6"): ({}, ((1.5, 0), (1.499, 1), (1.0, 1), (0.999, 2), (0.499, 3), (0.1, 3), (0.099, 4))),
    ("platelets", "v5"): (
        {"low_limit": 150},
        ((150, 0), (149, 1), (75, 1), (74, 2), (50, 2), (49, 3), (25, 3), (24, 4)),
    ),
    ("platelets", "v6"): ({"low_limit": 150}, ((150, 0), (149, 1), (74, 2), (49, 3), (10, 3), (9, 4))),
    ("fever", "v6"): ({"hours": 1}, ((37.99, 0), (38.0, 1), (39.0, 1), (39.01, 2), (40.0, 2), (40.01, 3))),
}


@pytest.mark.parametrize("key", list(EDGES), ids="-".join)
def test_edges(key):
    known, steps = EDGES[key]
    for value, grade in steps:
        assert graded(*key, value, **known) == (grade, grade), (key, value)


@pytest.mark.parametrize(
    ("term", "value", "v5", "v6"),
    [
        ("neutrophils", 0.3, 4, 3),
        ("neutrophils", 0.7, 3, 2),
        ("neutrophils", 0.099, 4, 4),
        ("neutrophils", 1.6, 1, 0),
        ("platelets", 20, 4, 3),
        ("platelets", 9.9, 4, 4),
    ],
)
def test_version_trap(term, value, v5, v6):
    """IEC-HS reads grade 4 lineages on v5: the same count is not the same grade in v6."""
    low = {"neutrophils": 1.8, "platelets": 150}[term]
    assert graded(term, "v5", value, low_limit=low) == (v5, v5)
    assert graded(term, "v6", value, low_limit=low) == (v6, v6)
    assert graded(term, "v4.03", value, low_limit=low) == (v5, v5)


@pytest.mark.parametrize(
    ("hours", "expected"),
    [(0, (3, 3)), (24, (3, 3)), (24.01, (4, 4)), (None, (3, 4))],
    ids=["onset", "24", "over", "unknown"],
)
def test_fever_above_40_lasting(hours, expected):
    assert graded("fever", "v5", 40.1, hours=hours) == expected
    assert graded("fever", "v5", 40.0, hours=hours) == (2, 2)


@pytest.mark.parametrize(
    ("term", "version", "value", "known", "expected"),
    [
        ("creatinine", "v5", None, {"high_limit": 1.0, "baseline": 1.0}, (0, 4)),
        ("creatinine", "v5", 1.4, {"high_limit": 1.2}, (1, 3)),  # a low baseline makes it 3, never 4
        ("creatinine", "v5", 1.4, {"baseline": 0.9}, (2, 4)),
        ("creatinine", "v6", 1.4, {"high_limit": 1.2, "low_limit": 0.5}, (1, 3)),
        ("creatinine", "v6", 1.4, {"high_limit": 1.2, "low_limit": 0.5, "baseline": 0.6}, (1, 1)),
        ("creatinine", "v6", 1.4, {"high_limit": 1.2, "baseline": 1.3}, (1, 1)),  # 1.3 is below no lower limit
        ("creatinine", "v6", 1.4, {"high_limit": 1.2, "baseline": 0.6}, (1, 2)),  # lower limit above 0.6?
        ("alt", "v5", 190, {"high_limit": 40}, (0, 2)),  # a baseline above 40 only makes it milder
        ("alt", "v5", 40, {"high_limit": 40}, (0, 0)),  # whatever the baseline
        ("alt", "v6", 40, {"high_limit": 40}, (0, 0)),  # a baseline above 40 is above the value
        ("alt", "v6", 165, {"high_limit": 40}, (0, 4)),  # four times a baseline of just over 40
        ("alt", "v6", 160, {"high_limit": 40}, (0, 3)),
        ("alt", "v5", 190, {"baseline": 40}, (0, 2)),
        ("alt", "v4.03", 190, {"baseline": 40}, (0, 4)),  # v4.03 knows no baseline
        ("alt", "v4.03", 190, {"high_limit": 40}, (2, 2)),
        ("neutrophils", "v5", 0.49, {}, (4, 4)),
        ("neutrophils", "v5", 1.5, {}, (0, 1)),
        ("neutrophils", "v6", 1.5, {}, (0, 0)),
        ("fibrinogen", "v5", 0.49, {}, (4, 4)),
        ("fibrinogen", "v5", 1.2, {"low_limit": 2.0}, (2, 4)),
        ("fibrinogen", "v5", 2.0, {"low_limit": 2.0}, (0, 0)),
        ("fibrinogen", "v5", 1.2, {"baseline": 2.0}, (0, 4)),
        ("fibrinogen", "v4.03", 1.2, {"baseline": 2.0}, (2, 4)),
        ("fever", "v5", None, {"hours": 30}, (0, 4)),
    ],
)
def test_a_missing_piece_widens_as_far_as_it_allows(term, version, value, known, expected):
    assert graded(term, version, value, **known) == expected


def test_fibrinogen_fall_readings():
    """Limit 2.0, before 1.2, now 1.0: half of the limit is grade 2, a fall of a sixth alone is grade 1."""
    known = {"low_limit": 2.0, "baseline": 1.2}
    assert graded("fibrinogen", "v5", 1.0, **known) == (2, 2)
    assert graded("fibrinogen", "v5", 1.0, "baseline_below_limit", **known) == (1, 1)
    assert graded("fibrinogen", "v4.03", 1.0, "baseline_below_limit", **known) == (2, 2)


@pytest.mark.parametrize(
    ("saturation", "oxygen", "expected"),
    [
        (97, 0, (0, 2)),  # desaturation on exercise is charted nowhere
        (94, 0, (1, 2)),
        (94, 1, (2, 3)),  # low flow now and then, or all the time
        (97, 2, (2, 3)),
        (97, 3, (3, 3)),
        (97, 4, (4, 4)),
        (87.9, 0, (3, 3)),
        (88, 0, (1, 2)),
        (87.9, 4, (4, 4)),
        (None, 0, (0, 3)),
        (94, None, (1, 4)),
        (None, None, (0, 4)),
    ],
)
def test_hypoxia(saturation, oxygen, expected):
    assert graded("hypoxia", "v6", saturation, low_limit=95, oxygen=oxygen) == expected


def test_hypoxia_before_v6_has_no_grade_1():
    assert graded("hypoxia", "v5", 94, low_limit=95, oxygen=0) == (0, 2)


def test_multiples_carry_no_float_noise():
    """1.5 x 0.7 is 1.05; in floats it is a little less, and 1.05 would lie above it."""
    assert 1.5 * 0.7 < 1.05
    assert graded("creatinine", "v5", 1.05, high_limit=0.7, baseline=0.7) == (1, 1)


def test_nan_is_null():
    assert graded("neutrophils", "v5", float("nan"), low_limit=1.8) == (0, 4)


@pytest.mark.parametrize(
    ("term", "version", "slugs"),
    [
        ("alt", "v4", {"ctcae.version-unknown"}),
        ("ALT", "v5", {"ctcae.term-unknown"}),
        ("x", "5", {"ctcae.version-unknown", "ctcae.term-unknown"}),
    ],
)
def test_refused(term, version, slugs):
    with pytest.raises(TocsinError) as caught:
        bounds(term, version, pl.col("value"))
    assert {problem.slug for problem in caught.value.problems} == slugs


def test_every_term_has_bands_in_every_version():
    assert {(line.term, line.version) for line in BANDS} == {(t, v) for t in TERMS for v in VERSIONS}
    assert all(len(bands(term, version)) in (1, 2) for term in TERMS for version in VERSIONS)


LABS = ("creatinine", "bilirubin", "ast", "alt", "fibrinogen", "neutrophils", "platelets")
FALLS = ("value_below_limit", "baseline_below_limit")
KNOWN = {"baseline": [0.5, 1.5, 2.0, 3.0, 4.0, 6.0], "low_limit": [2.0], "high_limit": [4.0]}
VALUES = [0.3, 1.0, 1.5, 1.9, 2.0, 2.1, 3.0, 4.0, 4.1, 8.0, 12.3, 24.6, 82.0]
FACTORS = (0.25, 0.5, 0.75, 1, 1.5, 2, 2.5, 3, 4, 5, 6, 10, 20)
HIDDEN = [
    ("baseline",),
    ("low_limit",),
    ("high_limit",),
    ("baseline", "low_limit"),
    ("low_limit", "high_limit"),
    ("baseline", "high_limit"),
    ("baseline", "low_limit", "high_limit"),
]


def places(value: float, many: bool) -> list[float]:
    """Where a hidden limit or baseline may lie: on, just below and just above whatever could turn a grade."""
    turns = {value / factor for factor in FACTORS} | {number for numbers in KNOWN.values() for number in numbers}
    sides = (1 - 1e-4, 1, 1 + 1e-4, 1 + 2e-4) if many else (1 - 1e-4, 1 + 1e-4)
    return sorted({1e-5, 1e5, *(turn * side for turn in turns for side in sides)})


@pytest.mark.parametrize("hidden", HIDDEN, ids="-".join)
@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize(
    ("term", "fall"), [*((t, "value_below_limit") for t in LABS), ("fibrinogen", "baseline_below_limit")]
)
def test_bounds_are_the_least_and_the_worst_of_all_completions(term, version, hidden, fall):
    """Not narrower than some completion allows, and not wider than all of them together."""
    parts: list[pl.DataFrame] = []
    for value in VALUES:
        part = pl.DataFrame({"value": [value]})
        for name, numbers in KNOWN.items():
            here = places(value, len(hidden) < 3) if name in hidden else numbers
            part = part.join(pl.DataFrame({name: here}), how="cross")
        parts.append(part.filter(pl.col("low_limit") < pl.col("high_limit")))
    frame = pl.concat(parts)
    columns = {name: pl.col(name) for name in KNOWN}
    known = {name: column for name, column in columns.items() if name not in hidden}
    exact = bounds(term, version, pl.col("value"), fibrinogen_fall=fall, **columns)
    blind = bounds(term, version, pl.col("value"), fibrinogen_fall=fall, **known)
    frame = frame.with_columns(grade=exact[0], same=exact[1], proved=blind[0], at_most=blind[1])
    assert frame.select((pl.col("grade") == pl.col("same")).all()).item()
    seen = frame.group_by("value", *known, maintain_order=True).agg(
        pl.col("grade").min().alias("least"), pl.col("grade").max().alias("worst"), pl.col("proved", "at_most").first()
    )
    wrong = seen.filter((pl.col("least") != pl.col("proved")) | (pl.col("worst") != pl.col("at_most")))
    assert wrong.is_empty(), wrong.rows()


@given(
    st.sampled_from(LABS),
    st.sampled_from(VERSIONS),
    st.floats(0.01, 100),
    st.floats(1.001, 10),
    st.tuples(*[st.none() | st.floats(0.1, 50)] * 3),
)
def test_worse_is_never_lower(term, version, value, factor, known):
    """A higher enzyme or creatinine, a lower count or fibrinogen: neither bound falls."""
    limits = dict(zip(("low_limit", "high_limit", "baseline"), known, strict=True))
    low, high = limits["low_limit"], limits["high_limit"]
    if low is not None and high is not None and low >= high:
        limits["high_limit"] = low + 1
    worse = value / factor if term in ("fibrinogen", "neutrophils", "platelets") else value * factor
    before, after = graded(term, version, value, **limits), graded(term, version, worse, **limits)
    assert after[0] >= before[0]
    assert after[1] >= before[1]
