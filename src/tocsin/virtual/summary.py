"""What a patient's chart came to, kept as it is written: the summary of a stay."""

from __future__ import annotations

from typing import Any

import numpy as np

from tocsin.virtual import log as entry
from tocsin.virtual import ward

CRS_DEATH, ICANS_DEATH, OTHER_DEATH = 1, 2, 3
#: What a patient's chart came to: minutes (NEVER = not), counts, and values charted at most (NaN = never charted).
SUMMARY = np.dtype(
    [
        (name, "i4")
        for name in (
            "onset", "episode_end", "episodes", "crs_max", "icans_max", "crs1_at", "crs2_at", "crs3_at", "crs4_at",
            "icans1_at", "icans2_at", "icans3_at", "icans4_at", "due_at", "due_known_at", "given_at", "given_grade",
            "doses", "dose1_at", "dose2_at", "dose3_at", "steroids", "steroid_at", "acetaminophen", "boluses",
            "pressor_at", "pressor_hours", "pressors_max", "device_max", "oxygen_at", "ventilator_at", "icu_at",
            "icu_hours", "readings", "discharge_at", "death_minute", "death_code", "rows",
        )
    ]
    + [
        (name, "f8")
        for name in (
            "steroid_mg", "temperature_max", "crp_max", "ferritin_max", "il6_hidden_max", "temperature_dose",
            "temperature_24h", "temperature_48h", "blasts28",
        )
    ],
    align=True,
)  # fmt: skip
SINCE = ("onset", "episode_end", "crs1_at", "crs2_at", "crs3_at", "crs4_at", "icans1_at", "icans2_at", "icans3_at",
         "icans4_at", "due_at", "due_known_at", "given_at", "dose1_at", "dose2_at", "dose3_at", "steroid_at",
         "pressor_at", "oxygen_at", "ventilator_at", "icu_at", "discharge_at", "death_minute")  # fmt: skip


def begin_summary(y: Any) -> None:
    """Nothing happened yet; the minutes come filled with NEVER."""
    y.given_grade, y.icans_max, y.crs_max = -1, 0, 0
    y.temperature_max, y.crp_max, y.ferritin_max = np.nan, np.nan, np.nan
    y.temperature_dose, y.temperature_24h, y.temperature_48h = np.nan, np.nan, np.nan


def worst(old: float, new: float) -> float:
    """The larger; NaN where neither is known."""
    return new if old != old or new > old else old


def earlier(old: int, now: int) -> int:
    """The first minute."""
    return min(old, now)


def set_grades(log: Any, bed: Any, ch: Any, y: Any, grades: Any, minute: int) -> None:
    """Charts the proved ASTCT grades where they change."""
    crs, icans = grades[0] & 7, grades[1] & 7
    if crs != ch.crs:
        ch.crs = crs
        ward.note(log, bed, ch, minute, entry.CRS_GRADE, 0, float(crs), np.nan)
        y.crs_max = max(y.crs_max, crs)
        if crs >= 1:
            y.crs1_at = earlier(y.crs1_at, minute)
        if crs >= 2:
            y.crs2_at = earlier(y.crs2_at, minute)
        if crs >= 3:
            y.crs3_at = earlier(y.crs3_at, minute)
        if crs >= 4:
            y.crs4_at = earlier(y.crs4_at, minute)
    if icans != ch.icans:
        ch.icans = icans
        ward.note(log, bed, ch, minute, entry.ICANS_GRADE, 0, float(icans), np.nan)
        y.icans_max = max(y.icans_max, icans)
        if icans >= 1:
            y.icans1_at = earlier(y.icans1_at, minute)
        if icans >= 2:
            y.icans2_at = earlier(y.icans2_at, minute)
        if icans >= 3:
            y.icans3_at = earlier(y.icans3_at, minute)
        if icans >= 4:
            y.icans4_at = earlier(y.icans4_at, minute)


def count_hour(ch: Any, y: Any, minute: int) -> None:
    """Adds what runs this hour to the summary."""
    if ch.norepinephrine > 0:
        y.pressor_hours += 1
        y.pressor_at = earlier(y.pressor_at, minute)
        others = (1 if ch.vasopressin > 0 else 0) + (1 if ch.epinephrine > 0 else 0)
        y.pressors_max = max(y.pressors_max, 1 + others)
    if ch.level > 0:
        y.oxygen_at = earlier(y.oxygen_at, minute)
        y.device_max = max(y.device_max, ch.level)
        if ch.level == 4:
            y.ventilator_at = earlier(y.ventilator_at, minute)
    if ch.icu:
        y.icu_hours += 1
        y.icu_at = earlier(y.icu_at, minute)
