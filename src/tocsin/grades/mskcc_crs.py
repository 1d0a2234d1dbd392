"""MSKCC grading of cytokine release syndrome (Park 2018)."""

from tocsin.grades.bedside import (
    fever,
    fio2_at_least_040,
    high_dose_lee,
    hypotension,
    oxygen,
    pressors_long,
    vasopressors_all,
)
from tocsin.grades.shared import DEATH, FLAG_SIGNS, FLAGS, HELD, NO_ENTRY, any_oxygen, forty_percent, ventilator
from tocsin.rules import Scale
from tocsin.sources import PARK_2018

MSKCC_CRS = Scale(
    "mskcc_crs",
    "MSKCC CRS (Park 2018)",
    PARK_2018,
    entry=None,
    table={
        1: {
            "fever": fever.present().said("fever; observation or supportive care"),
            "hypotension": hypotension.present().said("hypotension without vasopressor"),
        },
        2: {
            "hypotension": vasopressors_all.at_least(1).said("any vasopressor, less than 24 h"),
            "oxygen": any_oxygen.said("oxygen below 40 %"),
        },
        3: {
            "hypotension": (vasopressors_all.at_least(1) & pressors_long.present()).said(
                "any vasopressor, 24 h or more"
            ),
            "oxygen": forty_percent,
        },
        4: {
            "hypotension": (high_dose_lee.present() & hypotension.present()).said(
                "hypotension in spite of high-dose vasopressors"
            ),
            "oxygen": ventilator.said("mechanical ventilation"),
        },
    },
    signs=(fever, hypotension, vasopressors_all, pressors_long, high_dose_lee, oxygen, fio2_at_least_040, *FLAG_SIGNS),
    flags=FLAGS,
    notes=(
        NO_ENTRY,
        "Hypotension without vasopressor is not named in the table: read as 1 [R].",
        "Hours on vasopressors add up; 24 h without any start them anew [R], parameters `pressor_long_h`, `resolve_h`.",
        "Refractory: high dose (Lee column) for 3 h or more and the pressure still low [R]. CPAP and BiPAP go by FiO2.",
        "Grade 2 becomes 3 at hour 24: this is the prospective reading.",
        HELD.format("mskcc_crs"),
        DEATH,
    ),
)
