"""Each rule about readings, oxygen, stays and outcomes on rows made by hand."""

from datetime import UTC, date, datetime

import polars as pl
import pytest

from unit.records.rows import at, cleaned, codes, device, found, raw, reading, stay


def values(records, variable):
    return records.measurements.filter(pl.col("variable") == variable).get_column("value").to_list()


def test_words_and_units_become_ours():
    records = cleaned(
        measurements=[reading(0, "体温", 102.3, "°F", site="腋温"), reading(1, "SBP", 90.0, "mm Hg", method="NIBP")]
    )
    assert records.measurements.select("variable", "value", "method", "site").rows() == [
        ("temperature", 39.056, None, "axillary"), ("systolic", 90.0, "cuff", None),
    ]  # fmt: skip
    assert found(records, "C.unit-converted")["count"] == 1


@pytest.mark.parametrize(
    ("value", "kept", "changed"),
    [
        (88.99, [], 0),
        (89.0, [31.667], 1),
        (97.2, [36.222], 1),
        (99.0, [37.222], 1),
        (111.0, [], 1),
        (111.01, [], 0),
        (38.0, [38.0], 0),
    ],
)
def test_fahrenheit_in_a_celsius_column(value, kept, changed):
    records = cleaned(measurements=[reading(0, "temperature", value, "°C")])
    assert values(records, "temperature") == [v for v in kept if 32 <= v <= 43.5]
    assert ("P.temperature-fahrenheit" in codes(records)) == bool(changed)


def test_37_99_is_not_rounded_to_38():
    assert values(cleaned(measurements=[reading(0, "temperature", 37.99, "°C")]), "temperature") == [37.99]


@pytest.mark.parametrize("unit", ["度", "dose", "mmol/L", "mg"])
def test_an_unknown_unit_drops_the_value_and_asks(unit):
    records = cleaned(measurements=[reading(0, "temperature", 38.5, "°C"), reading(5, "temperature", 40.1, unit)])
    assert values(records, "temperature") == [38.5]
    one = found(records, "C.unit-unknown")
    assert (one["row"], one["count"], one["effect"], one["needs_decision"]) == (2, 1, "excluded", True)


def test_a_missing_unit_drops_the_value_and_asks_but_no_unit_column_means_ours():
    records = cleaned(measurements=[reading(0, "temperature", 38.5, None)])
    assert records.measurements.is_empty()
    assert found(records, "C.unit-missing")["needs_decision"]
    plain = [{k: v for k, v in reading(0, "temperature", 38.5, None).items() if k != "unit"}]
    assert values(cleaned(measurements=plain, drop=("unit",)), "temperature") == [38.5]


def test_variables_nobody_needs_are_counted_and_unknown_ones_ask():
    records = cleaned(
        measurements=[
            reading(0, "potassium", 4.0, "mmol/L"),
            reading(1, "temprature", 40.0, "°C"),
            reading(2, None, 1.0, "%"),
        ]
    )
    assert records.measurements.is_empty()
    assert found(records, "C.variable-unknown")["needs_decision"]
    assert found(records, "M.variable-missing")["row"] == 3
    row = records.account.filter(pl.col("source") == "measurements.csv").row(0, named=True)
    assert (row["rows"], row["used"], row["excluded"], row["not_needed"]) == (3, 0, 2, 1)


@pytest.mark.parametrize(
    ("variable", "unit", "low", "high", "below", "above"),
    [
        ("temperature", "°C", 32, 43.5, 31.99, 43.51),
        ("systolic", "mmHg", 30, 300, 29.9, 300.1),
        ("mean_pressure", "mmHg", 20, 250, -27, 801),
        ("spo2", "%", 40, 100, 39.9, 100.1),
        ("weight", "kg", 2, 300, 0, 301),
    ],
)
def test_impossible_values_are_set_aside_and_the_limits_are_possible(variable, unit, low, high, below, above):
    rows = [reading(n, variable, float(v), unit) for n, v in enumerate((low, high, below, above))]
    records = cleaned(measurements=rows)
    assert values(records, variable) == [low, high]
    one = found(records, "P.value-impossible")
    assert (one["row"], one["count"], one["effect"]) == (3, 2, "excluded")
    assert str(above) not in one["what"] + one["done"]


def test_saturation_as_a_fraction_and_value_text():
    records = cleaned(
        measurements=[
            reading(0, "spo2", 0.93, "%"), reading(1, "crp", None, "mg/L", value_text="<5"),
            reading(2, "crp", None, "mg/L", value_text="clotted"), reading(3, "crp", None, "mg/L"),
        ]
    )  # fmt: skip
    assert values(records, "spo2") == [93.0]
    assert values(records, "crp") == [5.0]
    assert found(records, "P.saturation-fraction")["row"] == 1
    assert found(records, "P.value-limit")["row"] == 2
    assert found(records, "C.value-not-a-number")["row"] == 3
    assert found(records, "M.value-missing")["row"] == 4


def test_copies_go_and_same_minute_contradictions_stay():
    rows = [
        reading(0, "sbp", 80.0, "mmHg", method="art"), reading(0, "sbp", 80.0, "mmHg", method="art"),
        reading(0.5, "sbp", 95.0, "mmHg", method="cuff"), reading(1, "sbp", 100.0, "mmHg", method="cuff"),
    ]  # fmt: skip
    records = cleaned(measurements=rows)
    assert records.measurements.get_column("source_row").to_list() == [1, 3, 4]
    assert found(records, "P.duplicate")["row"] == 2
    assert (found(records, "P.same-minute")["row"], found(records, "P.same-minute")["count"]) == (1, 2)
    assert found(records, "P.same-minute")["effect"] == "noted"


def test_systolic_not_above_diastolic_is_noted():
    rows = [reading(0, "sbp", 70.0, "mmHg"), reading(0, "dbp", 70.0, "mmHg"), reading(9, "sbp", 90.0, "mmHg")]
    assert found(cleaned(measurements=rows), "P.systolic-not-above-diastolic")["row"] == 1


def test_method_is_for_pressures_only():
    records = cleaned(measurements=[reading(0, "heart_rate", 90.0, "bpm", method="cuff", site="oral")])
    assert records.measurements.select("method", "site").row(0) == (None, None)
    odd = cleaned(measurements=[reading(0, "sbp", 90.0, "mmHg", method="left leg thing")])
    assert odd.measurements.item(0, "method") is None
    assert found(odd, "C.method-unknown")["count"] == 1


def test_vitals_outside_every_stay_are_set_aside_to_the_minute():
    rows = [reading(m, "temperature", 38.0, "°C") for m in (-1, 0, 100, 101, 199, 200)]
    rows += [reading(-1, "weight", 70.0, "kg"), reading(-1, "crp", 10.0, "mg/L")]
    records = cleaned(stays=[stay(0, 100), stay(200, 300)], measurements=rows)
    kept = records.measurements.filter(pl.col("variable") == "temperature").get_column("source_row").to_list()
    assert kept == [2, 3, 6]
    assert values(records, "weight") == [70.0]
    assert values(records, "crp") == [10.0]
    assert found(records, "P.vital-before-admission")["row"] == 1
    assert (found(records, "P.vital-outside-stays")["row"], found(records, "P.vital-outside-stays")["count"]) == (4, 2)


def test_a_long_stay_covers_what_a_later_short_one_does_not():
    records = cleaned(stays=[stay(0, 500), stay(10, 20, "icu")], measurements=[reading(100, "temperature", 38.0, "°C")])
    assert values(records, "temperature") == [38.0]


def test_after_the_discharge_but_in_a_unit_stays_and_is_noted():
    records = cleaned(stays=[stay(0, 100), stay(0, 130, "icu")], measurements=[reading(120, "temperature", 38.0, "°C")])
    assert values(records, "temperature") == [38.0]
    assert found(records, "P.vital-after-discharge")["effect"] == "noted"


def test_without_a_stays_table_nothing_is_outside_and_a_patient_without_stays_asks():
    frames = {
        "patients": raw("patients", [{}]),
        "measurements": raw("measurements", [reading(0, "temperature", 38.0, "°C")]),
    }
    from tocsin.records.clean import clean

    alone = clean(frames, zone="UTC", supplied=frozenset(frames))
    assert values(alone, "temperature") == [38.0]
    other = cleaned(stays=[stay(0, 10, patient_id="p2")], measurements=[reading(50, "temperature", 38.0, "°C")])
    assert values(other, "temperature") == [38.0]
    assert found(other, "M.patient-without-stay")["needs_decision"]


def test_stays_that_cannot_be():
    records = cleaned(
        stays=[stay(0, 100), stay(50, 200), stay(300, 290), stay(400, 400), stay(500, None), {"kind": "icu"}]
    )
    assert records.stays.get_column("source_row").to_list() == [1, 2, 4, 5]
    assert found(records, "P.stay-negative")["needs_decision"]
    assert found(records, "P.stay-zero-length")["row"] == 4
    assert found(records, "P.stays-overlap")["row"] == 2
    assert found(records, "M.stay-stop-missing")["row"] == 5
    assert found(records, "M.stay-start-missing")["row"] == 6


def test_a_respelled_device_is_unrecognised_and_never_room_air():
    records = cleaned(
        supports=[device(0, "Nasal Canulla", flow_l_min=4.0), device(1, "鼻导管"), device(2, None, fio2=0.4)]
    )
    assert records.supports.get_column("device").to_list() == ["unrecognised", "nasal_cannula", None]
    one = found(records, "C.device-unknown")
    assert (one["row"], one["count"], one["needs_decision"]) == (1, 1, True)
    assert found(records, "M.device-missing")["row"] == 3


def test_oxygen_settings_in_percent_and_impossible_ones():
    rows = [
        device(n, "hfnc", fio2=fio2, flow_l_min=flow)
        for n, (fio2, flow) in enumerate([(40.0, 30.0), (0.4, 100.0), (1.0, 80.0), (3.0, 0.0)])
    ]
    records = cleaned(supports=rows)
    assert records.supports.get_column("fio2").to_list() == [0.4, 0.4, 1.0, None]
    assert records.supports.get_column("flow_l_min").to_list() == [30.0, None, 80.0, 0.0]
    assert found(records, "P.fio2-percent")["row"] == 1
    assert found(records, "P.flow-l-min-impossible")["row"] == 2
    assert found(records, "P.fio2-impossible")["row"] == 4


@pytest.mark.parametrize(
    ("instant", "day"),
    [
        (datetime(2026, 1, 10, 5, 0, tzinfo=UTC), True),  # 00:00 in winter
        (datetime(2026, 7, 10, 4, 0, tzinfo=UTC), True),  # 00:00 in summer
        (datetime(2026, 7, 10, 5, 0, tzinfo=UTC), False),  # 01:00 in summer
        (datetime(2026, 1, 10, 5, 1, tzinfo=UTC), False),
        (datetime(2150, 7, 10, 5, 0, tzinfo=UTC), True),  # shifted year: which rule holds is unknown
        (datetime(2150, 7, 10, 4, 0, tzinfo=UTC), True),
        (datetime(2150, 7, 10, 6, 0, tzinfo=UTC), False),
    ],
)  # fmt: skip
def test_death_at_local_midnight_is_a_date(instant, day):
    records = cleaned("America/New_York", outcomes=[{"time": instant, "what": "death"}])
    row = records.outcomes.row(0, named=True)
    assert row["precision"] == ("day" if day else "minute")
    assert (row["time"] - instant).total_seconds() == (12 * 3600 if day else 0)
    assert row["available_time"] >= row["time"]
    assert ("P.outcome-date-only" in codes(records)) == day


def test_outcome_words_and_unknown_ones():
    rows = [
        {"time": at(60), "what": "疗效", "value": "CR"},
        {"time": at(61), "what": "mrd", "value": "neg", "method": "FCM?"},
        {"time": at(62), "what": "vanished"},
        {"time": at(63), "what": "response", "value": "splendid"},
        {"what": "death"},
    ]
    records = cleaned(outcomes=rows)
    assert records.outcomes.select("what", "value", "method").rows() == [
        ("response", "cr", None), ("mrd", "negative", None), ("response", None, None),
    ]  # fmt: skip
    assert found(records, "C.outcome-value-unknown")["needs_decision"] is True
    assert found(records, "C.what-unknown")["needs_decision"]
    assert found(records, "M.time-missing")["needs_decision"]


def test_assessments_take_only_the_words_of_their_item():
    rows = [
        {"time": at(0), "item": "ICE", "value": "10"}, {"time": at(1), "item": "ice", "value": "11"},
        {"time": at(2), "item": "意识", "value": "昏迷"}, {"time": at(3), "item": "seizure", "value": "10"},
        {"time": at(4), "item": "CAPD", "value": "32.0"}, {"time": at(5), "item": "RASS", "value": "-4"},
    ]  # fmt: skip
    records = cleaned(assessments=rows)
    assert records.assessments.select("item", "value").rows() == [
        ("ice", "10"), ("consciousness", "unarousable"), ("capd", "32"),
    ]  # fmt: skip
    assert found(records, "C.assessment-value-unknown")["count"] == 2
    assert found(records, "C.item-unknown")["row"] == 6


def test_times_before_birth_and_two_clocks():
    records = cleaned(
        patients=[{"birth_date": date(2026, 2, 20)}],
        stays=[stay(-50000, 14400)],
        measurements=[
            reading(-40000, "temperature", 38.0, "°C"),
            reading(0, "temperature", 38.1, "°C", available_time=at(-5)),
            reading(1, "temperature", 38.2, "°C", available_time=at(9)),
            {**reading(2, "temperature", 39.0, "°C"), "time": None},
        ],
    )
    assert records.measurements.get_column("available_time").to_list() == [at(0), at(9)]
    assert found(records, "P.known-before-true")["row"] == 2
    early = records.findings.filter(pl.col("code") == "P.before-birth")
    assert sorted(early.get_column("source").to_list()) == ["measurements.csv", "stays.csv"]
    assert early.get_column("needs_decision").all()


def test_patients_in_are_patients_out():
    records = cleaned(
        patients=[
            {"sex": "女"},
            {"sex": "女"},
            {"patient_id": "p2", "sex": "x?"},
            {"patient_id": "p2", "sex": "m"},
            {"patient_id": None},
        ],
        measurements=[
            reading(0, "temperature", 38.0, "°C", patient_id="p3"),
            reading(1, "potassium", 4.0, "?", patient_id="p4"),
        ],
    )
    assert records.patients.select("patient_id", "sex").rows() == [
        ("p1", "female"),
        ("p2", None),
        ("p3", None),
        ("p4", None),
    ]
    assert found(records, "M.patient-row-missing")["count"] == 2
    assert found(records, "C.patient-conflict")["needs_decision"]
    assert found(records, "M.patient-missing")["row"] == 5
    assert found(records, "C.sex-unknown")["count"] == 1


def test_no_text_of_a_finding_holds_an_id_or_a_value():
    records = cleaned(
        measurements=[
            reading(0, "Xanadu Wong", 1.0, "°C", patient_id="secret-7"),
            reading(0, "temperature", 99999.25, "°C"),
        ],
        supports=[device(0, "bed of Mr Wong")],
    )
    text = " ".join(str(row) for row in records.findings.select("code", "what", "done").rows())
    assert not any(word in text for word in ("Wong", "secret", "99999"))
    assert {"C.variable-unknown", "P.value-impossible", "C.device-unknown"} <= codes(records)
