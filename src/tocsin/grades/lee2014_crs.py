"""NCI consensus grading of cytokine release syndrome (Lee 2014)."""

from tocsin.grades.bedside import (
    fever,
    fio2_at_least_040,
    high_dose_lee,
    hypotension,
    organ_grade,
    oxygen,
    transaminase_grade,
    vasopressors_all,
)
from tocsin.grades.shared import (
    DEATH,
    FLAG_SIGNS,
    FLAGS,
    HELD,
    NO_ENTRY,
    ORGANS,
    TRANSAMINASES,
    any_oxygen,
    forty_percent,
    positive_pressure,
    ventilator,
)
from tocsin.rules import Scale
from tocsin.sources import LEE_2014

LEE2014_CRS = Scale(
    "lee2014_crs",
    "Lee CRS (NCI, Lee 2014)",
    LEE_2014,
    entry=None,
    table={
        1: {"fever": fever.present().said("fever; symptomatic treatment only")},
        2: {
            "oxygen": any_oxygen.said("oxygen below 40 %"),
            "hypotension": (hypotension.present() | vasopressors_all.at_least(1)).said(
                "hypotension that fluids or a low dose of one vasopressor hold"
            ),
            "organ": (organ_grade.at_least(2) | transaminase_grade.at_least(2)).said("organ toxicity grade 2"),
        },
        3: {
            "oxygen": (forty_percent | positive_pressure).said("oxygen of 40 % or more, CPAP or BiPAP"),
            "hypotension": (high_dose_lee.present() | vasopressors_all.at_least(2)).said(
                "high-dose or multiple vasopressors"
            ),
            "organ": (organ_grade.at_least(3) | transaminase_grade.at_least(3)).said(
                "organ toxicity grade 3, transaminitis grade 3 or 4"
            ),
        },
        4: {
            "oxygen": ventilator,
            "organ": organ_grade.at_least(4).said("organ toxicity grade 4, transaminitis excluded"),
        },
    },
    signs=(
        fever, hypotension, vasopressors_all, high_dose_lee, oxygen, fio2_at_least_040, organ_grade,
        transaminase_grade, *FLAG_SIGNS,
    ),
    flags=FLAGS,
    notes=(
        NO_ENTRY,
        "Ventilator support is read as invasive [R]; CPAP and BiPAP for CRS hypoxia are grade 3 whatever the FiO2 [R].",
        "The oxygen edge is 40 % or more; one review misprints it [V2].",
        TRANSAMINASES,
        ORGANS,
        HELD.format("lee2014_crs"),
        DEATH,
    ),
)  # fmt: skip
