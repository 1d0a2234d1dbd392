"""The words of the field as data: variables, drugs, devices, units and what they are called elsewhere.

A word matches when it is the same after case, white space and full-width characters are made alike. Nothing is guessed
from a part of a word: 去甲肾上腺素 and 异丙肾上腺素 are not 肾上腺素, and a re-spelled device is no device.
"""

from __future__ import annotations

import csv
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Protocol

_FOLDER = Path(__file__).parent
OXYGEN_RULES = (
    "none", "by_flow", "low", "high", "by_fio2", "positive_pressure", "ventilator", "unknown_oxygen", "unrecognised",
)  # fmt: skip
DRUG_GROUPS = (
    "vasopressor", "vasopressin", "inotrope", "antipyretic", "steroid", "anticytokine", "antibiotic", "car_t", "fluid",
    "coagulation", "other",
)  # fmt: skip
UNRECOGNISED = "unrecognised"


@dataclass(frozen=True)
class Variable:
    """A number read at an instant. `low` and `high` are inclusive and in `unit`; `kind` is vital, body or lab."""

    name: str
    kind: str
    unit: str
    low: float
    high: float
    aliases: tuple[str, ...]
    loinc: tuple[str, ...]
    omop: tuple[str, ...]
    clif: tuple[str, ...]
    tag: str


@dataclass(frozen=True)
class Drug:
    """A drug and its group. `dexamethasone_factor` turns mg into mg of dexamethasone (steroids only)."""

    name: str
    group: str
    counts_as_vasopressor: bool
    dexamethasone_factor: float | None
    aliases: tuple[str, ...]
    rxnorm: tuple[str, ...]
    atc: tuple[str, ...]
    clif: tuple[str, ...]
    tag: str


@dataclass(frozen=True)
class Device:
    """An oxygen device. `oxygen` is its class rule; `when_missing` the class where the flow or FiO2 it needs is absent;
    `fio2` the fraction assumed where none is charted, None where no source gives one."""

    name: str
    oxygen: str
    when_missing: str
    fio2: float | None
    aliases: tuple[str, ...]
    clif_2_1: str
    clif_3_0: str
    tag: str


@dataclass(frozen=True)
class Unit:
    """A spelling of a unit. The number times `factor` is in `unit`, a unit of `units.py` or of the drugs table."""

    spelling: str
    unit: str
    dimension: str
    factor: float
    tag: str


class _Spelled(Protocol):
    @property
    def name(self) -> str: ...
    @property
    def aliases(self) -> tuple[str, ...]: ...


def normal(word: str) -> str:
    """`word` with case, white space and full-width characters made alike."""
    return " ".join(unicodedata.normalize("NFKC", word).casefold().split())


def _rows(file: str) -> list[dict[str, str]]:
    with (_FOLDER / file).open(encoding="utf-8", newline="") as opened:
        return list(csv.DictReader(opened))


def _parts(cell: str) -> tuple[str, ...]:
    return tuple(part for part in cell.split("|") if part)


def _number(cell: str) -> float | None:
    return float(cell) if cell else None


def _ratio(cell: str) -> float:
    top, _, bottom = cell.partition("/")
    return float(Fraction(top) / Fraction(bottom or "1"))


@cache
def variables() -> Mapping[str, Variable]:
    """Every variable by its name."""
    return {
        row["name"]: Variable(
            row["name"], row["kind"], row["unit"], float(row["low"]), float(row["high"]), _parts(row["aliases"]),
            _parts(row["loinc"]), _parts(row["omop"]), _parts(row["clif"]), row["tag"],
        )
        for row in _rows("variables.csv")
    }  # fmt: skip


@cache
def drugs() -> Mapping[str, Drug]:
    """Every drug by its name."""
    return {
        row["name"]: Drug(
            row["name"], row["group"], row["counts_as_vasopressor"] == "yes", _number(row["dexamethasone_factor"]),
            _parts(row["aliases"]), _parts(row["rxnorm"]), _parts(row["atc"]), _parts(row["clif"]), row["tag"],
        )
        for row in _rows("drugs.csv")
    }  # fmt: skip


@cache
def devices() -> Mapping[str, Device]:
    """Every device by its name; the last, `unrecognised`, is what a word that is none of ours becomes."""
    return {
        row["name"]: Device(
            row["name"], row["oxygen"], row["when_missing"], _number(row["fio2"]), _parts(row["aliases"]),
            row["clif_2_1"], row["clif_3_0"], row["tag"],
        )
        for row in _rows("devices.csv")
    }  # fmt: skip


@cache
def units() -> tuple[Unit, ...]:
    """Every spelling of every unit."""
    return tuple(
        Unit(row["spelling"], row["unit"], row["dimension"], _ratio(row["factor"]), row["tag"])
        for row in _rows("units.csv")
    )


def spellings(entries: Iterable[_Spelled], more: Mapping[str, tuple[str, ...]] | None = None) -> dict[str, str]:
    """Normalised spelling to name. Raises ValueError where one spelling has two meanings."""
    made: dict[str, str] = {}
    for entry in entries:
        for word in (entry.name, *entry.aliases, *(more or {}).get(entry.name, ())):
            if made.setdefault(normal(word), entry.name) != entry.name:
                raise ValueError(f"{word}: both {made[normal(word)]} and {entry.name}")
    return made


@cache
def variable_spellings() -> Mapping[str, str]:
    """Normalised spelling, CLIF category among them, to variable name."""
    return spellings(variables().values(), {v.name: v.clif for v in variables().values()})


@cache
def drug_spellings() -> Mapping[str, str]:
    """Normalised spelling, CLIF category among them, to drug name."""
    return spellings(drugs().values(), {d.name: d.clif for d in drugs().values()})


@cache
def device_spellings() -> Mapping[str, str]:
    """Normalised spelling, both CLIF versions among them, to device name."""
    clif = {d.name: tuple(word for word in (d.clif_2_1, d.clif_3_0) if word) for d in devices().values()}
    return spellings(devices().values(), clif)


@cache
def unit_spellings() -> Mapping[str, Unit]:
    """Normalised spelling to unit."""
    made: dict[str, Unit] = {}
    for one in units():
        if (made.setdefault(normal(one.spelling), one)).unit != one.unit:
            raise ValueError(f"{one.spelling}: two units")
    return made


@cache
def word_spellings(kind: str) -> Mapping[str, str]:
    """Normalised spelling to our word, for a kind of words.csv: method, site, sex, stay, route, action, item, ..."""
    made: dict[str, str] = {}
    for row in _rows("words.csv"):
        if row["kind"] != kind:
            continue
        for word in (row["name"], *_parts(row["aliases"])):
            if made.setdefault(normal(word), row["name"]) != row["name"]:
                raise ValueError(f"{kind} {word}: both {made[normal(word)]} and {row['name']}")
    if not made:
        raise KeyError(kind)
    return made


@cache
def word_kinds() -> tuple[str, ...]:
    """The kinds of words.csv, in order."""
    return tuple(dict.fromkeys(row["kind"] for row in _rows("words.csv")))


@cache
def not_needed(kind: str) -> frozenset[str]:
    """Normalised names of variables or drugs that are known and that tocsin does not use."""
    return frozenset(normal(n) for row in _rows("not_needed.csv") if row["kind"] == kind for n in _parts(row["names"]))


def variable(word: str) -> Variable | None:
    """The variable a word names, or None."""
    name = variable_spellings().get(normal(word))
    return variables()[name] if name else None


def drug(word: str) -> Drug | None:
    """The drug a word names, or None."""
    name = drug_spellings().get(normal(word))
    return drugs()[name] if name else None


def device(word: str) -> Device | None:
    """The device a word names, or None: then the class is unknown, never room air."""
    name = device_spellings().get(normal(word))
    return devices()[name] if name else None


def unit(word: str) -> Unit | None:
    """The unit a spelling stands for, or None: a unit is never guessed."""
    return unit_spellings().get(normal(word))


def drugs_in(*groups: str) -> tuple[str, ...]:
    """Names of the drugs of these groups."""
    return tuple(one.name for one in drugs().values() if one.group in groups)
