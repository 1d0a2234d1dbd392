"""Hay 2017: fever within 36 h after infusion, then serum MCP-1; thresholds Mh. Every answer has three values."""

from __future__ import annotations

import polars as pl

from tocsin.scores.parameters import ScoreParameters

WITHIN_HOURS = 36


def hay_2017(
    highest_temperature: pl.Expr, watched: pl.Expr, mcp1: pl.Expr, parameters: ScoreParameters | None = None
) -> pl.Expr:
    """True: high risk of CRS of grade 4 or 5; false: not; null: cannot be said.

    `highest_temperature` (°C) is the highest of the 36 h after infusion; `watched` says that no fever in them can have
    been missed (null = not known); `mcp1` (pg/mL) is measured after that fever. No fever is only known where watched.
    """
    p = parameters or ScoreParameters()
    hot = highest_temperature >= p.hay_fever
    fever = pl.when(hot).then(True).when(~hot & watched).then(False)
    return fever & (mcp1 >= p.hay_mcp1)
