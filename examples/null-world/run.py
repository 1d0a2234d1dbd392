"""The founding study's design in a world in which no drug does anything: virtual records, graded and studied as a
hospital's, what 13 v 9 courses of them show, and the emulated trial. Writes results.csv, emulated.csv, picture.svg and
picture.png beside this file.

    python examples/null-world/run.py [--patients 8000] [--out out/null-world]

Known truth inside an assumed world; nothing here is clinical evidence.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

import numpy as np
import polars as pl

from tocsin.report.drawing import to_png
from tocsin.report.shapes import INK, SOFT, Scale, axis_below, dot, drawing, group, line, path, rect, text

HERE = Path(__file__).parent
EARLY, LATE, HOSPITALS, SEED, YEAR = 13, 9, 2_000, 1, 365.25
OUTCOMES = (
    ("severe_crs", "severe CRS (grade 3 or more)"),
    ("crs_death", "death from CRS"),
    ("mrd_negative_cr", "MRD-negative remission"),
    ("efs_12", "event-free at 12 months"),
)
ANALYSES = ("by_received", "aligned_unadjusted", "emulated")
NAIVE, TRUE, PALE = "#d55e00", "#009e73", "#f3b48d"


def tocsin(*words: str) -> None:
    """One command of tocsin, as a reader would type it."""
    print("$ tocsin", *words, flush=True)
    subprocess.run([sys.executable, "-m", "tocsin", *words], check=True)


def outcomes(study: Path) -> pl.DataFrame:
    """One row a course, from the study's own tables: 1, 0 or null (not known) for every outcome, and its arm twice.

    `by_rule`: the rule its first dose followed, as `tocsin study` assigns it. `by_dose`: as papers do, everybody who
    was given tocilizumab, early if the dose came before severe CRS, conventional if after.
    """
    read = {name: pl.read_csv(study / "tables" / f"{name}.csv", infer_schema_length=None) for name in
            ("endpoints", "arms", "follow", "grades")}  # fmt: skip
    given = read["follow"].group_by("course_id").agg(pl.col("given_at").first())
    severe = read["grades"].filter(pl.col("scale") == "astct_crs", pl.col("grade") >= 3)
    severe = severe.group_by("course_id").agg(pl.col("from").min().alias("severe_at"))
    rows = read["arms"].select("course_id", by_rule="arm").join(given, on="course_id").join(
        severe, on="course_id", how="left"
    )  # fmt: skip
    late = (pl.col("severe_at") <= pl.col("given_at")).fill_null(False)
    by_dose = pl.when(pl.col("given_at").is_not_null()).then(
        pl.when(late).then(pl.lit("conventional")).otherwise(pl.lit("early"))
    )
    rows = rows.with_columns(by_dose=by_dose)
    for name in ("severe_crs", "crs_death", "mrd_negative_cr"):
        one = read["endpoints"].filter(endpoint=name)
        rows = rows.join(one.select("course_id", (pl.col("event") == 1).cast(pl.Int8).alias(name)), on="course_id")
    efs = read["endpoints"].filter(endpoint="efs").select(
        "course_id",
        efs_12=pl.when(pl.col("stop") >= YEAR).then(1).when(pl.col("event") == 1).then(0).cast(pl.Int8),
    )  # fmt: skip
    return rows.join(efs, on="course_id")


def difference(rows: pl.DataFrame, outcome: str, arms: str) -> tuple[float, int, int, int, int]:
    """Early less conventional in points, then events and courses of each arm; courses without an answer left out."""
    known = rows.drop_nulls(outcome)
    parts = [known.filter(pl.col(arms) == arm).get_column(outcome) for arm in ("early", "conventional")]
    (a, n), (b, m) = ((int(part.sum()), part.len()) for part in parts)
    return 100 * (a / n - b / m), a, n, b, m


def small_hospitals(rows: pl.DataFrame, outcome: str) -> np.ndarray:
    """The same difference in many hospitals of 13 early and 9 conventional courses, drawn from the large one."""
    dice = np.random.default_rng(SEED)
    known = rows.drop_nulls(outcome)
    early, late = (known.filter(by_dose=arm).get_column(outcome).to_numpy() for arm in ("early", "conventional"))
    draws = [dice.choice(early, EARLY).mean() - dice.choice(late, LATE).mean() for _ in range(HOSPITALS)]
    return 100 * np.array(draws)


def picture(table: pl.DataFrame, spread: dict[str, np.ndarray]) -> str:
    """One strip an outcome: the truth (0), the naive difference, and how it scatters in hospitals of 13 v 9."""
    left, width, strip = 200, 520, 78
    height = strip * table.height
    x = Scale(-100, 100, 0, width)
    ticks = [(float(t), f"{t:+d}" if t else "0") for t in range(-100, 101, 25)]
    parts = axis_below(x, height, ticks, "early less conventional, percentage points", grid=height)
    parts += [line(x(0), -8, x(0), height, TRUE, 2.5), text(x(0), -18, "the truth: 0", 12, "middle", TRUE, bold=True)]
    for k, row in enumerate(table.iter_rows(named=True)):
        parts.append(group(0, k * strip, strip_of(row, spread[row["outcome"]], x, strip)))
    key = [
        rect(left, 12, 14, 12, PALE), text(left + 20, 18, f"{HOSPITALS:,} hospitals of {EARLY} v {LATE} courses", 12),
        dot(left + 282, 18, 6, NAIVE), text(left + 294, 18, "all courses of the large hospital", 12),
    ]  # fmt: skip
    return drawing(left + width + 60, height + 130, [*key, group(left, 66, parts)])


def strip_of(row: dict, values: np.ndarray, x: Scale, strip: float) -> list[str]:
    """The histogram of the small hospitals, the large one's dot, and both said at the left."""
    base, tall = strip - 14, strip - 26
    counts, edges = np.histogram(values, bins=np.arange(-105, 106, 10))
    bars = [
        rect(x(max(a, -100)), base - tall * n / counts.max(), x(min(b, 100)) - x(max(a, -100)) - 1,
             tall * n / counts.max(), PALE)
        for n, a, b in zip(counts, edges[:-1], edges[1:], strict=True) if n
    ]  # fmt: skip
    words = [
        text(-192, base - 34, row["words"], 12.5, bold=True),
        text(-192, base - 16, f"{row['early']}/{row['early_n']} v {row['late']}/{row['late_n']}", 11.5, fill=SOFT),
        text(-192, base, f"“{row['reported']:+.0f} points”", 12.5, fill=NAIVE, bold=True),
    ]
    level = base - tall / 2
    return [
        line(x(-100), base, x(100), base, SOFT, 0.6), *bars, *words, dot(x(row["reported"]), level, 6, NAIVE),
        path(f"M{x(row['reported']):.1f},{level + 6:.1f}V{base:.1f}", INK, 0.8),
    ]  # fmt: skip


def emulated(folder: Path) -> pl.DataFrame:
    """What `tocsin emulate` says of every outcome at the last hour, in points, from its own table."""
    rows = pl.read_csv(folder / "tables" / "comparison.csv", infer_schema_length=None)
    rows = rows.filter(pl.col("hour") == pl.col("hour").max(), pl.col("analysis").is_in(ANALYSES))
    points = (pl.col("difference", "low", "high") * 100).round(3)
    return rows.select("outcome", "analysis", "hour", points)


def main() -> None:
    """From nothing to the picture."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--patients", type=int, default=8_000, help="virtual patients of the large hospital")
    parser.add_argument("--out", type=Path, default=Path("out/null-world"), help="where records and reports go")
    asked = parser.parse_args()
    tocsin("simulate", "null", "-o", str(asked.out / "hospital"), "--patients", str(asked.patients))
    tocsin("study", str(asked.out / "hospital" / "records"), "-o", str(asked.out / "study"))
    rows = outcomes(asked.out / "study")
    spread = {name: small_hospitals(rows, name) for name, _ in OUTCOMES}
    made = []
    for arms in ("by_dose", "by_rule"):
        for name, words in OUTCOMES:
            reported, a, n, b, m = difference(rows, name, arms)
            better = (spread[name] < 0) if name in ("severe_crs", "crs_death") else (spread[name] > 0)
            made.append({"arms": arms, "outcome": name, "words": words, "truth": 0.0, "reported": reported,
                         "early": a, "early_n": n, "late": b, "late_n": m,
                         "small_hospitals_for_early": better.mean() if arms == "by_dose" else None})  # fmt: skip
    table = pl.DataFrame(made)
    table.with_columns(pl.col(pl.Float64).round(3)).write_csv(HERE / "results.csv")
    svg = picture(table.filter(arms="by_dose"), spread)
    (HERE / "picture.svg").write_text(svg, encoding="utf-8", newline="\n")
    (HERE / "picture.png").write_bytes(to_png(svg))
    emulate = ("emulate", str(asked.out / "hospital" / "records"), "-o", str(asked.out / "emulated"))
    tocsin(*emulate, "--bootstrap", "100", "--no-sensitivity")
    honest = emulated(asked.out / "emulated")
    honest.write_csv(HERE / "emulated.csv")
    print(table, honest)


if __name__ == "__main__":
    main()
