"""The common rules: from tables whose words and units are as the hospital wrote them to record tables.

Every rule has a name, a stable code, a count and a first row; nothing is guessed and no row is lost without a line.
"""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from tocsin import vocabulary
from tocsin.records import gaps, plausible, times, treatments, words
from tocsin.records.ledger import Ledger
from tocsin.tables import (
    ASSESSMENTS,
    DRUGS,
    ITEMS,
    MEASUREMENTS,
    OUTCOMES,
    PATIENTS,
    RECORD_TABLES,
    SUPPORTS,
    Records,
    Table,
)  # fmt: skip

_TIME = {
    "stays": "start",
    "measurements": "time",
    "drugs": "start",
    "supports": "start",
    "assessments": "time",
    "outcomes": "time",
}
_MORE = {"measurements": ("unit", "value_text")}
_LARGEST = {
    "ice": 10, "capd": 32, "cartox10": 10, "ctcae_creatinine": 4, "ctcae_transaminase": 4, "ctcae_organ": 4,
}  # fmt: skip
_DIGITS = 6  # significant, of numbers that were stored as float32


def clean(
    raw: Mapping[str, pl.DataFrame],
    *,
    zone: str,
    supplied: frozenset[str],
    hashes: Mapping[str, str] | None = None,
    rows_read: Mapping[str, int] | None = None,
    not_needed: Mapping[str, int] | None = None,
    findings: pl.DataFrame | None = None,
    doubts: pl.DataFrame | None = None,
) -> Records:
    """Record tables, findings and account from `raw`: contract columns, words as written, instants already UTC.

    Measurements may carry `unit` (no such column at all: values are in the variable's own unit) and `value_text` (read
    where `value` is empty). `findings` and `doubts` are the reader's. Raises TocsinError (`records.row-lost`) where the
    rows do not add up.
    """
    ledger = Ledger(findings, doubts)
    have = {table.name: _shaped(raw.get(table.name), table) for table in RECORD_TABLES}
    seen = list(have.values())
    have = {name: _with_patient(frame, ledger) for name, frame in have.items()}
    patients = _patients(have["patients"], ledger)
    for name, time in _TIME.items():
        if name != "stays":
            have[name] = times.clocks(have[name], ledger, time)
        have[name] = times.before_birth(have[name], ledger, patients, time)
    stays = _stays(have["stays"], ledger)
    tables = {
        "stays": stays,
        "measurements": _measurements(have["measurements"], ledger, stays if "stays" in supplied else None),
        "drugs": _drugs(have["drugs"], ledger, zone),
        "supports": _supports(have["supports"], ledger),
        "assessments": _assessments(have["assessments"], ledger),
        "outcomes": _outcomes(have["outcomes"], ledger, zone),
    }
    tables["patients"] = _everybody(patients, seen, ledger)
    gaps.note_gaps(tables, ledger, supplied, zone)
    made = {t.name: t.check(_sorted(t.frame(tables[t.name]), t)) for t in RECORD_TABLES}
    account = ledger.account(seen, made.values(), rows_read or {}, not_needed or {})
    return Records(
        **made, findings=ledger.findings(), account=account, supplied=supplied, zone=zone, hashes=dict(hashes or {}),
        doubts=ledger.doubts(),
    )  # fmt: skip


def _sorted(frame: pl.DataFrame, table: Table) -> pl.DataFrame:
    time = _TIME.get(table.name)
    return frame.sort("patient_id", *([time] if time else []), "source", "source_row", maintain_order=True)


def _shaped(frame: pl.DataFrame | None, table: Table) -> pl.DataFrame:
    """The contract's columns and types; float32 keeps the decimals it was written with: 0.1 stays 0.1."""
    if frame is None:
        extra = {name: pl.String for name in _MORE.get(table.name, ()) if name != "unit"}
        return pl.DataFrame(schema={**table.schema, **extra})
    made: list[pl.Expr] = []
    for name, dtype in table.schema.items():
        if name not in frame.columns:
            made.append(pl.lit(None, dtype=dtype).alias(name))
        elif dtype == pl.Float64:
            value = pl.col(name).cast(pl.Float64).fill_nan(None)
            value = pl.when(value.is_finite()).then(value)
            made.append((value.round_sig_figs(_DIGITS) if frame.schema[name] == pl.Float32 else value).alias(name))
        else:
            made.append(pl.col(name).cast(dtype))
    extra = [pl.col(name).cast(pl.String) for name in _MORE.get(table.name, ()) if name in frame.columns]
    return frame.select(*made, *extra)


def _with_patient(frame: pl.DataFrame, ledger: Ledger) -> pl.DataFrame:
    return ledger.exclude(
        frame, words.blank("patient_id"), "M.patient-missing", "rows that name no known patient", decide=True
    )


def _without_copies(frame: pl.DataFrame, ledger: Ledger) -> pl.DataFrame:
    """Rows identical but for their number are one row: the first stays."""
    same = [name for name in frame.columns if name != "source_row"]
    ranked = frame.with_columns((pl.col("source_row") > pl.col("source_row").min().over(same)).alias("__copy"))
    return ledger.exclude(ranked, pl.col("__copy"), "P.duplicate", "rows identical but for their number").drop("__copy")


def _patients(frame: pl.DataFrame, ledger: Ledger) -> pl.DataFrame:
    frame = words.optional_word(frame, ledger, "sex")
    frame = plausible.emptied_outside(frame, ledger, PATIENTS)
    frame = _without_copies(frame.sort("source", "source_row"), ledger)
    again = pl.int_range(pl.len()).over("patient_id") > 0
    return ledger.exclude(frame, again, "C.patient-conflict", "a second, different row of one patient", decide=True)


def _everybody(patients: pl.DataFrame, seen: list[pl.DataFrame], ledger: Ledger) -> pl.DataFrame:
    """Patients named only in other tables get a row of their own: patients in = patients out."""
    named = pl.concat([f.select("patient_id", "source", "source_row") for f in seen]).filter(~words.blank("patient_id"))
    missing = named.join(patients, on="patient_id", how="anti").sort("patient_id", "source", "source_row")
    first = missing.unique("patient_id", keep="first", maintain_order=True)
    ledger.note(
        first, "M.patient-row-missing", "patients without a row in the table of patients", "a row was made", "changed"
    )
    return pl.concat([patients, PATIENTS.frame(first)]) if first.height else patients


def _stays(frame: pl.DataFrame, ledger: Ledger) -> pl.DataFrame:
    frame = words.optional_word(frame, ledger, "kind", "stay").with_columns(pl.col("kind").fill_null("other"))
    return times.stays_in_order(_without_copies(frame, ledger), ledger)


def _measurements(frame: pl.DataFrame, ledger: Ledger, stays: pl.DataFrame | None) -> pl.DataFrame:
    frame = words.needed_word(frame, ledger, "variable", "variable", words.by(vocabulary.variable_spellings()))
    frame = _numbers(frame, ledger)
    if "unit" in frame.columns:
        frame = words.in_our_units(frame, ledger)
    frame = plausible.no_method_but_for_pressures(frame)
    frame = words.optional_word(words.optional_word(frame, ledger, "method"), ledger, "site").select(
        list(MEASUREMENTS.schema)
    )
    frame = _without_copies(frame, ledger)
    if stays is not None:
        frame = times.outside_stays(frame, ledger, stays)
    for rule in (plausible.in_fahrenheit, plausible.saturation_as_fraction, plausible.impossible_values):
        frame = rule(frame, ledger)
    return plausible.contradicting_pressures(plausible.same_minute(frame, ledger), ledger)


def _numbers(frame: pl.DataFrame, ledger: Ledger) -> pl.DataFrame:
    """The number of every reading; text stands in where there is none, "<5" as 5."""
    if "value_text" in frame.columns:
        text = pl.col("value_text").str.strip_chars()
        bare = text.str.replace(r"^(<=|>=|<|>|≤|≥)\s*", "")
        number = pl.when(bare.str.contains(r"^[+-]?\d+(\.\d*)?$")).then(bare).cast(pl.Float64, strict=False)
        read = frame.with_columns(number.alias("__number"), (bare != text).alias("__limit"))
        limit = pl.col("value").is_null() & pl.col("__limit") & pl.col("__number").is_not_null()
        ledger.note(read.filter(limit), "P.value-limit", 'values such as "<5"', "taken at the limit", "changed")
        wordy = pl.col("value").is_null() & pl.col("__number").is_null() & ~words.blank("value_text")
        many = plausible.too_many(wordy, pl.col("value").is_not_null() | ~words.blank("value_text"))
        for bad, decide in ((wordy & many, True), (wordy, False)):
            read = ledger.exclude(read, bad, "C.value-not-a-number", "a value that is no number", decide=decide)
        frame = read.with_columns(pl.coalesce("value", "__number").alias("value")).drop(
            "__number", "__limit", "value_text"
        )
    return ledger.exclude(frame, pl.col("value").is_null(), "M.value-missing", "a reading without a value")


def _drugs(frame: pl.DataFrame, ledger: Ledger, zone: str) -> pl.DataFrame:
    orders = treatments.orders_of_drugs(frame)
    frame = words.needed_word(frame, ledger, "drug", "drug", words.by(vocabulary.drug_spellings()))
    frame = words.optional_word(frame, ledger, "mode")
    frame = treatments.kinds_of_row(treatments.mode_contradictions(frame, ledger), ledger)
    frame = words.amounts(words.amounts(frame, ledger, "dose", "dose_unit"), ledger, "rate", "rate_unit")
    frame = _without_copies(frame.select(list(DRUGS.schema)), ledger)
    frame = plausible.emptied_outside(frame, ledger, DRUGS)
    frame = words.renamed(frame, "route", "__route", words.by(vocabulary.word_spellings("route")))
    unknown = pl.col("__route").is_null() & ~words.blank("route")
    ledger.note(frame.filter(unknown), "C.route-unknown", "a route that is not known", "taken as if not written")
    frame = treatments.diluents(treatments.by_other_routes(frame, ledger), ledger, orders)
    frame = treatments.starts_and_stops(treatments.pressor_rates(frame, ledger), ledger)
    backwards = (pl.col("stop") < pl.col("start")).fill_null(False)
    ledger.note(
        frame.filter(backwards),
        "P.stop-before-start",
        "infusion ends before it starts",
        "end left empty",
        "changed",
        decide=True,
    )
    frame = frame.with_columns(pl.when(~backwards).then("stop").alias("stop"))
    treatments.charted_to_the_day(frame, ledger)
    cells = pl.col("drug").is_in(vocabulary.drugs_in("car_t"))
    return times.dates_as_minutes(frame, ledger, "start", cells, zone, "P.infusion-date-only")


def _supports(frame: pl.DataFrame, ledger: Ledger) -> pl.DataFrame:
    frame = words.optional_word(words.known_devices(frame, ledger), ledger, "reason")
    frame = _without_copies(plausible.oxygen_settings(frame, ledger, SUPPORTS), ledger)
    ledger.note(
        frame.filter(pl.col("precision") == "day"), "C.support-date-only", "oxygen or ventilation charted to the day",
        "stays at 12:00 of the day, precision day", decide=True,
    )  # fmt: skip
    backwards = (pl.col("stop") < pl.col("start")).fill_null(False)
    ledger.note(
        frame.filter(backwards),
        "P.stop-before-start",
        "support ends before it starts",
        "end left empty",
        "changed",
        decide=True,
    )
    return frame.with_columns(pl.when(~backwards).then("stop").alias("stop"))


def _assessments(frame: pl.DataFrame, ledger: Ledger) -> pl.DataFrame:
    frame = words.needed_word(frame, ledger, "item", None, words.by(vocabulary.word_spellings("item")))
    parts = [_assessed(frame.filter(pl.col("item") == item), item) for item in ITEMS]
    frame = pl.concat(parts) if parts else frame
    bad = pl.col("__word").is_null()
    frame = ledger.exclude(frame, bad, "C.assessment-value-unknown", "a value that its item does not have", decide=True)
    return _without_copies(frame.with_columns(pl.col("__word").alias("value")).select(list(ASSESSMENTS.schema)), ledger)


def _assessed(frame: pl.DataFrame, item: str) -> pl.DataFrame:
    """`frame` with `__word`: one of the item's words, or its whole number within range."""
    if item in _LARGEST:
        number = pl.col("value").str.strip_chars().str.extract(r"^(\d{1,3})(?:\.0*)?$").cast(pl.Int32)
        within = pl.when(number.is_between(0, _LARGEST[item])).then(number.cast(pl.String))
        return frame.with_columns(within.alias("__word"))
    kind = "attribution" if item.startswith("attribution") else item
    return words.renamed(frame, "value", "__word", words.by(vocabulary.word_spellings(kind)))


def _outcomes(frame: pl.DataFrame, ledger: Ledger, zone: str) -> pl.DataFrame:
    frame = words.needed_word(frame, ledger, "what", None, words.by(vocabulary.word_spellings("what")))
    frame = words.optional_word(frame, ledger, "method", "mrd_method")
    frame = _outcome_values(plausible.emptied_outside(frame, ledger, OUTCOMES), ledger)
    frame = _without_copies(frame, ledger)
    return times.dates_as_minutes(frame, ledger, "time", pl.lit(True), zone, "P.outcome-date-only")


def _outcome_values(frame: pl.DataFrame, ledger: Ledger) -> pl.DataFrame:
    """Words of response, MRD and cause of death; an unknown one is emptied and somebody must decide."""
    parts = [frame.filter(~pl.col("what").is_in(["response", "mrd", "death"]))]
    for what in ("response", "mrd", "death"):
        one = words.renamed(
            frame.filter(pl.col("what") == what), "value", "__word", words.by(vocabulary.word_spellings(what))
        )
        unknown = one.filter(pl.col("__word").is_null() & ~words.blank("value"))
        ledger.note(
            unknown,
            "C.outcome-value-unknown",
            f"{what}: a value that is not known",
            "left empty",
            "changed",
            decide=True,
        )
        parts.append(one.with_columns(pl.col("__word").alias("value")).drop("__word"))
    return pl.concat(parts)


__all__ = ["clean"]
