"""r x c tables: Fisher-Freeman-Halton and chi-square."""

import numpy as np
import numpy.typing as npt

from tocsin.effects.inputs import FloatArray, IntArray

MOST_STATES = 2_000_000
MOST_SUBJECTS = 1_000


def chi_square_p(table: npt.ArrayLike, *, yates: bool = False) -> float:
    """Return Pearson's chi-square p of an r x c table of counts; ``yates`` corrects a 2 x 2 table as R does.

    Raises ValueError on an empty row or column: R answers NaN there. Checked: R ``chisq.test``.
    """
    observed = _counts(table).astype(np.float64)
    rows, columns = observed.sum(axis=1), observed.sum(axis=0)
    if not (rows.all() and columns.all()):
        raise ValueError("table: a row or column is empty, chi-square does not exist")
    if yates and observed.shape != (2, 2):
        raise ValueError(f"yates: needs a 2 x 2 table, has {observed.shape}")
    expected = np.outer(rows, columns) / observed.sum()
    gap = np.abs(observed - expected)
    if yates:
        gap -= min(0.5, float(gap.min()))
    from scipy.special import chdtrc

    df = (observed.shape[0] - 1) * (observed.shape[1] - 1)
    return float(chdtrc(df, (gap**2 / expected).sum()))


def fisher_freeman_halton_p(table: npt.ArrayLike) -> float:
    """Return the exact p of an r x c table: all tables with its margins that are no more likely than it.

    Meant for grades by arm, up to about 50 patients; ValueError where the table has more than 1,000 subjects or too
    many ways of filling it. Columns are dealt one by one, and states with the same rows left and the same probability
    so far are merged. Freeman & Halton, Biometrika 1951;38:141. Checked: R ``fisher.test``, and by listing tables.
    """
    observed = _counts(table)
    if observed.sum() > MOST_SUBJECTS:
        raise ValueError(f"table: {observed.sum()} subjects, exact enumeration is meant for small tables")
    observed = observed[np.ix_(observed.sum(axis=1) > 0, observed.sum(axis=0) > 0)]
    if min(observed.shape, default=0) < 2:
        return 1.0
    if observed.shape[0] > observed.shape[1]:
        observed = observed.T
    from scipy.special import gammaln

    log_factorial = np.asarray(gammaln(np.arange(observed.sum() + 1) + 1), dtype=np.float64)
    left, weight, ways = observed.sum(axis=1)[None, :], np.zeros(1), np.ones(1)
    for column in observed.sum(axis=0)[:-1]:
        left, weight, ways = _deal(left, weight, ways, int(column), log_factorial)
    weight = weight - log_factorial[left].sum(axis=1)  # the last column takes what the rows have left
    seen = -float(log_factorial[observed].sum())
    # the probability of a table is a constant times exp(weight)
    share = ways * np.exp(weight - weight.max())
    return min(1.0, float(share[weight <= seen + 1e-7].sum() / share.sum()))


def _deal(
    left: IntArray, weight: FloatArray, ways: FloatArray, column: int, log_factorial: FloatArray
) -> tuple[IntArray, FloatArray, FloatArray]:
    """Fill one column in every possible way; ``left`` holds what each row has still to place, a state per line."""
    rest = np.full(len(left), column)
    taken_rows: list[IntArray] = []
    index = np.arange(len(left))
    for row in range(left.shape[1]):
        later = left[index, row + 1 :].sum(axis=1)
        least, most = np.maximum(rest - later, 0), np.minimum(rest, left[index, row])
        options = np.maximum(most - least + 1, 0)
        if options.sum() > MOST_STATES:
            raise ValueError(f"table: more than {MOST_STATES:,} states, too large for exact enumeration")
        offset = np.arange(options.sum()) - np.repeat(np.cumsum(options) - options, options)
        take = np.repeat(least, options) + offset
        taken_rows = [np.repeat(taken, options) for taken in taken_rows] + [take]
        index, rest = np.repeat(index, options), np.repeat(rest, options) - take
    taken = np.stack(taken_rows, axis=1)
    return _merged(left[index] - taken, weight[index] - log_factorial[taken].sum(axis=1), ways[index])


def _merged(left: IntArray, weight: FloatArray, ways: FloatArray) -> tuple[IntArray, FloatArray, FloatArray]:
    """Add up the ways of states that are alike."""
    key = np.column_stack((left.astype(np.float64), np.round(weight, 9)))
    order = np.lexsort(key.T)
    new = np.concatenate(([True], (np.diff(key[order], axis=0) != 0).any(axis=1)))
    first = order[new]
    return left[first], weight[first], np.add.reduceat(ways[order], np.flatnonzero(new))


def _counts(table: npt.ArrayLike) -> IntArray:
    array = np.asarray(table, dtype=np.float64)
    if array.ndim != 2 or min(array.shape) < 1:
        raise ValueError(f"table: needs two dimensions, has shape {array.shape}")
    if not np.isfinite(array).all() or (array < 0).any() or (array != np.floor(array)).any():
        raise ValueError("table: needs whole numbers from 0")
    return array.astype(np.int64)
