"""`site.toml`: how one hospital's files become record tables. The JSON schema of these models is published.

A section names a file and the record table it feeds. In it `<column of the table> = "<column of the file>"`, or
`<column of the table>_is = <constant>`. A wide file has one sub-section per variable, item or kind of outcome.
"""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal, cast
from zoneinfo import available_timezones

import polars as pl
from pydantic import BaseModel, ConfigDict, Field, ValidationError, create_model

from tocsin.errors import Problem, TocsinError
from tocsin.tables import RECORD_TABLES, Table
from tocsin.toml_file import CORRECT_LINE, read_toml
from tocsin.vocabulary import device, drug, normal, unit, variable, variables, word_kinds, word_spellings

TABLES: dict[str, Table] = {table.name: table for table in RECORD_TABLES}
WIDE: dict[str, str] = {"measurements": "variable", "assessments": "item", "outcomes": "what"}
_OUR_WORDS = ("measurements", "drugs", "supports", "assessments")  # elsewhere a word may stay free text
_FILLED_BY_US = ("precision", "source", "source_row")
_EXTRA: dict[str, dict[str, str]] = {
    "measurements": {"unit": "unit of the value as written; converted to the unit of the variable"},
}
NEEDED: dict[str, tuple[str, ...]] = {
    "patients": ("patient_id",),
    "stays": ("patient_id", "start"),
    "measurements": ("patient_id", "time", "variable", "value"),
    "drugs": ("patient_id", "start", "drug"),
    "supports": ("patient_id", "start"),
    "assessments": ("patient_id", "time", "item", "value"),
    "outcomes": ("patient_id", "time", "what"),
}


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class Part(_Strict):
    """One variable, item or kind of outcome of a wide file."""

    column: str = Field(description="column of the file: the value; for outcomes the date")
    unit: str | None = Field(None, description="unit of every value of this column")
    unit_column: str | None = Field(None, description="column that holds the unit")
    units: dict[str, str] = Field(default_factory=dict, description="spellings of this site -> our unit")
    site: str | None = Field(None, description="where temperature is taken, for every row")
    site_column: str | None = Field(None, description="column that says where temperature was taken")
    method: str | None = Field(None, description="how pressure or MRD is measured, for every row")
    method_column: str | None = Field(None, description="column that says how it was measured")
    value: str | None = Field(None, description="outcomes: the value of every row, e.g. cr or infection")
    value_column: str | None = Field(None, description="outcomes: column that holds the value")
    words: dict[str, str] = Field(default_factory=dict, description="words of this site -> ours, in this column")


class _File(_Strict):
    file: str = Field(description="file, relative to the data folder", min_length=1)
    zone: str | None = Field(None, description="zone of this file's times, where it differs from the site's")
    time_format: str | None = Field(None, description="strptime format of the times, e.g. %d/%m/%Y %H:%M")
    date_format: str | None = Field(None, description="strptime format of columns that hold dates only")
    words: dict[str, str] = Field(default_factory=dict, description="words of this site -> ours")
    units: dict[str, str] = Field(default_factory=dict, description="unit spellings of this site -> ours")
    encoding: str | None = Field(None, description="e.g. cp1252; UTF-8, UTF-16 and GB18030 are recognised")
    separator: Literal[",", ";", "\t"] | None = Field(None, description="recognised from the header when absent")
    decimal: Literal[".", ","] = Field(".", description="decimal sign of the numbers")


Constant = str | int | float | bool


def columns_of(table: str) -> dict[str, str]:
    """The columns a site may map for a record table, with their words."""
    known = {column.name: column.words for column in TABLES[table].columns if column.name not in _FILLED_BY_US}
    return known | _EXTRA.get(table, {})


def _section_model(table: str) -> type[BaseModel]:
    fields: dict[str, Any] = {"table": (Literal[table], Field(description="record table this file feeds"))}
    for column, words in columns_of(table).items():
        fields[column] = (str | None, Field(None, description=f"column of the file: {words}"))
        fields[f"{column}_is"] = (Constant | None, Field(None, description=f"constant for every row: {words}"))
    base: type[BaseModel] = _wide_base() if table in WIDE else _File
    return create_model(f"{table.capitalize()}File", __base__=base, **fields)


def _wide_base() -> type[BaseModel]:
    return _WideFile


class _WideFile(_File):
    """Any other key is a sub-section: a variable, an item or a kind of outcome in a column of its own."""

    model_config = ConfigDict(extra="allow", strict=True)
    __pydantic_extra__: dict[str, Part] = Field(init=False)  # pyright: ignore[reportIncompatibleVariableOverride]


_SECTIONS: dict[str, type[BaseModel]] = {name: _section_model(name) for name in TABLES}
_patients, _stays, _measurements, _drugs, _supports, _assessments, _outcomes = _SECTIONS.values()
_AnySection = Annotated[
    _patients | _stays | _measurements | _drugs | _supports | _assessments | _outcomes,
    Field(discriminator="table"),
]


class SiteFile(BaseModel):
    """A whole site.toml: the zone, and one section per file."""

    model_config = ConfigDict(extra="allow", strict=True, title="site.toml")
    __pydantic_extra__: dict[str, _AnySection] = Field(init=False)  # pyright: ignore[reportIncompatibleVariableOverride]
    zone: str = Field(description="IANA zone of every time without an offset, e.g. Asia/Shanghai")


@dataclass(frozen=True)
class FileMap:
    """One section, checked: which columns and constants of one file feed which record table."""

    section: str
    file: str
    table: str
    columns: dict[str, str]
    constants: dict[str, Constant]
    parts: dict[str, Part]
    words: dict[str, str]
    units: dict[str, str]
    zone: str | None = None
    time_format: str | None = None
    date_format: str | None = None
    encoding: str | None = None
    separator: str | None = None
    decimal: str = "."


@dataclass(frozen=True)
class Site:
    """A checked site.toml; without sections the folder has the canonical layout. `name` is what messages call it."""

    zone: str
    files: tuple[FileMap, ...]
    name: str = "site.toml"


def site_schema() -> dict[str, Any]:
    """JSON schema of site.toml, as published in docs/schemas/site.schema.json."""
    schema = SiteFile.model_json_schema()
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


def read_site(path: Path) -> Site:
    """The site file at `path`, checked; TocsinError (`records.site-*`, `records.key-*`, `records.zone-*`) otherwise."""
    name = path.name
    missing = Problem(
        "records.site-missing", f"{name}: there is no such file.",
        "Without it nobody can know which column is which, or the zone of the times.",
        "Write one with  tocsin init DATA  and edit it.",
    )  # fmt: skip
    unreadable = Problem("records.site-unreadable", f"{name}: it is not valid TOML.", "", CORRECT_LINE)
    data = read_toml(path, missing, unreadable)
    return parse_site(data, name)


def parse_site(data: dict[str, Any], name: str = "site.toml") -> Site:
    """A site from its parsed TOML; every problem at once."""
    try:
        model = SiteFile.model_validate(data)
    except ValidationError as error:
        problems = [_problem(dict(item), name, data) for item in error.errors(include_url=False, include_input=False)]
        raise TocsinError(dict.fromkeys(problems)) from None
    sections = model.__pydantic_extra__
    files = tuple(_file_map(section, value) for section, value in sections.items())
    problems = zone_problems(model.zone, f"{name}, key zone")
    for file in files:
        problems += _map_problems(file, name)
    if problems:
        raise TocsinError(dict.fromkeys(problems))
    return Site(model.zone, files, name)


def _file_map(section: str, model: BaseModel) -> FileMap:
    given = {key: value for key, value in model.model_dump(exclude_none=True).items() if key != "table"}
    table = str(getattr(model, "table"))  # noqa: B009 - the models are made at run time
    names = columns_of(table)
    columns = {key: given[key] for key in names if key in given}
    constants = {key: given[f"{key}_is"] for key in names if f"{key}_is" in given}
    if columns.get("mode") in ("dose", "infusion"):
        constants["mode"] = columns.pop("mode")
    settings = {key: given[key] for key in _File.model_fields if key in given}
    parts = cast("dict[str, Part]", getattr(model, "__pydantic_extra__", None) or {})
    return FileMap(section=section, table=table, columns=columns, constants=constants, parts=parts, **settings)


# --- problems -----------------------------------------------------------------------------------------------------


def near(word: str, known: list[str]) -> str:
    """`Did you mean "x" or "y"?`, or nothing."""
    lower = {other.lower(): other for other in known}
    found = [lower[hit] for hit in get_close_matches(word.lower(), list(lower), n=3, cutoff=0.6)]
    return "Did you mean " + " or ".join(f'"{hit}"' for hit in found) + "?" if found else ""


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())


def _zone_missing(name: str) -> Problem:
    return Problem(
        "records.zone-missing",
        f"{name}: the key zone is missing or empty.",
        "A time without a zone is no instant; it is never guessed.",
        'Write the hospital\'s zone in the first line, e.g.  zone = "Asia/Shanghai".',
    )


def zone_problems(zone: str, where: str) -> list[Problem]:
    """Nothing, or why this zone cannot be used."""
    if not zone.strip():
        return [_zone_missing(where.partition(",")[0])]
    if (zone in _zones() and "/" in zone) or zone == "UTC":
        try:
            pl.Series([0]).cast(pl.Datetime("us")).dt.replace_time_zone(zone)
        except pl.exceptions.PolarsError:
            pass
        else:
            return []
    return [
        Problem(
            "records.zone-unknown",
            f'{where}: "{zone[:60]}" is not a time zone with its clock changes.',
            "Without it the hours between readings and doses are wrong.",
            " ".join(w for w in (near(zone, sorted(_zones())), 'Write e.g. "Asia/Shanghai" or "Europe/Berlin".') if w),
        )
    ]


def _problem(error: dict[str, Any], name: str, data: dict[str, Any]) -> Problem:
    """One pydantic error in our words. `loc` of a section is (section, table, key, ...)."""
    loc = [str(part) for part in error["loc"]]
    section: Any = data.get(loc[0]) if loc else None
    table = loc[1] if len(loc) > 1 and loc[1] in TABLES else ""
    keys = [loc[0], *loc[2:]] if table else loc
    dotted, kind = ".".join(keys), str(error["type"])
    if kind == "missing" and keys == ["zone"]:
        return _zone_missing(name)
    if kind in ("missing", "union_tag_not_found"):
        key = dotted if kind == "missing" else f"{dotted}.table"
        do = "Add it." if kind == "missing" else f"Add it: one of {', '.join(TABLES)}."
        return Problem("records.key-missing", f"{name}: the key {key} is missing.", do=do)
    if kind == "union_tag_invalid" and isinstance(section, dict):
        given = str(cast("dict[str, Any]", section).get("table"))[:60]
        return Problem(
            "records.table-unknown",
            f"{name}: {dotted}.table is no record table.",
            do=f"{near(given, list(TABLES))} The tables are {', '.join(TABLES)}.".strip(),
        )
    known = list(_SECTIONS[table].model_fields) if table and len(keys) == 2 else list(Part.model_fields)
    if kind == "extra_forbidden" or (kind == "model_type" and table and len(keys) == 2):
        hint = near(keys[-1], known)
        return Problem("records.key-unknown", f"{name}: the key {dotted} is not known.", do=hint or "Remove it.")
    if len(keys) == 1 and kind in ("model_attributes_type", "model_type"):
        do = near(keys[0], ["zone"]) or "Outside the sections only zone stands; move it into the section of its file."
        return Problem("records.key-unknown", f"{name}: the key {dotted} is not known.", do=do)
    return Problem("records.key-value", f"{name}: {dotted}: {error['msg']}.", do="Correct the value.")


def _map_problems(file: FileMap, name: str) -> list[Problem]:
    where, found = f"{name}, [{file.section}]", list[Problem]()
    if file.zone is not None:
        found += zone_problems(file.zone, f"{where}, key zone")
    wide = WIDE.get(file.table, "") if file.parts else ""
    both = [c for c in file.columns if c in file.constants]
    found += [
        Problem("records.key-twice", f"{where}: {c} and {c}_is are both given.", do="Keep one of the two.")
        for c in both
    ]
    given = {*file.columns, *file.constants}
    if wide:
        clash = sorted(given & {wide, "value"})
        found += [
            Problem(
                "records.key-twice",
                f"{where}: {c} is given, and sub-sections too.",
                do=f"Keep {c} for a long file, or the sub-sections for a wide one.",
            )
            for c in clash
        ]
        given |= {wide, "value", *(("time",) if file.table == "outcomes" else ())}
    for column in NEEDED[file.table]:
        if column not in given:
            words = columns_of(file.table)[column]
            wide_hint = WIDE.get(file.table) in (column, "variable") and column != "time"
            do = f'Add  {column} = "<column of the file>"' + (
                f"  or sub-sections such as  [{file.section}.<{WIDE.get(file.table)}>]." if wide_hint else "."
            )
            found.append(Problem("records.key-missing", f"{where}: {column} is not given ({words}).", do=do))
    if file.table == "measurements" and not file.parts and "unit" not in given:
        found.append(_unit_missing(where))
    return found + _part_problems(file, name) + _word_problems(file, name)


def _unit_missing(where: str) -> Problem:
    return Problem(
        "records.key-missing",
        f"{where}: the unit is not given.",
        "A number without a unit is no reading; it is never guessed.",
        'Add  unit = "°C"  (or the right one), or say which column holds it.',
    )


def _word_problems(file: FileMap, name: str) -> list[Problem]:
    """Translations into a word nobody knows, and constants that are none of ours."""
    found: list[Problem] = []
    sections = {file.section: (file.words, file.units)}
    sections |= {f"{file.section}.{key}": (part.words, part.units) for key, part in file.parts.items()}
    for section, (words, units) in sections.items():
        strange = [ours for ours in words.values() if file.table in _OUR_WORDS and not _known_word(ours)]
        odd = [ours for ours in units.values() if unit(ours) is None]
        for key, many in (("words", strange), ("units", odd)):
            if many:
                listed = ", ".join(f'"{one[:40]}"' for one in many[:5])
                where = f"{name}, [{section}], key {key}: {len(many):,} translation{'s' if len(many) > 1 else ''}"
                do = near(many[0], list(variables())) if key == "words" else ""
                found.append(
                    Problem(
                        "records.word-unknown",
                        f"{where} into what is no word of ours: {listed}.",
                        do=f"{do} The vocabulary page lists them.".strip(),
                    )
                )
    lookups = {"variable": variable, "drug": drug, "device": device}
    for column, lookup in lookups.items():
        if column in file.constants and lookup(str(file.constants[column])) is None:
            where = f"{name}, [{file.section}], key {column}_is"
            found.append(
                Problem("records.word-unknown", f"{where}: this {column} is not known.", do="Correct the word.")
            )
    return found


def _known_word(word: str) -> bool:
    if variable(word) or drug(word) or device(word):
        return True
    return normal(word).isdigit() or any(normal(word) in word_spellings(kind) for kind in word_kinds())


def _part_problems(file: FileMap, name: str) -> list[Problem]:
    if file.table not in WIDE:
        return []
    choices = next((c.choices for c in TABLES[file.table].columns if c.name == WIDE[file.table]), ())
    found: list[Problem] = []
    for key, part in file.parts.items():
        where = f"{name}, [{file.section}.{key}]"
        if file.table == "measurements" and variable(key) is None:
            do = near(key, list(variables())) or "The vocabulary page lists the variables."
            found.append(Problem("records.key-unknown", f"{where}: this variable is not known.", do=do))
        if file.table == "measurements" and part.unit is None and part.unit_column is None:
            found.append(_unit_missing(where))
        if choices and key not in choices:
            do = near(key, list(choices)) or f"It may be {', '.join(choices)}."
            found.append(Problem("records.key-unknown", f"{where}: this {WIDE[file.table]} is not known.", do=do))
        for one, column in (
            ("unit", "unit_column"), ("site", "site_column"), ("method", "method_column"), ("value", "value_column"),
        ):  # fmt: skip
            if getattr(part, one) is not None and getattr(part, column) is not None:
                found.append(Problem("records.key-twice", f"{where}: {one} and {column}.", do="Keep one of the two."))
        needless = [k for k in ("value", "value_column") if getattr(part, k) is not None and file.table != "outcomes"]
        needless += [
            k for k in ("unit", "unit_column") if getattr(part, k) is not None and file.table != "measurements"
        ]
        found += [
            Problem("records.key-unknown", f"{where}: {k} has no meaning here.", do="Remove it.") for k in needless
        ]
    return found
