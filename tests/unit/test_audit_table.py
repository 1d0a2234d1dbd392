"""A printed table is recomputed: what is wrong is found, what is right is left alone, what cannot be known is said."""

import csv
import re

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from tocsin.audit_table import audit_table, which_test, which_test_of_means
from tocsin.audit_table.printed_numbers import Printed, read_number, read_p
from tocsin.audit_table.which_test import STUDENT, WELCH, stated, t_tests
from tocsin.audit_table.written import SCHEMA
from tocsin.cli import app
from tocsin.cli import audit_table as _command  # noqa: F401 - registers the command
from tocsin.effects.proportions import fisher_p
from tocsin.errors import TocsinError

HEADER = (
    "table", "outcome", "type", "arm_a", "n_a", "events_a", "percent_a", "missing_a", "mean_a", "sd_a", "summary_a",
    "arm_b", "n_b", "events_b", "percent_b", "missing_b", "mean_b", "sd_b", "summary_b", "n_total", "events_total",
    "p", "test",
)  # fmt: skip


def table(folder, *rows, header=HEADER):
    """A file with these rows; what a row leaves out is empty."""
    path = folder / "table.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, header, restval="")
        writer.writeheader()
        writer.writerows({"outcome": "CRS", **row} for row in rows)
    return path


def counts(a, m, b, n, **more):
    return {"n_a": m, "events_a": a, "n_b": n, "events_b": b, **more}


def audited(folder, *rows):
    return audit_table(table(folder, *rows)).rows


def findings(folder, *rows):
    return [(line.number, found.code) for line, found in audit_table(table(folder, *rows)).findings]


def problems(path):
    with pytest.raises(TocsinError) as caught:
        audit_table(path)
    assert caught.value.exit_code == 3
    return [(problem.slug, problem.what) for problem in caught.value.problems]


# --- printed numbers --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "value", "half", "sign"),
    [
        ("0.02", 0.02, 0.005, ""),
        (".020", 0.02, 0.0005, ""),
        ("P = 0.02", 0.02, 0.005, ""),
        ("p<0.001", 0.001, 0.0005, "<"),
        ("< .001", 0.001, 0.0005, "<"),
        ("≤0.05", 0.05, 0.005, "<"),
        (">0.999", 0.999, 0.0005, ">"),
        ("0·34", 0.34, 0.005, ""),
        ("0,034", 0.034, 0.0005, ""),
        ("2.3×10^-4", 2.3e-4, 0.5e-5, ""),
        ("2.3 × 10−4", 2.3e-4, 0.5e-5, ""),
        ("1e-5", 1e-5, 0.5e-5, ""),
        ("NS", 0.05, 0.0, ">"),
        ("1", 1.0, 0.5, ""),
    ],
)
def test_p_as_printed(text, value, half, sign):
    found = read_p(text)
    assert found is not None
    assert found.value == pytest.approx(value)
    assert found.half == pytest.approx(half)
    assert found.sign == sign


@pytest.mark.parametrize("text", ["", "x", "1.2", "-0.1", "0.0.1", "nan", "inf", "<", "p", "0.02*", "1,234", "1e999"])
def test_no_p(text):
    assert read_p(text) is None


def test_thousands_are_not_decimals():
    assert read_number("1,234") is None
    assert read_number("4,4") == Printed("4,4", 4.4, 0.05)
    assert read_number("12.50%", percent=True) == Printed("12.50%", 12.5, 0.005)


def test_rounding_by_hand():
    half = read_number("38")
    assert half.fits(37.5)
    assert half.fits(38.5)
    assert not half.fits(37.49)
    assert not half.fits(38.51)
    assert read_number("37").fits(37.5)
    assert read_number("37.5").fits(37.5)
    assert not read_number("37.5").fits(37.56)
    assert read_p("<0.001").fits(0.00099)
    assert not read_p("<0.001").fits(0.001)
    assert read_p(">0.999").fits(1)
    assert not read_p(">0.999").fits(0.999)
    assert read_p("0.000").fits(0.0004)
    assert not read_p("0.000").fits(0.0006)


def test_one_printed_as_99():
    for text in ("0.99", ".999"):
        assert read_p(text).stands_for_one(1.0)
        assert not read_p(text).stands_for_one(0.99)
    assert not read_p("0.98").stands_for_one(1.0)
    assert not read_p("0.9").stands_for_one(1.0)


@given(st.floats(0.001, 1), st.integers(3, 6))
def test_a_number_fits_its_own_print_and_not_two_units_on(p, digits):
    text = f"{p:.{digits}f}"
    assert read_p(text).fits(p)
    assert not read_p(text).fits(p + 2 * 10.0**-digits)


# --- which test -------------------------------------------------------------------------------------------------------


def test_which_test_names_one_several_or_none():
    assert which_test("0.007", [[11, 2], [2, 7]]).fits == ("Fisher",)
    several = which_test("0.2", [[11, 2], [5, 4]])
    assert several.fits == ("Fisher", "Boschloo", "Wald log-RR")
    assert several.says.startswith("3 tests give P 0.2: Fisher 0.178, Boschloo 0.18, Wald log-RR ")
    none = which_test("0.5", [[11, 2], [2, 7]])
    assert none.fits == ()
    assert none.says.startswith("no named test gives P 0.5; nearest ")


def test_tests_that_do_not_exist_say_why():
    nobody = {one.test: one for one in which_test("1", [[0, 13], [0, 9]]).candidates}
    assert nobody["Fisher"].low == 1
    assert nobody["Boschloo"].low == 1
    assert [nobody[name].low for name in ("chi2", "chi2+Yates", "Wald log-RR", "Wald log-OR")] == [None] * 4
    assert nobody["chi2"].why == "all patients are in one column"
    assert nobody["Wald log-OR"].why == "a cell is 0"
    empty = which_test("1", [[0, 0], [3, 6]])
    assert empty.fits == ()
    assert {one.why for one in empty.candidates} == {"an arm is empty"}
    large = {one.test: one.why for one in which_test("0.5", [[50, 60], [60, 50]]).candidates}
    assert large["Boschloo"] == "left out above 200 patients"


def test_wald_by_hand():
    """8/10 v 4/10: log RR = log 2, variance 1/8 - 1/10 + 1/4 - 1/10 = 0.175; log OR = log 6, variance 25/24 - ..."""
    from statistics import NormalDist

    found = {one.test: one.low for one in which_test("1", [[8, 2], [4, 6]]).candidates}
    z = 0.6931471805599453 / 0.175**0.5
    assert found["Wald log-RR"] == pytest.approx(2 * NormalDist().cdf(-z))
    z = 1.791759469228055 / (1 / 8 + 1 / 2 + 1 / 4 + 1 / 6) ** 0.5
    assert found["Wald log-OR"] == pytest.approx(2 * NormalDist().cdf(-z))


@given(st.integers(0, 13), st.integers(0, 9))
def test_the_fisher_p_is_found_in_its_own_table(a, b):
    p = fisher_p(a, 13, b, 9)
    text = f"{p:.4f}" if p >= 0.00005 else "<0.0001"
    assert "Fisher" in which_test(text, [[a, 13 - a], [b, 9 - b]]).fits


def test_wrong_tables_and_p():
    for wrong in (
        [[1, 2]],
        [[1], [2]],
        [[1, 2], [3]],
        [[1, -2], [3, 4]],
        [[1, 2.5], [3, 4]],
        [[1, float("nan")], [3, 4]],
    ):
        with pytest.raises(ValueError):
            which_test("0.1", wrong)
    with pytest.raises(TocsinError, match=r"audit\.p-unreadable"):
        which_test("high", [[1, 2], [3, 4]])


def test_t_tests_equal_scipy():
    from scipy.stats import ttest_ind_from_stats

    exact = [Printed("", value, 0.0) for value in (61.2, 9.8, 55.1, 14.4)]
    student, welch = t_tests(30, exact[0], exact[1], 12, exact[2], exact[3])
    for one, equal in ((student, True), (welch, False)):
        p = ttest_ind_from_stats(61.2, 9.8, 30, 55.1, 14.4, 12, equal_var=equal).pvalue
        assert one.low == one.high == pytest.approx(p, rel=1e-12)


def test_rounded_means_give_a_range_that_holds_what_they_can_come_from():
    mean, sd = read_number("4.4"), read_number("2.1")
    other, spread = read_number("5.6"), read_number("2.3")
    student, welch = t_tests(20, mean, sd, 25, other, spread)
    for gap in (1.1, 1.2, 1.3):
        for s_a, s_b in ((2.05, 2.25), (2.15, 2.35), (2.1, 2.3)):
            made = [Printed("", value, 0.0) for value in (0.0, s_a, gap, s_b)]
            for wide, narrow in zip((student, welch), t_tests(20, made[0], made[1], 25, made[2], made[3]), strict=True):
                assert wide.low - 1e-12 <= narrow.low <= wide.high + 1e-12
    assert student.high - student.low > 0.03
    found = which_test_of_means("0.08", 20, mean, sd, 25, other, spread)
    assert found.fits == (STUDENT, WELCH)
    assert which_test_of_means("0.20", 20, mean, sd, 25, other, spread).fits == ()


def test_no_t_test_without_spread_or_patients():
    one, none = read_number("1.0"), Printed("0", 0.0, 0.0)
    assert {c.why for c in t_tests(1, one, one, 9, one, one)} == {"an arm has fewer than 2 patients"}
    assert {c.why for c in t_tests(5, one, none, 9, one, none)} == {"no spread"}


@pytest.mark.parametrize(
    ("words", "tests", "elsewhere"),
    [
        ("Fisher exact, two-sided", {"Fisher"}, ""),
        ("Chi-square (methods)", {"chi2", "chi2+Yates"}, ""),
        ("χ² or Fisher's exact", {"Fisher", "chi2", "chi2+Yates"}, ""),
        ("chi-square without continuity correction", {"chi2"}, ""),
        ("chi-square with Yates", {"chi2+Yates"}, ""),
        ("Student's t-test", {STUDENT, WELCH}, ""),
        ("Welch t-test", {WELCH}, ""),
        ("Mann-Whitney U", set(), "Wilcoxon"),
        ("log-rank", set(), "log-rank"),
        ("logistic regression", set(), "a regression"),
        ("not in the visible part", set(), ""),
        ("mid-p; Boschloo; Wald", {"mid-p", "Boschloo", "Wald log-RR", "Wald log-OR"}, ""),
    ],
)
def test_what_a_footnote_names(words, tests, elsewhere):
    assert stated(words) == (frozenset(tests), elsewhere)


# --- a table ----------------------------------------------------------------------------------------------------------


def test_percentages(tmp_path):
    """15/40 printed as 35.7 % (COVID v CAR-T paper); 37, 38 and 37.5 are right."""
    rows = [counts(15, 40, 12, 41, percent_a=text) for text in ("35.7", "37", "38", "37.5%", "39")]
    assert findings(tmp_path, *rows) == [(1, "percent"), (5, "percent")]
    says = audited(tmp_path, rows[0])[0].findings[0].says
    assert says == "a: 15/40 is 37.5 %, printed 35.7 %"
    cut = audited(tmp_path, counts(2, 3, 1, 3, percent_a="66.6"))[0].findings[0].says
    assert cut.endswith("printed 66.6 %, cut off instead of rounded")
    off = audited(tmp_path, counts(35, 52, 1, 3, percent_a="66"))[0].findings[0].says
    assert off == "a: 35/52 is 67.31 %, printed 66 %"


def test_percentages_inside_the_cell_and_levels(tmp_path):
    good = counts("11 (84.6%)", 13, "5/9 (55.6)", 9, p="0.18")
    levels = counts("10 (33.3)|15 (50.0)|5 (17.7)", 30, "9|14|5", 28, percent_b="32.1|50.0|17.9")
    assert findings(tmp_path, good, levels) == [(2, "percent")]
    assert audit_table(table(tmp_path, good, levels)).percentages == 2 + 6


def test_percentages_of_the_known(tmp_path):
    """11 of 13 with 3 missing: 84.6 % of all or 110 % of nobody; 8 of 13 with 3 missing is 61.5 or 80 %."""
    for text, found in (("61.5", []), ("80.0", []), ("70.0", [(1, "percent")])):
        assert findings(tmp_path, counts(8, 13, 5, 9, percent_a=text, missing_a=3)) == found


def test_the_number_that_the_percentages_need(tmp_path):
    """CAR-HEMATOTOX Table 2: header n = 76, yet 40 is 54.1 % and 25 is 33.8 %: 74."""
    rows = [counts(k, 76, 80, 161, percent_a=share, arm_a="tisa-cel") for k, share in ((40, "54.1"), (25, "33.8"))]
    found = [found for _, found in audit_table(table(tmp_path, *rows)).findings if found.code == "n"]
    assert [one.says for one in found] == ["tisa-cel: all 2 percentages fit n = 74, printed 76"]
    assert [code for _, code in findings(tmp_path, *rows)].count("percent") == 2
    one_wrong = [rows[0], rows[1] | {"percent_a": "60.0"}]
    assert [code for _, code in findings(tmp_path, *one_wrong)] == ["percent", "percent"]


def test_numbers_that_cannot_be(tmp_path):
    rows = (
        counts(31, 30, 9, 28, p="0.2"),
        counts("10|15|5", 30, "5|13|9", 28, p="0.3"),
        counts("10|15|5", 30, "5|13|9", 28, p="0.3", missing_b=1),
        counts("11/14", 13, 5, 9, p="0.5"),
        counts(22, 100, 46, 100, events_total=67),
        counts(22, 100, 46, 100, events_total=68, n_total=200),
        counts(22, 100, 46, 100, n_total=201),
        counts("11/12", 13, 5, 9),
        counts(11, 13, 5, 9, missing_a=3),
    )
    assert findings(tmp_path, *rows) == [(1, "n"), (2, "n"), (4, "n"), (5, "n"), (7, "n"), (9, "n")]
    verdicts = [row.verdict for row in audited(tmp_path, *rows)]
    assert verdicts[0] == verdicts[1] == verdicts[3] == "not recomputed"
    assert audited(tmp_path, rows[4])[0].findings[0].says == "22 + 46 with the event are 68, printed 67"
    assert audited(tmp_path, rows[7])[0].notes == ("a: 12 in the denominator, 13 in the arm",)


def test_p_values(tmp_path):
    """9/109 v 35/248 printed .001 (external CAR-HEMATOTOX validation): no test; Pearson .12."""
    rows = (
        counts(9, 109, 35, 248, p="0.001"),
        counts(11, 13, 2, 9, p="0.007", test="Fisher exact"),
        counts(11, 13, 2, 9, p="0.003", test="Fisher exact"),
        counts(11, 13, 2, 9, p="0.003", test="chi-square"),
        counts(11, 13, 2, 9, p="0.003"),
        counts(11, 13, 2, 9),
        counts(11, 13, 2, 9, p="<0.01", test="Fisher"),
        counts(11, 13, 2, 9, p="<0.001", test="Fisher"),
        counts(11, 13, 2, 9, p="0.007", test="Wilcoxon for numbers, Fisher for counts"),
        counts(11, 13, 2, 9, p="0.4", test="Wilcoxon for numbers, Fisher for counts"),
        counts(11, 13, 2, 9, p="0.04", test="Cox"),
    )
    found = audited(tmp_path, *rows)
    assert [row.verdict for row in found] == [
        "no test", "agrees", "other test", "agrees", "agrees", "not printed", "agrees", "no test", "agrees",
        "no test", "not recomputed",
    ]  # fmt: skip
    assert [f.code for row in found for f in row.findings] == ["p", "test", "p", "p"]
    assert found[2].findings[0].says.startswith("stated: Fisher 0.00732; but ")
    assert "(stated: Fisher 0.00732)" in found[7].findings[0].says


def test_means(tmp_path):
    age = {"n_a": 30, "mean_a": "61.2", "sd_a": "9.8", "n_b": 28, "mean_b": "55.1", "sd_b": "10.4"}
    pm = {"n_a": 30, "summary_a": "61.2 ± 9.8", "n_b": 28, "summary_b": "55.1±10.4"}
    for row in (age, pm):
        good, bad, rank = audited(
            tmp_path, row | {"p": "0.03"}, row | {"p": "0.30", "test": "t-test"},
            row | {"p": "0.30", "test": "t-test or Mann-Whitney"},
        )  # fmt: skip
        assert (good.verdict, bad.verdict, rank.verdict) == ("agrees", "no test", "not recomputed")
        assert good.tests.fits == (STUDENT, WELCH)


def test_what_needs_each_patient_is_said(tmp_path):
    median = {"n_a": 30, "summary_a": "300 (200-410)", "n_b": 28, "summary_b": "250 (190-330)", "p": "0.04"}
    efs = median | {"type": "time_to_event", "p": "0.02"}
    found = audited(tmp_path, median, efs, median | {"p": ""})
    assert [row.verdict for row in found] == ["not recomputed", "not recomputed", "not printed"]
    assert "Wilcoxon cannot be recomputed from medians" in found[0].notes[0]
    assert "log-rank cannot be recomputed from times" in found[1].notes[0]
    assert not any(row.findings for row in found)


def test_things_to_know(tmp_path):
    one, zero, side, empty = audited(
        tmp_path, counts(22, 55, 33, 80, p="0.99", test="Fisher"), counts(30, 32, 1, 30, p="0.000"),
        counts("22|10|13|0", 45, "11|3|8|4", 26, p="0.04"), counts(0, 0, 3, 9, p="0.5"),
    )  # fmt: skip
    assert one.verdict == zero.verdict == "agrees"
    assert one.notes == ("P 0.99: it is 1 (Fisher), printed as if below",)
    assert zero.notes == ("P 0.000: no P is 0; print a bound, as <0.001",)
    assert "which side of 0.05 hangs on the test" in side.notes[0]
    assert empty.verdict == "not recomputed"
    assert "an arm is empty" in empty.notes[0]


# --- bad input --------------------------------------------------------------------------------------------------------


def test_all_problems_with_row_and_column(tmp_path):
    path = table(
        tmp_path,
        counts("eleven", 13, 5, 9, p="1.5"),
        counts(11, "x", 5, "", type="odd"),
        counts("1|2", 3, "1|1|1", 3),
        {"outcome": "", "n_a": 3, "n_b": 4},
        {"mean_a": "4", "sd_a": "-2", "n_a": "-5", "mean_b": "nan", "sd_b": "", "n_b": "2.5"},
        counts(11, 13, 5, 9, percent_a="abc", percent_b="1|2"),
        counts("11 (84.6)", 13, 5, 9, percent_a="84.6"),
    )
    found = problems(path)
    assert {slug for slug, _ in found} == {"audit.value"}
    places = {re.search(r'row (\d+), column "(\w+)"', what).groups() for _, what in found}
    assert places == {
        ("1", "events_a"), ("1", "p"), ("2", "type"), ("2", "n_a"), ("3", "events_b"),
        ("4", "outcome"), ("4", "events_a"), ("5", "sd_a"), ("5", "n_a"), ("5", "mean_b"), ("5", "sd_b"), ("5", "n_b"),
        ("6", "percent_a"), ("6", "percent_b"), ("7", "percent_a"),
    }  # fmt: skip
    assert not any("eleven" in what or "abc" in what for _, what in found)


def test_numbers_no_hospital_has(tmp_path):
    path = table(
        tmp_path, counts(",", 13, 5, 9), counts("9" * 5_000, 13, 5, 9), counts(11, "99999999999", 5, 9),
        counts("11 (8,4.6)", 13, "9/99999999999", 9), {"n_a": 3, "mean_a": "9" * 400, "sd_a": "1", "n_b": 3,
                                                    "mean_b": "1e999", "sd_b": "1"},
    )  # fmt: skip
    places = [re.search(r'row (\d+), column "(\w+)"', what).groups() for _, what in problems(path)]
    assert places == [("1", "events_a"), ("2", "events_a"), ("3", "n_a"), ("4", "events_a"), ("4", "events_b"),
                      ("5", "mean_a"), ("5", "mean_b")]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "slugs"),
    [
        ("", {"audit.column-missing", "audit.empty"}),
        ("outcome,n_a\nx,1\n", {"audit.column-missing"}),
        ("events_a,events_b\n1,2\n", {"audit.column-missing"}),
        ("outcome,events_a,events_b\n", {"audit.empty"}),
        ("outcome,events_a,events_b,p\nx,1,2\n", {"audit.cells"}),
        ("outcome,events_a,events_b,P,p\nx,1/2,2/3,1,1\n", {"audit.column-twice"}),
    ],
)
def test_files_that_are_no_table(tmp_path, text, slugs):
    path = tmp_path / "t.csv"
    path.write_text(text, encoding="utf-8")
    assert {slug for slug, _ in problems(path)} == slugs


def test_unreadable_files(tmp_path):
    assert problems(tmp_path / "absent.csv")[0][0] == "audit.unreadable"
    (tmp_path / "b.csv").write_bytes(b"outcome,events_a\n\xff\xfe\x00")
    assert problems(tmp_path / "b.csv")[0][0] == "audit.unreadable"
    assert problems(tmp_path)[0][0] == "audit.unreadable"


@given(st.lists(st.lists(st.text(max_size=8), min_size=4, max_size=4), max_size=4))
def test_any_cells_are_audited_or_refused(tmp_path_factory, rows):
    path = tmp_path_factory.mktemp("any") / "t.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([["outcome", "events_a", "events_b", "p"], *rows])
    slugs: set[str] = set()
    try:
        rows_audited = len(audit_table(path).rows)
    except TocsinError as error:
        slugs, rows_audited = {problem.slug.split(".")[0] for problem in error.problems}, 0
    assert slugs == {"audit"} or 0 < rows_audited <= len(rows)


# --- the command ------------------------------------------------------------------------------------------------------


def run(*arguments):
    return CliRunner().invoke(app, ["audit-table", *map(str, arguments)], env={"COLUMNS": "200"})


def test_exit_codes_and_file(tmp_path):
    good = table(tmp_path, counts(11, 13, 5, 9, p="0.18", outcome="=cmd|'x'!A1", percent_a="84.6"))
    out = tmp_path / "audited.csv"
    result = run(good, "-o", out)
    assert result.exit_code == 0, result.output
    assert "1 agree" in result.output
    assert "Research software. Not a medical device" in result.output
    written = pl.read_csv(out)
    assert written.columns == list(SCHEMA)
    assert written["outcome"][0].startswith("'=")
    assert written["p_fisher"][0] == pytest.approx(0.1778, abs=1e-4)
    assert str(written["percent_b"][0]) == "55.56"
    assert run(good, "-o", out).exit_code == 0
    foreign = tmp_path / "mine.csv"
    foreign.write_text("my notes\n", encoding="utf-8")
    assert run(good, "-o", foreign).exit_code == 3
    assert foreign.read_text(encoding="utf-8") == "my notes\n"
    bad = table(tmp_path, counts(9, 109, 35, 248, p="0.001", outcome="[b]steroids[/b]"))
    result = run(bad)
    assert result.exit_code == 1
    assert "row 1, [b]steroids[/b]: p: no named test gives P 0.001; nearest chi2 0.121" in result.output
    assert run(tmp_path / "absent.csv").exit_code == 3
    wrong = run(table(tmp_path, counts("x", 13, 5, 9)), "-o", tmp_path / "never.csv")
    assert wrong.exit_code == 3
    assert 'row 1, column "events_a"' in wrong.output
    assert not (tmp_path / "never.csv").exists()
