"""Penn grading of cytokine release syndrome (Porter 2018)."""

from tocsin.grades.bedside import (
    coagulation_product,
    creatinine_grade,
    fever,
    fluids,
    high_dose_penn,
    hypotension,
    iv_therapy,
    oxygen,
    transaminase_grade,
    vasopressors_all,
)
from tocsin.grades.shared import DEATH, FLAG_SIGNS, FLAGS, HELD, NO_ENTRY, ORGANS, any_oxygen, ventilator
from tocsin.rules import Scale
from tocsin.sources import PORTER_2018

PENN2018_CRS = Scale(
    "penn2018_crs",
    "Penn CRS (Porter 2018)",
    PORTER_2018,
    entry=None,
    table={
        1: {
            "fever": fever.present().said("fever; supportive care only"),
            "hypotension": hypotension.present().said("low pressure that nothing was given for"),
            "creatinine": creatinine_grade.at_least(1),
            "liver": transaminase_grade.at_least(2),
        },
        2: {
            "care": iv_therapy.present().said("in hospital for CRS, neutropenic fever too, or on IV therapy for it"),
            "hypotension": (hypotension.present() & fluids.at_least(1)).said("hypotension with one fluid bolus"),
            "creatinine": creatinine_grade.at_least(2),
            "liver": transaminase_grade.at_least(3),
        },
        3: {
            "hypotension": ((hypotension.present() & fluids.at_least(2)) | vasopressors_all.at_least(1)).said(
                "hypotension with several fluid boluses, or low-dose vasopressors"
            ),
            "oxygen": any_oxygen.said("any supplemental oxygen, CPAP and BiPAP among it"),
            "coagulation": coagulation_product.present(),
            "creatinine": creatinine_grade.at_least(3),
            "liver": transaminase_grade.at_least(4),
        },
        4: {
            "hypotension": high_dose_penn.present(),
            "oxygen": ventilator.said("mechanical ventilation"),
            "creatinine": creatinine_grade.at_least(4).said("creatinine (CTCAE) grade 4 or dialysis"),
        },
    },
    signs=(
        fever, hypotension, vasopressors_all, high_dose_penn, fluids, oxygen, coagulation_product, iv_therapy,
        creatinine_grade, transaminase_grade, *FLAG_SIGNS,
    ),
    flags=FLAGS,
    notes=(
        NO_ENTRY,
        "Grade 2 excludes fluids for hypotension and grade 3 wants several boluses: one bolus is read as 2 [R]; the "
        "letter would allow 1.",
        "A stay in hospital by protocol is not 'hospitalised for CRS' [R]: grade 2 by care needs the assessment "
        "`crs_care`; where nobody charted it, it cannot be excluded.",
        "Liver is AST and ALT; low grades (transaminases 2, creatinine 1) are read as 1, creatinine 4 or dialysis as 4 "
        "[R]. A combination of vasopressors below high dose is 3 [R].",
        "The combination rows are read in ug/min from 40 kg on; a drug's own row counts only while it runs alone [R].",
        ORGANS,
        HELD.format("penn2018_crs"),
        DEATH,
    ),
)  # fmt: skip
