"""What the scales without an entry share: criteria that several tables print, and the flags beside a grade."""

import polars as pl

from tocsin.grades.bedside import (
    attribution_reviewed,
    fio2_at_least_040,
    fio2_estimated,
    first_weeks,
    isolated_low_pressure,
    oxygen,
    oxygen_assumed,
    pressor_silent,
    provisional,
)
from tocsin.rules import Criterion

_graded = Criterion("grade at least 1", pl.col("grade") >= 1, ())
forty_percent = (oxygen.at_least(1) & fio2_at_least_040.present()).said("oxygen with FiO2 ≥ 0.40")
positive_pressure = oxygen.at_least(3).said("positive pressure: CPAP, BiPAP or ventilator")
ventilator = oxygen.at_least(4).said("invasive ventilation")
any_oxygen = oxygen.at_least(1).said("any oxygen")

FLAG_SIGNS = (
    provisional, isolated_low_pressure, fio2_estimated, oxygen_assumed, pressor_silent, attribution_reviewed,
    first_weeks,
)  # fmt: skip
FLAGS = {
    "provisional": provisional.present(),
    "isolated_low_pressure": (isolated_low_pressure.present() & _graded).said(isolated_low_pressure.words),
    "fio2_estimated": (fio2_estimated.present() & _graded).said(fio2_estimated.words),
    "oxygen_assumed": oxygen_assumed.present(),
    "pressor_silent": pressor_silent.present(),
    "attribution_not_reviewed": (~attribution_reviewed.present() & _graded).said("no reviewer judged the cause"),
}
LATE = {"after_week_3": (~first_weeks.present() & _graded).said("after the first three weeks: look again")}

NO_ENTRY = "Fever is not a condition: any sign of the table counts, if no reviewer names another cause [V2]."
DEATH = "Grade 5 is a death adjudicated as due to CRS; it is set from the outcomes, not from signs."
ORGANS = (
    "Organ grades are CTCAE v4.03 by the limits of the parameters; a creatinine within the limits is grade 0 even "
    "where it lies above the patient's own baseline [R]."
)
TRANSAMINASES = (
    "Transaminases count with their CTCAE grade up to 3; grade 4 transaminitis is 3, never 4 [V2]. A grade 3 "
    "transaminitis is read as a grade 3 organ [R]: the papers name only grade 4."
)
HELD = "High dose counts once it has held for 3 h [V2]; until then it is the lower grade. `{}_final` looks ahead."
