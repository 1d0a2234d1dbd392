"""Doses brought to one measure: norepinephrine equivalents, dexamethasone equivalents, and checks of tocilizumab.

Three published formulas for vasopressors give three numbers in two units; each is a named table and none is mixed with
another. An unknown rate, unit or weight makes the sum unknown, never smaller: what is known of it stands beside it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from tocsin import vocabulary
from tocsin.errors import TocsinError
from tocsin.signs.acts import clock_column, minute_of
from tocsin.signs.parameters import Parameters
from tocsin.signs.run import doses as administrations
from tocsin.sources import Source, Tag
from tocsin.tables import Records
from tocsin.tables.contract import MINUTE, B, F, I, S, Table, may, need

RUSSELL_2008 = Source(
    "russell2008",
    "Russell JA et al. Vasopressin versus norepinephrine infusion in patients with septic shock (VASST). "
    "N Engl J Med 2008;358:877-887",
    "10.1056/NEJMoa067373",
)
GORADIA_2021 = Source(
    "goradia2021",
    "Goradia S et al. Vasopressor dose equivalence: a scoping review and suggested formula. J Crit Care "
    "2021;61:233-240, as coded in MIT-LCP mimic-code",
    "10.1016/j.jcrc.2020.11.002",
)
KOTANI_2023 = Source(
    "kotani2023",
    "Kotani Y et al. An updated norepinephrine equivalent score in intensive care as a marker of shock severity. "
    "Crit Care 2023;27:29",
    "10.1186/s13054-023-04322-y",
)


@dataclass(frozen=True)
class Coefficient:
    """What one `unit` of a drug adds to the sum."""

    drug: str
    factor: float
    unit: str
    tag: Tag


@dataclass(frozen=True)
class Equivalents:
    """A published formula: the sum of rate x factor is in `unit` of norepinephrine. `version` changes with a number."""

    name: str
    version: str
    unit: str
    coefficients: tuple[Coefficient, ...]
    source: Source
    note: str = ""


VASST = Equivalents(
    "vasst", "1", "ug/min",
    (
        Coefficient("norepinephrine", 1, "ug/min", "Mh"),
        Coefficient("epinephrine", 1, "ug/min", "Mh"),
        Coefficient("dopamine", 1 / 2, "ug/kg/min", "Mh"),
        Coefficient("phenylephrine", 1 / 10, "ug/min", "Mh"),
    ),
    RUSSELL_2008,
    "dopamine alone enters in ug/kg/min; vasopressin is no part of the sum (Lee and Penn ask for it beside the sum)",
)  # fmt: skip
GORADIA = Equivalents(
    "goradia", "1", "ug/kg/min",
    (
        Coefficient("norepinephrine", 1, "ug/kg/min", "V"),
        Coefficient("epinephrine", 1, "ug/kg/min", "V"),
        Coefficient("phenylephrine", 1 / 10, "ug/kg/min", "V"),
        Coefficient("dopamine", 1 / 100, "ug/kg/min", "V"),
        Coefficient("metaraminol", 1 / 8, "ug/kg/min", "V"),
        Coefficient("vasopressin", 2.5, "U/min", "V"),
        Coefficient("angiotensin_ii", 10, "ug/kg/min", "V"),
    ),
    GORADIA_2021,
    "four times Kotani for angiotensin II",
)  # fmt: skip
KOTANI = Equivalents(
    "kotani", "1", "ug/kg/min",
    (
        Coefficient("norepinephrine", 1, "ug/kg/min", "Mm"),
        Coefficient("epinephrine", 1, "ug/kg/min", "Mm"),
        Coefficient("phenylephrine", 0.06, "ug/kg/min", "Mm"),
        Coefficient("dopamine", 1 / 100, "ug/kg/min", "Mm"),
        Coefficient("vasopressin", 2.5, "U/min", "Mm"),
        Coefficient("terlipressin", 10, "ug/kg/min", "Mm"),
        Coefficient("angiotensin_ii", 0.0025, "ng/kg/min", "Mm"),
    ),
    KOTANI_2023,
    "methylene blue and hydroxocobalamin are in the paper, their coefficients could not be read: named, not counted",
)  # fmt: skip
EQUIVALENTS: Mapping[str, Equivalents] = {table.name: table for table in (VASST, GORADIA, KOTANI)}

# a rate in the first unit times the factor is in the second; `kg`: times or divided by the weight first
_PER_MIN = {"ug/min": 1.0, "mg/h": 1000 / 60}
_PER_KG = {"ug/kg/min": 1.0, "ng/kg/min": 1 / 1000}
_UNITS = {"U/min": 1.0}


def equivalents_table(name: str) -> Equivalents:
    """The formula of this name. Raises TocsinError `doses.table-unknown`."""
    if name not in EQUIVALENTS:
        known = ", ".join(EQUIVALENTS)
        raise TocsinError.of("doses.table-unknown", "there is no such table of equivalents.", "", f"Known: {known}.")
    return EQUIVALENTS[name]


def norepinephrine_equivalents(rates: pl.DataFrame, table: str) -> pl.DataFrame:
    """Rows of running drugs (drug, rate, rate_unit, weight_kg) with `ne_equivalent` in the table's unit and `why`.

    Null, with the reason in `why`: `no rate`, `unit not known`, `not in table`, `no weight` (asked for only where the
    unit given and the unit in which the drug enters differ by it). Spellings of a unit are those of the vocabulary. A
    rate of 0 is 0 in every unit and for every drug. Raises TocsinError `doses.table-unknown`.
    """
    formula = equivalents_table(table)
    coefficients = pl.DataFrame(
        [(c.drug, c.factor, c.unit) for c in formula.coefficients],
        schema={"drug": S, "__factor": F, "__enters": S},
        orient="row",
    )
    spelled = rates.get_column("rate_unit").unique().drop_nulls().to_list()
    kept = {word: one for word in spelled if (one := vocabulary.unit(word)) is not None and one.dimension == "rate"}
    frame = rates.join(coefficients, on="drug", how="left", maintain_order="left").with_columns(
        __unit=pl.col("rate_unit").replace_strict({w: u.unit for w, u in kept.items()}, default=None, return_dtype=S),
        __rate=pl.col("rate").cast(F).fill_nan(None)
        * pl.col("rate_unit").replace_strict({w: u.factor for w, u in kept.items()}, default=None, return_dtype=F),
        __kg=pl.col("weight_kg").cast(F).fill_nan(None),
    )
    stopped = (pl.col("rate") == 0).fill_null(False)
    weighed = pl.col("__kg").fill_null(0) > 0
    why = (
        pl.when(stopped).then(None)
        .when(pl.col("__factor").is_null()).then(pl.lit("not in table"))
        .when(pl.col("rate").cast(F).fill_nan(None).is_null()).then(pl.lit("no rate"))
        .when(_needs_weight() & ~weighed).then(pl.lit("no weight"))
        .when(_entering().is_null()).then(pl.lit("unit not known"))
    )  # fmt: skip
    amount = pl.when(stopped).then(0.0).otherwise(_entering() * pl.col("__factor"))
    made = frame.with_columns(why=why).with_columns(ne_equivalent=pl.when(pl.col("why").is_null()).then(amount))
    return made.select(*rates.columns, "ne_equivalent", "why")


def _needs_weight() -> pl.Expr:
    per_kg, enters = pl.col("__unit").is_in(list(_PER_KG)), pl.col("__enters").is_in(list(_PER_KG))
    absolute = pl.col("__unit").is_in(list(_PER_MIN))
    return ((per_kg & pl.col("__enters").is_in(list(_PER_MIN))) | (absolute & enters)).fill_null(False)


def _entering() -> pl.Expr:
    """The rate in the unit in which the drug enters; null for a unit that measures something else."""
    micrograms = {**_PER_MIN, **_PER_KG, **_UNITS}
    size = pl.col("__unit").replace_strict(micrograms, default=None, return_dtype=F)
    target = pl.col("__enters").replace_strict(micrograms, default=None, return_dtype=F)
    per_kg, enters_per_kg = pl.col("__unit").is_in(list(_PER_KG)), pl.col("__enters").is_in(list(_PER_KG))
    rate = pl.col("__rate") * size
    rate = (
        pl.when(per_kg & ~enters_per_kg).then(rate * pl.col("__kg"))
        .when(~per_kg & enters_per_kg).then(rate / pl.col("__kg"))
        .otherwise(rate)
    )  # fmt: skip
    same = pl.col("__unit").is_in(list(_UNITS)) == pl.col("__enters").is_in(list(_UNITS))
    return pl.when(same).then(rate / target)


def total_equivalents(rates: pl.DataFrame, table: str, by: Sequence[str]) -> pl.DataFrame:
    """One row per `by`: the sum over what runs together.

    `ne_equivalent` is null where a drug of the table is unknown in its part, or none is in the table; `at_least` sums
    what is known. `unknown` names the unknown ones with the reason, `not_in_table` those the formula has no number for
    (and does not count).
    """
    rows = norepinephrine_equivalents(rates, table)
    outside = pl.col("why") == "not in table"
    unknown = pl.col("why").is_not_null() & (pl.col("why") != "not in table")
    named = pl.concat_str("drug", pl.col("why"), separator=": ")
    return rows.group_by(by, maintain_order=True).agg(
        ne_equivalent=pl.when(~unknown.any() & pl.col("why").is_null().any()).then(pl.col("ne_equivalent").sum()),
        at_least=pl.col("ne_equivalent").sum(),
        unknown=named.filter(unknown).unique().sort().str.join("; "),
        not_in_table=pl.col("drug").filter(outside.fill_null(False)).unique().sort().str.join("; "),
    )


# --- steroids ---------------------------------------------------------------------------------------------------------

STEROIDS = Table(
    "steroids",
    "systemic steroid doses as dexamethasone, and the sum of the 24 h that end with each",
    (
        need("course_id", S, "course"),
        need("minute", MINUTE, "given", "min"),
        need("drug", S, "steroid"),
        may("dexamethasone_mg", F, "this dose as dexamethasone; null = dose, unit or factor not known", "mg", low=0),
        may("mg_24h", F, "sum over the 24 h up to and with this minute; null = a part is not known", "mg", low=0),
        need("mg_24h_at_least", F, "sum of what is known in these 24 h", "mg", low=0),
    ),
)
_MG = {"mg": 1.0, "ug": 1 / 1000, "g": 1000.0}
DAY = 1440


def dexamethasone_equivalents(given: pl.DataFrame) -> pl.DataFrame:
    """The `STEROIDS` table of dose rows (course_id, minute, drug, dose, dose_unit); rows of other drugs are left out.

    The window is (minute - 24 h, minute]: of two doses exactly a day apart only one lies in it. Factors: specification
    5.6 (Mh): dexamethasone 0.75 = methylprednisolone 4 = prednisone 5 = hydrocortisone 20 mg.
    """
    factors = {name: drug.dexamethasone_factor for name, drug in vocabulary.drugs().items() if drug.group == "steroid"}
    amount = (
        pl.col("dose").cast(F).fill_nan(None)
        * pl.col("dose_unit").replace_strict(_MG, default=None, return_dtype=F)
        * pl.col("drug").replace_strict(factors, default=None, return_dtype=F)
    )
    rows = given.filter(pl.col("drug").is_in(list(factors))).select(
        "course_id", pl.col("minute").cast(MINUTE), "drug", dexamethasone_mg=amount
    )
    rows = rows.sort("course_id", "minute", "drug", "dexamethasone_mg")
    window = rows.rolling("minute", period=f"{DAY}i", closed="right", group_by="course_id").agg(
        mg_24h_at_least=pl.col("dexamethasone_mg").sum(), unknown=pl.col("dexamethasone_mg").is_null().any()
    )
    sums = window.unique(["course_id", "minute"])
    joined = rows.join(sums, on=["course_id", "minute"], how="left", maintain_order="left")
    total = pl.when(~pl.col("unknown")).then("mg_24h_at_least")
    return STEROIDS.frame(joined.with_columns(mg_24h=total))


def steroids(records: Records, courses: pl.DataFrame, parameters: Parameters | None = None) -> pl.DataFrame:
    """The `STEROIDS` table of the records, rows at or after minute 0; doses before it count in the first windows.

    An infusion has no single dose: its part is unknown. A dose charted to the day may lie in any window that touches
    the day: those sums are unknown, and the row itself is left out.
    """
    rows = _drug_rows(records, courses, parameters or Parameters(), vocabulary.drugs_in("steroid"))
    rows = rows.with_columns(dose=pl.when(pl.col("mode") == "dose").then("dose"))
    exact = dexamethasone_equivalents(rows.filter(pl.col("precision") == "minute"))
    vague = rows.filter(pl.col("precision") == "day").select("course_id", day=pl.col("minute"))
    # such a row stands at 12:00 of its day: twelve hours to either side are the day
    touched = (
        exact.select("course_id", "minute").unique().join(vague, on="course_id")
        .filter((pl.col("day") + DAY // 2 > pl.col("minute") - DAY) & (pl.col("day") - DAY // 2 <= pl.col("minute")))
        .select("course_id", "minute", touched=pl.lit(True)).unique()
    )  # fmt: skip
    made = exact.join(touched, on=["course_id", "minute"], how="left", maintain_order="left")
    made = made.with_columns(mg_24h=pl.when(pl.col("touched").is_null()).then("mg_24h"))
    return STEROIDS.check(STEROIDS.frame(made.filter(pl.col("minute") >= 0)))


def _drug_rows(records: Records, courses: pl.DataFrame, parameters: Parameters, names: Sequence[str]) -> pl.DataFrame:
    """Rows of these drugs with their course and minute, up to the end of the course."""
    of = courses.select("patient_id", "course_id", "time_zero", "ends")
    at = clock_column(parameters, "start")
    rows = records.drugs.filter(pl.col("drug").is_in(list(names))).join(of, on="patient_id")
    return rows.filter(pl.col("ends").is_null() | (at < pl.col("ends"))).with_columns(minute=minute_of(at))


# --- tocilizumab ------------------------------------------------------------------------------------------------------

TOCILIZUMAB = Table(
    "tocilizumab",
    "every administration of tocilizumab (vials less than 1 h apart are one) with what looks wrong; null = not known",
    (
        need("course_id", S, "course"),
        need("minute", MINUTE, "given", "min"),
        need("number", I, "administration in the course, from 1", low=1),
        need("rows", I, "records merged into it", low=1),
        may("dose_mg", F, "dose, split vials added", "mg", low=0),
        may("weight_kg", F, "weight of the course", "kg", low=0),
        may("mg_per_kg", F, "dose by weight", "mg/kg", low=0),
        may("hours_since_last", F, "since the administration before", "h", low=0),
        need("in_24_h", I, "administrations in the 24 h up to this one", low=1),
        may("implausible_per_kg", B, "below 3.5 or above 14 mg/kg, and not the 800-mg cap (R)"),
        may("above_800_mg", B, "more than 800 mg (V: label)"),
        may("within_8_h", B, "less than 8 h after the one before (V: label)"),
        may("above_3_in_24_h", B, "more than 3 in 24 h (V2)"),
        may("above_4_in_all", B, "more than 4 in the course (V: label)"),
        need("reasons", S, "what is flagged and what could not be judged, in words"),
    ),
    ("course_id", "minute"),
)


@dataclass(frozen=True)
class TocilizumabLimits:
    """Edges of the checks (specification 4.4): mg/kg R, 800 mg, 8 h and 4 doses V (label), 3 in 24 h V2."""

    least_mg_per_kg: float = 3.5
    most_mg_per_kg: float = 14.0
    most_mg: float = 800.0
    least_hours: float = 8.0
    most_in_24_h: int = 3
    most_in_all: int = 4
    child_below_kg: float = 30.0
    mg_per_kg: float = 8.0
    child_mg_per_kg: float = 12.0


_FLAGS = {
    "implausible_per_kg": "dose by weight is implausible",
    "above_800_mg": "more than 800 mg",
    "within_8_h": "less than 8 h after the dose before",
    "above_3_in_24_h": "more than 3 in 24 h",
    "above_4_in_all": "more than 4 in all",
}


def check_tocilizumab(
    given: pl.DataFrame, weights: pl.DataFrame, limits: TocilizumabLimits | None = None, vague: Sequence[str] = ()
) -> pl.DataFrame:
    """The `TOCILIZUMAB` table of administrations (course_id, minute, dose, dose_unit, rows), vials already merged.

    `weights`: course_id, weight_kg. Unknown weight or dose: the flags that rest on it are null. `vague`: courses with
    doses charted to the day only, where counts and intervals prove too much, never too little.
    """
    edge = limits or TocilizumabLimits()
    dose = pl.col("dose").cast(F).fill_nan(None) * pl.col("dose_unit").replace_strict(_MG, default=None, return_dtype=F)
    rows = given.join(weights.select("course_id", "weight_kg"), on="course_id", how="left").sort("course_id", "minute")
    before = pl.col("minute") - pl.col("minute").shift(1).over("course_id")
    rows = rows.with_columns(
        minute=pl.col("minute").cast(MINUTE), dose_mg=dose, mg_per_kg=dose / pl.col("weight_kg"),
        number=pl.int_range(1, pl.len() + 1).over("course_id").cast(I), hours_since_last=before / 60,
    )  # fmt: skip
    window = rows.rolling("minute", period=f"{DAY}i", closed="right", group_by="course_id").agg(in_24_h=pl.len())
    rows = rows.join(window, on=["course_id", "minute"], how="left", maintain_order="left")
    usual = pl.when(pl.col("weight_kg") < edge.child_below_kg).then(edge.child_mg_per_kg).otherwise(edge.mg_per_kg)
    capped = (pl.col("dose_mg") == edge.most_mg) & (usual * pl.col("weight_kg") >= edge.most_mg)
    per_kg = pl.col("mg_per_kg")
    odd = ((per_kg < edge.least_mg_per_kg) | (per_kg > edge.most_mg_per_kg)) & ~capped
    hidden = pl.col("course_id").is_in(list(vague))

    def counted(flag: pl.Expr) -> pl.Expr:
        return pl.when(flag).then(True).when(~hidden).then(False)

    rows = rows.with_columns(
        implausible_per_kg=odd,
        above_800_mg=pl.col("dose_mg") > edge.most_mg,
        within_8_h=counted((pl.col("hours_since_last") < edge.least_hours).fill_null(False)),
        above_3_in_24_h=counted(pl.col("in_24_h") > edge.most_in_24_h),
        above_4_in_all=counted(pl.col("number") > edge.most_in_all),
    )
    return TOCILIZUMAB.frame(rows.with_columns(reasons=_reasons()))


def _reasons() -> pl.Expr:
    nothing = pl.lit(None, S)
    blind = pl.col("implausible_per_kg").is_null()
    words = [
        *(pl.when(pl.col(flag)).then(pl.lit(text)).otherwise(nothing) for flag, text in _FLAGS.items()),
        pl.when(pl.col("above_800_mg").is_null()).then(pl.lit("dose not known")).otherwise(nothing),
        pl.when(blind & pl.col("weight_kg").is_null()).then(pl.lit("weight not known")).otherwise(nothing),
        pl.when(pl.col("above_4_in_all").is_null())
        .then(pl.lit("other doses are charted to the day"))
        .otherwise(nothing),
    ]
    return pl.concat_str(words, separator="; ", ignore_nulls=True)


def tocilizumab(records: Records, courses: pl.DataFrame, parameters: Parameters | None = None) -> pl.DataFrame:
    """The `TOCILIZUMAB` table of the records; a dose charted to the day only is no row and makes counts unknown."""
    parameters = parameters or Parameters()
    rows = _drug_rows(records, courses, parameters, ("tocilizumab",))
    vague = rows.filter(pl.col("precision") == "day").get_column("course_id").unique().to_list()
    given = administrations(records, courses, "tocilizumab", parameters)
    return TOCILIZUMAB.check(check_tocilizumab(given, courses, vague=vague))
