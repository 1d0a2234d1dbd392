"""Whatever lies in the folder: records that keep their contract with every row accounted for, or one TocsinError."""

from __future__ import annotations

import csv
import io
import re
import tempfile
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tocsin.errors import TocsinError
from tocsin.records.folder import read_folder
from tocsin.records.init import suggest
from tocsin.tables import Records

MANY = settings(
    max_examples=110, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
SITE = """zone = "Europe/Berlin"
[wide]
file = "vitals.csv"
table = "measurements"
patient_id = "no"
time = "at"
[wide.temperature]
column = "T"
unit = "°C"
[wide.systolic]
column = "SBP"
unit_column = "u"
[long]
file = "labs.csv"
table = "measurements"
patient_id = "no"
time = "at"
variable = "item"
value = "result"
unit = "u"
[drugs]
file = "drugs.csv"
table = "drugs"
patient_id = "no"
start = "at"
stop = "end"
drug = "item"
rate = "result"
rate_unit = "u"
[outcomes]
file = "drugs.csv"
table = "outcomes"
patient_id = "no"
[outcomes.death]
column = "end"
"""
HEADERS = {
    "vitals.csv": ["no", "at", "T", "SBP", "u"],
    "labs.csv": ["no", "at", "item", "result", "u"],
    "drugs.csv": ["no", "at", "end", "item", "result", "u"],
}
TIMES = st.one_of(
    st.datetimes().map(lambda t: t.strftime("%Y-%m-%d %H:%M")),
    st.sampled_from(
        ["2021-03-04 10:00", "2021-03-28 02:30", "2021-10-31 02:30", "2021-02-30 10:00", "03/04/2021", "13/04/2021"]
    ),
    st.sampled_from(
        ["2021-03-04", "20210304", "2021年3月4日 10时", "2021-03-04T10:00Z", "2021-03-04 24:00", "44197.5", "", "?"]
    ),
)
WORDS = [
    "38.5",
    "101.3",
    "<5",
    "＜3",
    "阴性",
    "1,5",
    "NaN",
    "inf",
    "1e999",
    "°C",
    "mmHg",
    "LDH",
    "体温",
    "去甲肾上腺素",
    "ug/min",
]
CELLS = st.one_of(
    TIMES,
    st.floats().map(repr),
    st.integers(-(10**20), 10**20).map(str),
    st.sampled_from([*WORDS, "P1", "P2"]),
    st.text(max_size=8),
)
ENCODINGS = st.sampled_from(["utf-8", "utf-8-sig", "gb18030", "utf-16", "utf-16-le", "cp1252", "latin-1"])


def _site_of(file: str) -> bytes:
    """The zone and the sections of one file only."""
    zone, *sections = re.split(r"\n(?=\[\w+\]\n)", SITE)
    return "\n".join([zone, *(section for section in sections if file in section)]).encode()


def _table(header: list[str], rows: list[list[str]], encoding: str, separator: str) -> bytes:
    stream = io.StringIO()
    csv.writer(stream, delimiter=separator).writerows([header, *rows])
    return stream.getvalue().encode(encoding, errors="replace")


def _good() -> dict[str, bytes]:
    return {
        "vitals.csv": b"no,at,T,SBP,u\nP1,2021-03-04 10:00,38.5,120,mmHg\nP2,2021-03-04 14:00,39.1,,\n",
        "labs.csv": b"no,at,item,result,u\nP1,2021-03-04 10:00,LDH,<300,U/L\nP1,2021-03-05 10:00,CRP,12,mg/L\n",
        "drugs.csv": "no,at,end,item,result,u\nP1,2021-03-04 10:00,2021-03-06 11:00,去甲肾上腺素,5,ug/min\n".encode(),
    }


def _read(files: dict[str, bytes], site: bytes | None) -> Records | None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for file, content in files.items():
            (folder / file).write_bytes(content)
        if site is not None:
            (folder / "site.toml").write_bytes(site)
        before = {path.name for path in folder.iterdir()}
        records, problems = None, ()
        try:
            records = read_folder(folder)
        except TocsinError as error:
            problems = error.problems
        assert (records is None) == bool(problems)
        assert "records.row-lost" not in {problem.slug for problem in problems}
        assert all(problem.slug.startswith("records.") and problem.what for problem in problems)
        assert {path.name for path in folder.iterdir()} == before
        return records


def _holds(records: Records | None) -> None:
    if records is None:
        return
    records.check()
    sums = records.account["used"] + records.account["excluded"] + records.account["not_needed"]
    assert (sums == records.account["rows"]).all()


def test_the_good_files_are_good() -> None:
    records = _read(_good(), SITE.encode())
    assert records is not None
    assert records.measurements.height == 5
    assert records.outcomes.height == 1


@MANY
@given(st.binary(max_size=300), st.sampled_from(sorted(HEADERS)), st.booleans())
def test_random_bytes(content: bytes, file: str, with_header: bool) -> None:
    head = (",".join(HEADERS[file]) + "\n").encode() if with_header else b""
    _holds(_read({file: head + content}, _site_of(file)))


@MANY
@given(st.data())
def test_random_tables_under_the_right_header(data: st.DataObject) -> None:
    file = data.draw(st.sampled_from(sorted(HEADERS)))
    width = len(HEADERS[file])
    row = st.tuples(st.sampled_from(["P1", "P2", "", "甲"]), TIMES, *[CELLS] * (width - 2)).map(list)
    rows = data.draw(st.lists(row, max_size=8))
    encoding = data.draw(ENCODINGS)
    content = _table(HEADERS[file], rows, encoding, data.draw(st.sampled_from([",", ";", "\t"])))
    records = _read({file: content}, _site_of(file))
    _holds(records)
    if records is not None and encoding not in ("cp1252", "latin-1"):  # those cannot spell 甲
        assert {cells[0] for cells in rows if cells[0]} <= set(records.patients["patient_id"])  # nobody is lost


@MANY
@given(
    st.lists(st.text(max_size=6), min_size=1, max_size=6), st.lists(st.lists(CELLS, max_size=6), max_size=6), ENCODINGS
)
def test_random_headers(header: list[str], rows: list[list[str]], encoding: str) -> None:
    files = {
        "measurements.csv": _table(header, rows, encoding, ","),
        "stays.csv": _table(["patient_id", "start"], rows, encoding, ","),
    }
    _holds(_read(files, None))
    with tempfile.TemporaryDirectory() as name:
        for file, content in files.items():
            (Path(name) / file).write_bytes(content)
        assert set(suggest(Path(name))) <= {"site.toml", "study.toml"}


@MANY
@given(st.data())
def test_mutated_valid_files(data: st.DataObject) -> None:
    files = _good()
    file = data.draw(st.sampled_from(sorted(files)))
    content = bytearray(files[file])
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, max(len(content) - 1, 0)))
        change = data.draw(st.sampled_from(["put", "cut", "drop", "twice"]))
        if change == "put":
            content[at:at] = data.draw(
                st.one_of(st.binary(min_size=1, max_size=3), st.sampled_from([b'"', b",", b"\n", b"\x00", b";"]))
            )
        elif change == "cut":
            content = content[:at]
        elif change == "drop":
            del content[at : at + data.draw(st.integers(1, 9))]
        else:
            content += content[at:]
    _holds(_read({file: bytes(content)}, _site_of(file)))


@MANY
@given(st.data())
def test_mutated_site(data: st.DataObject) -> None:
    lines = SITE.splitlines()
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(lines) - 1))
        word = data.draw(
            st.sampled_from(
                [
                    'x = "y"',
                    "x = 1",
                    "zone = 3",
                    "[wide.x]",
                    "[a",
                    'decimal = ","',
                    'time_format = "%d%q"',
                    "words = { a = 1 }",
                ]
            )
        )
        lines[at : at + data.draw(st.integers(0, 1))] = [word] if data.draw(st.booleans()) else []
        lines = lines or [""]
    _holds(_read(_good(), "\n".join(lines).encode()))
