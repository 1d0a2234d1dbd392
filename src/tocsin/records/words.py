"""Words and units as written to the project's own: an unknown one is never taken for something it may not be."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal

import polars as pl

from tocsin import vocabulary
from tocsin.records.ledger import Ledger
from tocsin.units import DECIMALS, conversion

# one unit may mean several conversions, told apart by the name units.py uses
_UNIT_NAMES: dict[str, str] = {"crp": "CRP"}
_DIGITS = 6  # significant, for rates and doses


def renamed(frame: pl.DataFrame, column: str, to: str, lookup: Callable[[str], str | None]) -> pl.DataFrame:
    """`frame` with column `to`: what `lookup` makes of each different word of `column`, null where it knows none."""
    words = frame.get_column(column).cast(pl.String).unique().drop_nulls().to_list()
    known = {word: name for word in words if (name := lookup(word)) is not None}
    found = pl.col(column).cast(pl.String).replace_strict(known, default=None, return_dtype=pl.String)
    return frame.with_columns(found.alias(to))


def by(spellings: Mapping[str, str]) -> Callable[[str], str | None]:
    """A lookup in normalised spellings."""
    return lambda word: spellings.get(vocabulary.normal(word))


def blank(column: str) -> pl.Expr:
    """Nothing is written there."""
    return pl.col(column).is_null() | (pl.col(column).str.strip_chars() == "")


def optional_word(frame: pl.DataFrame, ledger: Ledger, column: str, kind: str | None = None) -> pl.DataFrame:
    """A word that may be missing: an unknown one becomes null, as if it had not been written, and is noted."""
    frame = renamed(frame, column, "__word", by(vocabulary.word_spellings(kind or column)))
    unknown = frame.filter(pl.col("__word").is_null() & ~blank(column))
    ledger.note(
        unknown, f"C.{column.replace('_', '-')}-unknown", f"{column}: a word that is not known", "left empty", "changed"
    )
    return frame.with_columns(pl.col("__word").alias(column)).drop("__word")


def needed_word(
    frame: pl.DataFrame, ledger: Ledger, column: str, kind: Literal["variable", "drug"] | None,
    lookup: Callable[[str], str | None],
) -> pl.DataFrame:  # fmt: skip
    """A word without which the row says nothing. Words known and not used are counted; others need a decision.

    A drug is charted by exception: a pressor or antipyretic under a name we do not know would read as "none given".
    """
    frame = renamed(frame, column, "__word", lookup)
    frame = ledger.exclude(
        frame, blank(column), f"M.{column}-missing", f"no {column} is written", decide=kind == "drug"
    )
    if kind is not None:
        spare = renamed(
            frame, column, "__spare", lambda w: w if vocabulary.normal(w) in vocabulary.not_needed(kind) else None
        )
        frame = ledger.set_unneeded_aside(spare, pl.col("__spare").is_not_null() & pl.col("__word").is_null()).drop(
            "__spare"
        )
    frame = ledger.exclude(
        frame, pl.col("__word").is_null(), f"C.{column}-unknown", f"{column}: a word that is not known", decide=True
    )
    return frame.with_columns(pl.col("__word").alias(column)).drop("__word")


def known_devices(frame: pl.DataFrame, ledger: Ledger) -> pl.DataFrame:
    """Device words; one that is not known becomes `unrecognised`: the class is unknown, and never room air."""
    frame = renamed(frame, "device", "__word", by(vocabulary.device_spellings()))
    unknown = pl.col("__word").is_null() & ~blank("device")
    none = vocabulary.UNRECOGNISED
    asked = frame.filter(unknown | (pl.col("__word") == none))
    ledger.note(
        asked, "C.device-unknown", "device: a word that is not known", "kept as a device of unknown class", "changed",
        decide=True,
    )  # fmt: skip
    ledger.note(
        frame.filter(blank("device")), "M.device-missing", "no device is written",
        "kept as settings of the device that runs already",
    )  # fmt: skip
    return frame.with_columns(pl.when(unknown).then(pl.lit(none)).otherwise("__word").alias("device")).drop("__word")


def in_our_units(frame: pl.DataFrame, ledger: Ledger) -> pl.DataFrame:
    """Measurements in their variable's unit. A unit missing or not known drops the value: it is never guessed."""
    ours = {name: one.unit for name, one in vocabulary.variables().items()}
    frame = renamed(frame, "unit", "__given", lambda word: u.unit if (u := vocabulary.unit(word)) else None)
    frame = frame.with_columns(pl.col("variable").replace_strict(ours, return_dtype=pl.String).alias("__kept"))
    frame = ledger.exclude(
        frame,
        blank("unit"),
        "C.unit-missing",
        "values without a unit",
        decide=True,
        done="set aside: a unit is not guessed",
    )
    pairs: list[tuple[str, str, str]] = (
        frame.select("variable", "__given", "__kept").unique().drop_nulls().sort("variable", "__given").rows()
    )
    made, known = pl.col("value"), pl.lit(False)
    for variable, given, kept in pairs:
        found = conversion(given, kept, _UNIT_NAMES.get(variable, variable))
        if found is None:
            continue
        here = (pl.col("variable") == variable) & (pl.col("__given") == given)
        known = known | here
        if given == kept:
            continue
        made = pl.when(here).then(found.to(pl.col("value")).round(DECIMALS)).otherwise(made)
        ledger.note(
            frame.filter(here),
            "C.unit-converted",
            f"{variable} in {given}",
            f"turned into {kept}: {found.words}",
            "changed",
        )
    frame = ledger.exclude(
        frame, ~known.fill_null(False), "C.unit-unknown", "values in a unit that is not known for their variable",
        decide=True, done="set aside: a unit is not guessed",
    )  # fmt: skip
    return frame.with_columns(made.alias("value")).drop("__given", "__kept")


def amounts(frame: pl.DataFrame, ledger: Ledger, value: str, unit: str) -> pl.DataFrame:
    """Doses or rates in the contract's units. An unknown unit empties the number and keeps the row: it was given."""
    words = frame.get_column(unit).cast(pl.String).unique().drop_nulls().to_list()
    kind = "rate" if value == "rate" else "dose"
    known = {word: one for word in words if (one := vocabulary.unit(word)) is not None and one.dimension == kind}
    name = pl.col(unit).replace_strict({w: u.unit for w, u in known.items()}, default=None, return_dtype=pl.String)
    factor = pl.col(unit).replace_strict({w: u.factor for w, u in known.items()}, default=None, return_dtype=pl.Float64)
    frame = frame.with_columns(name.alias("__unit"), factor.alias("__factor"))
    zero = (pl.col(value) == 0) if kind == "rate" else pl.lit(False)
    lost = pl.col(value).is_not_null() & pl.col("__unit").is_null() & ~zero.fill_null(False)
    matters = pl.col("drug").is_in(
        vocabulary.drugs_in("vasopressor", "vasopressin", "inotrope", "anticytokine", "steroid", "car_t")
    )
    for which, decide in ((matters, True), (~matters, False)):
        ledger.note(
            frame.filter(lost & which), f"C.{kind}-unit-unknown", f"{kind} in a unit that is missing or not known",
            f"{kind} left empty, the row stays", "changed", decide=decide,
        )  # fmt: skip
    if kind == "rate":
        ledger.doubt(frame.filter(lost & pl.col("drug").is_in(vocabulary.drugs_in("vasopressor", "vasopressin"))))
    changed = pl.col("__factor").is_not_null() & (pl.col("__factor") != 1) & pl.col(value).is_not_null()
    for one in sorted({(u.spelling, u.unit) for u in known.values() if u.factor != 1}):
        here = changed & pl.col(unit).is_in([w for w, u in known.items() if (u.spelling, u.unit) == one])
        ledger.note(
            frame.filter(here), f"C.{kind}-converted", f"{kind} in {one[0]}", f"turned into {one[1]}", "changed"
        )
    made = pl.when(changed).then((pl.col(value) * pl.col("__factor")).round_sig_figs(_DIGITS)).otherwise(pl.col(value))
    made = pl.when(lost).then(None).otherwise(made)
    return frame.with_columns(made.alias(value), pl.col("__unit").alias(unit)).drop("__unit", "__factor")
