"""Reader for CLIF 2.1 and 3.0 folders. Both versions read alike: their spellings stand in the vocabulary.

CLIF describes intensive-care stays: readings on a ward before the intensive care unit may be absent.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl

from tocsin import vocabulary
from tocsin.errors import Problem, TocsinError
from tocsin.records import clif_rows
from tocsin.records.clean import clean
from tocsin.records.files import ROW, Opened, open_table
from tocsin.records.instants import read_instants
from tocsin.records.ledger import Ledger
from tocsin.records.numbers import read_numbers
from tocsin.tables import TIME, Records

ENDINGS = (".parquet", ".csv", ".tsv", ".txt")
_FLOAT32_DIGITS = 6


@dataclass(frozen=True)
class Layout:
    """Columns of one CLIF table that are read: without `needed` ones the table is refused."""

    needed: tuple[str, ...]
    times: tuple[str, ...] = ()
    numbers: tuple[str, ...] = ()
    texts: tuple[str, ...] = ()


_MEDICATION = Layout(
    ("hospitalization_id", "med_category", "admin_dttm", "med_dose", "med_dose_unit"),
    ("admin_dttm",),
    ("med_dose",),
    (
        "hospitalization_id",
        "med_order_id",
        "med_name",
        "med_category",
        "med_dose_unit",
        "mar_action_category",
        "med_route_category",
    ),
)
TABLES: Mapping[str, Layout] = {
    "patient": Layout(
        ("patient_id",), ("birth_date", "death_dttm"), (), ("patient_id", "sex_category"),
    ),
    "hospitalization": Layout(
        ("patient_id", "hospitalization_id", "admission_dttm", "discharge_dttm"), ("admission_dttm", "discharge_dttm"),
        ("age_at_admission",), ("patient_id", "hospitalization_id", "discharge_category"),
    ),
    "adt": Layout(
        ("hospitalization_id", "in_dttm", "out_dttm", "location_category"), ("in_dttm", "out_dttm"), (),
        ("hospitalization_id", "location_category"),
    ),
    "vitals": Layout(
        ("hospitalization_id", "recorded_dttm", "vital_category", "vital_value"), ("recorded_dttm", "measured_dttm"),
        ("vital_value",), ("hospitalization_id", "vital_name", "vital_category", "meas_site_name"),
    ),
    "respiratory_support": Layout(
        ("hospitalization_id", "recorded_dttm", "device_category", "fio2_set", "lpm_set"), ("recorded_dttm",),
        ("fio2_set", "lpm_set", *clif_rows.VENTILATOR_NUMBERS),
        ("hospitalization_id", "device_name", "device_category", "mode_category", "tracheostomy"),
    ),
    "medication_admin_continuous": _MEDICATION,
    "medication_admin_intermittent": _MEDICATION,
    "labs": Layout(
        ("hospitalization_id", "lab_collect_dttm", "lab_category", "lab_value", "reference_unit"),
        ("lab_collect_dttm", "lab_result_dttm"), ("lab_value_numeric",),
        ("hospitalization_id", "lab_category", "lab_value", "reference_unit", "lab_specimen_category"),
    ),
}  # fmt: skip
_FILLS = {
    "patients": (("patient",),), "stays": (("hospitalization",),), "measurements": (("vitals",),),
    # charted by exception: only with both tables does no row mean no drug
    "drugs": (("medication_admin_continuous", "medication_admin_intermittent"),),
    "supports": (("respiratory_support",),), "outcomes": (("patient",),),
}  # fmt: skip


@dataclass
class _Folder:
    """What was opened, and what is known about it so far."""

    path: Path
    zone: str
    zone_stated: bool
    ledger: Ledger = field(default_factory=Ledger)
    frames: dict[str, pl.DataFrame] = field(default_factory=dict[str, pl.DataFrame])
    hashes: dict[str, str] = field(default_factory=dict[str, str])
    rows: dict[str, int] = field(default_factory=dict[str, int])
    not_needed: dict[str, int] = field(default_factory=dict[str, int])
    problems: list[Problem] = field(default_factory=list[Problem])


def is_clif(folder: Path) -> bool:
    """Whether a folder holds CLIF tables."""
    return folder.is_dir() and any(_find(folder, name) for name in TABLES)


def clif_version(frames: Mapping[str, pl.DataFrame]) -> str:
    """`2.1` or `3.0` by how categories are spelled; `mixed` or `unknown` where that does not tell."""
    devices = vocabulary.devices().values()
    old, new = {d.clif_2_1 for d in devices} | {"Male", "Female"}, {d.clif_3_0 for d in devices} | {"male", "female"}
    seen: set[str] = set()
    for table, column in (("respiratory_support", "device_category"), ("patient", "sex_category")):
        if table in frames:
            seen |= set(frames[table].get_column(column).drop_nulls().unique().to_list())
    found = [name for name, words in (("2.1", old - new), ("3.0", new - old)) if seen & words]
    return found[0] if len(found) == 1 else "mixed" if found else "unknown"


def read_clif(folder: Path | str, *, zone: str | None = None) -> Records:
    """Records of a CLIF folder. `zone` is the hospital's: times without an offset stand in it, dates are its days.

    CLIF instants carry an offset, so a folder can be read without a zone; then days are those of UTC, and the finding
    M.zone-unstated says that times charted as a date only cannot be told. Raises TocsinError: `records.zone-missing` (a
    time has no offset), `records.zone-unknown`, `records.not-clif`, `records.column-missing`,
    `records.time-unreadable`, and those of opening files.
    """
    path = Path(folder)
    state = _Folder(path, _checked_zone(zone), zone is not None)
    if not is_clif(path):
        raise TocsinError.of(
            "records.not-clif", f"{path.name}: no file clif_vitals, clif_hospitalization, ... in this folder.",
            do="Name the folder that holds the clif_*.parquet or clif_*.csv files.",
        )  # fmt: skip
    for name, layout in TABLES.items():
        _open(state, name, layout)
    if state.problems:
        raise TocsinError(state.problems)
    _count_others(state)
    return _records(state)


def _checked_zone(zone: str | None) -> str:
    if zone is None:
        return "UTC"
    try:
        ZoneInfo(zone)
    except (KeyError, ValueError, OSError):
        raise TocsinError.of(
            "records.zone-unknown", f'There is no time zone "{zone}".', do="Use a name such as America/New_York."
        ) from None
    return zone


def _day_zone(frames: Mapping[str, pl.DataFrame]) -> str:
    """A fixed zone whose midnight is the whole hour at which deaths pile up (3 or more, and a fifth of them), else UTC.

    A date without a time is written as midnight of the hospital's day; instants themselves need no zone here.
    """
    deaths = (
        frames["patient"].get_column("death_dttm").drop_nulls() if "patient" in frames else pl.Series([], dtype=TIME)
    )
    hours = deaths.filter(deaths == deaths.dt.truncate("1h")).dt.hour().value_counts(sort=True)
    if not hours.height or hours.item(0, "count") < max(3, 0.2 * len(deaths)):
        return "UTC"
    hour: int = hours.item(0, 0)
    return "UTC" if hour == 0 else f"Etc/GMT+{hour}" if hour <= 12 else f"Etc/GMT-{24 - hour}"


def _find(folder: Path, name: str) -> Path | None:
    return next((path for end in ENDINGS if (path := folder / f"clif_{name}{end}").is_file()), None)


def _open(state: _Folder, name: str, layout: Layout) -> None:
    path = _find(state.path, name)
    if path is None:
        state.ledger.add(
            "M.table-missing", f"clif_{name}", None, 0, f"the table {name} is not in the folder",
            "what it would say is unknown, never normal",
        )  # fmt: skip
        return
    opened = open_table(path)
    missing = [column for column in layout.needed if column not in opened.columns]
    for column in missing:
        state.problems.append(Problem("records.column-missing", f'{opened.name}: there is no column "{column}".'))
    if missing:
        return
    state.hashes[opened.name], state.rows[opened.name] = opened.sha256, opened.frame.height
    state.frames[name] = _typed(state, opened, layout)


def _typed(state: _Folder, opened: Opened, layout: Layout) -> pl.DataFrame:
    """The layout's columns with their types; a column that is not there is empty."""
    source = opened.frame
    made = [
        pl.Series("source", [opened.name] * source.height, dtype=pl.String),
        source.get_column(ROW).cast(pl.Int64).alias("source_row"),
    ]
    for column in dict.fromkeys((*layout.texts, *layout.times, *layout.numbers)):
        if column not in source.columns or source.schema[column] == pl.Null:
            dtype = TIME if column in layout.times else pl.Float64 if column in layout.numbers else pl.String
            made.append(pl.Series(column, [None] * source.height, dtype=dtype))
        elif column in layout.times:
            made.append(_instants(state, opened, column).alias(column))
        elif column in layout.numbers:
            made.append(_numbers(state, opened, column).alias(column))
        else:
            made.append(source.get_column(column).cast(pl.String).alias(column))
    return pl.DataFrame(made)


def _instants(state: _Folder, opened: Opened, name: str) -> pl.Series:
    column = opened.frame.get_column(name)
    if isinstance(column.dtype, pl.Datetime) and column.dtype.time_zone:
        return column.dt.convert_time_zone("UTC").cast(TIME)
    if column.dtype == pl.String:
        spelled = column.str.replace(r"(?i)(?:Z| ?UTC)$", "+00:00").str.replace("T", " ", literal=True)
        read = spelled.str.to_datetime("%Y-%m-%d %H:%M:%S%.f%#z", time_unit="us", time_zone="UTC", strict=False)
        if read.null_count() == column.null_count():
            return read.cast(TIME)
    if not state.zone_stated and column.null_count() < len(column):
        state.problems.append(
            Problem(
                "records.zone-missing",
                f'{opened.name}, column "{name}": times without an offset, and no time zone stated.',
                "They cannot be placed.",
                'Add  --zone Asia/Shanghai  (or the right one), or zone = "..." to a site.toml.',
            )
        )
    instants = read_instants(column, state.zone)
    if instants.trouble:
        state.problems.append(
            Problem("records.time-unreadable", f'{opened.name}, column "{name}": {instants.trouble}.')
        )
        return instants.utc.cast(TIME)
    _note(state, opened, instants.unreadable, "C.time-unreadable", f"{name} is no time", "taken as not written")
    _note(
        state,
        opened,
        instants.shifted,
        "C.time-shifted",
        f"{name} does not exist or exists twice",
        "the later one is taken",
    )
    return instants.utc.cast(TIME)


def _numbers(state: _Folder, opened: Opened, name: str) -> pl.Series:
    column = opened.frame.get_column(name)
    numbers = read_numbers(column)
    _note(state, opened, numbers.unreadable, "C.number-unreadable", f"{name} is no number", "taken as not written")
    if column.dtype == pl.Float32:  # 0.1 stays 0.1
        return numbers.value.round_sig_figs(_FLOAT32_DIGITS)
    return numbers.value


def _note(state: _Folder, opened: Opened, bad: pl.Series, code: str, what: str, done: str) -> None:
    rows = opened.frame.get_column(ROW).filter(bad)
    if len(rows):
        state.ledger.add(code, opened.name, int(rows.to_list()[0]), len(rows), what, done, "changed")


def _count_others(state: _Folder) -> None:
    """Files of the folder that are not read are accounted for as not needed."""
    for path in sorted(state.path.glob("clif_*")):
        if path.suffix not in ENDINGS or path.name in state.rows:
            continue
        height = (
            pl.scan_parquet(path).select(pl.len()).collect().item() if path.suffix == ".parquet"
            else open_table(path).frame.height
        )  # fmt: skip
        state.rows[path.name] = state.not_needed[path.name] = int(height)


def _records(state: _Folder) -> Records:
    frames, ledger = state.frames, state.ledger
    if not state.zone_stated:
        state.zone = _day_zone(frames)
        ledger.add(
            "M.zone-unstated",
            "clif",
            None,
            0,
            "the hospital's time zone is not stated; every instant carries its offset",
            f"dates without a time are told by deaths that pile up at one whole hour: days are those of {state.zone}",
        )
    version = clif_version(frames)
    ledger.add(
        "C.clif-version", "clif", None, 0, f"categories are spelled as in CLIF {version}", "read with that spelling"
    )
    patient_of = clif_rows.patient_of(frames.get("hospitalization"), ledger)
    builders: tuple[tuple[str, str, Callable[..., pl.DataFrame]], ...] = (
        ("stays", "hospitalization", clif_rows.hospitalizations),
        ("stays", "adt", clif_rows.locations),
        ("measurements", "vitals", clif_rows.vitals),
        ("measurements", "labs", clif_rows.labs),
        ("drugs", "medication_admin_continuous", clif_rows.infusions),
        ("drugs", "medication_admin_intermittent", clif_rows.doses),
        ("supports", "respiratory_support", clif_rows.supports),
        ("outcomes", "patient", clif_rows.deaths),
    )
    raw: dict[str, list[pl.DataFrame]] = {}
    for table, name, build in builders:
        if name in frames:
            raw.setdefault(table, []).append(build(clif_rows.with_patient(frames[name], patient_of), ledger))
    if "patient" in frames:
        raw["patients"] = [clif_rows.patients(frames["patient"], frames.get("hospitalization"))]
        if "hospitalization" in frames:
            clif_rows.deaths_without_a_time(frames["patient"], frames["hospitalization"], ledger)
    given: dict[str, Any] = {table: pl.concat(parts, how="diagonal") for table, parts in raw.items()}
    return clean(
        given, zone=state.zone, supplied=_supplied(frames), hashes=state.hashes, rows_read=state.rows,
        not_needed=state.not_needed, findings=ledger.findings(), doubts=ledger.doubts(),
    )  # fmt: skip


def _supplied(frames: Mapping[str, pl.DataFrame]) -> frozenset[str]:
    return frozenset(t for t, ways in _FILLS.items() if any(all(name in frames for name in way) for way in ways))
