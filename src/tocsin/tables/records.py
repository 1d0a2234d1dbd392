"""What the hospital wrote: the record tables, and `Records`, which a reader hands over."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from tocsin.errors import TocsinError
from tocsin.tables.contract import TIME, B, F, I, S, Table, may, need
from tocsin.tables.derived import ACCOUNT, FINDINGS

_ROW = (need("source", S, "file the row came from"), need("source_row", pl.Int64, "row in that file, from 1", low=1))
_CLOCK = (
    need("available_time", TIME, "when the ward could know it; equal to time where the source has one clock"),
    need("precision", S, "what the source resolves", choices=("minute", "day")),
)
_PATIENT = need("patient_id", S, "patient as named in the records")

PATIENTS = Table(
    "patients",
    "one row a patient; facts with a time live in the other tables",
    (
        _PATIENT,
        may("sex", S, "sex as recorded", choices=("female", "male", "other")),
        may("birth_date", pl.Date, "date of birth"),
        may("age_y", F, "age at the first stay or infusion, where no birth date is given", "years", low=0, high=130),
        may("weight_kg", F, "weight", "kg", low=2, high=400),
        may("height_cm", F, "height", "cm", low=20, high=260),
        may("disease", S, "disease treated"),
        may("blasts_percent", F, "marrow blasts before lymphodepletion", "%", low=0, high=100),
        may("extramedullary", B, "extramedullary disease"),
        may("cns_disease", B, "disease of the central nervous system"),
        may("prior_lines", I, "lines of treatment before", low=0),
        may("prior_transplant", B, "transplant before the infusion"),
        may("developmental_delay", B, "CAPD is used instead of ICE whatever the age"),
        may("centre", S, "hospital"),
        may("lymphodepletion", S, "regimen"),
        may("bridging", B, "bridging therapy given"),
        *_ROW,
    ),
    ("patient_id",),
)
STAYS = Table(
    "stays",
    "when the patient was in hospital and where; outside every stay nothing is known",
    (
        _PATIENT,
        need("start", TIME, "admission"),
        may("stop", TIME, "discharge; null while the patient is still there"),
        need("kind", S, "where", choices=("hospital", "icu", "ward", "procedure", "other")),
        may("stay_id", S, "stay as named in the records"),
        may("discharge_to", S, "where to"),
        *_ROW,
    ),
)
MEASUREMENTS = Table(
    "measurements",
    "numbers read at an instant, in the vocabulary's unit",
    (
        _PATIENT,
        need("time", TIME, "when it was measured"),
        *_CLOCK,
        need("variable", S, "name in vocabulary/variables.csv"),
        need("value", F, "value in the variable's unit"),
        may("method", S, "for pressures", choices=("arterial", "cuff", "manual")),
        may(
            "site",
            S,
            "for temperatures",
            choices=("oral", "axillary", "rectal", "core", "tympanic", "temporal", "skin"),
        ),
        *_ROW,
    ),
)
DRUGS = Table(
    "drugs",
    "given drugs, CAR-T infusions among them; a continuous row says at what rate its order runs from `start` on",
    (
        _PATIENT,
        need("start", TIME, "given, or the instant from which the rate holds"),
        *_CLOCK,
        need("drug", S, "name in vocabulary/drugs.csv"),
        need("mode", S, "one dose, or an infusion with a rate", choices=("dose", "infusion")),
        may("order_id", S, "order; pairs starts and stops"),
        may("stop", TIME, "end of an infusion, where the source prints it in the same row"),
        may("dose", F, "amount of a single dose", "dose_unit", low=0),
        may("dose_unit", S, "mg, or cells/kg for a CAR-T product", choices=("mg", "ug", "g", "U", "mL", "cells/kg")),
        may("rate", F, "rate of an infusion; 0 = stopped; null = runs at an unknown rate", "rate_unit", low=0),
        may("rate_unit", S, "unit of rate", choices=("ug/min", "ug/kg/min", "U/min", "mg/h", "mL/h")),
        may("route", S, "route as recorded"),
        *_ROW,
    ),
)
SUPPORTS = Table(
    "supports",
    "oxygen and ventilation",
    (
        _PATIENT,
        need("start", TIME, "from when"),
        *_CLOCK,
        may("device", S, "name in vocabulary/devices.csv; null = settings of the device that runs already"),
        may("stop", TIME, "until when, where the source prints it in the same row"),
        may("flow_l_min", F, "oxygen flow", "L/min", low=0, high=80),
        may("fio2", F, "inspired oxygen fraction", "fraction", low=0.2, high=1),
        may(
            "reason",
            S,
            "why positive pressure is used",
            choices=("crs_hypoxia", "airway_protection", "known_sleep_apnoea", "procedure", "unknown"),
        ),
        *_ROW,
    ),
)
ITEMS: dict[str, tuple[str, ...]] = {
    "ice": (),
    "capd": (),
    "cartox10": (),
    "consciousness": ("awake", "to_voice", "to_touch", "unarousable", "sedated"),
    "seizure": (
        "none",
        "resolved_partial",
        "resolved",
        "resolved_generalised",
        "nonconvulsive",
        "prolonged",
        "repetitive",
    ),
    "motor_weakness": ("no", "yes"),
    "oedema": ("none", "focal", "diffuse", "raised_pressure"),
    "papilloedema": ("none", "low", "high"),
    "ctcae_creatinine": (),
    "ctcae_transaminase": (),
    "ctcae_organ": (),
    "dialysis": ("no", "yes"),
    "crs_care": ("none", "iv_therapy"),
    "culture": ("taken", "positive", "negative"),
    "attribution_fever": ("yes", "no", "unknown"),
    "attribution_hypotension": ("yes", "no", "unknown"),
    "attribution_oxygen": ("yes", "no", "unknown"),
    "attribution_neurotoxicity": ("yes", "no", "unknown"),
    "attribution_organ": ("yes", "no", "unknown"),
}
ASSESSMENTS = Table(
    "assessments",
    "what somebody judged or scored: ICE and CARTOX-10 0-10, CAPD 0-32, consciousness, seizure, motor, oedema, "
    "papilloedema, CTCAE grades 0-4, dialysis, care, cultures, attribution",
    (
        _PATIENT,
        need("time", TIME, "when"),
        *_CLOCK,
        need("item", S, "what", choices=tuple(ITEMS)),
        may("value", S, "one of the item's words, or a whole number for ice, cartox10, capd and the CTCAE grades"),
        *_ROW,
    ),
)
OUTCOMES = Table(
    "outcomes",
    "what became of the patient",
    (
        _PATIENT,
        need("time", TIME, "when; date-only events stand at 12:00 local, precision day"),
        *_CLOCK,
        need(
            "what",
            S,
            "kind",
            choices=(
                "response",
                "mrd",
                "relapse",
                "transplant",
                "new_therapy",
                "death",
                "last_contact",
                "assessment_end",
            ),
        ),
        may(
            "value",
            S,
            "response: cr, cri, crh, pr, nr; mrd: negative, positive; death: crs, icans, infection, progression, other",
        ),
        may("method", S, "mrd: flow, pcr, ngs"),
        may("sensitivity", F, "mrd: smallest fraction the assay sees", low=0, high=1),
        may("adjudicated_by", S, "who decided the cause of death: a role, not a name"),
        *_ROW,
    ),
)
RECORD_TABLES = (PATIENTS, STAYS, MEASUREMENTS, DRUGS, SUPPORTS, ASSESSMENTS, OUTCOMES)

DOUBTS = {"patient_id": S, "table": S}


@dataclass(frozen=True)
class Records:
    """What a reader hands over: the record tables (sorted by patient and time), what was wrong, and what was supplied.

    `supplied` names the tables the source really has: without its table a sign is unknown, never normal. `zone` is the
    hospital's time zone; every instant here is UTC. `doubts` (patient_id, table) names the patients from whom a row of
    drugs or supports was set aside, or emptied of its word, under a finding that needs a decision: that such a table
    has no row proves nothing for them.
    """

    patients: pl.DataFrame
    stays: pl.DataFrame
    measurements: pl.DataFrame
    drugs: pl.DataFrame
    supports: pl.DataFrame
    assessments: pl.DataFrame
    outcomes: pl.DataFrame
    findings: pl.DataFrame = field(default_factory=FINDINGS.empty)
    account: pl.DataFrame = field(default_factory=ACCOUNT.empty)
    supplied: frozenset[str] = frozenset()
    doubts: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=DOUBTS))
    zone: str = "UTC"
    hashes: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, tables: Mapping[str, pl.DataFrame], **more: Any) -> Records:
        """From the record tables at hand, the others empty; each is brought into its contract's shape and checked."""
        given: dict[str, Any] = {t.name: t.check(t.frame(tables.get(t.name))) for t in RECORD_TABLES}
        given |= {"supplied": frozenset(tables), **more}
        return cls(**given)

    def table(self, name: str) -> pl.DataFrame:
        """One record table by its contract's name."""
        return getattr(self, name)

    def check(self) -> Records:
        """Itself, or TocsinError with every breach of every table."""
        problems = [p for t in RECORD_TABLES for p in t.problems(self.table(t.name))]
        if problems:
            raise TocsinError(problems)
        return self
