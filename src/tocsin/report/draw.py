"""All figures of a report, in order."""

from __future__ import annotations

import polars as pl

from tocsin.report.charts import plot_patients
from tocsin.report.drawing import Figure
from tocsin.report.figures import draw_curves, plot_days
from tocsin.report.sensitivity import plot_sensitivity
from tocsin.report.swimmer import plot_swimmer
from tocsin.report.turning_pictures import plot_turning
from tocsin.report.words import Lang, Words
from tocsin.tables import StudyResults


def draw_all(results: StudyResults, lang: Lang = "en") -> list[Figure]:
    """Curves, patient charts, swimmer plot, grades by day, sensitivity, what turns a result: drawn or a sentence."""
    words = Words(lang)
    main = main_scale(results)
    scales = results.tables["days"].get_column("scale").unique().to_list() or [main]
    ordered = sorted(scales, key=lambda s: (s != main, s))
    return [
        *draw_curves(results, words),
        plot_patients(results, words, main),
        plot_swimmer(results, words, main),
        *(plot_days(results, words, scale) for scale in ordered),
        plot_sensitivity(results, words),
        *plot_turning(results, words),
    ]


def main_scale(results: StudyResults) -> str:
    """The CRS scale: `meta.scale` where the tables know it, else the first CRS scale graded."""
    named = str(results.meta.get("scale") or "")
    graded = results.tables["grades"].filter(pl.col("grade") > 0).get_column("scale").unique().sort().to_list()
    if named in graded or not graded:
        return named or "crs"
    return next((scale for scale in graded if "crs" in scale), graded[0])
