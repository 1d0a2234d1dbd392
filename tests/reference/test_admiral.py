"""The laboratory grading cases of pharmaverse admiral that concern our terms, all of them.

An empty expected grade means not gradable, which for us is: what is proved lies below what cannot be excluded.
"""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from tocsin.ctcae import bands, bounds
from tocsin.errors import TocsinError

CASES = Path(__file__).parent / "data" / "admiral_cases.csv"
TERMS = {
    "Alanine aminotransferase Increased": "alt",
    "Aspartate aminotransferase Increased": "ast",
    "Blood bilirubin increased": "bilirubin",
    "Creatinine increased": "creatinine",
    "Fibrinogen decreased": "fibrinogen",
    "Neutrophil count decreased": "neutrophils",
    "Platelet count decreased": "platelets",
    "Thrombocytopenia": "platelets",
}
VERSIONS = {"CTCAE4": "v4.03", "CTCAE5": "v5", "CTCAE6": "v6"}
DIVISORS = {"10^9/L": 1, "10^3/uL": 1, "10^3/mL": 1000, "g/L": 1}
NO_UNIT = ("alt", "ast", "bilirubin", "creatinine")  # multiples of a limit: admiral asks for no unit

NO_BASELINE = "no baseline: admiral grades by the limit alone, we do not exclude a fall from a baseline nobody charted"
NO_LIMIT = "no lower limit: admiral grades by the fall alone, we do not exclude a value below a quarter of the limit"
NO_CREATININE = "no baseline and no lower limit: admiral takes the baseline as not low, we do not know it"
REPLACED = (
    "the baseline lies below the limit, so in this reading the fall stands in place of the multiples of the limit"
)
NOT_LOW = "the baseline lies above the limit, so in this reading the fall does not count"
RISEN = "no limit, and the value lies above the baseline: in this reading grade 0 wherever the limit lies"
BOTH = {
    *(("CTCAE4", "fibrinogen", row, NO_BASELINE) for row in (827, 831, 835)),
    *(("CTCAE4", "fibrinogen", row, NO_LIMIT) for row in (829, 833, 837)),
    ("CTCAE6", "creatinine", 816, NO_CREATININE),
}
EXPLAINED = {
    "value_below_limit": BOTH
    | {("CTCAE5", "fibrinogen", row, NO_BASELINE) for row in (852, 855, 858)}
    | {("CTCAE6", "fibrinogen", row, NO_BASELINE) for row in (878, 881, 884)},
    "baseline_below_limit": BOTH
    | {("CTCAE5", "fibrinogen", row, NO_BASELINE) for row in (849, 852, 855, 858)}
    | {("CTCAE5", "fibrinogen", row, REPLACED) for row in (850, 853, 856, 859)}
    | {("CTCAE5", "fibrinogen", row, NOT_LOW) for row in (851, 854, 857)}
    | {("CTCAE6", "fibrinogen", row, NO_BASELINE) for row in (875, 878, 881, 884)}
    | {("CTCAE6", "fibrinogen", row, REPLACED) for row in (876, 879, 882, 885)}
    | {("CTCAE6", "fibrinogen", row, NOT_LOW) for row in (877, 880, 883)}
    | {("CTCAE5", "fibrinogen", 867, RISEN), ("CTCAE6", "fibrinogen", 893, RISEN)},
}


def graded(fall: str) -> pl.DataFrame:
    """Every case with the grade proved and not excluded, in the units of the vocabulary."""
    cases = pl.read_csv(CASES, infer_schema_length=None).with_columns(
        name=pl.col("term").replace_strict(TERMS), version=pl.col("criteria").replace_strict(VERSIONS)
    )
    divisor = pl.col("unit").replace_strict(DIVISORS, default=None, return_dtype=pl.Float64)
    divisor = pl.when(pl.col("name").is_in(NO_UNIT)).then(1.0).otherwise(divisor)
    change = 1 + pl.col("pct_change") / 100
    cases = cases.with_columns(
        # a limit in the unit of the value: without a unit neither is known
        value=pl.col("value") / divisor, low=pl.col("lln") / divisor, high=pl.col("uln") / divisor,
        base=pl.coalesce("baseline", pl.col("value") / change),
    )  # fmt: skip
    # admiral gives where the baseline lies, and for creatinine no lower limit: a limit that says the same
    low = pl.when(pl.col("baseline_range_ind") == "LOW").then(pl.col("base") + 0.5)
    low = low.when(pl.col("baseline_range_ind") == "NORMAL").then("base").otherwise("low")
    cases = cases.with_columns(low=pl.when(pl.col("name") == "creatinine").then(low).otherwise("low"))
    parts: list[pl.DataFrame] = []
    for (name, version), rows in cases.group_by("name", "version"):
        proved, at_most = bounds(
            str(name), str(version), pl.col("value"),
            low_limit=pl.col("low"), high_limit=pl.col("high"), baseline=pl.col("base"), fibrinogen_fall=fall,
        )  # fmt: skip
        parts.append(rows.with_columns(proved=proved, at_most=at_most))
    return pl.concat(parts).sort("row")


def agrees() -> pl.Expr:
    expected = pl.col("expected_grade")
    exact = (pl.col("proved") == expected) & (pl.col("at_most") == expected)
    return pl.when(expected.is_null()).then(pl.col("proved") < pl.col("at_most")).otherwise(exact)


@pytest.mark.parametrize("fall", list(EXPLAINED))
def test_every_case_agrees_or_is_explained_by_name(fall):
    cases = graded(fall)
    wrong = {tuple(row) for row in cases.filter(~agrees()).select("criteria", "name", "row").iter_rows()}
    explained = {(criteria, name, row) for criteria, name, row, _ in EXPLAINED[fall]}
    assert wrong == explained, f"unexplained {sorted(wrong - explained)}; no longer so {sorted(explained - wrong)}"
    assert cases.height == 569


def test_what_is_proved_is_the_grade_admiral_gives():
    """Under its own reading of fibrinogen we differ in what we do not exclude, never in what we prove."""
    gradable = graded("value_below_limit").filter(pl.col("expected_grade").is_not_null())
    assert gradable.filter(pl.col("proved") != pl.col("expected_grade")).is_empty()
    assert gradable.height == 430


@pytest.mark.parametrize("term", ["Not a term", ""])
def test_a_word_that_is_no_term_is_refused(term):
    with pytest.raises(TocsinError, match=r"ctcae\.term-unknown"):
        bands(term, "v5")
