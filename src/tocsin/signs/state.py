"""The state of a course: its slots, orders and course record, the codes of what arrives, and the packed situation."""

from __future__ import annotations

from typing import Any

import numpy as np

NEVER = 2**30  # far enough from the ends of Int32 that sums of minutes cannot overflow
LONG_AGO = -(2**29)
MINUTES_A_DAY = 1440

# slots: values that are read and stay known for a window
TEMPERATURE, SYSTOLIC, MEAN, SPO2, ICE, CAPD, CONSCIOUSNESS, SEIZURE, MOTOR, OEDEMA = range(10)
NARROW = 10  # slots of the ASTCT scales; the others are filled only when a scale asks for the wide situation
(
    CREATININE, BILIRUBIN, AST, ALT, FIBRINOGEN, CTCAE_CREATININE, CTCAE_TRANSAMINASE, CTCAE_ORGAN, CARTOX10,
    PAPILLOEDEMA, CARE,
) = range(NARROW, 21)  # fmt: skip
SLOTS = 21
SLOT_NAMES = (
    "temperature", "systolic", "mean_pressure", "spo2", "ice", "capd", "consciousness", "seizure", "motor_weakness",
    "oedema", "creatinine", "bilirubin", "ast", "alt", "fibrinogen", "ctcae_creatinine", "ctcae_transaminase",
    "ctcae_organ", "cartox10", "papilloedema", "crs_care",
)  # fmt: skip
CONSCIOUSNESS_WORDS = ("awake", "to_voice", "to_touch", "unarousable", "sedated")
SEIZURE_WORDS = (
    "none", "resolved_partial", "resolved", "resolved_generalised", "nonconvulsive", "prolonged", "repetitive",
)  # fmt: skip
MOTOR_WORDS = ("no", "yes")
OEDEMA_WORDS = ("none", "focal", "diffuse", "raised_pressure")
PAPILLOEDEMA_WORDS = ("none", "low", "high")
CARE_WORDS = ("none", "iv_therapy")
SEDATED = 4

# acts: what is not a number read at an instant
(
    STAY_START,
    ORDER_STOP,
    DEVICE_STOP,
    ORDER_RUNS,
    MASKING,
    TOCILIZUMAB,
    DEVICE,
    SETTINGS,
    ASSESSED,
    ATTRIBUTED,
    STAY_END,
    READING,
    FLUID,
    PRODUCT,
    DOUBT,
) = range(15)
# order inside a minute: stay starts, stops, starts, readings, stay ends; an act's rank is this times two
RANKS = {STAY_START: 0, ORDER_STOP: 2, DEVICE_STOP: 2, ORDER_RUNS: 4, MASKING: 4, TOCILIZUMAB: 4, DEVICE: 4,
         FLUID: 4, PRODUCT: 4, DOUBT: 4, SETTINGS: 6, ASSESSED: 6, ATTRIBUTED: 6, READING: 8, STAY_END: 10}  # fmt: skip
READING_RANK = RANKS[READING]
ANTIPYRETIC, STEROID, ANTICYTOKINE = 1, 2, 3
OF_DRUGS, OF_CARE, OF_SUPPORTS = range(3)  # which rows a doubt is about
FEVER_AXIS, HYPOTENSION_AXIS, OXYGEN_AXIS, NEURO_AXIS, ORGAN_AXIS = range(5)
AXES = 5
NO, UNSURE, YES = range(3)  # of two in one minute the higher counts

# oxygen class rules of vocabulary/devices.csv
CLASS_RULES = ("none", "by_flow", "by_flow_high", "low", "high", "by_fio2", "positive_pressure", "ventilator",
               "unknown_oxygen", "unrecognised")  # fmt: skip
(R_NONE, R_CANNULA, R_HFNC, R_LOW, R_HIGH, R_BY_FIO2, R_POSITIVE, R_VENTILATOR, R_SOME_OXYGEN, R_UNRECOGNISED) = range(
    10
)
FIO2_FIXED, FIO2_CANNULA, FIO2_MASK = range(3)

SLOT = np.dtype([("value", "f8"), ("read", "i4"), ("due", "i4"), ("position", "i4"), ("rank", "i4")], align=True)
ORDER = np.dtype(
    [
        ("key", "i4"),
        ("drug", "i4"),
        ("start", "i4"),
        ("due", "i4"),
        ("position", "i4"),
        ("stop", "i4"),
        ("running", "i1"),
        ("rate", "f8"),
        ("rate_kg", "f8"),
    ],
    align=True,
)
ORDERS = 48
PRESSORS = 16
COURSE = np.dtype(
    [
        # fixed for the course
        ("limit_low", "f8"),
        ("limit_high", "f8"),
        ("uses_ice", "i1"),
        ("uses_capd", "i1"),
        ("infusion", "i1"),
        ("covers_drugs", "i1"),
        ("covers_care", "i1"),
        ("stays_given", "i1"),
        ("end", "i4"),
        ("weight", "f8"),
        ("light", "i1"),
        # state
        ("covered", "i1"),
        ("neuro", "i1"),
        ("soonest", "i4"),
        ("orders_used", "i4"),
        ("pressor_position", "i4"),
        ("previous_low", "i1"),
        ("previous_due", "i4"),
        ("support", "i4"),
        ("device_start", "i4"),
        ("device_due", "i4"),
        ("device_position", "i4"),
        ("device_key", "i4"),
        ("device_stop", "i4"),
        ("device_over", "i1"),
        ("device_low", "i1"),
        ("device_high", "i1"),
        ("flow_read", "i4"),
        ("fio2_read", "i4"),
        ("supports_open", "i1"),
        ("flow", "f8"),
        ("fio2", "f8"),
        ("excluded", "i1"),
        ("intubated", "i4"),
        ("attribution", "i1", (AXES,)),
        ("attribution_read", "i4", (AXES,)),
        ("open", "i1"),
        ("number", "i4"),
        ("onset", "i4"),
        ("last_held", "i4"),
        ("last_fever", "i4"),
        ("waived", "i1"),
        ("last_antipyretic", "i4"),
        ("last_steroid", "i4"),
        ("prior_fever", "i1"),
        ("last_febrile_read", "i4"),
        ("seen_read", "i4"),
        ("fever_was", "i1"),
        ("held_was", "i1"),
        ("began_prior", "i1"),
        ("tocilizumab", "i4"),
        ("last_tocilizumab", "i4"),
        ("ended", "i1"),
        ("ended_onset", "i4"),
        ("ended_end", "i4"),
        ("ended_at", "i4"),
        ("ended_prior", "i1"),
        # whether an episode that has begun may still be open, where a sign is unknown
        ("may_open", "i1"),
        ("may_waived", "i1"),
        ("may_fever", "i4"),
        ("may_held", "i4"),
        ("may_fever_was", "i1"),
        ("may_held_was", "i1"),
        ("may_antipyretic", "i4"),
        ("may_steroid", "i4"),
        # state of the wide situation
        ("all_low", "i1"),
        ("all_high", "i1"),
        ("silent", "i1"),
        ("calm", "i1"),
        ("lee_since", "i4"),
        ("penn_since", "i4"),
        ("ran", "i1"),
        ("ran_minutes", "i4"),
        ("ran_last", "i4"),
        ("may_run", "i1"),
        ("may_minutes", "i4"),
        ("may_last", "i4"),
        ("mark", "i4"),
        ("bolus", "i4", (2,)),
        ("maybe_bolus", "i4", (2,)),
        ("product", "i4"),
    ],
    align=True,
)
RULES = np.dtype(
    [
        ("fever", "f8"),
        ("mean_below", "f8"),
        ("ice_low", "i4"),
        ("confirm", "i1"),
        ("silent", "i4"),
        ("overlap", "i4"),
        ("after_intubation", "i4"),
        ("device_valid", "i4"),
        ("assume_oxygen", "i1"),
        ("marshall", "i1"),
        ("prior_fever", "i4"),
        ("fever_free", "i4"),
        ("search", "i4"),
        ("carry", "i4"),
        ("waive_antipyretic", "i1"),
        ("resolve", "i4"),
        ("mask_antipyretic", "i4"),
        ("mask_steroid", "i4"),
        ("assume_neuro", "i1"),
        ("windows", "i4", (SLOTS,)),
        ("slots", "i4"),
        ("wide", "i1"),
        ("high_dose", "i4"),
        ("pressor_long", "i4"),
        ("fluid_window", "i4"),
        ("product_window", "i4"),
        ("first_weeks", "i4"),
        ("role", "i1", (PRESSORS,)),
        ("pressors", "i4"),
        ("vasopressin", "i1", (PRESSORS,)),
        ("ventilator", "i4"),
        ("room_air", "i4"),
        ("class_rule", "i1", (32,)),
        ("fio2_rule", "i1", (32,)),
        ("fio2_default", "f8", (32,)),
    ],
    align=True,
)
ACT = np.dtype(
    [("minute", "i4"), ("rank", "i4"), ("kind", "i4"), ("code", "i4"), ("key", "i4"), ("flag", "i4"), ("read", "i4"),
     ("value", "f8"), ("value2", "f8"), ("position", "i4"), ("stop", "i4")], align=True
)  # fmt: skip
EPISODE = np.dtype(
    [
        ("course", "i4"),
        ("number", "i4"),
        ("onset", "i4"),
        ("end", "i4"),
        ("closed_at", "i4"),
        ("how", "i4"),
        ("prior", "i4"),
    ],
    align=True,
)
ENDED_RESOLVED, ENDED_RECORDS = 1, 2
# what a vasopressor is in the dose tables; OTHER adds nothing to the sum
OTHER, NOREPINEPHRINE, DOPAMINE, PHENYLEPHRINE, EPINEPHRINE, VASOPRESSIN = range(6)
ROLES = {"norepinephrine": 1, "dopamine": 2, "phenylephrine": 3, "epinephrine": 4}

# the situation: what is known at a minute, packed into one integer; name, bits (highest value = unknown, where it can)
FIELDS = (
    ("fever", 2),
    ("fever_carried", 1),
    ("fever_waived", 1),
    ("hypotension", 2),
    ("vasopressors", 2),
    ("vasopressors_at_most", 2),
    ("vasopressors_all", 2),
    ("vasopressors_all_at_most", 2),
    ("oxygen", 3),
    ("oxygen_at_most", 3),
    ("fio2_at_least_040", 2),
    ("ice", 4),
    ("capd", 6),
    ("consciousness", 3),
    ("seizure", 3),
    ("motor_weakness", 2),
    ("oedema", 3),
    ("uses_ice", 1),
    ("uses_capd", 1),
    ("episode_open", 1),
    ("isolated_low_pressure", 1),
    ("provisional", 1),
    ("oxygen_assumed", 1),
    ("fio2_estimated", 1),
    ("attribution_reviewed", 1),
    ("fever_before_infusion", 1),
    ("pressor_silent", 1),
    ("covered", 1),
    ("tocilizumab_doses", 3),
    ("fever_waived_possible", 1),
    ("fever_carried_possible", 1),
)
# the wide situation: a second integer, worked out only when a scale asks for it
WIDE_FIELDS = (
    ("high_dose_lee", 2),
    ("high_dose_penn", 2),
    ("pressors_long", 2),
    ("fluids", 2),
    ("fluids_at_most", 2),
    ("coagulation_product", 2),
    ("iv_therapy", 2),
    ("creatinine_grade", 3),
    ("creatinine_grade_at_most", 3),
    ("transaminase_grade", 3),
    ("transaminase_grade_at_most", 3),
    ("organ_grade", 3),
    ("organ_grade_at_most", 3),
    ("cartox10", 4),
    ("papilloedema", 2),
    ("first_weeks", 1),
)
NEURO_UNKNOWN = np.int64(15 << 22 | 63 << 26 | 7 << 32 | 7 << 35 | 3 << 38 | 7 << 40)


def begin(slots: Any, orders: Any, since: Any, c: Any) -> None:
    """Empty state; the course's fixed fields are left as they are.

    `since` holds, per drug, the minute from which it runs surely, then (from PRESSORS on) from which it may.
    """
    for k in range(SLOTS):
        slots[k].due = LONG_AGO
        slots[k].read = LONG_AGO
        slots[k].position = -1
    for d in range(2 * PRESSORS):
        since[d] = NEVER
    c.covered = 1 - c.stays_given
    c.neuro = 0
    c.soonest = NEVER
    c.orders_used = 0
    c.pressor_position = -1
    c.previous_low = 0
    c.previous_due = LONG_AGO
    c.device_due = LONG_AGO
    c.device_start = LONG_AGO
    c.device_position = -1
    c.flow_read = LONG_AGO
    c.fio2_read = LONG_AGO
    c.support = -1
    c.intubated = LONG_AGO
    for a in range(AXES):
        c.attribution[a] = UNSURE
        c.attribution_read[a] = LONG_AGO
    c.open = 0
    c.number = 0
    c.last_held = LONG_AGO
    c.last_fever = LONG_AGO
    c.waived = 0
    c.last_antipyretic = LONG_AGO
    c.last_steroid = LONG_AGO
    c.prior_fever = 0
    c.last_febrile_read = LONG_AGO
    c.seen_read = LONG_AGO
    c.fever_was = 0
    c.held_was = 0
    c.tocilizumab = 0
    c.last_tocilizumab = LONG_AGO
    c.ended = 0
    c.may_open = 0
    c.may_waived = 0
    c.may_fever = LONG_AGO
    c.may_held = LONG_AGO
    c.may_fever_was = 0
    c.may_held_was = 0
    begin_wide(c)


def begin_wide(c: Any) -> None:
    """No dose, no fluid, no product; also at the end of a stay."""
    c.all_low = 0
    c.all_high = 2
    c.silent = 0
    c.calm = 0
    c.lee_since = NEVER
    c.penn_since = NEVER
    c.ran = 0
    c.ran_minutes = 0
    c.ran_last = LONG_AGO
    c.may_run = 0
    c.may_minutes = 0
    c.may_last = LONG_AGO
    c.mark = LONG_AGO
    for k in range(2):
        c.bolus[k] = LONG_AGO
        c.maybe_bolus[k] = LONG_AGO
    c.product = LONG_AGO


def known(slots: Any, k: int, minute: int) -> bool:
    """Whether slot `k` holds a value that has not expired."""
    return minute < slots[k].due
