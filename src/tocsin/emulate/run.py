"""`run_emulation`: from a study file to everything a report of an emulated trial is made of."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

import tocsin
from tocsin.emulate import rows
from tocsin.emulate.analyse import Analysis, Empty, Plan, analyse
from tocsin.emulate.naive import Received, comparison
from tocsin.emulate.people import Enrolled, Ward, enrol, ward_of
from tocsin.emulate.told import CITATIONS, G_FORMULA, parameter_rows, protocol_toml, target_rows
from tocsin.emulate.trial import Trial, settle
from tocsin.emulate.warned import warning_rows
from tocsin.grades import SCALES
from tocsin.rules import spec_hash
from tocsin.sources import ALL
from tocsin.study_records import input_hashes, package_versions, read_records
from tocsin.studyfile import StudyFile, read_study
from tocsin.tables.emulation import EMULATION_TABLES, EmulationResults

Step = Callable[[str], None]
Progress = Callable[[str, int, int], None]


def _silent(*_: object) -> None:
    """Nobody listens."""


@dataclass(frozen=True)
class Asked:
    """What was asked on top of the study file; None: as the file says. `minutes` bounds the sensitivity analyses."""

    bootstrap: int | None = None
    seed: int | None = None
    sensitivity: bool | None = None
    minutes: float = 15.0

    def over(self, file: StudyFile) -> StudyFile:
        """The study file with these choices in its protocol."""
        given = {"bootstrap": self.bootstrap, "seed": self.seed, "sensitivity": self.sensitivity}
        changes = {key: value for key, value in given.items() if value is not None}
        if not changes:
            return file
        from tocsin.protocol import Protocol

        protocol = file.protocol or Protocol()  # pyright: ignore[reportCallIssue]
        return file.model_copy(update={"protocol": protocol.model_copy(update=changes)})


def run_emulation(
    path: Path | str, asked: Asked | None = None, step: Step | None = None, progress: Progress | None = None
) -> EmulationResults:
    """Results of the trial in `path` (study.toml or its folder).

    Thin input gives full results that say what cannot be estimated; only what cannot be read, or a protocol that
    contradicts itself, raises TocsinError.
    """
    tell = step or _silent
    file, where = read_study(path)
    chosen = asked or Asked()
    trial = settle(chosen.over(file))
    trial = Trial(trial.file, trial.protocol, file.protocol is not None, trial.arms)
    tell("reading the records")
    records, given = read_records(file, where.parent)
    tell("grading")
    ward = ward_of(trial, records, given)
    return results_of(ward, input_hashes(file, records, where), chosen, tell, progress)


def results_of(
    ward: Ward, inputs: Mapping[str, str], asked: Asked | None = None, step: Step | None = None,
    progress: Progress | None = None,
) -> EmulationResults:  # fmt: skip
    """Everything a report is made of, every table checked."""
    from tocsin.emulate.sensitivity import grid_rows

    trial, tell, heard = ward.trial, step or _silent, progress or _silent
    tell("choosing the courses")
    enrolled = enrol(ward)
    spec = trial_hash(ward)
    found = list[Analysis | Empty]()
    for outcome in trial.outcomes:
        tell(f"emulating: {outcome}")
        size = trial.protocol.bootstrap
        found.append(analyse(ward, enrolled, outcome, Plan(size, told=lambda n, o=outcome, of=size: heard(o, n, of))))
    tell("moving every open choice")
    grid = grid_rows(ward, found[0], (asked or Asked()).minutes, heard)
    tables = _tables(ward, enrolled, found, spec) | {"grid": grid}
    made = {t.name: t.frame(tables.get(t.name)) for t in EMULATION_TABLES}
    for name in ("eligible", "weights"):
        made[name] = made[name].sort(*next(t.key for t in EMULATION_TABLES if t.name == name))
    return EmulationResults(_meta(ward, inputs, spec, found), made).complete()


def _tables(ward: Ward, enrolled: Enrolled, found: list[Analysis | Empty], spec: str) -> dict[str, Any]:
    done = [one for one in found if isinstance(one, Analysis)]
    received = Received(ward)
    used = next((one.covariates for one in done if one.point is not None), None)
    return {
        "protocol": target_rows(ward.trial, used),
        "asked": [rows.asked(ward, one) for one in found],
        "flow": pl.concat([enrolled.flow, *(one.flow for one in found)]),
        "eligible": list(rows.eligible(ward, found[0], enrolled.people)),
        "effects": [row for one in done for row in rows.effects(ward, one, spec)],
        "comparison": [row for one in done for row in comparison(ward, one, received)],
        "risks": [row for one in done for row in rows.risks(ward, one)],
        "followed": [row for one in done for row in rows.followed(ward, one)],
        "weights": [row for one in done for row in rows.weights(ward, one)],
        "covariates": [row for one in done for row in rows.covariates(one)],
        "positivity": [row for one in done for row in rows.positivity(ward, one)],
        "balance": [row for one in done for row in rows.balance(ward, one)],
        "warnings": list(warning_rows(ward, enrolled, found)),
        "parameters": [*parameter_rows(ward.trial, ward.trial.file.strategies), *ward.parameters.rows()],
        "citations": _citations(ward, done),
        "findings": ward.records.findings,
        "account": ward.records.account,
    }  # fmt: skip


def _citations(ward: Ward, done: list[Analysis]) -> list[dict[str, str]]:
    cited = [*CITATIONS, *((G_FORMULA,) if any(one.g for one in done) else ())]
    made: list[dict[str, str]] = [dict(zip(("key", "text", "doi", "used_for"), one, strict=True)) for one in cited]
    for name in ward.trial.scales:
        source = SCALES[name].source
        made.append({"key": source.key, "text": source.text, "doi": source.doi, "used_for": f"scale {name}"})
    for name, rule in ward.trial.arms.items():
        if rule.source in ALL:
            source = ALL[rule.source]
            made.append({"key": source.key, "text": source.text, "doi": source.doi, "used_for": f"strategy {name}"})
    joined: dict[str, dict[str, str]] = {}
    for row in made:
        held = joined.setdefault(row["key"], row)
        if held is not row and row["used_for"] not in held["used_for"]:
            held["used_for"] += f"; {row['used_for']}"
    return [joined[key] for key in sorted(joined)]


def trial_hash(ward: Ward) -> str:
    """Hash of what was asked: the trial, its strategies, the scales and every parameter; not of the records."""
    trial = ward.trial
    return spec_hash(
        {
            "protocol": trial.protocol.model_dump(mode="json", by_alias=True, exclude_none=True),
            "arms": {name: rule.hash for name, rule in trial.arms.items()},
            "clock": trial.clock.model_dump(mode="json", by_alias=True, exclude_none=True),
            "scales": {name: SCALES[name].hash for name in sorted(trial.scales)},
            "cohort": trial.file.cohort.model_dump(mode="json", exclude_none=True),
            "parameters": ward.parameters.rows(),
            "version": tocsin.__version__,
        }
    )


def _methods(trial: Trial) -> list[dict[str, str]]:
    """What was done, a paragraph an element of the protocol, in both languages."""
    return [
        {
            "title": row["element"],
            "text": row["emulation"],
            "title_zh": row["element_zh"],
            "text_zh": row["emulation_zh"],
        }
        for row in target_rows(trial)
        if row["element"] in ("time zero", "assignment", "follow-up", "assumptions", "statistical analysis")
    ]


def _meta(ward: Ward, inputs: Mapping[str, str], spec: str, found: list[Analysis | Empty]) -> dict[str, Any]:
    trial, file, p = ward.trial, ward.trial.file, ward.trial.protocol
    boots = [one.boot for one in found if isinstance(one, Analysis) and one.boot is not None]
    return {
        "title": file.title, "title_zh": file.title_zh, "question": file.question,
        "question_zh": file.question_zh, "synthetic": file.synthetic, "synthetic_note": file.synthetic_note,
        "synthetic_note_zh": file.synthetic_note_zh, "version": tocsin.__version__, "spec_hash": spec,
        "scale": trial.scale, "level": p.level, "seed": p.seed, "horizon_hours": p.horizon_hours,
        "grid_hours": p.grid_hours, "hours": list(trial.hours), "drug": trial.drug, "arms": list(trial.names),
        "reference": trial.reference, "time_zero": trial.clock.sentence(), "time_zero_zh": trial.clock.sentence("zh"),
        "outcomes": list(trial.outcomes),
        "strategies": [
            {"name": name, "sentence": rule.sentence(), "sentence_zh": rule.sentence("zh"),
             "source": str(ALL.get(rule.source, rule.source)), "hash": rule.hash,
             "grace_hours": rule.within // 60, "initiation": rule.initiation}
            for name, rule in trial.arms.items()
        ],
        "protocol_given": trial.given, "protocol_toml": protocol_toml(trial),
        "bootstrap": {"replicates": p.bootstrap, "draw": boots[0].draw if boots else "",
                      "failed": sum(sum(boot.failed.values()) for boot in boots)},
        "notes": {one.outcome: [*one.notes, *([one.g_note] if one.g_note else [])]
                  for one in found if isinstance(one, Analysis)},
        "inputs": dict(inputs), "methods": _methods(trial),
        "generated_with": package_versions(), "zone": ward.records.zone,
    }  # fmt: skip
