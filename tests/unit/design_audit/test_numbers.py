"""Numbers behind the verdicts, by hand: limits of the AUC, grades that signs mean, rules that wait, small n."""

from fractions import Fraction
from math import comb, sqrt

import polars as pl
import pytest

from tocsin.design_audit import AuditParameters, audit
from tocsin.design_audit.clocks import auc_interval
from tocsin.design_audit.definitions import implied_grade, never_so_far, read_among_others, required
from tocsin.design_audit.measures import _detectable, ladder
from tocsin.errors import TocsinError
from tocsin.grades import SCALES
from tocsin.tables.audit import CALENDAR
from tocsin.when import When
from unit.design_audit.designs import aligned, study

Z = 1.959963984540054
HOT = {"sign": "temperature", "at_least": 39.0}
SEVERE = {"grade_of": "astct_crs", "at_least": 3}


def when(fields):
    return When.model_validate(fields)


def test_limits_of_one_course_against_one_by_hand():
    # with one against one, n* = 0 and (1 - t)^2 = z^2 t (1 - t): t = 1 / (1 + z^2)
    low, high = auc_interval(1.0, 1, 1)
    assert low == pytest.approx(1 / (1 + Z * Z), abs=1e-9)
    assert high == 1.0
    assert auc_interval(0.0, 1, 1) == pytest.approx((0.0, Z * Z / (1 + Z * Z)), abs=1e-9)


@pytest.mark.parametrize(("auc", "m", "n"), [(0.5, 13, 9), (0.87, 13, 9), (0.999, 4, 60), (0.03, 20, 20)])
def test_limits_solve_the_score_equation_and_mirror(auc, m, n):
    low, high = auc_interval(auc, m, n)
    assert low < auc < high
    for t in (low, high):
        star = (m + n) / 2 - 1
        variance = t * (1 - t) / (m * n) * (1 + star * (1 - t) / (2 - t) + star * t / (1 + t))
        assert abs(auc - t) == pytest.approx(Z * sqrt(variance), rel=1e-6)
    assert auc_interval(1 - auc, n, m) == pytest.approx((1 - high, 1 - low), abs=1e-9)


def test_wider_at_a_higher_level_and_with_fewer_courses():
    narrow, wide, few = auc_interval(0.8, 40, 40, 0.9), auc_interval(0.8, 40, 40, 0.99), auc_interval(0.8, 10, 10, 0.9)
    assert wide[0] < narrow[0] < narrow[1] < wide[1]
    assert few[0] < narrow[0]


def test_the_share_of_pairs_counts_ties_half():
    made = study(aligned(3, shift=-1))  # both arms begin on the same days
    rows = audit(made).tables["audit_calendar"]
    assert rows.filter(arm="one")["later_than"].to_list() == [0.5, 1.5, 2.5]
    assert rows["of"].unique().to_list() == [3]


@pytest.mark.parametrize(
    ("sign", "least", "grade"),
    [("vasopressors", 1, 3), ("vasopressors", 2, 4), ("oxygen", 1, 2), ("oxygen", 2, 3), ("oxygen", 3, 4),
     ("hypotension", 1, 2), ("fever", 1, 1), ("blasts_percent", 5, None)],
)  # fmt: skip
def test_the_grade_a_sign_means_on_the_astct_scale(sign, least, grade):
    assert implied_grade(SCALES["astct_crs"], sign, least) == grade


@pytest.mark.parametrize(
    ("trigger", "waits", "ways"),
    [
        (SEVERE, {"astct_crs": 3}, {}),
        ({"grade_of": "astct_crs", "above": 2}, {"astct_crs": 3}, {}),
        ({"grade_of": "astct_crs", "at_most": 2}, {}, {}),
        ({"grade_of": "astct_icans", "at_least": 2}, {"astct_icans": 2}, {}),
        ({"sign": "vasopressors", "at_least": 1}, {"astct_crs": 3}, {}),
        ({"sign": "norepinephrine", "above": 5}, {"astct_crs": 3}, {}),
        ({"sign": "fever", "at_least": 1}, {}, {}),
        ({"all": [HOT, SEVERE, {"grade_of": "astct_crs", "at_least": 2}]}, {"astct_crs": 3}, {}),
        ({"any": [HOT, SEVERE]}, {}, {"astct_crs": 3}),
        ({"any": [SEVERE, {"grade_of": "astct_crs", "at_least": 2}]}, {"astct_crs": 2}, {}),
        ({"any": [SEVERE, {"grade_of": "lee2014_crs", "at_least": 3}]}, {}, {"astct_crs": 3, "lee2014_crs": 3}),
        ({"not": SEVERE}, {}, {"astct_crs": 3}),
        (HOT, {}, {}),
        ({"day": 2.0}, {}, {}),
    ],
)
def test_what_a_rule_waits_for(trigger, waits, ways):
    assert required(when(trigger), "astct_crs") == waits
    assert read_among_others(when(trigger), "astct_crs") == ways


@pytest.mark.parametrize(
    ("trigger", "never"),
    [
        ({"not": {"sign": "tocilizumab", "at_least": 1}}, True),
        ({"sign": "tocilizumab", "at_most": 0}, True),
        ({"sign": "tocilizumab", "at_least": 1}, False),
        ({"not": {"not": {"sign": "tocilizumab", "at_least": 1}}}, False),
        ({"all": [HOT, {"sign": "tocilizumab", "below": 1}]}, True),
        ({"not": HOT}, False),
    ],
)
def test_a_rule_that_asks_that_the_drug_was_not_given(trigger, never):
    assert never_so_far(when(trigger), "tocilizumab") is never


def fisher(a, m, b, n):
    """Two-sided, all tables added up, in fractions."""
    chances = [
        Fraction(comb(m, k) * comb(n, a + b - k), comb(m + n, a + b))
        for k in range(max(0, a + b - n), min(m, a + b) + 1)
    ]
    mine = Fraction(comb(m, a) * comb(n, b), comb(m + n, a + b))
    return sum(p for p in chances if p <= mine)


def test_the_smallest_difference_has_the_power_it_claims():
    made = _detectable(8, 1, 7, 0.8)
    base = 1 / 7

    def power(p):
        return sum(
            comb(8, a) * p**a * (1 - p) ** (8 - a) * comb(7, b) * base**b * (1 - base) ** (7 - b)
            for a in range(9) for b in range(8) if fisher(a, 8, b, 7) <= Fraction(1, 20)
        )  # fmt: skip

    assert made["below"] is None
    assert power(made["above"]) >= 0.8 > power(made["above"] - 1e-3)
    assert made["points"] == pytest.approx(100 * (made["above"] - base))


def test_large_arms_are_reckoned_by_the_normal_approximation():
    made = _detectable(5_000, 500, 5_000, 0.8)
    assert made["points"] == pytest.approx(100 * (Z + 0.8416212335729143) * sqrt(0.5 / 5_000))
    assert "normal approximation" in made["method"]


def test_one_against_one_can_show_nothing():
    made = _detectable(1, 0, 1, 0.8)
    assert (made["below"], made["above"], made["points"]) == (None, None, None)
    assert _detectable(0, 0, 3, 0.8)["method"] == "no assessable course in an arm"


@pytest.mark.parametrize(
    ("n", "words"), [(29, "no weighted estimate"), (30, "exploration"), (99, "exploration"), (100, "bootstrap"),
                     (999, "bootstrap"), (1000, "full emulation")],
)  # fmt: skip
def test_what_n_allows(n, words):
    assert words in ladder(n)[0]


def test_edges_are_parameters_and_both_sides_of_each_are_seen():
    made = study(aligned(dose=0.5))
    for hours, verdict in ((0.5, "note"), (0.49, "serious")):
        rows = audit(made, AuditParameters(immortal_h=hours)).tables["audit"]
        assert rows.filter(pl.col("no").is_in([3, 6]))["verdict"].to_list() == [verdict, verdict]
    smallest = audit(made).tables["audit_detectable"]["points"].min()
    for points, verdict in ((smallest, "not_found"), (smallest - 0.01, "note")):
        rows = audit(made, AuditParameters(points_note=points)).tables["audit"]
        assert rows.filter(no=8)["verdict"].item() == verdict
    for points, verdict in ((smallest, "note"), (smallest - 0.01, "serious")):
        rows = audit(made, AuditParameters(points_note=1, points_serious=points)).tables["audit"]
        assert rows.filter(no=8)["verdict"].item() == verdict


def test_a_parameter_out_of_range_is_refused():
    with pytest.raises(TocsinError) as error:
        AuditParameters.of({"power": 2.0, "speed": 1})
    assert [p.slug for p in error.value.problems] == ["parameters.value", "parameters.unknown"]


def test_courses_of_one_arm_only_later_are_serious_from_the_edge_on():
    made = study(aligned(20, shift=18.5))
    rows = audit(made).tables
    told = rows["audit"].filter(no=5).row(0, named=True)
    auc = rows["audit_calendar"].filter(arm="two")["later_than"].sum() / 400
    assert told["verdict"] == ("serious" if auc > 0.9 else "note")
    near = audit(made, AuditParameters(auc_serious=round(auc - 0.01, 2))).tables["audit"].filter(no=5)
    far = audit(made, AuditParameters(auc_serious=round(auc + 0.01, 2))).tables["audit"].filter(no=5)
    assert (near["verdict"].item(), far["verdict"].item()) == ("serious", "note")
    assert CALENDAR.problems(rows["audit_calendar"]) == []
