"""Every row of every file: used, excluded or not needed; and the same records whatever the order of the rows."""

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tocsin.errors import TocsinError
from tocsin.records.clean import clean
from tocsin.tables import FINDINGS, RECORD_TABLES
from unit.records.rows import START, at, cleaned, device, dose, rate, raw, reading, stay

minutes = st.one_of(st.none(), st.integers(-100, 400))
patients = st.sampled_from(["p1", "p2", "p9", "", None])
some = st.sampled_from


def row(build, *strategies):
    def make(minute, patient, parts):
        made = {**build(minute or 0, *parts), "patient_id": patient}
        if minute is None:
            made["time" if "time" in made else "start"] = None
        return made

    return st.lists(st.builds(make, minutes, patients, st.tuples(*strategies)), max_size=12)


TABLES = st.fixed_dictionaries(
    {
        "patients": st.lists(
            st.fixed_dictionaries(
                {"patient_id": patients, "sex": some(["m", "?", None]), "weight_kg": some([None, 70.0, -1.0])}
            ),
            max_size=5,
        ),
        "stays": row(
            lambda m, end, kind: stay(m, end, kind), some([None, 50, 399]), some(["hospital", "icu", "?", None])
        ),
        "measurements": row(
            reading,
            some(["temperature", "sbp", "potassium", "nonsense", None]),
            some([None, 38.0, 98.6, -5.0, 0.9, float("nan"), float("inf")]),
            some(["°C", "mmHg", "?", None]),
        ),
        "drugs": st.one_of(
            row(
                rate,
                some(["norepinephrine", "propofol", "dextrose", "?", None]),
                some([None, 0.0, 0.1, -2.0]),
                some(["mcg/kg/min", "mL/h", "?", None]),
            ),
            row(dose, some(["tocilizumab", "CAR-T", "dexamethasone"]), some([None, 8.0]), some(["mg", "dose", None])),
        ),
        "supports": row(device, some(["nasal cannula", "Room Air", "???", None])),
        "assessments": row(
            lambda m, item, value: {"time": at(m), "item": item, "value": value},
            some(["ice", "seizure", "?", None]),
            some(["3", "none", None]),
        ),
        "outcomes": row(lambda m, what: {"time": at(m), "what": what}, some(["death", "?", None])),
    }
)


def build(tables, order=None):
    frames = {name: raw(name, rows) for name, rows in tables.items()}
    if order is not None:
        frames = {name: frame.sample(fraction=1.0, shuffle=True, seed=order) for name, frame in frames.items()}
    rows_read = {f"{name}.csv": frame.height for name, frame in frames.items()}
    return clean(frames, zone="Asia/Shanghai", supplied=frozenset(frames), rows_read=rows_read), frames


@given(TABLES)
@settings(max_examples=50, deadline=None)
def test_rows_add_up_and_nobody_is_lost(tables):
    records, frames = build(tables)
    for line in records.account.iter_rows(named=True):
        assert line["rows"] == line["used"] + line["excluded"] + line["not_needed"]
        assert line["rows"] == frames[line["source"].removesuffix(".csv")].height
    assert set(records.account.get_column("source").to_list()) == {f"{name}.csv" for name in frames}
    named = {p for frame in frames.values() for p in frame.get_column("patient_id").to_list() if p}
    assert set(records.patients.get_column("patient_id").to_list()) == named
    for table in RECORD_TABLES:
        assert not table.problems(records.table(table.name))
    excluded = records.findings.filter(pl.col("effect") == "excluded").get_column("count").sum()
    assert excluded >= records.account.get_column("excluded").sum()
    assert "room_air" not in records.supports.filter(
        pl.col("source_row").is_in([n for n, r in enumerate(tables["supports"], 1) if r["device"] != "Room Air"])
    ).get_column("device").to_list()  # fmt: skip


@given(TABLES, st.integers(0, 5))
@settings(max_examples=25, deadline=None)
def test_the_order_of_the_rows_does_not_matter(tables, order):
    one, _ = build(tables)
    other, _ = build(tables, order)
    for table in RECORD_TABLES:
        assert one.table(table.name).equals(other.table(table.name))
    assert one.findings.equals(other.findings)


def test_sorted_by_patient_time_and_row():
    rows = [reading(5, "spo2", 95.0, "%", patient_id="b"), reading(9, "spo2", 96.0, "%"), reading(3, "spo2", 97.0, "%")]
    records = cleaned(measurements=rows, stays=[stay(0, 100), stay(0, 100, patient_id="b")])
    assert records.measurements.get_column("source_row").to_list() == [1, 3, 2]
    assert records.measurements.item(0, "time") == at(5)
    assert at(5) > START


def test_a_row_with_one_good_value_is_used():
    frame = raw("measurements", [reading(0, "temperature", 38.0, "°C"), reading(0, "sbp", 9999.0, "mmHg")])
    frame = frame.with_columns(pl.lit(1, dtype=pl.Int64).alias("source_row"))
    records = clean(
        {"measurements": frame}, zone="UTC", supplied=frozenset({"measurements"}), rows_read={"measurements.csv": 1}
    )
    assert records.account.row(0)[1:] == (1, 1, 0, 0)


@pytest.mark.parametrize(
    ("read", "covered", "fits"), [(3, 0, False), (3, 2, True), (3, 1, False), (0, 5, False), (1, 0, True)]
)
def test_a_row_the_reader_lost_without_a_finding_is_an_error(read, covered, fits):
    frame = raw("measurements", [reading(0, "temperature", 38.0, "°C")])
    findings = FINDINGS.frame(
        [{"code": "C.x", "source": "measurements.csv", "row": 2, "count": covered, "what": "x", "done": "set aside",
          "effect": "excluded", "needs_decision": False}]
    )  # fmt: skip

    def run():
        return clean(
            {"measurements": frame}, zone="UTC", supplied=frozenset({"measurements"}),
            rows_read={"measurements.csv": read}, findings=findings,
        )  # fmt: skip

    if fits:
        assert run().account.item(0, "excluded") == read - 1
    else:
        with pytest.raises(TocsinError) as error:
            run()
        assert error.value.problems[0].slug == "records.row-lost"
