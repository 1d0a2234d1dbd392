"""What the patients whose outcome is missing would have to have had for the conclusion to turn."""

from dataclasses import dataclass

from tocsin.effects.estimate import Estimate, not_estimable
from tocsin.effects.inputs import count
from tocsin.effects.proportions import fisher_p
from tocsin.effects.risk_difference import DifferenceMethod, risk_difference

MOST_VALUES = 21
MOST_WITH_P = 20_000


@dataclass(frozen=True, slots=True)
class TippingCell:
    """One filling-in: events given to the patients without an outcome of each arm, and the result then.

    ``turned``: the interval holds 0 where that of the observed did not, excludes 0 where that held it, or excludes it
    on the other side.
    """

    filled_a: int
    filled_b: int
    row: Estimate
    turned: bool


@dataclass(frozen=True, slots=True)
class TippingGrid:
    """All fillings-in, rows of ``filled_a``, and what stands out among them.

    ``observed`` is the difference among the known, ``lowest`` and ``highest`` what the missing cannot be excluded to
    make of it, ``turned`` how many of the cells turn the conclusion. ``expected`` is the cell in which the missing
    have the risk of the known of their arm (to the nearest cell). ``frontier`` holds, for each ``filled_a``, the
    ``filled_b`` nearest to the expected one that turns the conclusion, or ``None``.
    """

    observed: Estimate
    cells: tuple[TippingCell, ...]
    lowest: Estimate
    highest: Estimate
    expected: TippingCell | None
    turned: int
    frontier: tuple[tuple[int, int | None], ...]


def tipping_grid(
    a: int, m: int, missing_a: int, b: int, n: int, missing_b: int, *, level: float = 0.95,
    method: DifferenceMethod = "newcombe", most_values: int = MOST_VALUES,
) -> TippingGrid:  # fmt: skip
    """Return a/m - b/n with the ``missing_a`` and ``missing_b`` patients without an outcome filled in, in every way.

    ``m`` and ``n`` count the patients with a known outcome. A row is the difference over all patients; its interval
    treats what was filled in as seen, so the grid shows how far the conclusion depends on it, not the uncertainty of a
    guess. With more than ``most_values`` values on a side, evenly spread ones are taken, both ends among them. p is
    Fisher's two-sided, left out above 20,000 patients (441 tests take long there). An arm without patients is not
    estimable; a wrong count raises ValueError.
    Yan, Lee & Li, J Biopharm Stat 2009;19:1085 (title from memory, Mh). Checked: by hand, corners by formula.
    """
    m, n = count(m, "m"), count(n, "n")
    a, b = count(a, "a", m), count(b, "b", n)
    lost_a, lost_b = count(missing_a, "missing_a"), count(missing_b, "missing_b")
    if count(most_values, "most_values") < 2:
        raise ValueError(f"most_values: needs at least 2, is {most_values}")
    observed = risk_difference(a, m, b, n, level=level, method=method)
    size_a, size_b = m + lost_a, n + lost_b
    if not (size_a and size_b):
        row = not_estimable(
            "risk difference", "an arm is empty", n=size_a + size_b, events=a + b, method=method, level=level
        )
        return TippingGrid(row, (), row, row, None, 0, ())
    side = _side(observed) if observed.estimable else None
    along_a, along_b = _spread(lost_a, most_values), _spread(lost_b, most_values)
    cells: list[TippingCell] = []
    for x in along_a:
        for y in along_b:
            row = _filled(a + x, size_a, b + y, size_b, level, method)
            cells.append(TippingCell(x, y, row, side is not None and _side(row) != side))
    likely = None
    if observed.estimable:
        near_a, near_b = _nearest(along_a, a / m * lost_a), _nearest(along_b, b / n * lost_b)
        likely = next(cell for cell in cells if (cell.filled_a, cell.filled_b) == (near_a, near_b))
    frontier = tuple((x, _first_turned(cells, x, likely)) for x in along_a)
    by_value = sorted(cells, key=lambda cell: cell.row.estimate or 0.0)
    lowest, highest = by_value[0].row, by_value[-1].row
    return TippingGrid(observed, tuple(cells), lowest, highest, likely, sum(c.turned for c in cells), frontier)


def _filled(a: int, m: int, b: int, n: int, level: float, method: DifferenceMethod) -> Estimate:
    row = risk_difference(a, m, b, n, level=level, method=method)
    named, small = f"{method}, missing outcomes filled in", m + n <= MOST_WITH_P
    p, note = (fisher_p(a, m, b, n), "p: Fisher two-sided") if small else (None, "")
    return Estimate(row.measure, row.estimate, row.low, row.high, level, named, row.n, row.events, note, p)


def _side(row: Estimate) -> int:
    """1 where the interval lies above 0, -1 below, 0 where it holds 0."""
    if row.low is None or row.high is None:
        return 0
    return 1 if row.low > 0 else -1 if row.high < 0 else 0


def _spread(missing: int, most: int) -> list[int]:
    if missing < most:
        return list(range(missing + 1))
    return sorted({round(k * missing / (most - 1)) for k in range(most)})


def _nearest(values: list[int], wanted: float) -> int:
    return min(values, key=lambda value: (abs(value - wanted), value))


def _first_turned(cells: list[TippingCell], filled_a: int, likely: TippingCell | None) -> int | None:
    turned = [cell.filled_b for cell in cells if cell.filled_a == filled_a and cell.turned]
    return _nearest(turned, likely.filled_b) if turned and likely else None
