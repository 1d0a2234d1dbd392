"""From what was asked on the command line to records, courses and parameters: what grade, explain and check share."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import polars as pl

from tocsin.errors import Problem, TocsinError
from tocsin.grades import SCALES
from tocsin.grading import scale_named
from tocsin.records import courses as courses_of
from tocsin.records import read
from tocsin.records.courses import TimeZero
from tocsin.signs import Parameters
from tocsin.tables import Records

Windows = Literal["ward", "icu"]
DEFAULT = ("astct_crs", "astct_icans")
WORDS: dict[str, bool] = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}


@dataclass(frozen=True)
class Choices:
    """What was asked. `settings` are `signs.name=value`; no `time_zero` = see `prepare`.

    No `scales` = `DEFAULT`, `all` = every one.
    """

    data: Path
    format: Literal["csv", "clif"] | None = None
    site: Path | None = None
    zone: str | None = None
    time_zero: TimeZero | None = "infusion"
    time_zero_file: Path | None = None
    scales: tuple[str, ...] = ()
    settings: tuple[str, ...] = ()
    windows: Windows = "ward"

    @cached_property
    def parameters(self) -> Parameters:
        """The windows asked for, with the settings over them. Raises TocsinError `parameters.*`."""
        base = Parameters.icu() if self.windows == "icu" else Parameters()
        given = dict(_setting(text) for text in self.settings)
        Parameters.of(given)
        return replace(base, **given)

    @property
    def scale_names(self) -> tuple[str, ...]:
        """Scales asked for, each once. Raises TocsinError `grades.scale-unknown`."""
        asked = SCALES if "all" in self.scales else self.scales or DEFAULT
        return tuple(scale_named(name).name for name in dict.fromkeys(asked))

    def check(self) -> Choices:
        """Itself, or TocsinError where a scale, a parameter or its value is not known."""
        _ = self.parameters, self.scale_names
        if self.time_zero == "column" and self.time_zero_file is None:
            raise TocsinError.of(
                "courses.column-missing", "time zero is a column, and no file is named.", "",
                "Add  --time-zero-file FILE  (CSV with the columns patient_id and time_zero).",
            )  # fmt: skip
        return self


@dataclass(frozen=True)
class Prepared:
    """Records as read, and the courses in them; `time_zero` is what set minute 0."""

    records: Records
    courses: pl.DataFrame
    attrition: pl.DataFrame
    parameters: Parameters
    scales: tuple[str, ...]
    time_zero: TimeZero


def prepare(choices: Choices) -> Prepared:
    """Reads the records and makes the courses. Raises TocsinError (`records.*`, `courses.*`).

    Without a `time_zero` it is the infusion where the records hold a CAR-T infusion, else the admission.
    """
    kind: Any = {"csv": "folder", "clif": "clif", None: None}[choices.format]
    records = read(choices.data, kind, choices.site, choices.zone)
    given = _column_times(choices.time_zero_file, records.zone) if choices.time_zero_file is not None else None
    fever = choices.parameters.fever
    asked = choices.time_zero or "infusion"
    courses, attrition = courses_of(records, asked, fever=fever, column_times=given)
    if choices.time_zero is None and courses.is_empty() and records.stays.height:
        asked = "admission"
        courses, attrition = courses_of(records, asked, fever=fever)
    return Prepared(records, courses, attrition, choices.parameters, choices.scale_names, asked)


def _setting(text: str) -> tuple[str, Any]:
    """`signs.fever=38.5` as a name and a value of the parameter's type."""
    name, sign, value = (part.strip() for part in text.partition("="))
    if not sign or not name.startswith("signs."):
        raise TocsinError.of("parameters.form", "a setting is not understood.", "", "Write  --set signs.name=value .")
    name = name.removeprefix("signs.")
    kind = next((str(f.type) for f in fields(Parameters) if f.name == name), "str")
    if kind == "bool":
        return name, WORDS.get(value.lower(), value)
    if kind in ("float", "int"):
        try:
            return name, float(value)
        except ValueError:
            return name, value
    return name, value


def _column_times(path: Path, zone: str) -> pl.DataFrame:
    """patient_id and time_zero (UTC) of a file; times without an offset stand in the records' zone."""
    from tocsin.records.files import open_table
    from tocsin.records.instants import read_instants

    if not path.is_file():
        raise TocsinError.of("courses.column-file-missing", f"{path.name}: there is no such file.")
    opened = open_table(path)
    missing = [name for name in ("patient_id", "time_zero") if name not in opened.columns]
    if missing:
        raise TocsinError(
            Problem("courses.column-missing", f'{opened.name}: there is no column "{name}".') for name in missing
        )
    instants = read_instants(opened.frame.get_column("time_zero"), zone)
    bad = int(instants.unreadable.sum())
    if instants.trouble or bad:
        what = instants.trouble or f"{bad:,} times are not understood"
        raise TocsinError.of(
            "records.time-unreadable", f'{opened.name}, column "time_zero": {what}.',
            "A course without its minute 0 cannot be graded.", "Write times as 2024-03-01 14:30.",
        )  # fmt: skip
    ids = opened.frame.get_column("patient_id").cast(pl.String)
    return pl.DataFrame({"patient_id": ids, "time_zero": instants.utc, "precision": instants.precision})
