"""One kind of bad input each: one message with slug, file and place, no cell of the input in it, nothing written."""

from __future__ import annotations

import io
import zipfile
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tocsin.errors import TocsinError
from tocsin.records.folder import read_folder

SITE = """zone = "Asia/Shanghai"
[patients]
file = "patients.csv"
table = "patients"
patient_id = "no"
birth_date = "born"
[vitals]
file = "vitals.csv"
table = "measurements"
patient_id = "no"
time = "at"
[vitals.temperature]
column = "T"
unit_column = "u"
"""
PATIENTS = "no,born\nZHANGSAN,1987-06-05\n"
HEAD = "no,at,T,u\n"
ROW = "ZHANGSAN,2021-03-04 10:07,38.61,°C\n"
SECRETS = ("ZHANGSAN", "LISI", "1987-06-05", "2021-03-04", "10:07", "38.61", "38.62", "03/04/2021", "gestern", "Fièvre")


def _workbook() -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("xl/worksheets/sheet1.xml", "ZHANGSAN 38.61")
    return stream.getvalue()


@dataclass(frozen=True)
class Bad:
    slug: str
    words: tuple[str, ...]
    vitals: str | bytes | None = HEAD + ROW
    site: str = SITE
    patients: str = PATIENTS
    named: str = "vitals.csv"
    shown: tuple[str, ...] = field(default=())


CASES = {
    "missing file": Bad("records.file-missing", ("there is no such file",), None),
    "empty file": Bad("records.file-empty", ("0 bytes",), b""),
    "missing column": Bad("records.column-missing", ('"T"', "[vitals]", 'Did you mean "T."'), "no,at,T.,u\n" + ROW),
    "missing patient column": Bad("records.column-missing", ('"no"',), "nr,at,T,u\n" + ROW),
    "unknown unit": Bad(
        "records.unit-unknown",
        ('column "T"', "2 of 2 values", 'unit "度"', "row 1", "[vitals.temperature]"),
        HEAD + ROW.replace("°C", "度") * 2,
    ),
    "unknown key": Bad(
        "records.key-unknown",
        ("vitals.tiem", 'Did you mean "time"'),
        site=SITE.replace("time =", "tiem ="),
        named="site.toml",
    ),
    "unknown zone": Bad(
        "records.zone-unknown", ("zone",), site=SITE.replace("Asia/Shanghai", "Asia/Peking"), named="site.toml"
    ),
    "missing zone": Bad(
        "records.zone-missing", ("zone",), site=SITE.replace('zone = "Asia/Shanghai"\n', ""), named="site.toml"
    ),
    "workbook renamed to csv": Bad("records.not-a-table", ("Excel workbook",), _workbook()),
    "ten megabytes on one line": Bad(
        "records.not-a-table", ("line 2", "characters"), HEAD.encode() + b"38.61," * 1_700_000
    ),
    "mixed zones": Bad(
        "records.zone-mixed",
        ('column "at"', "1 of 2 rows", "row 2"),
        HEAD + ROW + ROW.replace("10:07", "10:07+08:00"),
    ),
    "latin text": Bad(
        "records.encoding", ("line 2",), (HEAD + ROW + "LISI,2021-03-04 10:07,38.62,Fièvre\n").encode("cp1252")
    ),
    "header with a name twice": Bad(
        "records.column-twice", ("columns 3 and 4",), "no,at,T,T,u\nZHANGSAN,2021-03-04 10:07,38.61,38.62,°C\n"
    ),
    "ragged rows": Bad("records.ragged-rows", ("1 row ", "row 2"), HEAD + ROW + "LISI,2021-03-04 10:07,38,62,°C\n"),
    "NUL bytes": Bad("records.not-a-table", ("NUL", "line 2"), (HEAD + ROW).replace("38", "3\x008")),
    "quotation mark never closed": Bad(
        "records.quoting", ("row 2",), HEAD + ROW + '"LISI,2021-03-04 10:07,38.62,°C\n' + ROW
    ),
    "times that are none": Bad(
        "records.time-unreadable",
        ('column "at"', "1 of 1 rows", "row 1"),
        HEAD + ROW.replace("2021-03-04 10:07", "gestern"),
    ),
    "no time at all": Bad(
        "records.time-unreadable", ('column "at"', "row 1"), HEAD + ROW.replace("2021-03-04 10:07", "")
    ),
    "day or month": Bad(
        "records.time-order",
        ('column "at"', "1 of 1 rows", "row 1", "time_format"),
        HEAD + ROW.replace("2021-03-04", "03/04/2021"),
    ),
    "day and month mixed": Bad(
        "records.time-order-mixed",
        ('column "at"',),
        HEAD + "LISI,13/04/2021 10:07,38.62,°C\n" + "LISI,04/13/2021 10:07,38.62,°C\n",
    ),
    "no numbers": Bad(
        "records.value-unreadable",
        ('column "T"', "2 of 3 rows", "row 2"),
        HEAD + ROW + ROW.replace("38.61", "拒测") * 2,
    ),
    "decimal commas": Bad("records.value-unreadable", ("decimal",), HEAD + ROW.replace("38.61", '"38,61"')),
    "no such variable": Bad(
        "records.key-unknown",
        ("[vitals.temprature]",),
        site=SITE.replace("temperature", "temprature"),
        named="site.toml",
    ),
}


def _write(folder: Path, bad: Bad) -> None:
    (folder / "site.toml").write_text(bad.site, encoding="utf-8")
    (folder / "patients.csv").write_text(bad.patients, encoding="utf-8")
    if bad.vitals is not None:
        content = bad.vitals if isinstance(bad.vitals, bytes) else bad.vitals.encode("utf-8")
        (folder / "vitals.csv").write_bytes(content)


def _state(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("bad", CASES.values(), ids=CASES.keys())
def test_one_clear_message(tmp_path: Path, bad: Bad, capfd: pytest.CaptureFixture[str]) -> None:
    _write(tmp_path, bad)
    before = _state(tmp_path)
    with pytest.raises(TocsinError) as caught:
        read_folder(tmp_path)
    message = str(caught.value)
    assert bad.slug in [problem.slug for problem in caught.value.problems], message
    assert caught.value.exit_code == 3
    assert bad.named in message
    for words in bad.words:
        assert words in message
    assert all(problem.do for problem in caught.value.problems), message
    for secret in SECRETS:
        assert secret not in message
    assert str(tmp_path) not in message
    assert _state(tmp_path) == before
    assert capfd.readouterr() == ("", "")


def test_the_cases_are_bad_and_nothing_else(tmp_path: Path) -> None:
    _write(tmp_path, Bad("", ()))
    records = read_folder(tmp_path).check()
    assert records.measurements["value"].to_list() == [38.61]
    assert records.patients["patient_id"].to_list() == ["ZHANGSAN"]


def test_times_before_birth_are_set_aside_for_a_decision(tmp_path: Path) -> None:
    _write(tmp_path, Bad("", (), HEAD + ROW + ROW.replace("2021", "1921")))
    records = read_folder(tmp_path).check()
    found = records.findings.filter(code="P.before-birth").row(0, named=True)
    assert (found["source"], found["row"], found["count"], found["effect"]) == ("vitals.csv", 2, 1, "excluded")
    assert found["needs_decision"]
    assert records.measurements["source_row"].to_list() == [1]
    text = records.findings.write_csv()
    assert not any(secret in text for secret in SECRETS)


def test_everything_wrong_at_once_is_one_message(tmp_path: Path) -> None:
    site = SITE.replace('"born"', '"birth"') + SITE.partition("\n")[2].replace("[", "[more_").replace(
        "vitals.csv", "gone.csv"
    )
    _write(tmp_path, Bad("", (), (HEAD + ROW).replace("10:07", "10:07+08:00") + ROW, site))
    with pytest.raises(TocsinError) as caught:
        read_folder(tmp_path)
    assert {p.slug for p in caught.value.problems} == {
        "records.column-missing", "records.zone-mixed", "records.file-missing",
    }  # fmt: skip
