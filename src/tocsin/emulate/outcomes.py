"""When each course in the trial had an outcome, died, or was lost: minutes since the course's own minute 0."""

from __future__ import annotations

import polars as pl

from tocsin.emulate.people import Ward, deaths, flow_row
from tocsin.emulate.trial import ICANS, outcome_words
from tocsin.signs.acts import minute_of
from tocsin.tables.emulation import FLOW

NONE, OUTCOME, COMPETING, LOST = 0, 1, 2, 3
#: A death this long after the end of the stay belongs to it: the two are often charted apart [R].
DEATH_AFTER_STAY = 24 * 60
OF_DEATH = ("death", "crs_death")
CRS_DEATH_UNKNOWN = "a death without a known or adjudicated cause competes"


def followed_up(ward: Ward, people: pl.DataFrame, outcome: str) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The courses that can answer, with `stop` (minute) and `code` (0 horizon, 1 outcome, 2 competing, 3 lost).

    Second: who left, as rows of the flow. A course that had the outcome by time zero, or in which nobody could have
    seen it, is not in it. Two at the same minute: the outcome, then death, then loss.
    """
    rows = people.join(events_of(ward, outcome), on="course_id", how="left", maintain_order="left")
    words, words_zh = outcome_words(outcome, ward.trial.scale)
    flow = list[dict[str, object]]()
    seen, free = _seen(ward, people, outcome), pl.col("event").is_null() | (pl.col("event") > pl.col("zero"))
    for name, keep, why in (
        (("the outcome could be seen", "结局可观察"), seen,
         ("{n} in which nobody could have seen it", "{n} 个无从观察")),
        (("free of the outcome at time zero", "时间零点无该结局"), free, ("{n} had it by then", "{n} 个当时已有")),
    ):  # fmt: skip
        kept = rows.filter(keep.fill_null(False))
        n = rows.height - kept.height
        said = (why[0].format(n=n), why[1].format(n=n)) if n else ("nobody leaves", "无人离开")
        name = (f"{words}: {name[0]}", f"{words_zh}：{name[1]}")
        flow.append(flow_row(outcome, name, rows.height, kept.height, said))
        rows = kept
    made = _coded(ward, rows, outcome)
    flow += _doubts(ward, made, outcome)
    return made, FLOW.frame(flow)


def events_of(ward: Ward, outcome: str) -> pl.DataFrame:
    """course_id, event: the first minute of the outcome at or after the course's minute 0."""
    if outcome == "icu":
        stays = ward.records.stays.filter(pl.col("kind") == "icu")
        rows = stays.join(ward.courses.select("patient_id", "course_id", "time_zero", "ends"), on="patient_id")
        rows = rows.filter(pl.col("ends").is_null() | (pl.col("start") < pl.col("ends")))
        rows = rows.filter(pl.col("stop").is_null() | (minute_of(pl.col("stop")) > 0))
        return rows.group_by("course_id").agg(event=minute_of(pl.col("start")).min())
    if outcome in OF_DEATH:
        dead = deaths(ward).filter((pl.col("cause") == "crs") | (outcome == "death"))
        return dead.select("course_id", event="dies")
    scale, least = _graded(ward, outcome)
    runs = ward.grading.grades.filter((pl.col("scale") == scale) & (pl.col("grade") >= least))
    runs = runs.filter(pl.col("to").is_null() | (pl.col("to") > 0))
    return runs.group_by("course_id").agg(event=pl.col("from").min())


def _graded(ward: Ward, outcome: str) -> tuple[str, int]:
    """Scale and least grade of an outcome that is a grade."""
    if outcome == "icans":
        return ICANS, 1
    kind, _, grade = outcome.rpartition("_")
    return ICANS if kind == "icans" else ward.trial.scale, int(grade)


def _seen(ward: Ward, people: pl.DataFrame, outcome: str) -> pl.Expr:
    """Whether the outcome could have been seen in a course: an ICANS needs a score, an ICU stay a table with any."""
    if outcome.startswith("icans"):
        sign = pl.any_horizontal(pl.col("ice", "capd", "consciousness").is_not_null())
        scored = ward.grading.signs.situations.filter(sign & pl.col("covered")).select("course_id", "to")
        scored = scored.join(people.select("course_id", "zero"), on="course_id")
        scored = scored.filter(pl.col("to").fill_null(2**30) > pl.col("zero"))
        proved = ward.grading.grades.filter((pl.col("scale") == ICANS) & (pl.col("grade") > 0))
        known = [*scored.get_column("course_id"), *proved.get_column("course_id")]
        return pl.col("course_id").is_in(list(dict.fromkeys(known)))
    if outcome == "icu":
        return pl.lit(bool((ward.records.stays.get_column("kind") == "icu").any()))
    return pl.lit(True)


def _coded(ward: Ward, rows: pl.DataFrame, outcome: str) -> pl.DataFrame:
    protocol, never = ward.trial.protocol, pl.lit(2**30, pl.Int32)
    zero, horizon = pl.col("zero"), pl.col("zero") + 60 * protocol.horizon_hours
    seen = pl.col("seen_to")
    if outcome in OF_DEATH:
        seen = pl.max_horizontal("seen_to", "contact", "dies")
    elif protocol.discharged == "event_free":
        seen = pl.when(pl.col("left")).then(pl.max_horizontal(seen, horizon)).otherwise(seen)
    inside = pl.col("dies") <= seen + DEATH_AFTER_STAY
    rows = rows.with_columns(
        seen=seen, event=pl.col("event").fill_null(never),
        death=pl.when(inside.fill_null(False)).then("dies").otherwise(never),
    )  # fmt: skip
    event, death, seen = pl.col("event"), pl.col("death"), pl.col("seen")
    late = pl.max_horizontal(seen, pl.when(death < never).then(death).otherwise(seen))
    code = (
        pl.when((event <= death) & (event <= late) & (event < horizon)).then(OUTCOME)
        .when((death < never) & (death < horizon)).then(COMPETING)
        .when(seen < horizon).then(LOST).otherwise(NONE)
    )  # fmt: skip
    rows = rows.with_columns(code=code.cast(pl.Int8))
    stop = pl.when(pl.col("code") == OUTCOME).then(event).when(pl.col("code") == COMPETING).then(death)
    stop = stop.when(pl.col("code") == LOST).then(seen).otherwise(horizon)
    return rows.with_columns(stop=stop.cast(pl.Int32), since=(stop - zero).cast(pl.Int32)).drop("event", "death")


def _doubts(ward: Ward, rows: pl.DataFrame, outcome: str) -> list[dict[str, object]]:
    """Courses without a proved outcome in which it cannot be excluded, and deaths whose cause nobody knows."""
    n = rows.height
    if outcome == "crs_death":
        vague = rows.filter((pl.col("code") == COMPETING) & (pl.col("cause") == "unknown")).height
        said = (f"{vague}: {CRS_DEATH_UNKNOWN}", f"{vague} 例死因不明或未裁定，按竞争事件计")
        name = ("deaths of unknown cause", "死因不明")
        return [flow_row(outcome, name, n, n, said)] if vague else []
    if outcome in ("death", "icu"):
        return []
    scale, least = _graded(ward, outcome)
    runs = ward.grading.grades.filter((pl.col("scale") == scale) & (pl.col("grade_at_most") >= least))
    open_runs = rows.filter(pl.col("code") != OUTCOME).select("course_id", "zero", "stop").join(runs, on="course_id")
    open_runs = open_runs.filter(pl.col("from") < pl.col("stop"), pl.col("to").fill_null(2**30) > pl.col("zero"))
    doubt = open_runs.get_column("course_id").n_unique()
    said = (f"{doubt} without a proved grade {least} in which it cannot be excluded at some time; they count "
            f"as free of it",
            f"{doubt} 个疗程未证实 {least} 级但某时不能排除，按无结局计")  # fmt: skip
    return [flow_row(outcome, ("not excluded", "不能排除"), n, n, said)] if doubt else []
