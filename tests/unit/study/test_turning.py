"""Hazard ratios, Gray's test and what would turn a result, in small studies worked by hand."""

from math import exp, sqrt

import pytest

from tocsin.effects.gray import gray_test
from tocsin.effects.proportions import fisher_p
from tocsin.report.turning_pictures import plot_turning
from tocsin.report.words import Words
from tocsin.study.hazards import FEW
from tocsin.study.table1 import covariates
from tocsin.study.turning import observed, tipping, turning
from tocsin.tables import TURNING
from unit.study.small_studies import BOTH, Ward, early, ledger, results, severe, study_of

PAIR = [("early", "late")]


def by_measure(rows, outcome):
    found = [row for row in rows if row["outcome"] == outcome and " v " in row["contrast"]]
    assert len({row["measure"] for row in found}) == len(found)
    return {row["measure"]: row for row in found}


def ward_of(**deaths):
    """Early A, B and late C, D by default; the day each dies, or None: last seen on day 300."""
    ward = Ward()
    for k, (name, day) in enumerate(deaths.items()):
        (early if name in "AB" else severe)(ward, name, 9 * k)
        if day is None:
            ward.outcome(name, 300, "last_contact")
        else:
            ward.outcome(name, day, "death", "other", adjudicated_by="board")
    return ward


def os_rows(ward):
    return by_measure(results(ward, BOTH).tables["effects"].to_dicts(), "OS from infusion")


def test_a_hazard_ratio_by_hand():
    # deaths in the order late, early, late, early: L = 1/(2r+2) * r/(2r+1) * 1/(r+1) * 1, and d log L / dr = 0
    rows = os_rows(ward_of(C=40, A=80, D=120, B=160))
    ratio = rows["hazard ratio"]["estimate"]
    assert 1 / ratio == pytest.approx(2 / (ratio + 1) + 2 / (2 * ratio + 1), rel=1e-6)
    information = 2 * ratio / (ratio + 1) ** 2 + 2 * ratio / (2 * ratio + 1) ** 2
    assert rows["hazard ratio"]["low"] == pytest.approx(ratio * exp(-1.959963985 / sqrt(information)), rel=1e-6)
    assert (rows["hazard ratio"]["n"], rows["hazard ratio"]["events"]) == (4, 4)
    assert FEW in rows["hazard ratio"]["note"]


def test_deaths_in_one_arm_only():
    rows = os_rows(ward_of(C=40, D=120, A=None, B=None))
    assert rows["hazard ratio"]["estimate"] is None
    assert "runs to zero; use Firth's estimate" in rows["hazard ratio"]["note"]
    assert rows["proportional hazards"]["note"].startswith("not estimable: a coefficient has no finite estimate")
    assert 0 < rows["hazard ratio (Firth)"]["low"] < rows["hazard ratio (Firth)"]["estimate"] < 1
    assert rows["hazard ratio, arm from the first dose on"]["estimate"] is None


def test_nobody_dies():
    rows = os_rows(ward_of(C=None, D=None, A=None, B=None))
    for measure in ("hazard ratio", "hazard ratio (Firth)", "proportional hazards", "Mantel-Byar"):
        assert rows[measure]["estimate"] is rows[measure]["p"] is None
        assert rows[measure]["note"].endswith("not estimable: no event"), measure


def test_time_before_the_first_dose_counts_with_the_other_arm():
    rows = os_rows(ward_of(C=40, A=80, D=120, B=160))
    assert rows["Mantel-Byar"]["note"].startswith("time before the first dose of early counts with late")
    # expected while treated: 2/4 + 2/3 + 1/2 + 1 = 8/3; variance 1/4 + 2/9 + 1/4 = 13/18; (2 - 8/3)^2 / (13/18)
    assert "while treated 2 events, 2.67 expected" in rows["Mantel-Byar"]["note"]
    assert rows["Mantel-Byar"]["estimate"] == pytest.approx((4 / 9) / (13 / 18))


def test_gray_stands_beside_the_incidences():
    ward = ward_of(C=None, A=80, D=120, B=None)
    ward.outcome("C", 30, "death", "crs", adjudicated_by="board")
    rows = by_measure(results(ward, BOTH).tables["effects"].to_dicts(), "CRS death")
    day = (30 * 24 + 12 - 8) / 24  # noon of the day, time zero at eight
    assert rows["Gray's test"]["n"] == 4
    assert rows["Gray's test"]["events"] == 1
    want = gray_test([day, 80, 120, 300], [1, 2, 2, 0], ["late", "early", "late", "early"])
    assert rows["Gray's test"]["p"] == pytest.approx(want.p)


def test_what_turns_a_share_by_hand():
    effects = ledger()
    turning(effects, "x", {"early": (8, 10), "late": (2, 10)}, PAIR)
    rows = by_measure(effects.rows, "x")
    assert rows["risk ratio"]["estimate"] == pytest.approx(4)
    assert rows["E-value of the estimate"]["estimate"] == pytest.approx(4 + sqrt(12))
    limit = 4 * exp(-1.959963985 * sqrt(1 / 8 + 1 / 2 - 2 / 10))
    assert rows["E-value of the limit nearest 1"]["estimate"] == pytest.approx(limit + sqrt(limit * (limit - 1)))
    # Fisher: 8/10 v 2/10 0.0230, 7/10 v 2/10 and 8/10 v 3/10 0.0698
    assert rows["fragility index"]["estimate"] == 1
    note = rows["fragility index"]["note"]
    assert note.startswith("courses of one arm with the other outcome until P is 0.05 or more")
    assert "shortest way: fewer events in early; shortest way: more events in late" in note
    assert all(row["p"] is None for row in effects.rows)  # Fisher's P is counted once, beside the risk difference


def test_what_the_missing_can_make_of_a_difference():
    effects = ledger()
    # assessed 3/3 v 0/3; one late course missing: 3/3 v 0/4 or 1/4
    tipping(effects, "x", {"early": (3, 3), "late": (0, 3)}, {"early": 0, "late": 1}, PAIR)
    rows = by_measure(effects.rows, "x")
    assert rows["risk difference, assessed only"]["estimate"] == 1
    assert rows["risk difference, lowest possible"]["estimate"] == pytest.approx(3 / 4)
    assert rows["risk difference, highest possible"]["estimate"] == 1
    # Newcombe of 3/3 v 0/3 and 3/3 v 0/4 exclude 0, of 3/3 v 1/4: 0.75 - sqrt(0.5615^2 + 0.4494^2) = 0.031 does too
    assert rows["ways that turn the result"]["estimate"] == 0
    assert "of 2 ways" in rows["ways that turn the result"]["note"]


@pytest.mark.parametrize(
    ("counts", "missing", "why"),
    [
        ({"early": (1, 3), "late": (1, 3)}, {"early": 0, "late": 0}, "every outcome is known"),
        ({"early": (1, 3), "late": (0, 0)}, {"early": 0, "late": 2}, "an arm has no assessed course"),
        ({"early": (0, 0), "late": (0, 0)}, {"early": 0, "late": 0}, "an arm has no assessed course"),
    ],
)
def test_nothing_to_fill_in(counts, missing, why):
    effects = ledger()
    tipping(effects, "x", counts, missing, PAIR)
    assert [row["note"] for row in effects.rows] == [f"not estimable: {why}"]


def test_every_step_of_what_turns_a_share():
    effects = ledger()
    turning(effects, "x", {"early": (8, 10), "late": (2, 10)}, PAIR)
    rows = TURNING.check(TURNING.frame(effects.steps)).to_dicts()
    way = [r for r in rows if (r["kind"], r["arm"], r["move"]) == ("fragility", "late", "more")]
    assert [(r["x"], r["first_events"], r["second_events"], r["turns"]) for r in way] == [
        (0, 8, 2, "no"), (1, 8, 3, "yes"), (2, 8, 4, "yes"),
    ]  # fmt: skip
    assert [r["p"] for r in way] == [fisher_p(8, 10, k, 10) for k in (2, 3, 4)]
    cells = {(r["x"], r["y"]): r for r in rows if r["kind"] == "confounder"}
    assert len(cells) == 49
    # the ratio is 4 (1.115 to 14.35): 2 and 2 divide by 4/3, 1.2 and 1.2 by 1.44/1.4, 5 and 5 by 25/9
    assert cells[2, 2]["estimate"] == pytest.approx(3)
    assert [cells[k, k]["turns"] for k in (1.2, 2.0, 5.0)] == ["no", "interval", "interval"]
    assert cells[5, 5]["estimate"] == pytest.approx(4 * 9 / 25)


def test_a_limit_that_holds_1_already_does_not_turn():
    effects = ledger()
    turning(effects, "x", {"early": (4, 10), "late": (3, 10)}, PAIR)
    assert {row["turns"] for row in effects.steps if row["kind"] == "confounder"} == {"no", "yes"}


def test_every_filling_in_is_a_row():
    effects = ledger()
    tipping(effects, "x", {"early": (3, 4), "late": (1, 4)}, {"early": 1, "late": 2}, PAIR)
    rows = TURNING.check(TURNING.frame(effects.steps)).to_dicts()
    assert [(r["x"], r["y"]) for r in rows] == [(x, y) for x in (0, 1) for y in (0, 1, 2)]
    assert rows[4]["estimate"] == pytest.approx(4 / 5 - 2 / 6)
    # 3/4 of one missing early patient is nearest 1, 1/4 of two late ones nearest 0 (1 is as near: the lower one)
    assert [(r["x"], r["y"]) for r in rows if r["expected"]] == [(1, 0)]


def test_what_was_recorded_stands_beside_it():
    effects = ledger()
    turning(effects, "x", {"early": (3, 4), "late": (1, 4)}, PAIR, {c: int(c in "abce") for c in "abcdefgh"})
    members = {"early": list("abcd"), "late": list("efgh")}
    recorded = {"old": {"a": 1.0, "b": 0.0, "c": 1.0, "d": 0.0, "e": 1.0, "f": 0.0, "g": 0.0}, "rare": {"a": 1.0}}
    observed(effects, members, PAIR, recorded)
    rows = [row for row in effects.steps if row["kind"] == "covariate"]
    assert [row["covariate"] for row in rows] == ["old", "rare"]
    # shares 2/4 and 1/3; within arms 2/2 v 1/2 and 1/1 v 0/2: (2*2/4 + 1*2/3) / (1*2/4 + 0) = 10/3
    assert (rows[0]["x"], rows[0]["y"]) == (pytest.approx(1.5), pytest.approx(10 / 3))
    assert rows[0]["note"] == "1 without a value"
    assert rows[1]["estimate"] is None
    assert rows[1]["note"] == "not estimable: an arm has no known value; 7 without a value"


def test_no_ratio_no_yardstick():
    effects = ledger()
    turning(effects, "x", {"early": (0, 2), "late": (1, 2)}, PAIR, {"a": 0, "b": 0, "e": 1, "f": 0})
    observed(effects, {"early": ["a", "b"], "late": ["e", "f"]}, PAIR, {"old": {"a": 1.0, "e": 1.0}})
    assert [row for row in effects.steps if row["kind"] in ("covariate", "confounder")] == []


def test_covariates_are_cut_in_two():
    ward = Ward()
    for k, (age, sex, cns) in enumerate(((20.0, "male", True), (30.0, "male", None), (30.0, "female", False))):
        early(ward, "ABC"[k], 9 * k)
        ward.rows["patients"][-1].update(age_y=age, sex=sex, cns_disease=cns)
    found = covariates(study_of(ward, BOTH))
    assert found["age, years: below 30.01"] == {"A": 1, "B": 0, "C": 0}  # nobody is above the median
    assert found["sex: male"] == {"A": 1, "B": 1, "C": 0}
    assert found["CNS disease"] == {"A": 1, "C": 0}
    assert not any("weight" in name or "calendar" in name for name in found)  # all of 60 kg


def test_landmarks_by_hand():
    ward = ward_of(C=3, A=80, D=120)
    ward.patient("B", 40).fever("B", 92).drug("B", 97, "tocilizumab").outcome("B", 160, "death", "other",
                                                                            adjudicated_by="board")  # fmt: skip
    rows = os_rows(ward)
    made = {name: row for name, row in rows.items() if "arm as it was then" in name}
    # doses of early at hour 25 and 97: A begins on day 1.04, B on day 4.04
    assert list(made) == [f"hazard ratio from day {day}, arm as it was then" for day in (2, 3, 4, 5)]
    first, last = (
        made["hazard ratio from day 2, arm as it was then"],
        made["hazard ratio from day 5, arm as it was then"],
    )
    assert first["note"].startswith("1 in early by then, 3 not; 0 gone before, 1 begin later")
    assert last["note"].startswith("2 in early by then, 1 not; 1 gone before, 0 begin later")
    # deaths C, A, D, B with A treated: 1 - 1/4 - 1/3 expected, variance 3/16 + 2/9: 25/59, as the table of chi-square
    assert first["p"] == pytest.approx(0.51509, abs=1e-5)
    assert (first["n"], last["n"]) == (4, 3)
    assert first["method"].endswith("; P: log-rank")


def test_restricted_means_by_hand():
    rows = os_rows(ward_of(C=40, A=80, D=120, B=160))
    # three whole months of 30.4375 days are the most both arms are followed: one death in each before, 40 days apart
    row = rows["difference of restricted means to 3 months"]
    assert row["estimate"] == pytest.approx(40 / 2 / 30.4375)
    # the area still to come after the only death before month 3 is half of the time left; d / (n (n - d)) = 1/2
    left = [3 - day / 30.4375 for day in (80, 40)]
    half = 1.959963985 * sqrt(sum((x / 2) ** 2 / 2 for x in left))
    assert row["low"] == pytest.approx(row["estimate"] - half)
    assert "mean of early 2.81; mean of late 2.16" in row["note"]


def test_no_restricted_mean_in_less_than_a_month():
    rows = os_rows(ward_of(C=10, A=80, D=20, B=160))
    note = rows["difference of restricted means"]["note"]
    assert note == "not estimable: an arm is followed for less than a month"


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_each_kind_has_its_picture(lang):
    ward = ward_of(A=40, B=None, C=80, D=120)
    for name in "ABC":  # D is not assessed
        ward.outcome(name, 25, "response", "cr")
        ward.outcome(name, 25, "mrd", "negative", method="flow")
    found = results(ward, BOTH)
    drawn = {figure.name: figure for figure in plot_turning(found, Words(lang))}
    assert list(drawn) == ["e_value", "fragility", "tipping", "confounders"]
    rows = found.tables["turning"].to_dicts()
    results_of_paths = {row["outcome"] for row in rows if row["kind"] == "fragility"}
    for outcome in results_of_paths:
        assert Words(lang).term(outcome) in drawn["fragility"].svg
    assert drawn["fragility"].svg.count("stroke-dasharray") >= len(results_of_paths)
    tiles = [row for row in rows if row["kind"] == "confounder"]
    assert all(f">{row['estimate']:.2f}<" in drawn["confounders"].svg for row in tiles)


def test_severe_crs_has_no_e_value_where_an_arm_waits_for_it():
    rows = by_measure(results(ward_of(C=40, A=80), BOTH).tables["effects"].to_dicts(), "severe CRS")
    assert "risk difference" in rows
    assert "E-value of the estimate" not in rows


@pytest.mark.parametrize(("lang", "head"), [("en", "How easily the answer turns"), ("zh", "结论有多容易改变")])
def test_the_section_holds_every_row_once_and_no_p(lang, head):
    from tocsin.report.draw import draw_all
    from tocsin.report.html import render_report

    found = results(ward_of(A=40, B=None, C=80, D=120), BOTH)
    figures = draw_all(found, lang)
    page = render_report(found, figures, lang)
    start = page.index('<section id="turning"')
    part = page[start : page.index("</section>", start)]
    assert head in part
    rows = [r for r in found.tables["effects"].to_dicts() if "E-value" in r["measure"] or "fragility" in r["measure"]]
    assert len(rows) == 12  # three a result: MRD-negative CR, CRS death, ICANS, severe ICANS
    for word in {"en": ("E-value of", "fragility index"), "zh": ("的 E 值", "脆弱指数")}[lang]:
        assert part.count(word) >= 4, word
    assert [figure.name for figure in figures].count("e_value") == 1
