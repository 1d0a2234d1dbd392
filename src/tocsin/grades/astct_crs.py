"""ASTCT consensus grading of cytokine release syndrome (Lee 2019, Table 2)."""

import polars as pl

from tocsin.grades.bedside import (
    attribution_reviewed,
    fever,
    fever_before_infusion,
    fever_carried,
    fever_waived,
    fio2_estimated,
    hypotension,
    isolated_low_pressure,
    oxygen,
    oxygen_assumed,
    pressor_silent,
    provisional,
    vasopressors,
)
from tocsin.rules import Criterion, Scale
from tocsin.sources import LEE_2019

_graded = Criterion("grade at least 1", pl.col("grade") >= 1, ())
_entry = fever.present() | fever_carried.present() | fever_waived.present()
_not_opened = Criterion("not opened", ~_entry.expr.fill_null(False), _entry.edges)
_other = hypotension.present() | vasopressors.at_least(1) | oxygen.at_least(1)

ASTCT_CRS = Scale(
    "astct_crs",
    "ASTCT CRS (Lee 2019)",
    LEE_2019,
    entry=_entry,
    table={
        1: {"fever": fever.present()},
        2: {
            "hypotension": hypotension.present().said("hypotension not requiring vasopressors"),
            "oxygen": oxygen.at_least(1).said("low-flow nasal cannula (≤ 6 L/min) or blow-by"),
        },
        3: {
            "hypotension": vasopressors.at_least(1).said("one vasopressor, with or without vasopressin"),
            "oxygen": oxygen.at_least(2).said(
                "high-flow cannula (> 6 L/min), face mask, non-rebreather or Venturi mask"
            ),
        },
        4: {
            "hypotension": vasopressors.at_least(2).said("more than one vasopressor, vasopressin not counted"),
            "oxygen": oxygen.at_least(3).said("positive pressure: CPAP, BiPAP or ventilator"),
        },
    },
    signs=(fever, fever_carried, fever_waived, hypotension, vasopressors, oxygen),
    flags={
        "resolving": (fever_waived.present() & ~_graded).said("fever waived and nothing else holds"),
        "afebrile_alert": (_not_opened & _other).said("hypotension or hypoxia without proved fever: look again"),
        "provisional": provisional.present(),
        "isolated_low_pressure": (isolated_low_pressure.present() & _graded).said(isolated_low_pressure.words),
        "fio2_estimated": (fio2_estimated.present() & _graded).said(fio2_estimated.words),
        "oxygen_assumed": oxygen_assumed.present(),
        "fever_before_infusion": (fever_before_infusion.present() & _graded).said(fever_before_infusion.words),
        "pressor_silent": pressor_silent.present(),
        "attribution_not_reviewed": (~attribution_reviewed.present() & _graded).said("no reviewer judged the cause"),
    },
    notes=(
        "Fever is not required once an antipyretic, steroid or anticytokine drug was given since onset [V2]; then "
        "hypotension and hypoxia drive the grade.",
        "A fever that came down by itself keeps the table open for 24 h [R], parameter `fever_carry_h`.",
        "Organ toxicity, laboratory values and the dose of a vasopressor never change this grade [V2].",
        "Vasopressin and terlipressin are not counted as a second vasopressor [V2]; alone they count as one [R].",
        "Grade 5 is a death adjudicated as due to CRS; it is set from the outcomes, not from signs.",
    ),
)
