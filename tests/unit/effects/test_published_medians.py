"""Invented event times that print as the medians of the founding paper: 7 (3-11) and 2 (0-5) months."""

import pytest

from tocsin.effects.curves import log_rank
from tocsin.effects.quantiles import median_survival, spss_median

MONTH = 30.4375
SETS = {
    "early A": "28 31 71 87 139 154 213 241 252 297 312 332 365",
    "early B": "28 28 95 128 145 172 213 249 342+ 369 602+ 1187+ 1672+",
    "conventional A": "8 17 30 30 61 70 99 130 282",
    "conventional B": "9 15 28 30 61 108 132 162 364+",
}


def months(name):
    words = SETS[name].split()
    return [int(word.rstrip("+")) / MONTH for word in words], [int(not word.endswith("+")) for word in words]


@pytest.mark.parametrize(
    ("name", "spss", "log_log", "printed"),
    [
        ("early A", (6.998, 3.06, 10.93), (2.33, 9.76), "7 (3-11)"),
        ("early B", (6.998, 2.99, 11.01), (3.12, None), "7 (3-11)"),
        ("conventional A", (2.004, -0.97, 4.98), (0.26, 4.27), "2 (0-5)"),
        ("conventional B", (2.004, -0.97, 4.98), (0.30, 5.32), "2 (0-5)"),
    ],
)
def test_medians(name, spss, log_log, printed):
    row, ours = spss_median(*months(name)), median_survival(*months(name))
    assert (row.estimate, row.low, row.high) == pytest.approx(spss, abs=0.0051)
    assert ours.low == pytest.approx(log_log[0], abs=0.0051)
    assert ours.high == (None if log_log[1] is None else pytest.approx(log_log[1], abs=0.0051))
    clipped = spss_median(*months(name), clip0=True)
    assert f"{clipped.estimate:.0f} ({clipped.low:.0f}-{clipped.high:.0f})" == printed


@pytest.mark.parametrize(
    ("early", "conventional", "p"), [("A", "A", 0.011), ("A", "B", 0.175), ("B", "A", 0.006), ("B", "B", 0.031)]
)
def test_log_rank(early, conventional, p):
    (t1, e1), (t0, e0) = months(f"early {early}"), months(f"conventional {conventional}")
    assert log_rank(t1 + t0, e1 + e0, [1] * 13 + [0] * 9).p == pytest.approx(p, abs=0.0005)
