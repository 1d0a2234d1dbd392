from math import nan, sqrt

import pytest

from tocsin.effects.balance import hedges_g, smd_binary, smd_continuous, smd_levels


def test_continuous_by_hand():
    """Means 2 and 4, variances 1 and 4: -2 / sqrt(2.5)."""
    row = smd_continuous([1, 2, 3], [2, 4, 6])
    assert row.smd == pytest.approx(-2 / sqrt(2.5))
    assert row.null_sd == pytest.approx(sqrt(2 / 3))


def test_weights_move_the_means_not_the_spread():
    row = smd_continuous([1, 2, 3], [2, 4, 6], weights1=[0, 0, 2], weights0=[1, 1, 1])
    assert row.smd == pytest.approx(-1 / sqrt(2.5))


def test_binary_by_hand():
    """3/4 v 1/4: 1/2 over sqrt(3/16)."""
    assert smd_binary([1, 1, 1, 0], [1, 0, 0, 0]).smd == pytest.approx(0.5 / sqrt(3 / 16))


def test_levels_by_hand():
    """Shares 1/2 1/2 0 v 0 1/2 1/2: T = (1/2, 0), V^-1 = [[16, 8], [8, 8]], T'V^-1 T = 4."""
    assert smd_levels(["a", "b"], ["b", "c"]).smd == pytest.approx(2)
    assert smd_levels(["c", "b"], ["b", "a"]).smd == pytest.approx(2)


def test_two_levels_are_the_binary_one_without_sign():
    x1, x0 = [1, 1, 1, 0], [1, 0, 0, 0, 0]
    assert smd_levels(x0, x1).smd == pytest.approx(abs(smd_binary(x0, x1).smd))


def test_null_sd_of_13_v_9():
    assert round(smd_binary([0, 1] * 6 + [1], [0, 1] * 4 + [1]).null_sd, 2) == 0.43


def test_missing_is_counted_and_not_used():
    row = smd_continuous([1, 2, 3, nan], [2, nan, 4, 6, nan])
    assert (row.n1, row.n0, row.missing1, row.missing0) == (3, 3, 1, 2)
    assert row.smd == smd_continuous([1, 2, 3], [2, 4, 6]).smd
    row = smd_levels(["a", None, "b"], ["b", "a", nan, "b"])
    assert (row.n1, row.n0, row.missing1, row.missing0) == (2, 3, 1, 1)
    row = smd_binary([1, nan], [0, 1])
    assert (row.n1, row.missing1) == (1, 1)


@pytest.mark.parametrize(
    ("row", "note"),
    [
        (lambda: smd_continuous([], [1, 2]), "an arm has no known value"),
        (lambda: smd_continuous([nan], [1, 2]), "an arm has no known value"),
        (lambda: smd_continuous([1], [1, 2]), "an arm has only one value"),
        (lambda: smd_continuous([1, 1], [2, 2]), "no spread within the arms: the difference is infinite"),
        (lambda: smd_continuous([1, 2], [2, 3], weights1=[0, 0]), "the weights of an arm add up to 0"),
        (lambda: smd_binary([1, 1], [0, 0]), "no spread within the arms: the difference is infinite"),
        (lambda: smd_binary([], [0]), "an arm has no known value"),
        (lambda: smd_levels(["a"], ["b"]), "the arms share no level: the difference is infinite"),
        (lambda: smd_levels([None], ["b"]), "an arm has no known value"),
    ],
)
def test_not_estimable(row, note):
    assert (row().smd, row().note) == (None, note)


def test_no_difference_without_spread_is_0():
    assert smd_continuous([1, 1], [1, 1]).smd == smd_binary([1], [1]).smd == smd_levels(["a"], ["a"]).smd == 0.0


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: smd_binary([1, 2], [0, 1]), "x1: needs 0 and 1"),
        (lambda: smd_continuous([1, float("inf")], [0, 1]), "x1: 1 of 2 values are NaN or infinite"),
        (lambda: smd_continuous([1, 2], [0, 1], weights0=[1]), "weights of x0"),
        (lambda: smd_continuous([1, 2], [0, 1], weights0=[1, -1]), "weights of x0"),
    ],
)
def test_wrong_input(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_null_spread_of_a_weighted_difference_uses_effective_numbers():
    """Weights 1, 1, 2 are worth 16/6 patients; equal weights are worth their number, and nothing known has none."""
    row = smd_continuous([1, 2, 3], [2, 4, 6], weights1=[1, 1, 2], weights0=[5, 5, 5])
    assert row.null_sd == pytest.approx(sqrt(6 / 16 + 1 / 3))
    assert smd_binary([1, 0, 1], [0, 1, 0], weights1=[1, 1, 2]).null_sd == pytest.approx(sqrt(6 / 16 + 1 / 3))
    assert smd_levels("abc", "abb", weights1=[1, 1, 2]).null_sd == pytest.approx(sqrt(6 / 16 + 1 / 3))


def test_weighted_binary_by_hand():
    """Weighted shares 3/4 and 1/3 over the unweighted spread of 2/3 and 1/3."""
    row = smd_binary([1, 0, 1], [0, 1, 0], weights1=[1, 1, 2])
    assert row.smd == pytest.approx((3 / 4 - 1 / 3) / sqrt(2 / 9))
    levels = smd_levels(["y", "n", "y"], ["n", "y", "n"], weights1=[1, 1, 2])
    assert levels.smd == pytest.approx(row.smd)  # two levels are one binary value
    ignored = smd_binary([1, 0, 1, nan], [0, 1, 0], weights1=[1, 1, 2, 50])
    assert ignored.smd == pytest.approx(row.smd)


def test_weighted_levels_balance_exactly():
    assert smd_levels("aab", "abb", weights1=[1, 1, 4], weights0=[2, 1, 3]).smd == pytest.approx(0, abs=1e-12)
    assert smd_levels(["a", None, "b"], "ab", weights1=[1, 99, 1]).smd == 0.0


def test_weights_that_cannot_be():
    assert smd_binary([1, 0], [0, 1], weights1=[0, 0]).note == "the weights of an arm add up to 0"
    assert smd_levels("ab", "ab", weights0=[0, 0]).note == "the weights of an arm add up to 0"
    for test, values in ((smd_binary, [1, 0]), (smd_levels, "ab")):
        for weights in ([1], [1, -1], [1, nan]):
            with pytest.raises(ValueError, match="weights of x1"):
                test(values, values, weights1=weights)


def test_hedges_by_hand():
    """Means 2 and 5, sums of squares 2 and 2 over 3 degrees of freedom; 4 x 5 - 9 = 11."""
    row = hedges_g([1, 2, 3], [4, 6])
    assert row.smd == pytest.approx(-3 / sqrt(4 / 3) * (1 - 3 / 11))
    assert hedges_g([1], [2]).note == "too few values"
    assert hedges_g([], [2]).note == "an arm has no known value"
    assert hedges_g([1, 1], [2, 2]).note.startswith("no spread within the arms")
