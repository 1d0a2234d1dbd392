"""Hazard ratios, Gray's test and what would turn a result, in small studies worked by hand."""

from math import exp, sqrt

import pytest

from tocsin.effects.gray import gray_test
from tocsin.study.hazards import FEW
from tocsin.study.turning import tipping, turning
from unit.study.small_studies import BOTH, Ward, early, ledger, results, severe

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
