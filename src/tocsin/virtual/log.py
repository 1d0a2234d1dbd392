"""What the ward wrote of its virtual patients: the contract between the kernel that makes it and the records of it.

One row an entry, sorted by patient and minute; within a minute in the order written. Nothing here is hidden truth.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

#: patient: place in the batch; minute since the infusion; what: an entry below; key: which drug or device.
ENTRY = np.dtype(
    [("patient", "i4"), ("minute", "i4"), ("what", "i2"), ("key", "i2"), ("value", "f8"), ("more", "f8")], align=True
)
(
    TEMPERATURE, SYSTOLIC, DIASTOLIC, MEAN_PRESSURE, HEART_RATE, RESPIRATORY_RATE, SPO2,
    CRP, FERRITIN, IL6, PLATELETS, CREATININE, ALT, AST, LDH, BILIRUBIN, NEUTROPHILS, FIBRINOGEN,
    ICE, CAPD, CONSCIOUSNESS, SEIZURE, MOTOR_WEAKNESS, OEDEMA,
    DOSE, RATE, DEVICE, ICU_IN, ICU_OUT, DISCHARGE, CULTURE, CRS_GRADE, ICANS_GRADE,
) = range(33)  # fmt: skip
#: Readings and laboratory values: names of the vocabulary, in its units; `more` of a laboratory value: minutes until
#: the ward could know it. ICE, CAPD: points; the four after them: index into the words of `signs.state`.
VARIABLES = (
    "temperature", "systolic", "diastolic", "mean_pressure", "heart_rate", "respiratory_rate", "spo2",
    "crp", "ferritin", "il6", "platelets", "creatinine", "alt", "ast", "ldh", "bilirubin", "neutrophils", "fibrinogen",
)  # fmt: skip
#: DOSE: `key` into DRUGS, `value` the dose in UNITS, given at once. FLUID doses are volumes.
DRUGS = (
    "tocilizumab", "dexamethasone", "methylprednisolone", "acetaminophen", "siltuximab", "anakinra", "sodium_chloride",
)  # fmt: skip
UNITS = ("mg", "mg", "mg", "mg", "mg", "mg", "mL")
#: RATE: `key` into PRESSORS, `value` the new rate in RATE_UNITS; 0 stops it.
#: A rate is charted anew at least every 8 h; every row is a row of its order, without a printed stop.
PRESSORS = ("norepinephrine", "vasopressin", "epinephrine")
RATE_UNITS = ("ug/kg/min", "U/min", "ug/kg/min")
#: DEVICE: `key` into DEVICES from this minute on, `value` flow in L/min, `more` oxygen fraction; NaN = not charted.
#: Charted anew at least every 12 h; every row is a record of its own, without a printed stop.
DEVICES = ("room_air", "nasal_cannula", "face_mask", "hfnc", "bipap", "ventilator")
#: CULTURE: `value` 0 negative, 1 positive, `more` minutes until reported. CRS_GRADE, ICANS_GRADE: what the ward's chart
#: says from this minute on (proved grade on ASTCT), for comparison with `tocsin grade`; no record table holds them.


@dataclass(frozen=True)
class Batch:
    """Virtual patients `first` to `first + n` of one world, cared for in one way.

    `facts`: one row a patient, what the hospital knows at the infusion: patient (Int64, from 0), age_y, weight_kg, sex,
    centre, product, disease, blasts_percent, cells_per_kg, lymphodepletion, calendar_day (of the infusion, from day 0
    of the world). `log`: ENTRY rows, empty where the run kept none. `outcomes`: one row a patient, months or days from
    the infusion: cr (Boolean), mrd_negative, response_day, relapse_month, transplant_month, death_month, death_cause
    (crs, icans, relapse, other; null = alive), efs_month, efs_event, os_month, os_event, followed_months (end of
    follow-up). `summary`: one row a patient, what the ward's chart came to: column names of `virtual.run.SUMMARY`.
    `propensity`: hourly probability of a first dose in usual practice, [n, hours] float32, or None.
    """

    first: int
    facts: pl.DataFrame
    log: np.ndarray[Any, Any]
    outcomes: pl.DataFrame
    summary: pl.DataFrame
    propensity: np.ndarray[Any, Any] | None = None
