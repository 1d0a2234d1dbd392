"""ICE, CARTOX-10, CAPD: sums, bounds of what is missing, and the two directions of CAPD."""

import polars as pl
import pytest

from tocsin.errors import TocsinError
from tocsin.scores.items import CAPD, CAPD_BEST_ALWAYS, CAPD_BEST_NEVER, CARTOX_10, HOW_OFTEN, ICE, capd, cartox_10, ice

FULL_ICE = {"orientation": 4, "naming": 3, "command": 1, "writing": 1, "attention": 1}
FULL_CARTOX = {"orientation": 5, "naming": 3, "writing": 1, "attention": 1}
AWAKE = dict.fromkeys(CAPD_BEST_ALWAYS, "always") | dict.fromkeys(CAPD_BEST_NEVER, "never")
DELIRIOUS = dict.fromkeys(CAPD_BEST_ALWAYS, "never") | dict.fromkeys(CAPD_BEST_NEVER, "always")
RESULT = ("value", "low", "high", "missing")


def one(make, answers):
    row = make(pl.DataFrame([answers], infer_schema_length=None)).row(0, named=True)
    return tuple(row[name] for name in RESULT)


@pytest.mark.parametrize(
    ("change", "result"),
    [
        ({}, (10, 10, 10, "")),
        ({"orientation": 0, "naming": 0, "command": 0, "writing": 0, "attention": 0}, (0, 0, 0, "")),
        ({"orientation": 3, "writing": 0}, (8, 8, 8, "")),
        ({"orientation": None}, (None, 6, 10, "orientation")),
        ({"naming": 1, "writing": None, "attention": None}, (None, 6, 8, "writing, attention")),
        (dict.fromkeys(FULL_ICE), (None, 0, 10, ", ".join(FULL_ICE))),
    ],
)
def test_ice(change, result):
    assert one(ice, FULL_ICE | change) == result


@pytest.mark.parametrize(
    ("change", "result"),
    [
        ({}, (10, 10, 10, "")),
        ({"orientation": 4}, (9, 9, 9, "")),
        ({"orientation": None}, (None, 5, 10, "orientation")),
    ],
)
def test_cartox_10_has_five_of_orientation_and_no_command(change, result):
    assert one(cartox_10, FULL_CARTOX | change) == result
    assert sum(CARTOX_10.values()) == sum(ICE.values()) == 10
    assert "command" not in CARTOX_10


def test_a_head_of_state_is_no_ice_point():
    with pytest.raises(TocsinError) as error:
        ice(pl.DataFrame([FULL_ICE | {"orientation": 5}]))
    assert error.value.problems[0].slug == "scores.item-value"


def test_every_wrong_item_is_told_at_once_and_no_value():
    frame = pl.DataFrame(
        {"orientation": [4, 9, None], "naming": [3.0, 2.5, 1.0], "command": [1, 1, 1], "writing": [0, 1, 0]}
    )
    with pytest.raises(TocsinError) as error:
        ice(frame)
    told = [(p.slug, p.what) for p in error.value.problems]
    assert [slug for slug, _ in told] == ["scores.item-value", "scores.item-value", "scores.item-column"]
    assert "1 of 3 rows (first: row 2)" in told[0][1]
    assert "attention" in told[2][1]
    assert "9" not in told[0][1]


# --- CAPD -------------------------------------------------------------------------------------------------------------


def test_capd_runs_from_0_to_32():
    assert one(capd, AWAKE) == (0, 0, 0, "")
    assert one(capd, DELIRIOUS) == (32, 32, 32, "")


@pytest.mark.parametrize("answer", HOW_OFTEN)
def test_the_same_answer_throughout_is_16_because_four_items_are_reversed(answer):
    """With one direction for all eight it would be 0, 8, 16, 24 or 32."""
    assert one(capd, dict.fromkeys(CAPD, answer)) == (16, 16, 16, "")


@pytest.mark.parametrize("name", CAPD)
@pytest.mark.parametrize(
    ("answer", "points"), [("never", 0), ("rarely", 1), ("sometimes", 2), ("often", 3), ("always", 4)]
)
def test_each_item_in_its_direction(name, answer, points):
    expected = 4 - points if name in CAPD_BEST_ALWAYS else points
    assert one(capd, AWAKE | {name: answer}) == (expected, expected, expected, "")


def test_the_items_are_eight_and_four_reversed():
    assert CAPD_BEST_ALWAYS == ("eye_contact", "purposeful_actions", "aware_of_surroundings", "communicates_needs")
    assert CAPD_BEST_NEVER == ("restless", "inconsolable", "underactive", "slow_to_respond")


def test_a_missing_item_of_capd_gives_bounds():
    assert one(capd, DELIRIOUS | {"restless": None, "eye_contact": None}) == (None, 24, 32, "eye_contact, restless")


@pytest.mark.parametrize(
    ("rass", "value", "valid"), [(-3, 32, True), (-4, None, False), (-5, None, False), (0, 32, True), (None, 32, None)]
)
def test_capd_is_not_valid_in_deep_sedation(rass, value, valid):
    row = capd(pl.DataFrame([DELIRIOUS | {"rass": rass}], schema_overrides={"rass": pl.Int32})).row(0, named=True)
    assert (row["value"], row["valid"]) == (value, valid)
    assert (row["low"], row["high"]) == ((value, value) if value else (None, None))


def test_another_word_is_refused():
    with pytest.raises(TocsinError) as error:
        capd(pl.DataFrame([AWAKE | {"restless": "mostly"}]))
    assert "mostly" not in str(error.value)
    assert error.value.problems[0].slug == "scores.item-value"
