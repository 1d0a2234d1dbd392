"""What a strategy asked and what was done: the `follow` table, and the arm of every course."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from tocsin.strategies.trigger import first_due
from tocsin.tables import ARMS, FOLLOW
from tocsin.when import Strategy


def follow(
    name: str, strategy: Strategy, streams: Mapping[str, pl.DataFrame], given: pl.DataFrame, courses: pl.Series
) -> pl.DataFrame:
    """One row a course (contract `follow`).

    `given`: course_id, minute of administrations of `strategy.give` at or after minute 0; the first counts. The trigger
    uses the history up to and including the minute of the first dose. A dose exactly `within` after due adheres.
    """
    first = given.group_by("course_id").agg(given_at=pl.col("minute").min())
    rows = first_due(strategy.when, streams, courses).join(first, on="course_id", how="left", maintain_order="left")
    before = pl.col("given_at").is_null() | (pl.col("due_known_at") <= pl.col("given_at"))
    rows = rows.with_columns(pl.when(before).then(pl.col("due_at", "due_known_at")))
    due, dose = pl.col("due_at"), pl.col("given_at")
    limit = due + strategy.within
    followed = (
        pl.when(dose.is_null() & due.is_null()).then(pl.lit("never_due"))
        .when(dose.is_null()).then(pl.lit("not_given"))
        .when(due.is_null()).then(pl.lit("early"))
        .when(dose <= limit).then(pl.lit("yes"))
        .otherwise(pl.lit("late"))
    )  # fmt: skip
    departs = pl.when(followed == "early").then(dose).when(followed.is_in(["late", "not_given"])).then(limit)
    return FOLLOW.frame(
        rows.with_columns(strategy=pl.lit(name), delay=dose - due, followed=followed, departs_at=departs)
    )


def arms(follows: pl.DataFrame, courses: pl.Series) -> pl.DataFrame:
    """Arm = the strategy followed `yes`; if several, the earlier due_at, said in `why`; if none, no arm."""
    yes = follows.filter(pl.col("followed") == "yes").sort("course_id", "due_at", "strategy")
    chosen = yes.group_by("course_id", maintain_order=True).agg(
        arm=pl.col("strategy").first(),
        due_at=pl.col("due_at").first(),
        given_at=pl.col("given_at").first(),
        several=pl.len() > 1,
    )
    words = follows.with_columns(said=pl.format("{}: {}", "strategy", pl.col("followed").str.replace_all("_", " ")))
    why = words.group_by("course_id", maintain_order=True).agg(why=pl.col("said").str.join("; "))
    rows = pl.DataFrame({"course_id": courses}).join(chosen, on="course_id", how="left", maintain_order="left")
    rows = rows.join(why, on="course_id", how="left", maintain_order="left")
    both = pl.lit(" (followed several; the earlier due counts)")
    said = pl.when(pl.col("several").fill_null(False)).then(pl.col("why") + both).otherwise("why")
    return ARMS.frame(rows.with_columns(why=said))
