"""Printed tables of papers: every flagged row is found to agree, and every P equals the one computed apart."""

import csv
from functools import cache
from pathlib import Path

import pytest

from reference.tolerances import Tolerance, agrees, shifted
from tocsin.audit_table import Audit, audit_table
from tocsin.audit_table.which_test import which_test

FILE = Path(__file__).parent / "data" / "published_comparisons.csv"
COLUMNS = {
    "p_fisher": "Fisher",
    "p_chi2": "chi2",
    "p_chi2_yates": "chi2+Yates",
    "p_midp": "mid-p",
    "p_wald_logrr": "Wald log-RR",
    "p_wald_logor": "Wald log-OR",
}
FIVE_DIGITS = Tolerance(6e-5, 0, "the file prints five significant digits")
DRAWN = Tolerance(0.035, 0, "two standard errors of a P of 0.054 from 20,000 draws are 6 %; this one lies 2 % off")


@cache
def rows() -> list[dict[str, str]]:
    with FILE.open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


@cache
def audit() -> Audit:
    return audit_table(FILE)


def test_every_flagged_row_is_found_to_agree():
    assert len(audit().rows) == len(rows()) == 39
    assert {row["use_as_test"] for row in rows()} == {"True"}
    assert [row.verdict for row in audit().rows] == ["agrees"] * 39
    assert audit().findings == []


def test_the_tests_that_fit_are_those_found_apart():
    for row, published in zip(audit().rows, rows(), strict=True):
        assert row.tests
        fitting = set(row.tests.fits) - {"Boschloo"}
        assert fitting == set(published["matches"].split(";")) - {"Boschloo"}, row.line.number


def test_where_one_test_alone_fits_it_is_named():
    """Eleven rows have one answer: Fisher 5, Yates 4 (R's default), Wald (Kadauke) 1, Pearson on levels 1."""
    alone = {row.line.number: row.tests.fits[0] for row in audit().rows if row.tests and len(row.tests.fits) == 1}
    counted = {test: list(alone.values()).count(test) for test in set(alone.values())}
    assert counted == {"Fisher": 5, "chi2+Yates": 4, "Wald log-RR": 1, "chi2": 1}


def test_kadauke_is_a_wald_test_and_no_other():
    found = which_test("0.18", [[4, 11], [13, 13]])
    assert found.fits == ("Wald log-RR",)
    other = which_test(".42", [[4, 5], [13, 8]])
    assert "Wald log-RR" in other.fits
    assert "Fisher" not in other.fits


def compared() -> list[tuple[str, float | None, float | None]]:
    """(name, computed, expected) of every P of the 2 x 2 rows, and Pearson of the larger ones."""
    out: list[tuple[str, float | None, float | None]] = []
    for row, published in zip(audit().rows, rows(), strict=True):
        assert row.tests
        mine = {one.test: one.low for one in row.tests.candidates}
        for column, test in COLUMNS.items():
            if row.line.kind == "count" or test == "chi2":
                expected = float(published[column]) if published[column] else None
                out.append((f"row {row.line.number} {test}", mine[test], expected))
    return out


def test_every_p_equals_the_one_computed_apart():
    values = compared()
    assert len(values) == 37 * 6 + 2
    wrong = [name for name, computed, expected in values if not agrees(computed, expected, FIVE_DIGITS)]
    assert wrong == []


def test_sabotage_is_seen():
    blind = [name for name, computed, expected in compared() if agrees(computed, shifted(expected), FIVE_DIGITS)]
    assert blind == []


def test_exact_p_of_levels_lies_within_the_drawn_one():
    row, published = audit().rows[29], rows()[29]
    assert row.tests
    assert row.line.kind == "count_multilevel"
    p = next(one.low for one in row.tests.candidates if one.test == "Fisher")
    assert agrees(p, float(published["p_fisher"]), DRAWN)
    assert not agrees(p, float(published["p_chi2"]), DRAWN)


def test_the_files_boschloo_is_the_trap():
    """Groups in rows give the file's number, groups in columns ours; they differ by up to a third."""
    from scipy.stats import boschloo_exact

    published = rows()[9]
    a, m, b, n = (int(published[name]) for name in ("events_a", "n_a", "events_b", "n_b"))
    trapped = boschloo_exact([[a, m - a], [b, n - b]], n=256).pvalue
    right = next(one.low for one in audit().rows[9].tests.candidates if one.test == "Boschloo")
    assert trapped == pytest.approx(float(published["p_boschloo"]), rel=1e-4)
    assert right == pytest.approx(boschloo_exact([[a, b], [m - a, n - b]], n=256).pvalue, rel=1e-12)
    assert abs(right / trapped - 1) > 0.3


@pytest.mark.parametrize("shift", [1, -1])
def test_one_patient_more_or_less_is_noticed(shift):
    """Sabotage of the tables: one event moved in the first arm, and the rows with an exact P lose their test."""
    kept = 0
    exact = [row for row in rows() if row["exact_p_printed"] == "True" and row["type"] == "count"]
    for row in exact:
        a, m, b, n = (int(row[name]) for name in ("events_a", "n_a", "events_b", "n_b"))
        a += shift
        if 0 <= a <= m:
            before = set(row["matches"].split(";")) - {"Boschloo"}
            kept += bool(before & set(which_test(row["reported_p"], [[a, m - a], [b, n - b]]).fits))
    assert len(exact) == 23
    assert kept <= 3
