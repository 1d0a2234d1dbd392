"""What `check` counts, against small records worked by hand and a naive recount."""

import random
from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from tocsin.check import check, write_findings
from tocsin.errors import TocsinError
from tocsin.records import courses
from tocsin.strategies import STRATEGIES
from tocsin.tables import FINDINGS, RECORD_TABLES, Records
from tocsin.when import Strategy

ZERO = datetime(2024, 3, 1, 8, tzinfo=UTC)


def at(minute):
    return ZERO + timedelta(minutes=minute)


def records(readings, stays=((0, 40 * 1440, "hospital"),), variable="temperature", findings=None, more=()):
    """`readings`: {patient: [(minute, value), ..]}."""
    stamp = {"source": "file.csv", "precision": "minute"}
    rows = {table.name: [] for table in RECORD_TABLES}
    for n, (patient, values) in enumerate(readings.items()):
        rows["patients"].append({"patient_id": patient, "age_y": 40.0, "source": "p.csv", "source_row": n + 1})
        rows["stays"] += [
            {
                "patient_id": patient,
                "start": at(start),
                "stop": at(stop),
                "kind": kind,
                "source": "s.csv",
                "source_row": k + 1,
            }
            for k, (start, stop, kind) in enumerate(stays)
        ]
        rows["measurements"] += [
            {
                "patient_id": patient,
                "time": at(m),
                "available_time": at(m),
                "variable": variable,
                "value": float(v),
                "source_row": k + 1,
                **stamp,
            }
            for k, (m, v) in enumerate(values)
        ]
    for table, row in more:
        rows[table].append({**stamp, **row})
    made = {table.name: table.frame(rows[table.name]) for table in RECORD_TABLES}
    return Records.of(made, findings=FINDINGS.frame(findings) if findings else FINDINGS.empty())


def looked(readings, strategies=STRATEGIES, **more):
    found = records(readings, **more)
    return check(found, courses(found, "admission")[0], strategies)


def seen(readings, when, **more):
    [row] = looked(readings, {"x": Strategy(give="tocilizumab", when=when)}, **more).triggers.to_dicts()
    return row["visible"], row["fired"]


SUSTAINED = {"sign": "temperature", "at_least": 39.0, "sustained": "4 h", "longest_gap": "6 h", "min_readings": 2}


@pytest.mark.parametrize(
    ("minutes", "visible"),
    [
        ([0, 240], 1), ([0, 239], 0), ([0, 360], 1), ([0, 361], 0), ([0, 100, 200], 0), ([0, 120, 240], 1), ([5], 0),
        ([], 0),
        ([0, 361, 601], 1), ([30 * 1440 - 241, 30 * 1440 - 1], 1), ([30 * 1440 - 240, 30 * 1440], 0),
    ],
)  # fmt: skip
def test_a_sustained_trigger_is_seen_where_readings_are_dense_enough(minutes, visible):
    """36 °C everywhere: whether it can be seen has nothing to do with the values."""
    assert seen({"A": [(m, 36.0) for m in minutes]}, SUSTAINED) == (visible, 0)


def test_fired_needs_the_values_too():
    hot, cold = [(0, 39.0), (240, 39.4)], [(0, 39.0), (240, 38.9)]
    assert seen({"A": hot, "B": cold, "C": [(0, 41.0)]}, SUSTAINED) == (2, 1)


@pytest.mark.parametrize(
    ("when", "expected"),
    [
        ({"sign": "temperature", "at_least": 39.0, "count": 2, "count_within": "24 h"}, (2, 0)),
        ({"sign": "temperature", "below": 30.0}, (3, 0)),
        ({"sign": "systolic", "below": 90.0}, (0, 0)),
        ({"all": [SUSTAINED, {"sign": "systolic", "below": 90}]}, (0, 0)),
        ({"any": [SUSTAINED, {"sign": "systolic", "below": 90}]}, (1, 0)),
        ({"not": SUSTAINED}, (1, 3)),
        ({"onset_within": "72 h"}, (3, 0)),
        ({"day": 2}, (4, 4)),
    ],
)
def test_every_kind_of_trigger(when, expected):
    values = {"A": [(0, 37), (240, 37)], "B": [(0, 37), (1000, 37)], "C": [(0, 37)], "D": []}
    if "not" in when:  # `not` is known from the first reading on, seen only where its inside is
        values = {"A": [(0, 37), (240, 37)], "B": [(0, 37), (1000, 37)], "C": [(0, 37)]}
    assert seen(values, when) == expected


def test_a_grade_trigger_is_seen_where_the_grade_is_known_on_its_side():
    """A breathes room air; of B no oxygen is charted, so that grade 4 is never excluded."""
    fever, three, two = {"A": [(0, 38.5)], "B": [(0, 38.5)]}, 3, 2
    air = {"patient_id": "A", "start": at(0), "available_time": at(0), "device": "room_air", "source_row": 1}
    asked = {"grade_of": "astct_crs", "at_least": three}
    assert seen(fever, asked) == (0, 0)
    assert seen(fever, asked, more=[("supports", air)]) == (1, 0)
    # grade 2 would rest on the pressure, which nobody has read
    asked = {"grade_of": "astct_crs", "at_least": two}
    assert seen(fever, asked, more=[("supports", air)]) == (0, 0)
    read = {"patient_id": "A", "time": at(0), "available_time": at(0), "variable": "systolic", "source_row": 9}
    for pressure, fired in ((120.0, 0), (85.0, 1)):
        more = [("supports", air), ("measurements", {**read, "value": pressure})]
        assert seen(fever, asked, more=more) == (1, fired)


def test_a_naive_recount_agrees():
    random.seed(7)
    readings = {
        f"P{n:03}": [
            (m, random.choice([37.0, 39.5, 39.5])) for m in sorted(random.sample(range(3000), random.randint(0, 25)))
        ]
        for n in range(150)
    }

    def runs(values):
        """Every stretch of readings without a gap over six hours."""
        parts = []
        for m, v in values:
            if parts and m - parts[-1][-1][0] <= 360:
                parts[-1].append((m, v))
            else:
                parts.append([(m, v)])
        return parts

    def holds(parts):
        return any(part[-1][0] - part[0][0] >= 240 and len(part) >= 2 for part in parts)

    def hot(values):
        parts, now = [], []
        for m, v in values:
            if v < 39.0 or (now and m - now[-1][0] > 360):
                parts, now = [*parts, now], []
            if v >= 39.0:
                now.append((m, v))
        return [part for part in [*parts, now] if part]

    visible = sum(holds(runs(values)) for values in readings.values())
    fired = sum(holds(hot(values)) for values in readings.values())
    assert 20 < fired < visible < 150
    assert seen(readings, SUSTAINED) == (visible, fired)


def charting(result, sign, place="all"):
    [row] = result.charting.filter(pl.col("sign") == sign, pl.col("place") == place).to_dicts()
    return row


def test_intervals_by_place_and_never_across_stays():
    stays = ((0, 1000, "hospital"), (0, 300, "icu"), (300, 1000, "ward"), (5000, 6000, "hospital"))
    result = looked({"A": [(0, 37), (60, 37), (120, 37), (360, 37), (600, 37), (5000, 37), (5090, 37)]}, stays=stays)
    whole = charting(result, "temperature")
    assert (whole["readings"], whole["interval_median"], whole["interval_q1"], whole["interval_q3"]) == (7, 90, 60, 240)
    assert whole["interval_p90"] == 240
    assert charting(result, "temperature", "icu")["interval_median"] == 60
    assert charting(result, "temperature", "icu")["readings"] == 3
    assert charting(result, "temperature", "ward")["interval_median"] == 240
    assert (whole["courses"], whole["courses_percent"]) == (2, 100.0)  # a course a stay


def test_known_is_a_share_of_the_stay():
    """One reading at admission is known for 8 of 40 hours."""
    result = looked({"A": [(0, 37)], "B": []}, stays=((0, 2400, "hospital"),))
    assert charting(result, "temperature")["known_percent"] == pytest.approx(100 * 8 / 80)
    assert charting(result, "temperature")["courses_percent"] == 50
    assert charting(result, "ice") == {
        **charting(result, "ice"),
        "readings": 0,
        "interval_median": None,
        "known_percent": 0,
    }


def test_patients_without_vitals_and_without_a_course():
    found = records({"A": [(0, 37)], "B": []})
    result = check(found, courses(found, "infusion")[0], STRATEGIES)
    assert result.patients == {"all": 2, "without_vitals": 1, "without_course": 2}
    assert result.triggers.get_column("courses").to_list() == [0, 0]
    assert result.triggers.get_column("visible_percent").to_list() == [None, None]


def finding(code, count, decide=False, what="x", source="v.csv"):
    return {
        "code": code,
        "source": source,
        "row": 1,
        "count": count,
        "what": what,
        "done": "kept",
        "effect": "noted",
        "needs_decision": decide,
    }


def test_codes_are_counted_once_each_and_decisions_stand_first():
    found = [finding("C.a", 2), finding("P.z", 3, decide=True), finding("C.a", 5, what="y", source="w.csv")]
    result = looked({"A": [(0, 37)]}, findings=found)
    assert result.undecided == 1
    rows = result.codes.select("code", "files", "count", "decide", "what").rows()
    assert rows == [("P.z", 1, 3, True, "x"), ("C.a", 2, 7, False, "x (and 1 alike)")]


def test_findings_are_written_and_nothing_else_is_overwritten(tmp_path):
    result = looked({"A": [(0, 37)]}, findings=[finding("C.a", 2, what="=evil()")])
    path = write_findings(result, tmp_path / "f.csv")
    assert path.read_text().splitlines() == [",".join(FINDINGS.schema), "C.a,v.csv,1,2,'=evil(),kept,noted,false"]
    write_findings(result, path)
    path.write_text("Date,Temp\n1,2\n")
    with pytest.raises(TocsinError):
        write_findings(result, path)
    assert path.read_text() == "Date,Temp\n1,2\n"
