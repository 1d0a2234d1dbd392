"""CARTOX grading of cytokine release syndrome: adult (Neelapu 2018) and paediatric (Mahadeo 2019)."""

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
    LATE,
    NO_ENTRY,
    ORGANS,
    TRANSAMINASES,
    any_oxygen,
    forty_percent,
    positive_pressure,
    ventilator,
)
from tocsin.rules import Scale
from tocsin.sources import MAHADEO_2019, NEELAPU_2018, Source


def _cartox(name: str, title: str, source: Source, *notes: str) -> Scale:
    refractory = vasopressors_all.at_least(2) | high_dose_lee.present()
    return Scale(
        name,
        title,
        source,
        entry=None,
        table={
            1: {
                "fever": fever.present(),
                "organ": (organ_grade.at_least(1) | transaminase_grade.at_least(1)).said("organ toxicity grade 1"),
            },
            2: {
                "hypotension": (hypotension.present() | vasopressors_all.at_least(1)).said(
                    "hypotension that fluids or a low-dose vasopressor hold"
                ),
                "oxygen": any_oxygen.said("FiO2 below 40 %"),
                "organ": (organ_grade.at_least(2) | transaminase_grade.at_least(2)).said("organ toxicity grade 2"),
            },
            3: {
                "hypotension": refractory.said("high-dose or multiple vasopressors"),
                "oxygen": (forty_percent | positive_pressure).said("FiO2 of 40 % or more, CPAP or BiPAP"),
                "organ": (organ_grade.at_least(3) | transaminase_grade.at_least(3)).said(
                    "organ toxicity grade 3, transaminitis grade 3 or 4"
                ),
            },
            4: {
                "hypotension": (refractory & hypotension.present()).said(
                    "the pressure still low on high-dose or multiple vasopressors"
                ),
                "oxygen": ventilator,
                "organ": organ_grade.at_least(4).said("organ toxicity grade 4, transaminitis excluded"),
            },
        },
        signs=(
            fever, hypotension, vasopressors_all, high_dose_lee, oxygen, fio2_at_least_040, organ_grade,
            transaminase_grade, *FLAG_SIGNS,
        ),
        flags=FLAGS | LATE,
        notes=(
            *notes,
            NO_ENTRY,
            "The first three weeks are named for the onset [Mh]: later grades carry a flag, they are not dropped [R].",
            "Life-threatening or persistent: multiple or high-dose vasopressors and the pressure still low [R].",
            TRANSAMINASES,
            ORGANS,
            HELD.format(name),
            DEATH,
        ),
    )  # fmt: skip


CARTOX_CRS = _cartox("cartox_crs", "CARTOX CRS, adult (Neelapu 2018)", NEELAPU_2018)
CARTOX_PED_CRS = _cartox(
    "cartox_ped_crs",
    "CARTOX CRS, paediatric (Mahadeo 2019)",
    MAHADEO_2019,
    "The adult table with the paediatric pressure limits (every scale here uses them by age), BiPAP named in grade 3 "
    "and invasive ventilation in 4 [V]. Urine output is not in the records: charted as a creatinine or organ grade.",
)
