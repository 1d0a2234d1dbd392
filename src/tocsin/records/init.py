"""A first site.toml and study.toml from what lies in a folder: guesses to be read by a person, each with what was seen.

No cell of the data is repeated here: only headers that were recognised, counts, and ranges of numbers.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from tocsin.errors import TocsinError
from tocsin.records.files import ENDINGS, ROW, Opened, open_table
from tocsin.records.headers import (
    CAR_T_FILE,
    CULTURE_FILE,
    HEADERS,
    OUTCOME_DATES,
    SPECIMEN,
    TEMPERATURE_SITES,
    bracketed,
    guessed_columns,
    matching,
)  # fmt: skip
from tocsin.records.instants import read_instants
from tocsin.records.numbers import read_numbers
from tocsin.records.site import NEEDED, TABLES, WIDE
from tocsin.vocabulary import Variable, device, drug, normal, not_needed, unit, variable, word_spellings

_LOOK = 20_000  # rows looked at
_MOSTLY = 0.8
_CLIF = re.compile(r"^clif_\w+\.(parquet|csv)$", re.IGNORECASE)
_STUDY = """title = "DECIDE: what is compared, in whom"

[data]
path = {path}            # relative to this file
format = {format}          # "csv" for files described by a site.toml, or "clif"

[cohort]
time_zero = "infusion"
scale = "astct_crs"

[strategies.early]
give = "tocilizumab"
within = "6 h"
when = {{ sign = "temperature", at_least = 39.0, sustained = "4 h", longest_gap = "6 h", min_readings = 2 }}

[strategies.conventional]
give = "tocilizumab"
within = "6 h"
when = {{ grade_of = "astct_crs", at_least = 3 }}

[endpoints]
landmark_day = 28          # response is judged in those alive on this day
"""


@dataclass
class _Section:
    """One section as it will be printed."""

    name: str
    table: str
    lines: list[str] = field(default_factory=list[str])
    parts: list[str] = field(default_factory=list[str])
    off: str = ""


def suggest(path: Path) -> dict[str, str]:
    """Text of `site.toml` and `study.toml` for the files of `path`; CLIF and canonical folders need only the latter.

    Raises TocsinError (`records.folder-missing`, `records.nothing-to-read`).
    """
    path = Path(path)
    if not path.is_dir():
        what = "this is a file, not a folder" if path.exists() else "there is no such folder"
        raise TocsinError.of(
            "records.folder-missing", f"{path.name}: {what}.", do="Give the folder that holds the files."
        )
    names = sorted(one.name for one in path.iterdir() if one.is_file() and one.suffix.lower() in ENDINGS)
    if sum(bool(_CLIF.match(name)) for name in names) >= 2:
        return {"study.toml": _study("clif")}
    if not names:
        raise TocsinError.of(
            "records.nothing-to-read",
            f"{path.name}: there is no file ending in {', '.join(ENDINGS)}.",
            do="Save the exported sheets there as CSV (UTF-8) or Parquet.",
        )
    opened: list[Opened] = []
    unread: list[str] = []
    for name in names:
        try:
            opened.append(open_table(path / name))
        except TocsinError as error:
            unread += [f"# {line}" for line in str(error).splitlines()]
    if opened and not unread and all(_is_canonical(one) for one in opened):
        return {"study.toml": _study("csv")}
    return {"site.toml": _site(opened, unread), "study.toml": _study("csv")}


def _study(data_format: str) -> str:
    return _STUDY.format(path=_toml("."), format=_toml(data_format))


def _toml(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _is_canonical(one: Opened) -> bool:
    """Named after a table, with its columns, and every time with an offset."""
    table = Path(one.name).stem
    if table not in TABLES or not set(NEEDED[table]) <= set(one.columns):
        return False
    times = [c for c in ("time", "start", "stop", "available_time") if c in one.columns]
    return all(read_instants(one.frame[c], None).trouble is None for c in times)


def _site(opened: list[Opened], unread: list[str]) -> str:
    sections = [section for one in opened for section in _sections(one.name, _head(one))]
    lines = [
        "# Written by  tocsin init.  Every line is a guess: read it against the files, then settle what says DECIDE.",
        "# <column of the record table> = <column of your file>;  <column>_is = a constant.",
        *_zone_lines(opened),
    ]
    used: set[str] = {"zone"}
    for section in sections:
        name, number = section.name, 2
        while name in used:
            name, number = f"{section.name}_{number}", number + 1
        used.add(name)
        lines += ["", *_printed(section, name)]
    if unread:
        lines += ["", "# Not read:", *unread]
    silent = [one.name for one in opened if not any(_toml(one.name) in line for s in sections for line in s.lines)]
    lines += ["", *(f"# DECIDE: {name}: no table could be guessed for it; it is not read." for name in silent)]
    missing = [table for table in TABLES if table not in {s.table for s in sections if not s.off}]
    lines += [
        f"# DECIDE: no file for {table}: {TABLES[table].words}. What rests on it will be unknown." for table in missing
    ]
    return "\n".join(lines).rstrip() + "\n"


def _printed(section: _Section, name: str) -> list[str]:
    key = name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else _toml(name)
    body = [f"[{key}]", *section.lines, *(part.replace("[@", f"[{key}") for part in section.parts)]
    if section.off:
        return [f"# DECIDE: {section.off}", *(line if line.startswith("#") else f"# {line}" for line in body)]
    return body


def _head(one: Opened) -> pl.DataFrame:
    named = [c for c in one.columns if not c.startswith("(column ")]
    return one.frame.select(ROW, *named).head(_LOOK)


def _zone_lines(opened: list[Opened]) -> list[str]:
    naive = False
    for one in opened:
        for column in one.columns:
            if _timelike(one.frame[column].head(200)):
                naive = naive or read_instants(one.frame[column], None).trouble is not None
    if naive:
        return ['zone = ""  # DECIDE: the hospital\'s zone, e.g. "Asia/Shanghai"; times without an offset were seen']
    return ['zone = "UTC"  # DECIDE: the hospital\'s zone, e.g. "Asia/Shanghai"; every time seen has an offset']


# --- what a file may hold ---------------------------------------------------------------------------------------------


def _timelike(column: pl.Series) -> bool:
    filled = column.drop_nulls()
    if filled.is_empty() or filled.dtype.is_numeric():
        return False
    if filled.dtype.is_temporal():
        return True
    text = filled.cast(pl.String)
    dated = text.str.contains(r"^\s*\d{1,4}[-/.年]\d{1,2}[-/.月]\d{1,4}")
    if dated.sum() < _MOSTLY * len(text):
        return False
    read = read_instants(filled, "UTC")
    return read.trouble is not None or int(read.unreadable.sum()) <= (1 - _MOSTLY) * len(filled)


def _numeric(column: pl.Series) -> bool:
    filled = column.drop_nulls()
    return len(filled) > 0 and int(read_numbers(filled).unreadable.sum()) <= (1 - _MOSTLY) * len(filled)


def _sections(name: str, frame: pl.DataFrame) -> list[_Section]:
    """The sections one file gives: a register of patients may hold several tables."""
    columns = [c for c in frame.columns if c != ROW]
    times = [c for c in columns if _timelike(frame[c])]
    stem = re.sub(r"\W+", "_", Path(name).stem).strip("_") or "file"
    found: list[_Section] = []
    for build in (_wide_measurements, _wide_assessments, _long, _drugs, _supports, _stays, _outcome_dates, _patients):
        section = build(stem, frame, columns, times)
        if section is not None:
            section.name = stem if not found else f"{stem}_{section.table}"
            section.lines = [f"file = {_toml(name)}", f'table = "{section.table}"', *section.lines]
            found.append(section)
    return found


def _mapped(table: str, frame: pl.DataFrame, guessed: dict[str, str]) -> list[str]:
    """The lines of guessed columns, with counts, and a DECIDE for each needed one that was not found."""
    lines = [f"{column} = {_toml(theirs)}{_seen(frame[theirs])}" for column, theirs in guessed.items()]
    if (patient := "patient_id") not in guessed:
        lines.append(f'{patient} = "DECIDE"  # DECIDE: which column names the patient')
    for column in guessed.values():
        if _timelike(frame[column]) and read_instants(frame[column], "UTC").trouble in (
            "order-ambiguous",
            "order-mixed",
        ):
            lines.append('# DECIDE: time_format = "%d/%m/%Y %H:%M"  or  "%m/%d/%Y %H:%M": the order cannot be seen')
            break
    return lines


def _seen(column: pl.Series) -> str:
    """Counts, never a cell."""
    return f"  # {len(column) - column.null_count():,} of {len(column):,} rows filled"


def _range(column: pl.Series) -> str:
    numbers = read_numbers(column)
    value = numbers.value.drop_nulls()
    if value.is_empty():
        return f"0 of {len(column):,} rows hold a number"
    low, mid, high = value.min(), value.median(), value.max()
    return f"{len(value):,} numbers, {low:g} to {high:g}, median {mid:g}"


def _with_time(table: str, columns: list[str], times: list[str], time: str) -> dict[str, str]:
    """Guessed columns of a table; where no name fits, its time is the first column that holds times."""
    guessed = guessed_columns(table, columns)
    if time in guessed and guessed[time] not in times:
        del guessed[time]
    birth = matching(HEADERS["patients"]["birth_date"], columns)
    free = [c for c in times if c not in guessed.values() and c != birth]
    if time not in guessed and free:
        guessed[time] = free[0]
    return guessed


def _wide_measurements(stem: str, frame: pl.DataFrame, columns: list[str], times: list[str]) -> _Section | None:
    here = {c: v.name for c in columns if (v := _variable(c)) and _numeric(frame[c])}
    if not here or not times or (frame.height and set(here.values()) <= {"weight", "height"}):
        return None
    guessed = _with_time("measurements", [c for c in columns if c not in here], times, "time")
    guessed = {k: v for k, v in guessed.items() if k in ("patient_id", "time", "available_time", "site")}
    site = guessed.pop("site", None)
    if "time" not in guessed:
        return None
    section = _Section(stem, "measurements", _mapped("measurements", frame, guessed))
    done: set[str] = set()
    for column, name in here.items():
        if name in done:
            section.parts.append(
                f"# DECIDE: a second column for {name} was found ({_range(frame[column])}); it is not read"
            )
            continue
        done.add(name)
        section.parts += _variable_part(column, name, frame[column], site)
    return section


def _variable(header: str) -> Variable | None:
    bare = re.sub(r"[(（\[【].*?[)）\]】]", "", header).strip()
    return (
        variable(bare)
        or variable(bare.replace("_", " "))
        or next((variable("体温") for word in TEMPERATURE_SITES if word in header), None)
    )


def _variable_part(column: str, name: str, data: pl.Series, site: str | None) -> list[str]:
    guess, why = _unit_of(column, name, data)
    lines = [f"[@.{name}]", f"column = {_toml(column)}  # {_range(data)}"]
    if guess:
        lines.append(f"unit = {_toml(guess)}  # {why}")
    else:
        lines.append(f"unit = {_toml('DECIDE')}  # DECIDE: {why}; until then this column is not read")
    if name == "temperature":
        known = next((ours for word, ours in TEMPERATURE_SITES.items() if word in column), None)
        if known:
            lines.append(f'site = "{known}"  # from the header')
        elif site:
            lines.append(f"site_column = {_toml(site)}")
        else:
            lines.append('# DECIDE: site = "axillary"  or oral, rectal, core, tympanic, temporal, skin, if it is known')
    return lines if guess else [f"# {line}" for line in lines]


def _unit_of(column: str, name: str, data: pl.Series) -> tuple[str, str]:
    """(unit, why), or ("", what is missing): from the header, else from the numbers where they leave no doubt."""
    written = bracketed(column)
    if written and unit(written):
        return written, "from the header"
    value = read_numbers(data).value.drop_nulls()
    middle = value.median() if len(value) else None
    if not isinstance(middle, int | float):
        return "", "no unit was seen"
    sure: dict[str, list[tuple[float, float, str]]] = {
        "temperature": [(30, 45, "°C"), (89, 111, "°F")],
        "systolic": [(50, 250, "mmHg"), (7, 30, "kPa")],
        "diastolic": [(25, 160, "mmHg"), (3, 20, "kPa")],
        "mean_pressure": [(30, 200, "mmHg"), (5, 25, "kPa")],
        "spo2": [(50, 100, "%"), (0.5, 1, "fraction")],
        "heart_rate": [(30, 220, "/min")],
        "respiratory_rate": [(5, 80, "/min")],
        "height": [(30, 250, "cm")],
    }
    for low, high, guess in sure.get(name, []):
        if low <= middle <= high:
            return guess, "from the numbers"
    return "", "no unit was seen, and the numbers do not tell"


def _wide_assessments(stem: str, frame: pl.DataFrame, columns: list[str], times: list[str]) -> _Section | None:
    items = word_spellings("item")
    here = {c: items[normal(c)] for c in columns if normal(c) in items and c not in times}
    extra = {"肢体无力": "motor_weakness", "神志": "consciousness", "惊厥": "seizure"}
    here |= {c: extra[c] for c in columns if c in extra and extra[c] not in here.values()}
    here.pop("item", None)
    if not here or not times:
        return None
    guessed = _with_time("assessments", [c for c in columns if c not in here], times, "time")
    guessed = {k: v for k, v in guessed.items() if k in ("patient_id", "time", "available_time")}
    if "time" not in guessed:
        return None
    section = _Section(stem, "assessments", _mapped("assessments", frame, guessed))
    for column, item in here.items():
        filled = int(frame[column].is_not_null().sum())
        section.parts += [f"[@.{item}]", f"column = {_toml(column)}  # {filled:,} of {frame.height:,} rows filled"]
        if item not in ("ice", "capd"):
            kind = "attribution" if item.startswith("attribution") else item
            section.parts += _words_line(frame[column], _in_words(kind))
    return section


def _in_words(kind: str) -> Callable[[str], bool]:
    return lambda word: normal(word) in word_spellings(kind)


def _words_line(column: pl.Series, known: Callable[[str], bool]) -> list[str]:
    """A place for `words` when some are not known: counts only."""
    strange = [word for word in column.drop_nulls().cast(pl.String).unique().to_list() if not known(word)]
    if not strange:
        return []
    rows = int(column.cast(pl.String).is_in(strange).sum())
    return [
        f"# DECIDE: {len(strange):,} word{'s' if len(strange) > 1 else ''} on {rows:,} rows "
        'not known; translate:  words = { "theirs" = "ours" }'
    ]


def _long(stem: str, frame: pl.DataFrame, columns: list[str], times: list[str]) -> _Section | None:
    """Measurements, assessments or outcomes with one row per entry: told apart by which words are known."""
    best: tuple[float, str] = (0.0, "")
    for table, what in WIDE.items():
        column = matching(HEADERS[table][what], columns)
        if column is None or column in times or frame[column].dtype.is_numeric():
            continue
        words = frame[column].drop_nulls().cast(pl.String)
        share = sum(_is_word(table, word) for word in words.to_list()) / len(words) if len(words) else 0.0
        best = max(best, (share, table))
    if not best[1] or best[0] < 0.3 or not times:
        return _cultures(stem, frame, columns, times)
    table = best[1]
    guessed = _with_time(table, columns, times, "time")
    if WIDE[table] not in guessed or "time" not in guessed or (table != "outcomes" and "value" not in guessed):
        return None
    section = _Section(stem, table, _mapped(table, frame, guessed))
    section.lines += _words_line(frame[guessed[WIDE[table]]], lambda word: _is_word(table, word))
    if table == "measurements":
        if "unit" not in guessed:
            section.off = "no column with units was seen; without it nothing of this file can be read"
            section.lines.append('unit = "DECIDE"')
        else:
            lines = _words_line(frame[guessed["unit"]], lambda word: unit(word) is not None)
            section.lines += [line.replace("words =", "units =").replace("word", "unit spelling", 1) for line in lines]
    return section


def _is_word(table: str, word: str) -> bool:
    if table == "measurements":
        return variable(word) is not None or normal(word) in not_needed("variable")
    return normal(word) in word_spellings(WIDE[table])


def _cultures(stem: str, frame: pl.DataFrame, columns: list[str], times: list[str]) -> _Section | None:
    named = CULTURE_FILE.search(stem) or matching(SPECIMEN, columns)
    guessed = _with_time("assessments", columns, times, "time")
    guessed.pop("item", None)
    if not named or "value" not in guessed or "time" not in guessed:
        return None
    section = _Section(stem, "assessments", [*_mapped("assessments", frame, guessed), 'item_is = "culture"  # guessed'])
    section.lines += _words_line(frame[guessed["value"]], _in_words("culture"))
    return section


def _drugs(stem: str, frame: pl.DataFrame, columns: list[str], times: list[str]) -> _Section | None:
    guessed = _with_time("drugs", columns, times, "start")
    cells = bool(CAR_T_FILE.search(stem))
    if "start" not in guessed or ("drug" not in guessed and not cells):
        return None
    section = _Section(stem, "drugs", _mapped("drugs", frame, guessed))
    if "drug" in guessed:
        section.lines += _words_line(
            frame[guessed["drug"]], lambda word: drug(word) is not None or normal(word) in not_needed("drug")
        )
    else:
        section.lines.append('drug_is = "car_t"  # DECIDE: the product, if all rows are the same one')
    if "mode" not in guessed and "rate" not in guessed and ("dose" in guessed or cells):
        section.lines.append('mode_is = "dose"  # no column with a rate was seen')
    if "rate" in guessed and "mode" not in guessed:
        section.lines.append("# rows with a rate are read as infusions, the others as single doses")
    return section


def _supports(stem: str, frame: pl.DataFrame, columns: list[str], times: list[str]) -> _Section | None:
    guessed = _with_time("supports", columns, times, "start")
    if "start" not in guessed or "device" not in guessed:
        return None
    section = _Section(stem, "supports", _mapped("supports", frame, guessed))
    section.lines += _words_line(frame[guessed["device"]], lambda word: device(word) is not None)
    return section


def _stays(stem: str, frame: pl.DataFrame, columns: list[str], times: list[str]) -> _Section | None:
    guessed = guessed_columns("stays", columns)
    if guessed.get("start") not in times or not ({"stop", "kind"} & set(guessed)):
        return None
    section = _Section(stem, "stays", _mapped("stays", frame, guessed))
    if "kind" in guessed:
        section.lines += _words_line(frame[guessed["kind"]], _in_words("stay"))
    else:
        section.lines.append('kind_is = "hospital"  # DECIDE: or icu, ward')
    return section


def _outcome_dates(stem: str, frame: pl.DataFrame, columns: list[str], times: list[str]) -> _Section | None:
    here = {what: column for what, words in OUTCOME_DATES.items() if (column := matching(words, columns)) in times}
    if not here:
        return None
    patient = matching(HEADERS["outcomes"]["patient_id"], columns)
    section = _Section(stem, "outcomes", _mapped("outcomes", frame, {"patient_id": patient} if patient else {}))
    for what, column in here.items():
        filled = int(frame[str(column)].is_not_null().sum())
        section.parts += [f"[@.{what}]", f"column = {_toml(str(column))}  # {filled:,} of {frame.height:,} rows filled"]
        if what == "death":
            section.parts.append('# DECIDE: value_column = "<column with the cause>"  or  value = "other"')
    return section


def _patients(stem: str, frame: pl.DataFrame, columns: list[str], times: list[str]) -> _Section | None:
    guessed = guessed_columns("patients", columns)
    patient = guessed.get("patient_id")
    facts = {"sex", "birth_date", "age_y", "disease", "prior_lines", "weight_kg"} & set(guessed)
    if patient is None or not facts or frame[patient].drop_nulls().is_duplicated().any():
        return None
    if facts <= {"weight_kg"} and times:
        return None
    return _Section(stem, "patients", _mapped("patients", frame, guessed))
