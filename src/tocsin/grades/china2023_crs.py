"""Systemic CRS of the Chinese expert consensus (2023): the ASTCT table with its own printed limits."""

from dataclasses import replace

from tocsin.grades.astct_crs import ASTCT_CRS
from tocsin.sources import CHINA_2023

CHINA2023_CRS = replace(
    ASTCT_CRS,
    name="china2023_crs",
    title="Chinese consensus CRS, systemic part (2023)",
    source=CHINA_2023,
    notes=(
        "The systemic part equals ASTCT with a systolic below 90 mmHg and a target saturation above 90 % [V].",
        "One or multiple vasopressors: the exclusion of vasopressin is not printed and is taken from ASTCT [R].",
        "Local CRS (swelling, compression, effusion) is not in the records and not graded.",
        *ASTCT_CRS.notes,
    ),
)
