"""CTCAE v6.0 cytokine release syndrome."""

from tocsin.grades.bedside import fever, hypotension, oxygen, vasopressors_all
from tocsin.grades.shared import DEATH, FLAG_SIGNS, FLAGS, NO_ENTRY, positive_pressure
from tocsin.rules import Scale
from tocsin.sources import CTCAE_6

CTCAE6_CRS = Scale(
    "ctcae6_crs",
    "CTCAE v6.0 CRS",
    CTCAE_6,
    entry=None,
    table={
        1: {"fever": fever.present().said("fever with or without constitutional symptoms")},
        2: {
            "hypotension": hypotension.present().said("hypotension without vasopressor"),
            "oxygen": oxygen.at_least(1).said("low-flow nasal cannula or blow-by"),
        },
        3: {
            "hypotension": vasopressors_all.at_least(1).said("one vasopressor"),
            "oxygen": oxygen.at_least(2).said("high-flow cannula, face mask, non-rebreather or Venturi mask"),
        },
        4: {
            "hypotension": vasopressors_all.at_least(2).said("two or more vasopressors (life-threatening)"),
            "oxygen": positive_pressure,
        },
    },
    signs=(fever, hypotension, vasopressors_all, oxygen, *FLAG_SIGNS),
    flags=FLAGS,
    notes=(
        NO_ENTRY,
        "Life-threatening is read as positive pressure or two or more vasopressors, vasopressin counted [R].",
        "Organ toxicities are reported apart and never raise this grade [V].",
        DEATH,
    ),
)
