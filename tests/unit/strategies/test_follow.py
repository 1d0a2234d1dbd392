"""The follow table and the arms, edge by edge (design section 4)."""

from __future__ import annotations

import polars as pl
import pytest

from tocsin.strategies import ZHOU2023_CONVENTIONAL, ZHOU2023_EARLY, arms, follow

IDS = pl.Series(["A"])
SCHEMA = {"course_id": pl.String, "minute": pl.Int32, "value": pl.Float64, "read": pl.Int32}


def readings(*rows: tuple[int, float]) -> dict[str, pl.DataFrame]:
    frame = pl.DataFrame([("A", m, v, m) for m, v in rows], schema=SCHEMA, orient="row")
    return {"temperature": frame}


def doses(*minutes: int) -> pl.DataFrame:
    schema = {"course_id": pl.String, "minute": pl.Int32}
    return pl.DataFrame([("A", minute) for minute in minutes], schema=schema, orient="row")


RUN = readings((0, 39.0), (240, 39.2))


@pytest.mark.parametrize(
    ("given", "followed", "due_at", "departs_at"),
    [
        ((240,), "yes", 240, None),  # the dose in the minute of the trigger
        ((600,), "yes", 240, None),  # exactly within
        ((601,), "late", 240, 600),
        ((239,), "early", None, 239),  # given before due: never due in the history up to the dose
        ((), "not_given", 240, 600),
        ((300, 100), "early", None, 100),  # the first dose counts, whatever the order of rows
    ],
)
def test_followed(given, followed, due_at, departs_at):
    row = follow("early", ZHOU2023_EARLY, RUN, doses(*given), IDS).row(0, named=True)
    assert (row["followed"], row["due_at"], row["departs_at"]) == (followed, due_at, departs_at)


def test_never_due_adheres_only_without_a_dose():
    cool = readings((0, 38.0))
    assert follow("early", ZHOU2023_EARLY, cool, doses(), IDS).item(0, "followed") == "never_due"
    row = follow("early", ZHOU2023_EARLY, cool, doses(50), IDS).row(0, named=True)
    assert (row["followed"], row["departs_at"], row["delay"]) == ("early", 50, None)


def test_a_course_without_any_reading_has_a_row():
    rows = follow("early", ZHOU2023_EARLY, readings(), doses(), pl.Series(["A", "B"]))
    assert rows.get_column("course_id").to_list() == ["A", "B"]
    assert rows.get_column("followed").to_list() == ["never_due", "never_due"]


def test_the_arm_is_the_strategy_followed_and_of_two_the_one_due_earlier():
    grades = {"lee2014_crs": pl.DataFrame([("A", 200, 3.0, 200)], schema=SCHEMA, orient="row")}
    given = doses(300)
    early = follow("early", ZHOU2023_EARLY, RUN, given, IDS)
    conventional = follow("conventional", ZHOU2023_CONVENTIONAL, grades, given, IDS)
    both = arms(pl.concat([early, conventional]), IDS).row(0, named=True)
    assert (both["arm"], both["due_at"]) == ("conventional", 200)
    assert "followed several" in both["why"]
    neither = arms(follow("early", ZHOU2023_EARLY, RUN, doses(700), IDS), IDS).row(0, named=True)
    assert neither["arm"] is None
    assert neither["why"] == "early: late"
