"""After the hourly part: response, residual disease, relapse, transplant, survival, and how long anybody looked."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl

from tocsin.signs.state import NEVER
from tocsin.virtual.random import normals, uniforms
from tocsin.virtual.summary import CRS_DEATH, ICANS_DEATH
from tocsin.virtual.world import World

MONTH_DAYS = 30.4375
BURDEN_MEAN, BURDEN_SD = 0.22, 0.27
RESPONSE_DAY = 28
FEWEST_MONTHS_TO_RELAPSE = 1.1
_CURE, _RELAPSE, _TRANSPLANT, _TRANSPLANT_AT, _TRANSPLANT_SAVES, _OTHER, _TRANSPLANT_DEATH, _TRANSPLANT_DEATH_AT, _AFTER, _FOLLOWED, _LOST = range(400, 411)  # noqa: E501  # fmt: skip


def outcomes(world: World, first: int, patients: np.ndarray[Any, Any], summary: np.ndarray[Any, Any]) -> pl.DataFrame:
    """One row a patient (see `virtual.log.Batch`), months of 30.4375 days from the infusion.

    `death_month`, `efs_month` and `os_month` are censored at `followed_months`; a death of the hourly part is always
    seen. Early deaths have no response.
    """
    w, luck = world, patients["luck"]

    def u(channel: int) -> Any:
        return uniforms(luck, channel)

    never = np.full(patients.size, np.inf)
    early = np.where(summary["death_minute"] < NEVER, summary["death_minute"] / 1440 / MONTH_DAYS, np.inf)
    alive28 = early >= RESPONSE_DAY / MONTH_DAYS
    blasts = summary["blasts28"]
    cr = alive28 & (blasts < w.cr_blasts)
    negative = cr & (np.log10(np.maximum(blasts, 1e-12)) < w.mrd_cut)
    logit = np.log(w.cure / (1 - w.cure)) + w.cure_burden * (patients["blasts"] - BURDEN_MEAN) / BURDEN_SD
    logit = logit + w.cure_mrd * ~negative - w.steroid_cure * summary["steroid_mg"] / 100
    cured = u(_CURE) < 1 / (1 + np.exp(-logit))
    relapse = np.where(cured, np.inf, np.exp(np.log(w.relapse_median) + w.relapse_sd * normals(luck, _RELAPSE)))
    relapse = np.where(cr, np.maximum(relapse, FEWEST_MONTHS_TO_RELAPSE), np.inf)
    at = 2 + 3 * u(_TRANSPLANT_AT)
    transplanted = cr & (u(_TRANSPLANT) < w.transplant) & (at < np.minimum(relapse, early))
    relapse = np.where(transplanted & (u(_TRANSPLANT_SAVES) > w.transplant_relapse), np.inf, relapse)
    other = 1 - np.log(u(_OTHER)) / max(w.h_nonrelapse, 1e-12)
    of_transplant = np.where(transplanted & (u(_TRANSPLANT_DEATH) < w.transplant_death), at + 6 * u(_TRANSPLANT_DEATH_AT), np.inf)  # noqa: E501  # fmt: skip
    other = np.minimum(other, of_transplant)
    failed = alive28 & ~cr
    progress = np.where(failed, w.nonresponse_day / MONTH_DAYS, relapse)
    after = -w.survival_after * np.log(u(_AFTER)) * np.where(failed, w.survival_refractory, 1.0)
    disease = np.maximum(progress, RESPONSE_DAY / MONTH_DAYS) + after
    death = np.minimum.reduce([early, other, disease])
    transplanted &= at < death
    event = np.minimum.reduce([progress, early, other])
    planned = w.follow_up_low + (w.follow_up_high - w.follow_up_low) * u(_FOLLOWED)
    lost = -np.log(u(_LOST)) / w.lost if w.lost > 0 else never
    until = np.maximum(np.minimum(planned, lost), w.days / MONTH_DAYS)
    cause = np.select(
        [death == early, death == disease], [_early_cause(summary["death_code"]), np.full(patients.size, "relapse")],
        "other",
    )  # fmt: skip
    seen = death <= until
    made = pl.DataFrame(
        {
            "patient": np.arange(first, first + patients.size, dtype=np.int64),
            "cr": cr, "mrd_negative": negative, "response_day": np.where(alive28, float(RESPONSE_DAY), np.nan),
            "relapse_month": _if(cr & (relapse <= np.minimum(until, death)), relapse),
            "transplant_month": _if(transplanted & (at <= until) & (at < relapse), at),
            "death_month": _if(seen, death), "death_cause": cause,
            "efs_month": np.minimum(event, until), "efs_event": event <= until,
            "os_month": np.minimum(death, until), "os_event": seen, "followed_months": np.minimum(until, death),
        }
    )  # fmt: skip
    return made.with_columns(
        pl.col("response_day", "relapse_month", "transplant_month", "death_month").fill_nan(None),
        death_cause=pl.when("os_event").then("death_cause"),
    )


def _early_cause(code: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    return np.select([code == CRS_DEATH, code == ICANS_DEATH], ["crs", "icans"], "other")


def _if(holds: Any, value: Any) -> Any:
    return np.where(holds, value, np.nan)
