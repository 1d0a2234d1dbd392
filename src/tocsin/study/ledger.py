"""The rows of the `effects` table: every estimate with its interval, method, n, events and what to know of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tocsin.effects.estimate import Estimate, not_estimable
from tocsin.effects.power import detectable_proportion
from tocsin.effects.proportions import fisher_p, odds_ratio, proportion
from tocsin.effects.quantiles import survival_quantile
from tocsin.effects.ranks import hodges_lehmann, spread
from tocsin.effects.risk_difference import risk_difference
from tocsin.effects.survival import kaplan_meier
from tocsin.report.numbers import short

POWER = 0.8
SYNTHETIC = "synthetic data: this P says nothing about patients"

__all__ = ["POWER", "SYNTHETIC", "Effects", "versus"]


def versus(pair: tuple[str, str]) -> str:
    """`early v conventional`."""
    return " v ".join(pair)


class Effects:
    """Collects estimates in the order they are to be read. `synthetic` is said in the note of every row with a P."""

    def __init__(self, level: float, spec: str, synthetic: bool) -> None:
        self.rows: list[dict[str, Any]] = []
        self.steps: list[dict[str, Any]] = []  # rows of `turning`
        self.events: dict[str, dict[str, int]] = {}  # by outcome: course to 1 or 0, unknown ones not in it
        self.level, self.spec, self.synthetic = level, spec, synthetic

    def add(self, outcome: str, contrast: str, row: Estimate, measure: str = "", note: str = "", **more: Any) -> None:
        """One estimate; `measure` and `more` replace fields of `row`, `note` comes before its own."""
        said = [note, row.note]
        made = {
            "outcome": outcome, "contrast": contrast, "measure": measure or row.measure, "estimate": row.estimate,
            "low": row.low, "high": row.high, "level": row.level or self.level, "p": row.p, "method": row.method,
            "n": row.n, "events": row.events, "spec_hash": self.spec, **more,
        }  # fmt: skip
        said.append(SYNTHETIC if self.synthetic and made["p"] is not None else "")
        self.rows.append({**made, "note": "; ".join(part for part in said if part)})

    # --- yes or no ------------------------------------------------------------------------------------------------

    def shares(
        self, outcome: str, counts: dict[str, tuple[int, int]], pairs: Sequence[tuple[str, str]],
        notes: dict[str, str] | str = "", wilson: bool = False, ratio: bool = False, detectable: bool = False,
    ) -> None:  # fmt: skip
        """Proportions by arm with Clopper-Pearson limits, then every two arms: Newcombe and Fisher.

        `counts`: arm to (events, courses). `wilson`, `ratio` and `detectable` add those rows.
        """
        said = {arm: notes if isinstance(notes, str) else notes.get(arm, "") for arm in counts}
        for arm, (events, n) in counts.items():
            self.add(outcome, arm, proportion(events, n, level=self.level), note=said[arm])
        if wilson:
            for arm, (events, n) in counts.items():
                row = proportion(events, n, level=self.level, method="wilson")
                self.add(outcome, arm, row, "proportion (Wilson)")
        for pair in pairs:
            self._two_shares(outcome, pair, counts, ratio, detectable)

    def _two_shares(
        self, outcome: str, pair: tuple[str, str], counts: dict[str, tuple[int, int]], ratio: bool, detectable: bool
    ) -> None:
        """Without an event, or with nothing but events, there is nothing to test and no P."""
        (a, m), (b, n) = counts[pair[0]], counts[pair[1]]
        p = fisher_p(a, m, b, n) if m and n and 0 < a + b < m + n else None
        row = risk_difference(a, m, b, n, level=self.level)
        method = "Newcombe hybrid score interval" + ("; P: Fisher's exact test, two-sided" if p is not None else "")
        self.add(outcome, versus(pair), row, p=p, method=method)
        if ratio:
            self.add(outcome, versus(pair), odds_ratio(a, m, b, n, level=self.level), p=None)
        if detectable and m and n:
            self._detectable(outcome, pair, (m, b, n))

    def _detectable(self, outcome: str, pair: tuple[str, str], sizes: tuple[int, int, int]) -> None:
        m, b, n = sizes
        found = detectable_proportion(b / n, m, n, power=POWER)
        for side, value in (("below", found.below), ("above", found.above)):
            measure = f"share detectable {side}"
            method = f"Fisher's exact test, power {POWER:.0%}, 5 %, all tables added up"
            why = f"no share {side} the {b}/{n} of {pair[1]} is found with this power"
            row = (
                Estimate(measure, value, None, None, None, method, m + n, None, "")
                if value is not None
                else not_estimable(measure, why, n=m + n, events=None, method=method, level=None)
            )
            words = f"share in {pair[0]} nearest to the {b}/{n} of {pair[1]} that {m} v {n} courses would show"
            self.add(outcome, versus(pair), row, note=words)

    # --- numbers --------------------------------------------------------------------------------------------------

    def numbers(
        self, outcome: str, values: dict[str, list[float]], pairs: Sequence[tuple[str, str]], unit: str,
        note: dict[str, str] | None = None, time: bool = True,
    ) -> None:  # fmt: skip
        """Medians by arm with quartiles and range, then every two arms: Hodges-Lehmann and exact Mann-Whitney.

        `time` says that the numbers are lengths of time (printed with their unit).
        """
        values = {arm: sorted(known) for arm, known in values.items()}  # the same last digit whatever the names
        for arm, known in values.items():
            said = "; ".join(part for part in (self._spread_words(known, unit), (note or {}).get(arm, "")) if part)
            self.add(outcome, arm, self._median(known), "median" if time else "typical value (median)", said)
        for one, other in pairs:
            row = hodges_lehmann(values[one], values[other], level=self.level)
            exact = "exact" in row.method
            p_method = "exact permutation of mid-ranks" if exact else "normal approximation with continuity correction"
            method = f"{row.method}; P: Mann-Whitney, {p_method}, two-sided"
            self.add(outcome, versus((one, other)), row, method=method, note=unit)

    def _median(self, known: list[float]) -> Estimate:
        """The sample median; its interval is that of a Kaplan-Meier median without censoring."""
        name = "sample median, Brookmeyer-Crowley log-log interval"
        if not known:
            return not_estimable("median", "no value", n=0, events=None, method=name, level=self.level)
        middle = spread(known).median
        if min(known) < 0:
            note = "values below 0: no interval"
            return Estimate("median", middle, None, None, self.level, "sample median", len(known), None, note)
        row = survival_quantile(kaplan_meier(known, [1] * len(known), level=self.level))
        return Estimate("median", middle, row.low, row.high, self.level, name, len(known), None, row.note)

    @staticmethod
    def _spread_words(known: list[float], unit: str) -> str:
        if not known:
            return unit
        s = spread(known)
        return f"{unit}; quartiles {short(s.q1)} and {short(s.q3)}, range {short(s.least)} to {short(s.most)}"
