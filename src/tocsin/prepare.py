"""From what was asked on the command line to records, courses and parameters: what grade, explain and check share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property, partial
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
NO_COURSE = "No course. Without CAR-T infusions, add  --time-zero admission  or  --time-zero first-fever ."


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
        return replace(base, **_written(self.settings))

    @property
    def scale_names(self) -> tuple[str, ...]:
        """Scales asked for, each once. Raises TocsinError `grades.scale-unknown`."""
        asked = tuple(dict.fromkeys(SCALES if "all" in self.scales else self.scales or DEFAULT))
        gathered(*(partial(scale_named, name) for name in asked))
        return asked

    def check(self) -> Choices:
        """Itself, or TocsinError with every scale, parameter and value that is not known."""
        gathered(lambda: self.parameters, lambda: self.scale_names, self._check_column)
        return self

    def _check_column(self) -> None:
        if self.time_zero == "column" and self.time_zero_file is None:
            raise TocsinError.of(
                "courses.column-missing", "time zero is a column, and no file is named.", "",
                "Add  --time-zero-file FILE  (CSV with the columns patient_id and time_zero).",
            )  # fmt: skip


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


def gathered(*checks: Callable[[], object]) -> None:
    """Runs every check; raises one TocsinError with the problems of all."""
    problems = list[Problem]()
    for check in checks:
        try:
            check()
        except TocsinError as error:
            problems += error.problems
    if problems:
        raise TocsinError(problems)


def _written(settings: tuple[str, ...]) -> dict[str, Any]:
    """`signs.fever=38.5`, .. as names and values of the parameters' types."""
    pairs = [tuple(part.strip() for part in text.partition("=")) for text in settings]
    right = {name.removeprefix("signs."): value for name, sign, value in pairs if sign and name.startswith("signs.")}
    wrong = [one for one in pairs if not one[1] or not one[0].startswith("signs.")]
    form = Problem("parameters.form", "a setting is not understood.", "", "Write  --set signs.name=value .")

    def well_formed() -> None:
        if wrong:
            raise TocsinError([form])

    gathered(well_formed, lambda: Parameters.written(right))
    return Parameters.written(right)


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
