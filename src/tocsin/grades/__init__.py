"""Grades: one file per published scale. A grade is a function of one row of signs; no time logic."""

from dataclasses import replace

from tocsin.grades.astct_crs import ASTCT_CRS
from tocsin.grades.astct_icans import ASTCT_ICANS
from tocsin.grades.cartox_crs import CARTOX_CRS, CARTOX_PED_CRS
from tocsin.grades.china2023_crs import CHINA2023_CRS
from tocsin.grades.cres import CRES
from tocsin.grades.ctcae5_crs import CTCAE5_CRS
from tocsin.grades.ctcae6_crs import CTCAE6_CRS
from tocsin.grades.ctcae403_crs import CTCAE403_CRS
from tocsin.grades.final import final_situations
from tocsin.grades.lee2014_crs import LEE2014_CRS
from tocsin.grades.mskcc_crs import MSKCC_CRS
from tocsin.grades.penn2018_crs import PENN2018_CRS
from tocsin.grades.runs import episode_grades, episodes_by_grade, grade_runs
from tocsin.rules import Scale

NEUROTOXICITY = frozenset({"astct_icans", "cres"})
BY_FEVER = frozenset({"astct_crs", "china2023_crs"})  # an episode of these opens with a fever
_AHEAD = (LEE2014_CRS, PENN2018_CRS, MSKCC_CRS, CARTOX_CRS, CARTOX_PED_CRS)
FINAL = {f"{scale.name}_final": scale.name for scale in _AHEAD}  # readings that look ahead; never for a trigger


def _final(scale: Scale) -> Scale:
    """The same table for a reading that knows the future."""
    note = "Final reading: a dose that came to be held, and hours that came to be long, count from their beginning."
    return replace(scale, name=f"{scale.name}_final", title=f"{scale.title}, final reading", notes=(note, *scale.notes))


SCALES = {
    scale.name: scale
    for scale in (
        ASTCT_CRS, LEE2014_CRS, PENN2018_CRS, CTCAE403_CRS, CTCAE5_CRS, CTCAE6_CRS, MSKCC_CRS, CARTOX_CRS,
        CARTOX_PED_CRS, CHINA2023_CRS, ASTCT_ICANS, CRES,
        *(_final(scale) for scale in _AHEAD),
    )
}  # fmt: skip
CRS_SCALES = tuple(name for name in SCALES if name not in NEUROTOXICITY and name not in FINAL)

__all__ = [
    "ASTCT_CRS",
    "ASTCT_ICANS",
    "BY_FEVER",
    "CARTOX_CRS",
    "CARTOX_PED_CRS",
    "CHINA2023_CRS",
    "CRES",
    "CRS_SCALES",
    "CTCAE5_CRS",
    "CTCAE6_CRS",
    "CTCAE403_CRS",
    "FINAL",
    "LEE2014_CRS",
    "MSKCC_CRS",
    "NEUROTOXICITY",
    "PENN2018_CRS",
    "SCALES",
    "episode_grades",
    "episodes_by_grade",
    "final_situations",
    "grade_runs",
]
