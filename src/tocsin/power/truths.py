"""The truth as rows: risks of the same virtual patients under each arm, and their paired differences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import polars as pl

from tocsin.effects.inputs import FloatArray
from tocsin.tables.power import POWER_TRUTH


def truth_rows(outcome: str, when: Mapping[str, FloatArray], reference: str, at: Sequence[int]) -> pl.DataFrame:
    """POWER_TRUTH rows. `when`: hours from time zero to the outcome under each arm, infinite where it never comes.

    An event in hour h counts from h + 1 on: after t hours are those below t. Standard errors of differences are paired.
    """
    rows: list[dict[str, Any]] = []
    for t in at:
        events = {arm: (hours < t).astype(np.float64) for arm, hours in when.items()}
        for arm, mine in events.items():
            rows.append(_row(outcome, t, "risk", arm, "", mine))
        for arm, mine in events.items():
            if arm != reference:
                rows.append(_row(outcome, t, "risk difference", arm, reference, mine - events[reference]))
    return POWER_TRUTH.check(POWER_TRUTH.frame(rows))


def _row(outcome: str, hour: int, measure: str, arm: str, against: str, values: FloatArray) -> dict[str, Any]:
    return {
        "outcome": outcome, "hour": hour, "measure": measure, "arm": arm, "against": against,
        "truth": float(values.mean()), "truth_se": float(values.std() / np.sqrt(values.size)), "patients": values.size,
    }  # fmt: skip
