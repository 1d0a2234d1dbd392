"""CTCAE v5.0 cytokine release syndrome."""

from tocsin.grades.bedside import fever, fio2_at_least_040, hypotension, oxygen, vasopressors_all
from tocsin.grades.shared import (
    DEATH,
    FLAG_SIGNS,
    FLAGS,
    NO_ENTRY,
    any_oxygen,
    forty_percent,
    positive_pressure,
    ventilator,
)
from tocsin.rules import Scale
from tocsin.sources import CTCAE_5

CTCAE5_CRS = Scale(
    "ctcae5_crs",
    "CTCAE v5.0 CRS",
    CTCAE_5,
    entry=None,
    table={
        1: {"fever": fever.present().said("fever with or without constitutional symptoms")},
        2: {
            "hypotension": hypotension.present().said("hypotension without vasopressor"),
            "oxygen": any_oxygen.said("oxygen below 40 %"),
        },
        3: {
            "hypotension": vasopressors_all.at_least(1).said("one vasopressor"),
            "oxygen": (forty_percent | positive_pressure).said("oxygen of 40 % or more, CPAP or BiPAP"),
        },
        4: {
            "hypotension": vasopressors_all.at_least(2).said("two or more vasopressors (life-threatening)"),
            "oxygen": ventilator.said("invasive ventilation (life-threatening)"),
        },
    },
    signs=(fever, hypotension, vasopressors_all, oxygen, fio2_at_least_040, *FLAG_SIGNS),
    flags=FLAGS,
    notes=(
        NO_ENTRY,
        "Life-threatening is read as two or more vasopressors, vasopressin counted, or invasive ventilation [R]; CPAP "
        "and BiPAP are 3 whatever the FiO2 [R].",
        "Organ toxicities are reported apart and never raise this grade [V].",
        DEATH,
    ),
)
