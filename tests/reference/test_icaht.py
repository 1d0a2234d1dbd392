"""Ten synthetic patients graded by others (data/icaht_SOURCE.md): days and grades agree; a wrong reading does not."""

from datetime import timedelta
from pathlib import Path

import polars as pl
import pytest

from tocsin.scores.icaht import NEUTROPHILS, icaht
from tocsin.scores.parameters import ScoreParameters

DATA = Path(__file__).parent / "data"


def days_after(column):
    return (pl.col(column) - pl.col("cart_date")).dt.total_days().cast(pl.Int32)


@pytest.fixture(scope="module")
def read():
    return pl.read_csv(DATA / "icaht_anc_long.csv", try_parse_dates=True).with_columns(
        course_id=pl.col("patient_id").cast(pl.String)
    )


def graded(read, **parameters):
    lows = read.select("course_id", day=days_after("date"), value=pl.col("anc") / 1000)
    once = read.unique("course_id", keep="first")
    therapy = read.group_by("course_id").agg(pl.col("subsequent_therapy_date").drop_nulls().min().alias("therapy"))
    follow = once.join(therapy, on="course_id").select(
        "course_id",
        stop_day=days_after("last_fu_date"),
        dead=pl.lit(False),
        late_stop_day=pl.min_horizontal(days_after("progression_date"), days_after("therapy")),
    )
    made = icaht(lows, follow, NEUTROPHILS, ScoreParameters(**parameters))
    early, late = (made.filter(pl.col("score") == f"icaht_{which}") for which in ("early", "late"))
    return early.join(late.select("course_id", late="value"), on="course_id").select(
        pl.col("course_id").cast(pl.Int64).alias("patient_id"),
        pl.col("days_low", "days_very_low", "value", "late").cast(pl.Int64),
    ).sort("patient_id")  # fmt: skip


def expected():
    return pl.read_csv(DATA / "icaht_expected_grades.csv").select(
        "patient_id", days_low="days_anc_le_500_longest", days_very_low="days_anc_le_100_longest",
        value="expected_early_icaht", late="expected_late_icaht",
    )  # fmt: skip


def test_all_forty_cells_agree(read):
    assert graded(read).rows() == expected().rows()
    assert expected().height == 10
    assert expected().select(pl.col("late").is_null().sum()).item() == 1


@pytest.mark.parametrize(
    ("parameters", "patients"),
    [
        # only patient 7 has a short recovery: day 0 low, days 1 and 2 at 690 and 940, low again from day 3
        ({"icaht_join_days": 0}, {7}),
        # patient 6 loses day 1, which lies between 670 and 0; the unread days of the others are joined anyway
        ({"icaht_fill_days": 0}, {6}),
        # patient 8, the only one who never recovers, is low from day 0 on
        ({"icaht_starts_by_day": 0}, set()),
        # 4 and 6 have later low days, 7 loses its two joined ones, 8 gains day 0 at 100
        ({"icaht_count": "cumulative"}, {4, 6, 7, 8}),
    ],
)
def test_another_reading_moves_known_patients(read, parameters, patients):
    other, one = graded(read, **parameters), graded(read)
    moved = {a[0] for a, b in zip(other.rows(), one.rows(), strict=True) if a != b}
    assert moved == patients


def test_a_wrong_limit_is_seen(read):
    shifted = read.with_columns(pl.col("anc") + 20)
    assert graded(shifted).rows() != expected().rows()


def test_patient_8_is_4_only_by_never_recovering(read):
    row = graded(read).row(7, named=True)
    assert (row["days_low"], row["days_very_low"], row["value"]) == (17, 13, 4)
    # recovered on the last day: a run of 16 days is grade 3
    last = pl.col("date") == pl.col("cart_date") + timedelta(days=16)
    recovered = read.with_columns(anc=pl.when((pl.col("patient_id") == 8) & last).then(2000).otherwise("anc"))
    assert graded(recovered).row(7, named=True)["value"] == 3
