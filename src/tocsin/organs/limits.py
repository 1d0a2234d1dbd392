"""Reference limits: the defaults, a laboratory's own from a file, and which of them hold for a course."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import polars as pl

from tocsin.ctcae import VARIABLES
from tocsin.errors import Problem, TocsinError
from tocsin.tables.contract import F, S, Table, may, need

LIMITS = Table(
    "limits",
    "reference limits used, in the unit of the variable",
    (
        need("variable", S, "name in vocabulary/variables.csv"),
        need("sex", S, "for whom", choices=("any", "female", "male")),
        may("low", F, "lower limit; null = not known", "variable's unit", low=0),
        may("high", F, "upper limit; null = not known", "variable's unit", low=0),
        need("age_from", F, "read from this age on; younger, or of unknown age: limits unknown (0 = for all)", "years"),
        need("limits_from", S, "where it comes from", choices=("default", "file")),
    ),
    ("variable", "sex"),
)
# R: usual adult limits. A child has no default: creatinine of a toddler has a third of this upper limit.
_DEFAULTS = (
    ("creatinine", "female", 0.5, 1.1, 18),
    ("creatinine", "male", 0.7, 1.3, 18),
    ("bilirubin", "any", 0.1, 1.2, 1),
    ("ast", "any", 5, 40, 1),
    ("alt", "any", 5, 40, 1),
    ("fibrinogen", "any", 2.0, 4.0, 1),
    ("neutrophils", "any", 1.8, 7.5, 1),
    ("platelets", "any", 150, 400, 1),
    ("spo2", "any", 95, None, 0),
)  # fmt: skip
COLUMNS = ("variable", "sex", "low", "high")
LIMITED = tuple(variable for variable in dict.fromkeys(VARIABLES.values()) if variable != "temperature")
_SEXES = {"": "any", "any": "any", "female": "female", "male": "male"}
_DO = "Write the columns variable, sex (female, male, any), low, high, in the units of  docs/organs.md ."


def default_limits() -> pl.DataFrame:
    """The table of default limits (R)."""
    schema = {name: LIMITS.schema[name] for name in (*COLUMNS, "age_from")}
    frame = pl.DataFrame([tuple(row) for row in _DEFAULTS], schema=schema, orient="row", strict=False)
    return LIMITS.check(LIMITS.frame(frame.with_columns(limits_from=pl.lit("default"))))


def read_limits(path: Path | None) -> pl.DataFrame:
    """Default limits, with the variables of the file (CSV: variable, sex, low, high) in place of theirs.

    A variable in the file loses all its defaults: a sex it does not name has unknown limits. The file says for whom
    it holds, so its limits have no age. Raises TocsinError `organs.limits-*` with everything wrong in it.
    """
    if path is None:
        return default_limits()
    from tocsin.records.files import ROW, open_table

    if not path.is_file():
        raise TocsinError.of("organs.limits-missing", f"{path.name}: there is no such file.", "", _DO)
    opened = open_table(path)
    missing = [name for name in COLUMNS if name not in opened.columns]
    if missing:
        raise TocsinError(
            Problem("organs.limits-column", f'{opened.name}: there is no column "{name}".', "", _DO) for name in missing
        )
    words = {name: pl.col(name).cast(pl.String).str.strip_chars().fill_null("") for name in COLUMNS}
    rows = opened.frame.select(pl.col(ROW).alias("row"), **words).with_columns(
        pl.col("variable").str.to_lowercase(), pl.col("sex").str.to_lowercase().replace_strict(_SEXES, default=None)
    )
    rows = rows.with_columns(
        numbers=pl.concat_str("low", "high"),
        bad=pl.any_horizontal(pl.col(c).cast(F, strict=False).is_null() & (pl.col(c) != "") for c in ("low", "high")),
        low=pl.col("low").cast(F, strict=False).fill_nan(None),
        high=pl.col("high").cast(F, strict=False).fill_nan(None),
    )
    if problems := _problems(rows, opened.name):
        raise TocsinError(problems)
    own = LIMITS.frame(rows.with_columns(age_from=pl.lit(0.0), limits_from=pl.lit("file")))
    others = default_limits().join(own.select("variable"), on="variable", how="anti")
    return LIMITS.check(pl.concat([others, own]).sort("variable", "sex"))


@dataclass(frozen=True)
class _Check:
    """Rows that are `wrong`, and what to say of them."""

    slug: str
    wrong: pl.Expr
    words: str
    do: str = _DO


def _problems(rows: pl.DataFrame, name: str) -> list[Problem]:
    """Everything wrong in the file, by row."""
    known = f"Known: {', '.join(LIMITED)}."
    sexes = pl.col("sex").n_unique().over("variable") > 1
    general = (pl.col("sex") == "any").any().over("variable")
    twice = pl.struct("variable", "sex").is_duplicated()
    checks = (
        _Check("organs.limits-variable", ~pl.col("variable").is_in(LIMITED), "a variable that has no term", known),
        _Check("organs.limits-sex", pl.col("sex").is_null(), "a sex that is none of female, male, any"),
        _Check("organs.limits-number", pl.col("bad"), "a limit that is no number"),
        _Check("organs.limits-number", (pl.col("low") < 0) | (pl.col("high") <= 0), "a limit below 0"),
        _Check("organs.limits-empty", pl.col("numbers") == "", "neither a low nor a high limit"),
        _Check("organs.limits-order", pl.col("low") >= pl.col("high"), "a low limit that is not below the high one"),
        _Check("organs.limits-twice", twice, "variable and sex given twice"),
        _Check("organs.limits-twice", sexes & general, "a variable given for any sex and for one"),
    )
    found: list[Problem] = []
    for check in checks:
        at = rows.filter(check.wrong.fill_null(False)).get_column("row").to_list()
        if at:
            shown = ", ".join(str(row) for row in at[:20]) + (" ..." if len(at) > 20 else "")
            found.append(Problem(check.slug, f"{name}, row {shown}: {check.words}.", "Nothing was written.", check.do))
    return found


def limits_of_courses(limits: pl.DataFrame, courses: pl.DataFrame, patients: pl.DataFrame) -> pl.DataFrame:
    """The limits that may hold for each course and variable: course_id, variable, low, high, limits_from.

    Two rows where the sex is not told and its limits differ. Limits are null (`none`) where nothing is given for the
    sex, or the age is unknown or below that of the limits.
    """
    sexes = pl.DataFrame({"for_sex": ["female", "male"]})
    spread = pl.DataFrame({"variable": LIMITED}).join(sexes, how="cross")
    named = limits.with_columns(for_sex=pl.when(pl.col("sex") == "any").then(pl.lit("female|male")).otherwise("sex"))
    named = named.with_columns(pl.col("for_sex").str.split("|")).explode("for_sex")
    spread = spread.join(named, on=["variable", "for_sex"], how="left")
    sex = patients.select("patient_id", "sex").unique("patient_id")
    pairs = courses.select("course_id", "patient_id", "age_y").join(sex, on="patient_id", how="left")
    pairs = pairs.join(spread.drop("sex"), how="cross")
    told = pl.col("sex").is_in(["female", "male"]).fill_null(False)
    old = ((pl.col("age_from") == 0) | (pl.col("age_y") >= pl.col("age_from"))).fill_null(False)
    return (
        pairs.filter((pl.col("for_sex") == pl.col("sex")).fill_null(False) | ~told)
        .select(
            "course_id", "variable", low=pl.when(old).then("low"), high=pl.when(old).then("high"),
            limits_from=pl.when(old).then("limits_from").otherwise(pl.lit("none")),
        )
        .unique(maintain_order=True)
    )  # fmt: skip
