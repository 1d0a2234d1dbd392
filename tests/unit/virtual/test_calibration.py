"""The calibration table: measures worked by hand, one row a target, and the stored page still true of these numbers."""

import re
from fractions import Fraction
from pathlib import Path

import polars as pl
import pytest

from tocsin.virtual import calibration
from tocsin.virtual.calibration import INSIDE, MEASURES, NOT_CALIBRATED, OUTSIDE, REPORT, numbers_hash, report, targets
from tocsin.virtual.world import PROFILES, World

PAGE = Path(__file__).parents[3] / "docs" / "calibration.md"
SMALL = 4000
DAY = 1440


@pytest.fixture(scope="module")
def run():
    """Six patients: grades 0 to 4 and a death, three of them treated."""
    return pl.DataFrame(
        {
            "crs_max": [0, 1, 2, 3, 4, 5],
            "onset": [None, 1 * DAY, 2 * DAY, 4 * DAY, 8 * DAY, 9 * DAY],
            "episode_end": [None, 4 * DAY, 7 * DAY, None, 12 * DAY, 10 * DAY],
            "doses": [0, 0, 1, 2, 3, 0],
            "steroids": [0, 0, 0, 0, 9, 2],
            "given_at": [None, None, 3 * DAY, 6 * DAY, 8 * DAY, None],
            "temperature_24h": [None, None, 37.9, 38.0, None, None],
            "icans_max": [0, 0, 1, 3, 4, 0],
            "icans1_at": [None, None, 5 * DAY, 6 * DAY, 10 * DAY, None],
            "ferritin_max": [300.0, 1000.0, 3000.0, 9000.0, 30000.0, None],
            "death_cause": [None, None, "relapse", None, None, "crs"],
            "cr": [True, True, True, None, False, None],
            "age_y": [1.0, 4.5, 9.0, 12.0, 25.9, 17.0],
            "efs_month": [36.0, 6.0, 6.0, 12.0, 1.0, 30.0],
            "efs_event": [False, True, False, True, True, False],
        }
    )


BY_HAND = {
    "crs_any": Fraction(500, 6), "crs_3": Fraction(300, 6), "crs_4": Fraction(200, 6),
    "onset_median": 4, "onset_q1": 2, "onset_q3": 8,
    "duration": Fraction(7, 2),  # 3, 5, 4 and 1 days; one episode is not over
    "tocilizumab": 50, "second_dose": Fraction(200, 3), "third_dose": Fraction(100, 3), "steroid": Fraction(200, 6),
    "defervescence": Fraction(100, 3),  # 37.9; not 38.0; never read is not proved
    "icans_any": 50, "icans_3": Fraction(200, 6), "icans_onset": 6, "crs_death": Fraction(100, 6), "remission": 50,
    "ferritin_low": 2000, "ferritin_low_all": 1000, "ferritin_high": 19500, "age_highest": Fraction(259, 10),
    "wait": 1,  # 1, 2 and 0 days
    # one of six at month 1; one of five at month 6, where another leaves; one of three at month 12
    "efs_6": Fraction(100 * 5 * 4, 6 * 5), "efs_12": Fraction(100 * 5 * 4 * 2, 6 * 5 * 3),
    "efs_24": Fraction(100 * 5 * 4 * 2, 6 * 5 * 3),
}  # fmt: skip


@pytest.mark.parametrize("name", BY_HAND)
def test_measures_by_hand(run, name):
    assert MEASURES[name](run) == pytest.approx(float(BY_HAND[name]), rel=1e-12)


def test_nobody_to_measure_is_unknown(run):
    healthy = run.filter(pl.col("crs_max") == 0)
    for name in ("second_dose", "onset_median", "duration", "wait", "ferritin_high", "defervescence"):
        assert MEASURES[name](healthy) != MEASURES[name](healthy)
    assert MEASURES["crs_any"](healthy) == 0


def test_every_target_can_be_measured():
    for product in PROFILES:
        found = targets(product)
        assert found
        names = [one.name for one in found]
        assert len(set(names)) == len(names)
        assert set(names) <= {*MEASURES, "effect"}
        assert {one.fitted for one in found} <= {"yes", "no", "input"}
        assert all(one.tolerance for one in found if one.fitted == "yes")
        for one in found:
            marks = re.findall(r"\[(?:S|M (?:low|medium|high))\]", one.source)
            assert len(marks) == 1, one.name


def test_letters_of_sources_are_explained():
    used = " ".join(one.source for one in targets(calibration.CALIBRATED))
    letters = {
        letter
        for part in re.findall(r"\[S\] ([a-i](?:; [a-i])*)\b", used)
        for letter in part.split("; ")
    }  # fmt: skip
    assert letters == set(calibration.SOURCES)


@pytest.fixture(scope="module")
def small():
    return report(World.of({"seed": calibration.FRESH_SEED}), SMALL)


@pytest.fixture(scope="module")
def page():
    text = PAGE.read_text(encoding="utf-8")
    lines = text.split("## Other products")[0].splitlines()
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("| ")]
    return text, [dict(zip(rows[0], row, strict=True)) for row in rows[2:]]


def test_report_has_every_row(small):
    assert dict(small.schema) == REPORT
    assert small.get_column("target").to_list() == [one.words for one in targets(calibration.CALIBRATED)]
    assert small.get_column("simulated").null_count() == 0
    assert small.get_column("se").null_count() == 0


def test_page_is_of_the_present_numbers(page):
    text, _ = page
    assert f"`{numbers_hash(World.of({}))}`" in text, (
        "the world changed: write docs/calibration.md again and look at it"
    )


def test_small_run_says_what_the_page_says(small, page):
    """Within 4 Monte-Carlo errors; a verdict may differ only where the stored figure is as near as that to an edge."""
    _, rows = page
    assert [row["target"] for row in rows] == small.get_column("target").to_list()
    for stored, row, target in zip(rows, small.rows(named=True), targets(calibration.CALIBRATED), strict=True):
        value, room = float(stored["simulated"].replace(",", "")), 4 * row["se"] + 0.06  # two decimals or one printed
        assert abs(row["simulated"] - value) <= max(room, 0.005 * value), target.name
        if target.tolerance is None:
            assert stored["verdict"] == row["verdict"] == "looked at"
            continue
        inside = target.tolerance - abs(value - target.target)
        if abs(inside) > 0.006:
            assert stored["verdict"] == (INSIDE if inside >= 0 else OUTSIDE), target.name
        if abs(inside) > room:
            assert row["verdict"] == stored["verdict"], target.name


def test_other_care_is_seen():
    """Doctors who treat nearly everybody with CRS are outside: the table is able to say so."""
    eager = report(World.of({"u_base": -3.0}), 1000)
    words = {one.name: one.words for one in targets(calibration.CALIBRATED)}
    assert eager.filter(target=words["tocilizumab"]).get_column("verdict").item() == OUTSIDE


def test_other_products_are_never_called_calibrated():
    for product in PROFILES:
        if product != calibration.CALIBRATED:
            made = report(World.of({"product": product}), 300)
            assert set(made.get_column("verdict")) == {NOT_CALIBRATED}
            assert set(made.get_column("fitted")) == {"no"}
