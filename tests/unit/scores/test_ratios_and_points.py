"""EASIX, CAR-HEMATOTOX, HScore and Hay: hand-worked values, edges and bounds."""

from itertools import product

import polars as pl
import pytest

from tocsin.scores.easix import easix_scores, is_floored, log2
from tocsin.scores.hay import hay_2017
from tocsin.scores.hematotox import ITEMS, car_hematotox
from tocsin.scores.hscore import cytopenic_lineages, hscore, probability
from tocsin.scores.parameters import ScoreParameters

LABS = {"ldh": 300.0, "creatinine": 2.0, "crp": 50.0, "platelets": 30.0}
FLOATS = dict.fromkeys(LABS, pl.Float64)


def ratios(**change):
    row = easix_scores(pl.DataFrame([LABS | change], schema=FLOATS)).row(0, named=True)
    return row["easix"], row["s_easix"], row["m_easix"]


def test_easix_by_hand():
    # 300 x 2 / 30, 300 / 30, and CRP 50 mg/L = 5 mg/dL: 300 x 5 / 30
    assert ratios() == (20.0, 10.0, 50.0)


@pytest.mark.parametrize(("platelets", "floored"), [(0.0, True), (0.4, True), (1.0, False), (2.0, False)])
def test_platelets_are_floored_at_one_and_told(platelets, floored):
    by = max(platelets, 1.0)
    assert ratios(platelets=platelets) == (600 / by, 300 / by, 1500 / by)
    assert pl.select(is_floored(pl.lit(platelets))).item() is floored


def test_a_missing_item_is_a_missing_ratio_and_never_the_floor():
    assert ratios(platelets=None) == (None, None, None)
    assert ratios(creatinine=None) == (None, 10.0, 50.0)
    assert ratios(crp=None) == (20.0, 10.0, None)
    assert ratios(ldh=None) == (None, None, None)


def test_log2_is_of_the_value_and_none_of_nothing():
    values = pl.DataFrame({"x": [8.0, 0.25, 1.0, 0.0, None]})
    assert values.select(log2(pl.col("x"))).to_series().to_list() == [3.0, -2.0, 0.0, None, None]


# --- CAR-HEMATOTOX ----------------------------------------------------------------------------------------------------

GOOD = {"platelets": 200.0, "neutrophils": 2.0, "haemoglobin": 11.0, "crp": 10.0, "ferritin": 300.0}
BAD = {"platelets": 20.0, "neutrophils": 0.4, "haemoglobin": 7.0, "crp": 80.0, "ferritin": 5000.0}


def hematotox(labs, **parameters):
    frame = pl.DataFrame([labs], schema=dict.fromkeys(ITEMS, pl.Float64))
    row = car_hematotox(frame, ScoreParameters(**parameters)).row(0, named=True)
    return row["value"], row["low"], row["high"], row["missing"], row["risk"]


def test_from_0_to_7():
    assert hematotox(GOOD) == (0, 0, 0, "", "low")
    assert hematotox(BAD) == (7, 7, 7, "", "high")


@pytest.mark.parametrize(
    ("name", "value", "points"),
    [
        ("platelets", 175.1, 0), ("platelets", 175.0, 1), ("platelets", 75.0, 1), ("platelets", 74.9, 2),
        ("neutrophils", 1.201, 0), ("neutrophils", 1.2, 0), ("neutrophils", 1.199, 1),
        ("haemoglobin", 9.1, 0), ("haemoglobin", 9.0, 0), ("haemoglobin", 8.999, 1),
        ("crp", 29.999, 0), ("crp", 30.0, 1), ("crp", 30.001, 1), ("crp", 3.0, 0),
        ("ferritin", 649.9, 0), ("ferritin", 650.0, 1), ("ferritin", 2000.0, 1), ("ferritin", 2000.1, 2),
    ],
)  # fmt: skip
def test_edges(name, value, points):
    assert hematotox(GOOD | {name: value})[0] == points


def test_the_open_edges_are_parameters():
    edge = GOOD | {"neutrophils": 1.2, "haemoglobin": 9.0, "crp": 30.0}
    assert hematotox(edge)[0] == 1
    other = {"hematotox_anc_at_edge": 1, "hematotox_haemoglobin_at_edge": 1, "hematotox_crp_at_edge": 0}
    assert hematotox(edge, **other)[0] == 2


@pytest.mark.parametrize(
    ("labs", "result"),
    [
        (GOOD | {"crp": None}, (None, 0, 1, "crp", "low")),
        (GOOD | {"ferritin": None}, (None, 0, 2, "ferritin", None)),
        (BAD | {"platelets": None, "crp": None}, (None, 4, 7, "platelets, crp", "high")),
        (dict.fromkeys(ITEMS), (None, 0, 7, ", ".join(ITEMS), None)),
    ],
)
def test_a_missing_item_is_no_score_but_bounds(labs, result):
    assert hematotox(labs) == result


def test_bounds_are_those_of_every_completion():
    """Every way of filling in what is missing lies within, and both ends are reached."""
    steps = {"platelets": (20.0, 100.0, 200.0), "neutrophils": (0.4, 2.0), "haemoglobin": (7.0, 11.0),
             "crp": (10.0, 80.0), "ferritin": (300.0, 1000.0, 5000.0)}  # fmt: skip
    for left_out in product((False, True), repeat=5):
        missing = [name for name, out in zip(ITEMS, left_out, strict=True) if out]
        _, low, high, _, _ = hematotox(GOOD | dict.fromkeys(missing))
        filled = [hematotox(GOOD | dict(zip(missing, values, strict=True)))[0]
                  for values in product(*(steps[name] for name in missing))]  # fmt: skip
        assert (min(filled), max(filled)) == (low, high)


# --- HScore -----------------------------------------------------------------------------------------------------------

WELL = {"immunosuppression": False, "temperature": 37.0, "organomegaly": "none", "lineages": 1, "ferritin": 500.0,
        "triglycerides": 1.0, "fibrinogen": 3.0, "ast": 20.0, "haemophagocytosis": False}  # fmt: skip
HS_TYPES = {"immunosuppression": pl.Boolean, "temperature": pl.Float64, "organomegaly": pl.String, "lineages": pl.Int32,
            "ferritin": pl.Float64, "triglycerides": pl.Float64, "fibrinogen": pl.Float64, "ast": pl.Float64,
            "haemophagocytosis": pl.Boolean}  # fmt: skip


def h(**change):
    return hscore(pl.DataFrame([WELL | change], schema=HS_TYPES)).row(0, named=True)


@pytest.mark.parametrize(
    ("name", "value", "points"),
    [
        ("temperature", 38.399, 0), ("temperature", 38.4, 33), ("temperature", 39.4, 33), ("temperature", 39.401, 49),
        ("ferritin", 1999.9, 0), ("ferritin", 2000.0, 35), ("ferritin", 6000.0, 35), ("ferritin", 6000.1, 50),
        ("triglycerides", 1.499, 0), ("triglycerides", 1.5, 44), ("triglycerides", 4.0, 44),
        ("triglycerides", 4.001, 64),
        ("fibrinogen", 2.5, 30), ("fibrinogen", 2.501, 0), ("ast", 29.9, 0), ("ast", 30.0, 19),
        ("lineages", 0, 0), ("lineages", 1, 0), ("lineages", 2, 24), ("lineages", 3, 34),
        ("organomegaly", "one", 23), ("organomegaly", "both", 38),
        ("immunosuppression", True, 18), ("haemophagocytosis", True, 35),
    ],
)  # fmt: skip
def test_hscore_points(name, value, points):
    assert h(**{name: value})["value"] == points


@pytest.mark.parametrize(("name", "most"), [
    ("immunosuppression", 18), ("temperature", 49), ("organomegaly", 38), ("lineages", 34), ("ferritin", 50),
    ("triglycerides", 64), ("fibrinogen", 30), ("ast", 19), ("haemophagocytosis", 35),
])  # fmt: skip
def test_hscore_bounds_of_each_missing_item(name, most):
    row = h(**{name: None})
    assert (row["value"], row["low"], row["high"], row["missing"]) == (None, 0, most, name)
    assert row["probability"] is None
    assert row["likely"] is False


@pytest.mark.parametrize("make", [hscore, car_hematotox, easix_scores])
def test_a_column_without_any_value_is_unknown(make):
    """An empty column of a file has no type at all."""
    names = (*WELL, *ITEMS, *LABS)
    row = make(pl.DataFrame({name: [None] for name in names})).row(0, named=True)
    assert row.get("value") is None
    assert row.get("easix") is None


def test_hscore_all_missing_reaches_337_and_says_nothing():
    row = h(**dict.fromkeys(WELL))
    assert (row["low"], row["high"], row["likely"]) == (0, 337, None)


def test_classes_change_after_their_last_score():
    values = pl.DataFrame({"v": [90, 91, 100, 101, 168, 170, 171, 240, 241, 337, None]}, schema={"v": pl.Int32})
    assert values.select(probability(pl.col("v"))).to_series().to_list() == [
        "<1%", "~1%", "~1%", "1-3%", "40-54%", "40-54%", "54-70%", "98-99%", ">99%", ">99%", None,
    ]  # fmt: skip


def test_the_cut_is_169():
    # 18 immunosuppression + 49 fever + 38 both organs + 64 triglycerides = 169; 50 + 64 + 35 + 19 = 168
    at = h(immunosuppression=True, temperature=40.0, organomegaly="both", triglycerides=5.0)
    below = h(ferritin=7000.0, triglycerides=5.0, haemophagocytosis=True, ast=50.0)
    assert (at["value"], at["likely"]) == (169, True)
    assert (below["value"], below["likely"]) == (168, False)


@pytest.mark.parametrize(
    ("blood", "lineages"),
    [((9.2, 5.0, 110.0), 3), ((9.3, 5.1, 111.0), 0), ((9.0, 6.0, 100.0), 2), ((None, 1.0, 1.0), None)],
)
def test_lineages(blood, lineages):
    frame = pl.DataFrame([blood], schema={"hb": pl.Float64, "wbc": pl.Float64, "plt": pl.Float64}, orient="row")
    assert frame.select(cytopenic_lineages(pl.col("hb"), pl.col("wbc"), pl.col("plt"))).item() == lineages


# --- Hay 2017 ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("highest", "watched", "mcp1", "answer"),
    [
        (38.9, True, 1343.5, True),
        (38.9, None, 1343.5, True),  # a fever seen is a fever
        (38.9, True, 1343.4, False),
        (38.899, True, 5000.0, False),
        (38.899, None, 5000.0, None),  # a fever may have been missed
        (38.899, False, 5000.0, None),
        (38.899, None, 1000.0, False),  # whatever the fever
        (40.0, True, None, None),
        (37.0, True, None, False),
        (None, None, 5000.0, None),
        (None, None, None, None),
    ],
)
def test_hay_has_three_answers(highest, watched, mcp1, answer):
    frame = pl.DataFrame([(highest, watched, mcp1)], orient="row",
                         schema={"t": pl.Float64, "w": pl.Boolean, "m": pl.Float64})  # fmt: skip
    assert frame.select(hay_2017(pl.col("t"), pl.col("w"), pl.col("m"))).item() is answer
