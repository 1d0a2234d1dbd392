"""`study.toml`: what is asked, of which records, with which strategies. The JSON schema of these models is published.

Every mistake of a file is said at once, each with its dotted key and what to do. A key nobody knows is refused: a
misspelt parameter would otherwise be a silent default.
"""

from __future__ import annotations

from dataclasses import fields
from difflib import get_close_matches
from math import isfinite
from pathlib import Path
from typing import Annotated, Any, Literal, cast, get_args, get_type_hints

from pydantic import BaseModel, ConfigDict, Field, ValidationError, create_model

from tocsin.endpoints import VARIANT_WORDS, EfsVariant
from tocsin.errors import Problem, TocsinError
from tocsin.grades import CRS_SCALES, FINAL, SCALES
from tocsin.protocol import Protocol, protocol_problems
from tocsin.signs import Parameters
from tocsin.toml_file import CORRECT_LINE, read_toml
from tocsin.vocabulary import drugs
from tocsin.when import Strategy

STUDY = "study.toml"
RESERVED = ("none", "all")


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Data(_Strict):
    """Where the records lie."""

    path: str = Field(".", description="folder of the records, relative to this file")
    format: Literal["csv", "clif"] | None = Field(
        None, description="csv: files a site.toml describes; clif; none: seen"
    )
    site: str | None = Field(None, description="site.toml, relative to this file; else the one in the folder")
    zone: str | None = Field(None, description="time zone of CLIF files where no site.toml states it")


class TimeColumn(_Strict):
    """Time zero from a file of the hospital's own: one row a course."""

    file: str = Field(description="CSV file, relative to the data folder")
    patient_id: str = Field("patient_id", description="column of the patient")
    time: str = Field("time_zero", description="column of the instant; without offset it is in the records' zone")


class Cohort(_Strict):
    """Who is studied from when, and graded how."""

    time_zero: Literal["infusion", "admission", "first-fever", "column"] = Field("infusion", description="minute 0")
    column: TimeColumn | None = Field(None, description="with time_zero = column: where the instants stand")
    scale: str = Field("astct_crs", description="scale CRS is graded on")
    split_dose_days: float = Field(14, ge=0, le=60, description="later CAR-T doses within this are one course")


class MrdNegativeCr(_Strict):
    """Window of the response, days from time zero, both included."""

    from_day: int = Field(0, ge=0, le=365)
    to_day: int = Field(35, ge=0, le=365)


class Efs(_Strict):
    """What transplant and new therapy do to event-free survival."""

    variant: EfsVariant = Field(
        "ignore_transplant", description="; ".join(f"{k}: {v}" for k, v in VARIANT_WORDS.items())
    )


class Endpoints(_Strict):
    """Choices behind the outcomes."""

    mrd_negative_cr: MrdNegativeCr = MrdNegativeCr()  # pyright: ignore[reportCallIssue]
    efs: Efs = Efs()  # pyright: ignore[reportCallIssue]
    landmark_day: float = Field(28, gt=0, le=3650, description="survival is also counted from this day")
    months: float = Field(30.4375, ge=28, le=31, description="days of a month")


class Options(_Strict):
    """How the results are described."""

    days: int = Field(21, ge=1, le=60, description="days of the stacked bars")
    level: float = Field(0.95, ge=0.5, le=0.999, description="level of every interval")
    seed: int = Field(1, ge=0, description="of permutation draws, where exact enumeration is too large")
    survival_months: tuple[Annotated[float, Field(gt=0, le=600)], ...] = Field(
        (6.0, 12.0), strict=False, description="survival is printed at these"
    )
    crs_death_day: int = Field(30, ge=1, le=365, description="cumulative incidence of CRS death is printed here")
    exposure_days: int = Field(30, ge=1, le=365, description="drugs are counted up to this day")
    baseline_days: float = Field(14, gt=0, le=90, description="a baseline result is at most this old at time zero")
    sensitivity: bool = Field(True, description="move every open choice of the strategies, one at a time")


def _parameter_model() -> type[BaseModel]:
    kinds, made = get_type_hints(Parameters), dict[str, Any]()
    for f in fields(Parameters):
        low, high, words = f.metadata["low"], f.metadata["high"], f.metadata["words"]
        limits = {"ge": low, "le": high} if kinds[f.name] is float else {}
        made[f.name] = (kinds[f.name] | None, Field(None, description=f"{words}; default {f.default}", **limits))
    return create_model("SignParameters", __base__=_Strict, __doc__="Open choices behind the signs.", **made)


SignParameters = _parameter_model()


class StudyFile(_Strict):
    """A study: one file, one set of records, one comparison."""

    title: str = Field(min_length=1)
    title_zh: str = ""
    question: str = ""
    question_zh: str = ""
    synthetic: bool = Field(False, description="no patient stands behind the data: every P value says so")
    synthetic_note: str = ""
    synthetic_note_zh: str = ""
    data: Data = Data()  # pyright: ignore[reportCallIssue]
    cohort: Cohort = Cohort()  # pyright: ignore[reportCallIssue]
    strategies: Annotated[dict[str, Strategy], Field(min_length=1, description="treatment rules; an arm each")]
    endpoints: Endpoints = Endpoints()  # pyright: ignore[reportCallIssue]
    parameters: SignParameters = SignParameters()  # pyright: ignore[reportInvalidTypeForm]
    study: Options = Options()  # pyright: ignore[reportCallIssue]
    protocol: Protocol | None = Field(None, description="the trial that tocsin emulate emulates; none: a default one")

    def sign_parameters(self, overrides: dict[str, Any] | None = None) -> Parameters:
        """The parameters of the signs: defaults, then the file's, then `overrides`."""
        chosen = cast("BaseModel", self.parameters).model_dump(exclude_none=True)
        return Parameters.of({**chosen, **(overrides or {})})


def study_schema() -> dict[str, Any]:
    """JSON schema of study.toml: `docs/schemas/study.schema.json` is this, and a test says so."""
    schema = StudyFile.model_json_schema()
    schema["$defs"]["Cohort"]["properties"]["scale"]["enum"] = list(CRS_SCALES)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": "tocsin/study.schema.json", **schema}


def read_study(path: Path | str) -> tuple[StudyFile, Path]:
    """The study file at `path` (or `study.toml` in that folder), checked, and where it lies.

    Raises TocsinError (`study.*`) with every mistake of the file.
    """
    file = Path(path)
    file = file / STUDY if file.is_dir() else file
    missing = Problem(
        "study.file-missing", f"{file.name}: there is no such file.", "It says what is asked of which records.",
        "Give the folder that holds study.toml, or write one with  tocsin init DATA  and edit it.",
    )  # fmt: skip
    unreadable = Problem("study.unreadable", f"{file.name}: it is not valid TOML.", "", CORRECT_LINE)
    data = read_toml(file, missing, unreadable)
    return parse_study(data, file.name), file


def parse_study(data: dict[str, Any], name: str = STUDY) -> StudyFile:
    """A study from its parsed TOML. Raises TocsinError with every mistake."""
    found = list[Problem]()
    try:
        return _unless(StudyFile.model_validate(data), _name_problems(data, name))
    except ValidationError as error:
        found = [_problem(dict(item), name) for item in error.errors(include_url=False, include_input=False)]
    raise TocsinError(dict.fromkeys([*found, *_name_problems(data, name)]))


def _unless(study: StudyFile, problems: list[Problem]) -> StudyFile:
    if problems:
        raise TocsinError(problems)
    return study


# --- problems -----------------------------------------------------------------------------------------------------


def _near(word: str, known: list[str]) -> str:
    """`Did you mean x?` or the list of what there is."""
    lower = {other.lower(): other for other in known}
    hits = get_close_matches(word.lower(), list(lower), n=2, cutoff=0.6)
    if hits:
        return f"Did you mean {' or '.join(lower[hit] for hit in hits)}?"
    return f"Known here: {', '.join(known)}." if len(known) <= 40 else "The vocabulary page lists what there is."


def _known_keys(loc: tuple[Any, ...]) -> list[str]:
    """The keys that may stand beside the last part of `loc`."""
    model: type[BaseModel] = StudyFile
    for part in loc[:-1]:
        named = {info.alias or key: info for key, info in model.model_fields.items()}
        if part in named:
            model = _model_in(named[part].annotation) or model
    return [info.alias or key for key, info in model.model_fields.items()]


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for part in get_args(annotation) if (found := _model_in(part))), None)


def _problem(error: dict[str, Any], name: str) -> Problem:
    """One pydantic error in our words."""
    loc, kind = tuple(error["loc"]), str(error["type"])
    dotted = ".".join(str(part) for part in loc) or "the file"
    if kind == "extra_forbidden":
        do = _near(str(loc[-1]), _known_keys(loc))
        return Problem("study.key-unknown", f"{name}: the key {dotted} is not known.", "It would change nothing.", do)
    if kind == "missing" or (kind == "too_short" and loc == ("strategies",)):
        do = "Add it." if loc != ("strategies",) else "Add at least one  [strategies.NAME]  with give and when."
        return Problem("study.missing", f"{name}: the key {dotted} is missing.", "", do)
    said = str(error["msg"]).removeprefix("Value error, ")
    return Problem("study.value", f"{name}: {dotted}: {said[:1].lower()}{said[1:]}.", "", "Correct the value.")


def _section(data: Any, *keys: str) -> dict[str, Any]:
    """A section of the parsed TOML; empty where there is none."""
    for key in keys:
        data = cast("dict[str, Any]", data).get(key) if isinstance(data, dict) else None
    return cast("dict[str, Any]", data) if isinstance(data, dict) else {}


def _leaves(data: Any, dotted: str = "") -> list[tuple[str, str, Any]]:
    """Every value of the parsed TOML: dotted key, last key, value."""
    if isinstance(data, dict):
        pairs = [(str(key), value) for key, value in cast("dict[str, Any]", data).items()]
    elif isinstance(data, list):
        pairs = [(str(place), value) for place, value in enumerate(cast("list[Any]", data))]
    else:
        return [(dotted, dotted.rpartition(".")[2], data)]
    return [leaf for key, value in pairs for leaf in _leaves(value, f"{dotted}.{key}" if dotted else key)]


def _name_problems(data: dict[str, Any], name: str) -> list[Problem]:
    """What the models cannot see: names of scales and drugs, numbers that are none, keys that belong together."""
    found: list[Problem] = []

    def wrong(dotted: str, what: str, do: str) -> None:
        found.append(Problem("study.value", f"{name}: {dotted}: {what}.", "", do))

    def unknown(dotted: str, kind: str, given: Any, known: list[str]) -> None:
        if isinstance(given, str) and given not in known:
            wrong(dotted, f'there is no {kind} "{given[:60]}"', _near(given, known))

    for dotted, key, value in _leaves(data):
        if isinstance(value, float) and not isfinite(value):
            wrong(dotted, "it is not a finite number", "Give a number.")
        if key == "grade_of":
            unknown(dotted, "scale a trigger may use", value, [scale for scale in SCALES if scale not in FINAL])
    cohort, window = _section(data, "cohort"), _section(data, "endpoints", "mrd_negative_cr")
    unknown("cohort.scale", "CRS scale", cohort.get("scale"), list(CRS_SCALES))
    if (cohort.get("time_zero") == "column") != ("column" in cohort):
        wrong("cohort.column", 'it goes with time_zero = "column", and only with that', "Give both or neither.")
    first, last = window.get("from_day", 0), window.get("to_day", 35)
    if isinstance(first, int) and isinstance(last, int) and last < first:
        wrong("endpoints.mrd_negative_cr.to_day", "it is before from_day", "Give a later day.")
    for arm in _section(data, "strategies"):
        if not arm.strip() or arm in RESERVED or " v " in arm:
            what = f"this name is empty, holds ' v ' or is one of {', '.join(RESERVED)}"
            wrong(f"strategies.{arm}", what, "Choose another name.")
        unknown(f"strategies.{arm}.give", "drug", _section(data, "strategies", arm).get("give"), list(drugs()))
    for dotted, what, do in protocol_problems(_section(data, "protocol"), _section(data, "strategies")):
        wrong(f"protocol.{dotted}", what, do)
    return found
