"""Grades: one file per published scale. A grade is a function of one row of signs; no time logic."""

from tocsin.grades.astct_crs import ASTCT_CRS
from tocsin.grades.astct_icans import ASTCT_ICANS
from tocsin.grades.runs import episode_grades, grade_runs, neurotoxicity_episodes

SCALES = {scale.name: scale for scale in (ASTCT_CRS, ASTCT_ICANS)}
NEUROTOXICITY = frozenset({"astct_icans"})

__all__ = [
    "ASTCT_CRS",
    "ASTCT_ICANS",
    "NEUROTOXICITY",
    "SCALES",
    "episode_grades",
    "grade_runs",
    "neurotoxicity_episodes",
]
