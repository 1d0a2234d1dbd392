"""Drugs: which rows are doses of the drug, at what rate, and which only look like it."""

from __future__ import annotations

import polars as pl

from tocsin import vocabulary
from tocsin.records.ledger import Ledger
from tocsin.records.words import blank

_DIGITS = 6
_ORDER = ["patient_id", "source", "order_id"]


def _group(*groups: str) -> pl.Expr:
    return pl.col("drug").is_in(vocabulary.drugs_in(*groups))


def by_other_routes(frame: pl.DataFrame, ledger: Ledger) -> pl.DataFrame:
    """Pressors count by vein only; steroids not from eye drops, creams, inhalers or local injections.

    A route that is not written, or not known, keeps the row.
    """
    pressor = _group("vasopressor", "vasopressin", "inotrope")
    frame = ledger.exclude(
        frame, pressor & (pl.col("__route") != "iv"), "C.route-not-intravenous",
        "vasopressor or inotrope by a route that is not intravenous (eye drops, auto-injector, local anaesthetic)",
    )  # fmt: skip
    local = pl.col("__route").is_in(["topical", "inhaled", "local"])
    return ledger.exclude(
        frame, _group("steroid", "antipyretic") & local, "C.route-not-systemic",
        "steroid or antipyretic by eye, skin, airway or local injection",
    )  # fmt: skip


def orders_of_drugs(frame: pl.DataFrame) -> pl.DataFrame:
    """Orders (patient, file, order) with a row that is no fluid, whether or not tocsin uses that drug."""
    fluids = set(vocabulary.drugs_in("fluid"))
    words = frame.get_column("drug").unique().drop_nulls().to_list()
    solvents = [word for word in words if (one := vocabulary.drug(word)) is not None and one.name in fluids]
    drugs = frame.filter(~pl.col("drug").is_in(solvents) & pl.col("order_id").is_not_null())
    return drugs.select(_ORDER).unique().with_columns(pl.lit(True).alias("__other"))


def diluents(frame: pl.DataFrame, ledger: Ledger, orders: pl.DataFrame) -> pl.DataFrame:
    """Fluid rows under the order of a drug are what it is dissolved in, not a fluid given."""
    marked = frame.join(orders, on=_ORDER, how="left", maintain_order="left")
    bad = _group("fluid") & pl.col("__other").fill_null(False)
    return ledger.exclude(marked, bad, "C.diluent", "fluid under the order of a drug: its solvent").drop("__other")


def pressor_rates(frame: pl.DataFrame, ledger: Ledger) -> pl.DataFrame:
    """Rates of pressors and inotropes in ug/min, ug/kg/min or U/min; a volume is no rate of the drug."""
    pressor = _group("vasopressor", "vasopressin", "inotrope") & (pl.col("mode") == "infusion")
    hourly = (pressor & (pl.col("rate_unit") == "mg/h") & pl.col("rate").is_not_null()).fill_null(False)
    ledger.note(frame.filter(hourly), "C.rate-converted", "vasopressor in mg/h", "turned into ug/min", "changed")
    made = (pl.col("rate") * 1000 / 60).round_sig_figs(_DIGITS)
    frame = frame.with_columns(
        pl.when(hourly).then(made).otherwise(pl.col("rate")).alias("rate"),
        pl.when(hourly).then(pl.lit("ug/min")).otherwise(pl.col("rate_unit")).alias("rate_unit"),
    )
    volume = (pressor & (pl.col("rate_unit") == "mL/h") & (pl.col("rate") > 0)).fill_null(False)
    ledger.note(
        frame.filter(volume), "P.vasopressor-rate-volume", "vasopressor rate in mL/h without a concentration",
        "runs at an unknown rate", "changed", decide=True,
    )  # fmt: skip
    ledger.doubt(frame.filter(volume))
    frame = frame.with_columns(
        pl.when(~volume).then("rate").alias("rate"), pl.when(~volume).then("rate_unit").alias("rate_unit")
    )
    unknown = pressor & pl.col("rate").is_null()
    ledger.note(
        frame.filter(unknown), "M.rate-missing", "vasopressor or inotrope without a rate", "runs at an unknown rate"
    )
    return frame


def mode_contradictions(frame: pl.DataFrame, ledger: Ledger) -> pl.DataFrame:
    """A counted vasopressor charted as one dose that carries a rate or the unit of one is an infusion."""
    rated = pl.col("rate").is_not_null() | ~blank("rate_unit")
    here = (_group("vasopressor", "vasopressin") & (pl.col("mode") == "dose") & rated).fill_null(False)
    ledger.note(
        frame.filter(here), "C.mode-contradiction", "vasopressor charted as one dose, with a rate or a unit of rate",
        "taken as an infusion", "changed", decide=True,
    )  # fmt: skip
    return frame.with_columns(pl.when(here).then(pl.lit("infusion")).otherwise("mode").alias("mode"))


def charted_to_the_day(frame: pl.DataFrame, ledger: Ledger) -> None:
    """Drugs whose hour is not known: of those that set a grade or hide a fever, somebody must decide."""
    weighty = _group("vasopressor", "vasopressin", "antipyretic", "steroid", "anticytokine")
    dated = frame.filter(pl.col("precision") == "day")
    done = "stays at 12:00 of the day, precision day"
    ledger.note(
        dated.filter(weighty), "C.drug-date-only",
        "vasopressors, antipyretics, steroids or anticytokines charted to the day", done, decide=True,
    )  # fmt: skip
    ledger.note(dated.filter(~weighty), "C.drug-date-only", "other drugs charted to the day", done)


def kinds_of_row(frame: pl.DataFrame, ledger: Ledger) -> pl.DataFrame:
    """A row whose mode is not written is an infusion when it has a rate, else one dose."""
    missing = pl.col("mode").is_null()
    ledger.note(
        frame.filter(missing), "M.mode-missing", "dose or infusion is not written", "infusion where there is a rate",
        "changed",
    )  # fmt: skip
    guess = pl.when(pl.col("rate").is_not_null()).then(pl.lit("infusion")).otherwise(pl.lit("dose"))
    return frame.with_columns(pl.when(missing).then(guess).otherwise("mode").alias("mode"))


def starts_and_stops(frame: pl.DataFrame, ledger: Ledger) -> pl.DataFrame:
    """A stop and a running rate of one pressor in one minute: orders tell them apart; within one, nothing does."""
    minute = pl.col("start").dt.truncate("1m").alias("__minute")
    pressor = _group("vasopressor", "vasopressin") & (pl.col("mode") == "infusion")
    runs = frame.filter(pressor & pl.col("rate").is_not_null()).with_columns(minute)
    ledger.note(
        _both(runs, ["patient_id", "drug", "__minute", "order_id"]), "P.order-start-stop-same-minute",
        "one vasopressor order both stopped and running in one minute", "both stay, the stop first",
    )  # fmt: skip
    ledger.note(
        _both(runs, ["patient_id", "drug", "__minute"]), "P.pressor-start-stop-same-minute",
        "one vasopressor both stopped and running in one minute", "both stay; starts and stops are paired by order",
    )  # fmt: skip
    return frame


def _both(runs: pl.DataFrame, key: list[str]) -> pl.DataFrame:
    stopped, running = (pl.col("rate") == 0).any(), (pl.col("rate") > 0).any()
    both = runs.group_by(key).agg((stopped & running).alias("__both")).filter("__both")
    return runs.join(both, on=key, nulls_equal=True)
