"""Two virtual patients by hand: what the ward wrote, entry by entry."""

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl

from tocsin.virtual import log
from tocsin.virtual.log import Batch

NAN = float("nan")
ENTRIES = [
    # patient, minute, what, key, value, more
    (0, 30, log.TEMPERATURE, 0, 37.1, NAN), (0, 30, log.SYSTOLIC, 0, 112, NAN), (0, 30, log.DIASTOLIC, 0, 71, NAN),
    (0, 30, log.HEART_RATE, 0, 88, NAN), (0, 30, log.SPO2, 0, 98, NAN), (0, 30, log.DEVICE, 0, NAN, NAN),
    (0, 60, log.CRP, 0, 12.5, 45), (0, 60, log.IL6, 0, 7.25, 200), (0, 60, log.ICE, 0, 10, NAN),
    (0, 60, log.CONSCIOUSNESS, 0, 0, NAN), (0, 60, log.SEIZURE, 0, 0, NAN), (0, 60, log.MOTOR_WEAKNESS, 0, 0, NAN),
    (0, 60, log.OEDEMA, 0, 0, NAN),
    (0, 240, log.TEMPERATURE, 0, 39.2, NAN), (0, 240, log.TEMPERATURE, 0, 38.9, NAN),
    (0, 240, log.SYSTOLIC, 0, 84, NAN),
    (0, 240, log.CRS_GRADE, 0, 1, NAN), (0, 250, log.CULTURE, 0, 1, 2880), (0, 255, log.DOSE, 3, 650, NAN),
    (0, 260, log.DOSE, 6, 1000, NAN), (0, 300, log.ICU_IN, 0, 0, NAN), (0, 310, log.RATE, 0, 0.05, NAN),
    (0, 320, log.RATE, 1, 0.03, NAN), (0, 340, log.RATE, 0, 0.1, NAN), (0, 400, log.RATE, 0, 0, NAN),
    (0, 410, log.RATE, 1, 0, NAN), (0, 430, log.RATE, 0, 0.07, NAN), (0, 500, log.RATE, 0, 0, NAN),
    (0, 520, log.DEVICE, 3, 40, 0.5), (0, 600, log.ICU_OUT, 0, 0, NAN), (0, 900, log.DOSE, 0, 480, NAN),
    (0, 20160, log.DISCHARGE, 0, 0, NAN),
    (1, 15, log.TEMPERATURE, 0, 40.0, NAN), (1, 16, log.CAPD, 0, 12, NAN), (1, 20, log.ICU_IN, 0, 0, NAN),
    (1, 30, log.DEVICE, 5, NAN, 1.0),
]  # fmt: skip


def batch(first: int = 0) -> Batch:
    """Patient 0 goes home on day 14 and relapses; patient 1, a child, dies in intensive care after 50 minutes."""
    facts = pl.DataFrame({
        "patient": [first, first + 1], "age_y": [34.0, 7.0], "weight_kg": [60.0, 22.5], "sex": ["female", "male"],
        "centre": [2, 6], "product": ["tisagenlecleucel"] * 2, "disease": ["B-ALL"] * 2,
        "blasts_percent": [12.5, 80.0], "cells_per_kg": [2e6, 3e6], "lymphodepletion": ["Flu/Cy"] * 2,
        "calendar_day": [0, 400], "admitted": [-4320, -1500],
    })  # fmt: skip
    outcomes = pl.DataFrame({
        "cr": [True, None], "mrd_negative": [True, None], "response_day": [28, None],
        "relapse_month": [6.0, None], "transplant_month": [None, None], "death_month": [30.0, 50 / 1440 / 30.4375],
        "death_cause": ["relapse", "crs"], "efs_month": [6.0, 50 / 1440 / 30.4375], "efs_event": [True, True],
        "os_month": [24.0, 50 / 1440 / 30.4375], "os_event": [False, True],
        "followed_months": [24.0, 50 / 1440 / 30.4375],
    }, schema_overrides={"transplant_month": pl.Float64})  # fmt: skip
    summary = pl.DataFrame({"death_minute": [None, 50]}, schema={"death_minute": pl.Int64})
    return Batch(first, facts, np.array(ENTRIES, log.ENTRY), outcomes, summary)


def at(minute: int, day: int = 0) -> datetime:
    """The instant of a minute of a patient infused on this day of the world: 10:00 in Shanghai, 02:00 UTC."""
    return datetime(2021, 1, 4, 2, 0, tzinfo=UTC) + timedelta(days=day, minutes=minute)
