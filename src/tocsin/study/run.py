"""`run_study`: from a study file to everything a report is made of. The same input gives the same results."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import tocsin
from tocsin.design_audit import audit
from tocsin.grades import SCALES
from tocsin.report.files import complete
from tocsin.rules import spec_hash
from tocsin.study.choices import parameter_table, source_text
from tocsin.study.cohort import ICANS, Study, gather
from tocsin.study.counts import count_table
from tocsin.study.days import day_table
from tocsin.study.ledger import Effects
from tocsin.study.methods import citation_table, paragraphs
from tocsin.study.sensitivity import sensitivity
from tocsin.study.survival import curve_tables, response, survival_effects
from tocsin.study.table1 import covariates, table1
from tocsin.study.toxicity import crs_death, grade_effects, neurotoxicity, times
from tocsin.study.treatment import mark_table, temperature_table, treatment_effects
from tocsin.study.turning import observed
from tocsin.study.warnings import warning_table
from tocsin.study_records import input_hashes, package_versions
from tocsin.studyfile import read_study
from tocsin.tables import EFFECTS, TURNING, StudyResults

PARTS: tuple[Callable[[Study, Effects], None], ...] = (
    response, crs_death, grade_effects, survival_effects, neurotoxicity, times, treatment_effects,
)  # fmt: skip


def run_study(path: Path | str, parameters: Mapping[str, Any] | None = None) -> StudyResults:
    """Results of the study at `path` (study.toml or its folder); `parameters` override those of the file.

    Thin input (one course, no dose, nobody due, one strategy) gives full results; only what cannot be read raises
    TocsinError.
    """
    file, where = read_study(path)
    study = gather(file, where.parent, dict(parameters or {}))
    return results_of(study, input_hashes(study.file, study.records, where))


def results_of(study: Study, inputs: dict[str, str]) -> StudyResults:
    """Everything a report is made of, every table checked; `inputs`: file to SHA-256."""
    file, spec = study.file, study_hash(study)
    effects = Effects(file.study.level, spec, file.synthetic)
    for part in PARTS:
        part(study, effects)
    observed(effects, study.members, study.pairs, covariates(study))
    curves, at_risk = curve_tables(study)
    tables = {
        "arms": study.arms, "table1": table1(study), "curves": curves, "at_risk": at_risk,
        "readings": temperature_table(study), "marks": mark_table(study), "days": day_table(study),
        "sensitivity": sensitivity(study), "warnings": warning_table(study, effects), "counts": count_table(study),
        "turning": TURNING.frame(effects.steps), "citations": citation_table(study, effects),
        "courses": study.courses, "attrition": study.attrition,
        "parameters": parameter_table(study), "effects": EFFECTS.frame(effects.rows), "endpoints": study.endpoints,
        "grades": study.grading.grades, "episodes": study.grading.episodes, "follow": study.follow,
        "findings": study.records.findings, "account": study.records.account,
    }  # fmt: skip
    audited = audit(study)
    meta = {**_meta(study, inputs, spec, effects), "protocol": audited.protocol, "protocol_zh": audited.protocol_zh}
    return complete(StudyResults(meta, {**tables, **audited.tables}))


def study_hash(study: Study) -> str:
    """Hash of what was asked: the study file, its strategies, the scales and every parameter; not of the records."""
    scales = sorted({study.scale, ICANS})
    return spec_hash(
        {
            "study": study.file.model_dump(mode="json", by_alias=True, exclude_none=True),
            "strategies": {arm: rule.hash for arm, rule in study.file.strategies.items()},
            "scales": {name: SCALES[name].hash for name in scales},
            "parameters": study.parameters.rows(),
            "version": tocsin.__version__,
        }
    )


def _meta(study: Study, inputs: dict[str, str], spec: str, effects: Effects) -> dict[str, Any]:
    file = study.file
    return {
        "title": file.title, "title_zh": file.title_zh, "question": file.question, "question_zh": file.question_zh,
        "synthetic": file.synthetic, "synthetic_note": file.synthetic_note, "synthetic_note_zh": file.synthetic_note_zh,
        "version": tocsin.__version__, "spec_hash": spec, "scale": study.scale,
        "severe": SCALES[study.scale].severe, "severe_icans": SCALES[ICANS].severe, "time_zero": file.cohort.time_zero,
        "arms": list(study.arm_names),
        "strategies": [
            {"name": arm, "sentence": rule.sentence(), "sentence_zh": rule.sentence("zh"),
             "source": source_text(rule.source), "hash": rule.hash}
            for arm, rule in file.strategies.items()
        ],
        "inputs": inputs, "methods": paragraphs(study, effects), "generated_with": package_versions(),
        "seed": file.study.seed, "level": file.study.level, "months": file.endpoints.months,
        "zone": study.records.zone,
    }  # fmt: skip
