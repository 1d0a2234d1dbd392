"""The nineteen cases of the openEHR GDL2 HScore (data/hscore_SOURCE.md), units converted as the records do it."""

from pathlib import Path

import polars as pl
import pytest

from tocsin import vocabulary
from tocsin.scores.hscore import ORGANOMEGALY, hscore
from tocsin.units import convert

FILE = Path(__file__).parent / "data" / "hscore_gdl_cases.csv"
UNITS = {"Cel": "°C", "[degF]": "°F", "ng/mL": "ng/mL", "ug/L": "ug/L", "mg/dl": "mg/dL", "mmol/l": "mmol/L",
         "g/L": "g/L", "U/l": "U/L"}  # fmt: skip
ORGANS = {"No": "none", "Hepatomegaly or splenomegaly": "one", "Hepatomegaly and splenomegaly": "both"}
MEASURED = ("temperature", "ferritin", "triglycerides", "fibrinogen", "ast")


def kept(name):
    """The column in the vocabulary's unit, each row from its own unit."""
    unit, value = vocabulary.variables()[name].unit, pl.col(name).cast(pl.Float64)
    chain = pl.lit(None, pl.Float64)
    for written, ours in UNITS.items():
        try:
            made = convert(value, ours, unit, name)
        except KeyError:
            continue
        chain = pl.when(pl.col(f"{name}_unit") == written).then(made).otherwise(chain)
    return chain.alias(name)


@pytest.fixture(scope="module")
def cases():
    read = pl.read_csv(FILE, infer_schema_length=0)
    return read.with_columns(
        *(kept(name) for name in MEASURED),
        *((pl.col(name) == "Yes").alias(name) for name in ("immunosuppression",)),
        haemophagocytosis=pl.col("hemophagocytosis") == "Yes",
        organomegaly=pl.col("organomegaly").replace_strict(ORGANS),
        lineages=pl.col("cytopenia_lineages").str.head(1).cast(pl.Int32),
    )


def test_all_nineteen_agree_in_score_and_class(cases):
    made = hscore(cases)
    assert made.get_column("value").to_list() == cases.get_column("expected_hscore").cast(pl.Int32).to_list()
    assert made.get_column("probability").to_list() == cases.get_column("expected_probability").to_list()
    assert made.select((pl.col("low") == pl.col("high")).all()).item()
    assert made.height == 19


def test_the_points_the_cases_print_are_ours(cases):
    for row in cases.iter_rows(named=True):
        assert ORGANOMEGALY[row["organomegaly"]] == int(row["organomegaly_points"])


def test_units_are_really_converted(cases):
    """The same numbers without their units give other scores."""
    raw = pl.read_csv(FILE, infer_schema_length=0).select(pl.col(MEASURED).cast(pl.Float64))
    unconverted = cases.with_columns(raw.get_columns())
    wrong = hscore(unconverted).get_column("value") != cases.get_column("expected_hscore").cast(pl.Int32)
    # 01: fibrinogen 100 as g/L; 02 and 05: triglycerides in mg/dL as mmol/L; 03 and 04: °F as °C
    # (06 is above every limit either way)
    assert cases.filter(wrong).get_column("case_id").to_list() == ["01", "02", "03", "04", "05"]


def test_the_cut_lies_between_the_cases_at_167_and_177(cases):
    likely = hscore(cases).select("value", "likely")
    assert likely.filter("likely").get_column("value").min() == 177
    assert likely.filter(~pl.col("likely")).get_column("value").max() == 167
