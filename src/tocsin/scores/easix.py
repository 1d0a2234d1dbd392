"""EASIX, its simplified and its modified form. No cut is universal: the log2 stands beside the value.

The items have no range of their own, so that a missing one leaves no useful bound: the score is null.
"""

from __future__ import annotations

import polars as pl

FEWEST_PLATELETS = 1.0
CRP_MG_L_PER_MG_DL = 10
ITEMS = {
    "easix": ("ldh", "creatinine", "platelets"),
    "s_easix": ("ldh", "platelets"),
    "m_easix": ("ldh", "crp", "platelets"),
}


def easix(ldh: pl.Expr, creatinine: pl.Expr, platelets: pl.Expr) -> pl.Expr:
    """LDH (U/L) x creatinine (mg/dL) / platelets (10^9/L, floored at 1); null where one is [V]."""
    return ldh * creatinine / floored(platelets)


def s_easix(ldh: pl.Expr, platelets: pl.Expr) -> pl.Expr:
    """LDH (U/L) / platelets (10^9/L, floored at 1) [V]."""
    return ldh / floored(platelets)


def m_easix(ldh: pl.Expr, crp_mg_l: pl.Expr, platelets: pl.Expr) -> pl.Expr:
    """LDH (U/L) x CRP (mg/dL) / platelets (10^9/L, floored at 1) [V]. The records keep CRP in mg/L: it is divided."""
    return ldh * (crp_mg_l / CRP_MG_L_PER_MG_DL) / floored(platelets)


def floored(platelets: pl.Expr) -> pl.Expr:
    """Platelets, at least 1 (R): a count of 0 would divide by nothing. Unknown stays unknown."""
    return platelets.clip(lower_bound=FEWEST_PLATELETS)


def is_floored(platelets: pl.Expr) -> pl.Expr:
    """True where the floor was used."""
    return (platelets < FEWEST_PLATELETS).fill_null(False)


def log2(value: pl.Expr) -> pl.Expr:
    """log2; null where the value is 0 (a CRP of 0)."""
    return pl.when(value > 0).then(value.log(2))


def easix_scores(frame: pl.DataFrame) -> pl.DataFrame:
    """Adds easix, s_easix and m_easix to columns ldh, creatinine, crp (mg/L) and platelets."""
    ldh, creatinine, crp, platelets = (
        pl.col(name).cast(pl.Float64) for name in ("ldh", "creatinine", "crp", "platelets")
    )
    return frame.with_columns(
        easix=easix(ldh, creatinine, platelets),
        s_easix=s_easix(ldh, platelets),
        m_easix=m_easix(ldh, crp, platelets),
    )
