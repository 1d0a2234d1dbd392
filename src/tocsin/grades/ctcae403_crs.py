"""CTCAE v4.03 cytokine release syndrome, as restated; written for antibody infusions."""

from tocsin.grades.bedside import (
    coagulation_product,
    creatinine_grade,
    fever,
    fever_waived,
    fluids,
    hypotension,
    organ_grade,
    oxygen,
    transaminase_grade,
    vasopressors_all,
)
from tocsin.grades.shared import DEATH, FLAG_SIGNS, FLAGS, NO_ENTRY, ORGANS, any_oxygen, positive_pressure
from tocsin.rules import Scale
from tocsin.sources import CTCAE_403

CTCAE403_CRS = Scale(
    "ctcae403_crs",
    "CTCAE v4.03 CRS",
    CTCAE_403,
    entry=None,
    table={
        1: {
            "fever": fever.present().said("fever; no intervention"),
            "hypotension": hypotension.present().said("low pressure that nothing was given for"),
        },
        2: {
            "fever": (fever.present() & fever_waived.present()).said("fever treated with an antipyretic or more"),
            "hypotension": (hypotension.present() & fluids.at_least(1)).said("hypotension with fluids"),
        },
        3: {
            "oxygen": any_oxygen.said("oxygen (a clinical sequela)"),
            "organ": (organ_grade.at_least(3) | creatinine_grade.at_least(2) | transaminase_grade.at_least(3)).said(
                "creatinine grade 2 or more, transaminases grade 3 or more, another organ grade 3 or more"
            ),
            "coagulation": coagulation_product.present(),
        },
        4: {
            "hypotension": vasopressors_all.at_least(1).said("any vasopressor"),
            "oxygen": positive_pressure.said("ventilatory support, CPAP and BiPAP among it"),
            "organ": creatinine_grade.at_least(4).said("creatinine (CTCAE) grade 4 or dialysis"),
        },
    },
    signs=(
        fever, fever_waived, hypotension, fluids, vasopressors_all, oxygen, coagulation_product, creatinine_grade,
        transaminase_grade, organ_grade, *FLAG_SIGNS,
    ),
    flags=FLAGS,
    notes=(
        NO_ENTRY,
        "The published text speaks of infusion interruption and prompt response; this is a computable reading [R]: "
        "not the scale to compare CAR-T studies on.",
        ORGANS,
        DEATH,
    ),
)  # fmt: skip
