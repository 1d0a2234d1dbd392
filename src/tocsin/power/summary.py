"""How the analyses did over the studies: bias, spread, coverage, power, each with its Monte-Carlo error.

Morris, White & Crowther, Stat Med 2019;38:2074, Table 6. The error of the bias also holds that of the truth, which is
itself a mean over virtual patients. Figures are of the studies that gave an estimate; the others are counted.
"""

from __future__ import annotations

import math
from collections import Counter
from typing import Any

import polars as pl

from tocsin.effects.inputs import FloatArray
from tocsin.tables.power import PERFORMANCE, POWER_TRUTH

KEY = ("outcome", "hour", "measure", "arm", "against")


def performance(studies: pl.DataFrame, truth: pl.DataFrame) -> pl.DataFrame:
    """PERFORMANCE rows of REPLICATES and POWER_TRUTH rows; a number whose truth is unknown is left out."""
    joined = studies.join(truth.select(list(POWER_TRUTH.schema)), on=KEY)
    rows = [_row(part) for part in joined.partition_by("analysis", *KEY, maintain_order=True)]
    return PERFORMANCE.check(PERFORMANCE.frame(rows).sort(PERFORMANCE.key))


def _row(part: pl.DataFrame) -> dict[str, Any]:
    first = part.row(0, named=True)
    known = part.filter(pl.col("estimate").is_not_null())
    reasons = Counter(part.filter(pl.col("estimate").is_null()).get_column("failure").to_list())
    row: dict[str, Any] = {name: first[name] for name in ("analysis", *KEY, "truth")}
    row |= {
        "studies": part.height, "estimated": known.height,
        "failures": "; ".join(f"{n}: {why}" for why, n in sorted(reasons.items())),
    }  # fmt: skip
    estimates = known.get_column("estimate").to_numpy()
    row |= spread(estimates, first["truth"], first["truth_se"])
    row |= seen_error(known.get_column("se").drop_nulls().to_numpy())
    return row | decisions(known, first["truth"])


def spread(estimates: FloatArray, truth: float, truth_se: float) -> dict[str, float | None]:
    """Mean, bias, empirical standard error and root mean squared error, each with its Monte-Carlo error."""
    n = estimates.size
    if not n:
        return {}
    made: dict[str, float | None] = {"mean": float(estimates.mean()), "bias": float(estimates.mean()) - truth}
    squares = (estimates - truth) ** 2
    made["rmse"] = rmse = math.sqrt(float(squares.mean()))
    if n > 1:
        sd = float(estimates.std(ddof=1))
        made |= {"empirical_se": sd, "empirical_se_error": sd / math.sqrt(2 * (n - 1))}
        made["bias_error"] = math.hypot(sd / math.sqrt(n), truth_se)
        error = float(squares.std(ddof=1)) / math.sqrt(n)
        made["rmse_error"] = error / (2 * rmse) if rmse > 0 else 0.0  # delta method
    return made


def seen_error(errors: FloatArray) -> dict[str, float | None]:
    """Root mean square of the standard errors that the studies saw, and its Monte-Carlo error."""
    if not errors.size:
        return {}
    squares = errors**2
    mean = math.sqrt(float(squares.mean()))
    if errors.size < 2:
        return {"model_se": mean}
    variance = float(squares.var(ddof=1))
    return {"model_se": mean, "model_se_error": math.sqrt(variance / (4 * errors.size)) / mean if mean else 0.0}


def decisions(known: pl.DataFrame, truth: float) -> dict[str, Any]:
    """Coverage, and for a difference the share of studies that find one: power, or the type-1 error where it is 0."""
    limits = known.drop_nulls(("low", "high"))
    made: dict[str, Any] = {"intervals": limits.height, "rejection_is": ""}
    slack = 1e-12
    held = limits.select((pl.col("low") <= truth + slack) & (pl.col("high") >= truth - slack)).to_series()
    made |= _share("coverage", held)
    if known.height and known.item(0, "against"):
        made["rejection_is"] = "type-1 error" if truth == 0 else "power"
        # limits beyond 0 on one side, not p: tests that go with an interval may disagree with it at the border
        made |= _share("rejection", limits.select((pl.col("low") > 0) | (pl.col("high") < 0)).to_series())
    return made


def _share(name: str, hits: pl.Series) -> dict[str, float]:
    if not len(hits):
        return {}
    p = float(hits.mean())  # pyright: ignore[reportArgumentType]
    return {name: p, f"{name}_error": math.sqrt(p * (1 - p) / len(hits))}
