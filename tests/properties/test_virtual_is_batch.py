"""The virtual ward's chart is what the product says of the finished records: grades minute by minute, and due times."""

from __future__ import annotations

from datetime import UTC, datetime

import polars as pl
import pytest

from tocsin.errors import TocsinError
from tocsin.grading import follow_strategy, grade
from tocsin.signs.state import CONSCIOUSNESS_WORDS, MOTOR_WORDS, OEDEMA_WORDS, SEIZURE_WORDS
from tocsin.strategies.catalogue import CATALOGUE
from tocsin.tables import COURSES, Records
from tocsin.virtual import log
from tocsin.virtual.practice import SHIPPED, Care
from tocsin.virtual.run import simulate
from tocsin.virtual.world import World

ZERO = datetime(2026, 3, 1, 10, 0, tzinfo=UTC)
SCORES = {log.ICE: ("ice", None), log.CAPD: ("capd", None), log.CONSCIOUSNESS: ("consciousness", CONSCIOUSNESS_WORDS),
          log.SEIZURE: ("seizure", SEIZURE_WORDS), log.MOTOR_WEAKNESS: ("motor_weakness", MOTOR_WORDS),
          log.OEDEMA: ("oedema", OEDEMA_WORDS)}  # fmt: skip


def at(minute: str | pl.Expr) -> pl.Expr:
    minutes = pl.col(minute) if isinstance(minute, str) else minute
    return pl.lit(ZERO) + pl.duration(minutes=minutes.cast(pl.Int64))


def records_of(batch: log.Batch) -> tuple[Records, pl.DataFrame]:
    """The log as record tables, straight: no file, no reader, no vocabulary in between."""
    entries = pl.DataFrame({name: batch.log[name] for name in log.ENTRY.names or ()})
    entries = entries.with_columns(
        patient_id=pl.format("p{}", "patient"), precision=pl.lit("minute"), source=pl.lit("log"),
        source_row=pl.int_range(1, pl.len() + 1, dtype=pl.Int64), time=at("minute"), start=at("minute"),
        value=pl.col("value").fill_nan(None), more=pl.col("more").fill_nan(None),
    )  # fmt: skip
    lab = pl.col("what").is_between(log.CRP, log.FIBRINOGEN)
    late = entries.with_columns(available_time=at(pl.col("minute") + pl.when(lab).then("more").otherwise(0)))
    measured = late.filter(pl.col("what") < log.ICE).with_columns(
        variable=pl.col("what").replace_strict(dict(enumerate(log.VARIABLES)), return_dtype=pl.String)
    )
    doses = late.filter(pl.col("what") == log.DOSE).with_columns(
        drug=pl.col("key").replace_strict(dict(enumerate(log.DRUGS)), return_dtype=pl.String), mode=pl.lit("dose"),
        dose="value", dose_unit=pl.col("key").replace_strict(dict(enumerate(log.UNITS)), return_dtype=pl.String),
    )  # fmt: skip
    rates = late.filter(pl.col("what") == log.RATE).with_columns(
        drug=pl.col("key").replace_strict(dict(enumerate(log.PRESSORS)), return_dtype=pl.String), rate="value",
        mode=pl.lit("infusion"), order_id=pl.lit("1"),
        rate_unit=pl.col("key").replace_strict(dict(enumerate(log.RATE_UNITS)), return_dtype=pl.String),
    )  # fmt: skip
    drugs = pl.concat([doses, rates], how="diagonal").sort("patient", "minute", "source_row")
    supports = late.filter(pl.col("what") == log.DEVICE).with_columns(
        device=pl.col("key").replace_strict(dict(enumerate(log.DEVICES)), return_dtype=pl.String),
        flow_l_min="value", fio2="more",
    )  # fmt: skip
    judged = [late.filter(pl.col("what") == what).with_columns(
        item=pl.lit(item), value=pl.col("value").cast(pl.Int64).cast(pl.String) if words is None else
        pl.col("value").cast(pl.Int64).replace_strict(dict(enumerate(words)), return_dtype=pl.String))
        for what, (item, words) in SCORES.items()]  # fmt: skip
    gone = batch.summary.select(
        patient_id=pl.format("p{}", pl.int_range(pl.len())), end="discharge_at", died="death_minute",
        code="death_code", source=pl.lit("log"), source_row=pl.int_range(1, pl.len() + 1, dtype=pl.Int64),
    )  # fmt: skip
    facts = batch.facts.with_columns(gone.select("patient_id", "source", "source_row"))
    stays = facts.with_columns(start=at("admitted"), stop=at(gone.get_column("end")), kind=pl.lit("hospital"))
    deaths = gone.filter(pl.col("died").is_not_null()).with_columns(
        time=at("died"), available_time=at("died"), precision=pl.lit("minute"), what=pl.lit("death"),
        value=pl.col("code").replace_strict({1: "crs", 2: "icans", 3: "other"}, return_dtype=pl.String),
        adjudicated_by=pl.lit("committee"),
    )  # fmt: skip
    tables = {"patients": facts, "stays": stays, "measurements": measured, "drugs": drugs, "supports": supports,
              "assessments": pl.concat(judged).sort("patient", "minute", "source_row"), "outcomes": deaths}  # fmt: skip
    courses = facts.with_columns(
        course_id="patient_id", time_zero=pl.lit(ZERO), set_by=pl.lit("infusion"), precision=pl.lit("minute"),
        infusions=1,
    )  # fmt: skip
    return Records.of(tables), COURSES.check(COURSES.frame(courses)).sort("patient_id")


def charted(batch: log.Batch, what: int) -> dict[str, list[tuple[int, int]]]:
    """Per patient the minutes at which the ward's grade changed, and to what."""
    rows = batch.log[batch.log["what"] == what]
    made: dict[str, list[tuple[int, int]]] = {f"p{k}": [] for k in range(batch.facts.height)}
    for row in rows:
        made[f"p{row['patient']}"].append((int(row["minute"]), int(row["value"])))
    return made


def product(grades: pl.DataFrame, scale: str, days: int) -> dict[str, list[tuple[int, int]]]:
    """The same of the graded records, as far as the simulation goes: later only what expires would change it."""
    rows = grades.filter(pl.col("scale") == scale, pl.col("grade") < 5, pl.col("from") < 1440 * days)
    made: dict[str, list[tuple[int, int]]] = {}
    for course, start, grade_ in rows.select("course_id", "from", "grade").iter_rows():
        runs = made.setdefault(course, [])
        if not runs or runs[-1][1] != grade_:
            runs.append((start, grade_))
    return made


WORLDS = {
    "default": {},
    "adults with much of everything": {
        "age_median": 40, "age_high": 80, "infections": 0.05, "gm": 3.0, "k_v": 4.0, "k_n": 4.0, "seizures": 1.0,
        "missing": 0.3, "discharge_day": 10, "h_crs": 1.0,
    },
    "eight-hourly": {"every_h": 8, "missing_informative": 0.4, "hourly_when_sick": 0},
    "no discharge": {"discharge_day": 0, "gm": 2.0, "days": 35},
}  # fmt: skip


@pytest.mark.parametrize("name", WORLDS)
def test_the_chart_is_the_products_grade(name):
    world = World.of(WORLDS[name] | {"seed": 5})
    batch = simulate(world, 0, 250, Care("strategy", SHIPPED["fever_or_grade3"]))
    records, courses = records_of(batch)
    made = grade(records, courses)
    for what, scale in ((log.CRS_GRADE, "astct_crs"), (log.ICANS_GRADE, "astct_icans")):
        expected = product(made.grades, scale, world.days)
        assert charted(batch, what) == expected
        assert max(grade_ for runs in expected.values() for _, grade_ in runs) >= 3
    first = made.episodes.filter(pl.col("scale") == "astct_crs", pl.col("episode") == 1)
    onset = dict(first.select("course_id", "onset").iter_rows())
    assert {f"p{k}": m for k, m in enumerate(batch.summary["onset"]) if m is not None} == onset


RULES = SHIPPED | {name: rule for name, rule in CATALOGUE.items() if rule.give in log.DRUGS[:6]}
NOT_LIVE = {"creatinine_ratio", "fio2"}


@pytest.mark.parametrize("name", RULES)
def test_due_in_the_simulation_is_due_in_the_records(name):
    rule = RULES[name]
    world = World.of(WORLDS["adults with much of everything"] | {"seed": 6, "days": 20})
    if NOT_LIVE & set(rule.when.streams()):
        with pytest.raises(TocsinError, match=r"strategies\.not-live"):
            simulate(world, 0, 2, Care("strategy", rule))
        return
    for care in (Care("strategy", rule), Care("never", rule), Care("usual", rule)):
        batch = simulate(world, 0, 120, care)
        records, courses = records_of(batch)
        made = grade(records, courses)
        within = pl.when(pl.col("due_known_at") < 1440 * world.days)
        follow = follow_strategy(name, rule, records, courses, made)
        follow = follow.sort(pl.col("course_id").str.slice(1).cast(pl.Int64))
        follow = follow.with_columns(within.then(due).alias(due) for due in ("due_at", "due_known_at"))
        live = batch.summary
        assert live["due_known_at"].to_list() == follow["due_known_at"].to_list()
        assert live["due_at"].to_list() == follow["due_at"].to_list()
        if care.kind == "strategy" and rule.give == "tocilizumab":
            assert live["given_at"].to_list() == follow["given_at"].to_list()
            assert set(follow["followed"]) <= {"yes", "never_due", "not_given"}
