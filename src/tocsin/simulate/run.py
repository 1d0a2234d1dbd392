"""Virtual patients to folders: records of a hospital, CLIF tables, and apart from both the truth. Batch by batch."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import polars as pl

from tocsin import __version__
from tocsin.errors import TocsinError
from tocsin.outputs import csv_text, replace_folder, write_text
from tocsin.simulate.cares import CARE_WORDS, CARES, PAIRS, USUAL
from tocsin.simulate.growing import GrowingCsv, GrowingParquet
from tocsin.simulate.hospital_files import NOT_A_DEVICE, NOT_EVIDENCE, site_text, study_text
from tocsin.virtual import clif, records
from tocsin.virtual.log import CRS_GRADE, ICANS_GRADE, Batch
from tocsin.virtual.mishaps import SLIPS, befall, twofold_hours
from tocsin.virtual.run import simulate
from tocsin.virtual.scenarios import Scenario, toml_text
from tocsin.virtual.truth import POPULATIONS, compare, potential
from tocsin.virtual.world import World

Format = Literal["csv", "clif"]
FORMATS: tuple[Format, ...] = ("csv", "clif")
BATCH = 1_000
FOR_EVER = 600.0  # months: the truth is not cut by the end of a follow-up
RECORDS, CLIF, TRUTH, SUMMARY, README = "records", "clif", "truth", "summary.json", "README.txt"
WRITTEN = (RECORDS, CLIF, TRUTH, SUMMARY, README)


@dataclass(frozen=True)
class Asked:
    """What to make: so many patients of a scenario, in which formats, with or without the truth."""

    scenario: Scenario
    patients: int
    formats: tuple[Format, ...] = ("csv",)
    truth: bool = True

    def check(self) -> Asked:
        """Itself, or TocsinError."""
        if not 1 <= self.patients <= 10_000_000:
            raise TocsinError.of(
                "simulate.patients", f"{self.patients:,} virtual patients cannot be made.", "",
                "Ask for 1 to 10,000,000.",
            )  # fmt: skip
        return self


@dataclass(frozen=True)
class Simulated:
    """What was made, and where; `truth` is empty where none was asked for."""

    asked: Asked
    out: Path
    rows: dict[str, int]
    slips: int
    truth: pl.DataFrame


def simulate_records(
    asked: Asked, out: Path, step: Callable[[int], None] = lambda _: None, batch: int = BATCH
) -> Simulated:
    """Makes the patients and writes `out`; `step` is told how many are done. Nothing is written where it fails.

    `out` holds records (CSV with site.toml and study.toml), clif and truth, as asked, with world.toml. Raises
    TocsinError: `simulate.*`, `outputs.*`.
    """
    asked.check()
    _refuse_added(out)
    made: list[Simulated] = []
    replace_folder(out, lambda folder: made.append(_make(asked, folder, step, batch)), WRITTEN, SUMMARY)
    one = made[0]
    return Simulated(asked, out, one.rows, one.slips, one.truth)


def _refuse_added(out: Path) -> None:
    """Something was put into a folder of ours since: it would be lost."""
    summary = out / SUMMARY
    if not summary.is_file():
        return  # `replace_folder` looks at the rest
    try:
        known = set(json.loads(summary.read_text(encoding="utf-8")).get("files", ()))
    except (OSError, ValueError, AttributeError):
        return
    inside = {path.relative_to(out).as_posix() for name in (RECORDS, CLIF, TRUTH) for path in (out / name).glob("*")}
    if inside - known:
        raise TocsinError.of(
            "outputs.foreign-folder", f"{out.name}: the folder holds what this command did not write: "
            f"{', '.join(sorted(inside - known)[:3])}.",
            "It would be lost. Nothing was written.", "Name a new folder with -o, or move it away.",
        )  # fmt: skip


def _make(asked: Asked, folder: Path, step: Callable[[int], None], batch: int) -> Simulated:
    """Every file of the new folder."""
    runs = dict[str, list[pl.DataFrame]]()
    slips, done, world = [pl.DataFrame(schema=SLIPS)], 0, asked.scenario.world
    with ExitStack() as stack:
        csv = stack.enter_context(GrowingCsv(folder / RECORDS)) if "csv" in asked.formats else None
        parquet = stack.enter_context(GrowingParquet(folder / CLIF, "clif_")) if "clif" in asked.formats else None
        told = stack.enter_context(GrowingCsv(folder / TRUTH)) if asked.truth else None
        hourly = stack.enter_context(GrowingParquet(folder / TRUTH)) if asked.truth else None
        for first in range(0, asked.patients, batch):
            n = min(batch, asked.patients - first)
            usual = simulate(world, first, n, CARES[USUAL], keep_propensity=asked.truth)
            chart = records.Chart(usual, asked.scenario.hospital)
            if csv is not None:
                slips.append(_append_records(asked, csv, chart))
            if parquet is not None:
                parquet.append(clif.tables(chart))
            if told is not None and hourly is not None:
                hourly.append({"propensity": _propensity(usual), "ward_grades": _ward_grades(usual)})
                cared = dict(_runs(world, first, n))
                told.append({"patients": _side_by_side(cared)})
                for name, run in cared.items():
                    runs.setdefault(name, []).append(potential(run))
            done += n
            step(done)
        rows = dict(csv.rows) if csv is not None else {}
    listed = pl.concat(slips).sort("file", "row", "mishap", "column")
    truth = (
        compare({name: pl.concat(parts, rechunk=True) for name, parts in runs.items()}, PAIRS)
        if asked.truth
        else pl.DataFrame()
    )
    _write_words(asked, folder, listed, truth)
    return Simulated(asked, folder, rows, listed.height, truth)


def _append_records(asked: Asked, csv: GrowingCsv, chart: records.Chart) -> pl.DataFrame:
    """Writes one batch; its slips, with rows counted from the first row of each file."""
    scenario, before = asked.scenario, dict(csv.rows)
    made, slips = befall(records.tables(chart), scenario.mishaps, scenario.world.seed, chart.infused)
    slips = pl.concat([slips, twofold_hours(made)])
    csv.append(made)
    start = pl.col("file").str.strip_suffix(".csv").replace_strict(before, default=0, return_dtype=pl.Int64)
    return slips.with_columns(row=pl.col("row") + start)


def _runs(world: World, first: int, n: int) -> Iterator[tuple[str, pl.DataFrame]]:
    """The same patients under usual practice and under each strategy, followed for ever: summary and outcomes."""
    for_ever = world.model_copy(update={"lost": 0.0, "follow_up_low": FOR_EVER, "follow_up_high": FOR_EVER})
    for name, care in CARES.items():
        yield name, _joined(simulate(for_ever, first, n, care, keep_log=False))


def _joined(batch: Batch) -> pl.DataFrame:
    return pl.concat([batch.summary, batch.outcomes.drop("patient")], how="horizontal")


def _side_by_side(runs: dict[str, pl.DataFrame]) -> pl.DataFrame:
    """Potential outcomes for a file: every patient under each strategy, without what only the kernel needs."""
    both = pl.concat([run.with_columns(strategy=pl.lit(name)) for name, run in runs.items()])
    both = both.sort("patient", maintain_order=True)
    number = records.numbers(both.get_column("patient"))
    return both.select(number, "strategy", pl.exclude("strategy", "patient", "rows", "death_code"))


def _propensity(batch: Batch) -> pl.DataFrame:
    """Hourly chance of a first dose in usual practice: a row for each hour in which there was one."""
    chance = batch.propensity if batch.propensity is not None else np.zeros((batch.facts.height, 0), np.float32)
    patient, hour = np.nonzero(np.nan_to_num(chance) > 0)
    who = records.numbers(batch.facts.get_column("patient")).gather(patient)
    return pl.DataFrame({"hospital_no": who, "hour": hour.astype(np.int32), "probability": chance[patient, hour]})


def _ward_grades(batch: Batch) -> pl.DataFrame:
    """What the ward's chart said, from which minute on."""
    log = batch.log
    rows = log[(log["what"] == CRS_GRADE) | (log["what"] == ICANS_GRADE)]
    who = records.numbers(batch.facts.get_column("patient")).gather(rows["patient"])
    scale = pl.Series(["astct_crs", "astct_icans"]).gather((rows["what"] == ICANS_GRADE).astype(np.int64))
    return pl.DataFrame({"hospital_no": who, "scale": scale, "minute": rows["minute"],
                         "grade": rows["value"].astype(np.int8)})  # fmt: skip


def _write_words(asked: Asked, folder: Path, slips: pl.DataFrame, truth: pl.DataFrame) -> None:
    """Everything beside the tables: site and study files, the world, the truth table, what was made."""
    scenario = asked.scenario
    world, zone = scenario.world, scenario.hospital.zone
    if "csv" in asked.formats:
        labs_zone = "UTC" if scenario.mishaps.labs_in_utc else None
        write_text(folder / RECORDS / "site.toml", site_text(zone, labs_zone))
        write_text(folder / RECORDS / "study.toml", study_text(world.name, world.words, asked.patients))
    if "clif" in asked.formats:
        write_text(folder / CLIF / "site.toml", f'zone = "{zone}"\n')
    if asked.truth:
        write_text(folder / TRUTH / "world.toml", f"# {NOT_EVIDENCE}\n{toml_text(scenario)}")
        write_text(folder / TRUTH / "truth.csv", csv_text(truth))
        write_text(folder / TRUTH / "mishaps.csv", csv_text(slips))
    write_text(folder / README, _readme(asked))
    inside = sorted(path.relative_to(folder).as_posix() for path in folder.glob("*/*"))
    summary: dict[str, Any] = {
        "written_by": "tocsin simulate", "version": __version__, "note": NOT_EVIDENCE, "device": NOT_A_DEVICE,
        "world": world.name, "words": world.words, "world_hash": world.hash, "seed": world.seed,
        "calibrated": world.calibrated, "patients": asked.patients, "zone": zone, "slips": slips.height,
        "parameters": world.model_dump(mode="json"), "records": scenario.mishaps.model_dump(), "files": inside,
    }  # fmt: skip
    write_text(folder / SUMMARY, json.dumps(summary, ensure_ascii=False, indent=2) + "\n")


def _readme(asked: Asked) -> str:
    """What lies in the folder."""
    world = asked.scenario.world
    lines = [
        f"{asked.patients:,} virtual patients of the world {world.name} (hash {world.hash}, seed {world.seed}).",
        world.words, NOT_EVIDENCE, NOT_A_DEVICE, "",
    ]  # fmt: skip
    if "csv" in asked.formats:
        lines += ["records/   what a hospital could have written: CSV files, site.toml, study.toml",
                  "           tocsin check records, tocsin grade records -o graded, tocsin study records"]  # fmt: skip
    if "clif" in asked.formats:
        lines += ["clif/      the same patients as CLIF 2.1 tables. It cannot hold:",
                  *(f"           - {what}" for what in clif.NOT_HELD),
                  "           and it holds no mishap."]  # fmt: skip
    if asked.truth:
        lines += [
            "truth/     what no hospital could know; keep it from whoever analyses the records",
            "           truth.csv          by strategy and population: risk, difference, ratio, paired standard errors",
            "           patients.csv       potential outcomes: the same patients under every strategy",
            "           propensity.parquet hourly chance of a first dose in usual practice",
            "           ward_grades.parquet what the ward's chart said",
            "           mishaps.csv        every slip between ward and file, with its row",
            "           world.toml         every number; tocsin simulate truth/world.toml makes the patients again",
            "", "Populations:",
            *(f"  {one.name.format(strategy='S')}: {one.words}" for one in POPULATIONS),
            "Strategies:", *(f"  {name}: {words}" for name, words in CARE_WORDS.items()),
        ]  # fmt: skip
    return "\n".join(lines) + "\n"
