"""What an emulated trial yields, and `EmulationResults`, all a report of it is made of.

Hours are counted from the trial's time zero (the trigger); `hour` h is the step that begins h hours after it, and a
value "after h hours" stands at h. Risks are shares from 0 to 1.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import polars as pl

from tocsin.tables.contract import B, F, I, S, Table, may, need
from tocsin.tables.derived import ACCOUNT, EFFECTS, FINDINGS, PARAMETERS
from tocsin.tables.study import CITATIONS, WARNINGS

#: Analyses in the order in which they are shown; only `emulated` answers the question.
ANALYSES = (
    "by_received", "treated_or_not", "aligned_unadjusted", "emulated", "emulated_truncated", "g_formula",
)  # fmt: skip
CURVE_ANALYSES = ("aligned_unadjusted", "emulated", "emulated_truncated", "g_formula")
USES = ("no", "exploratory", "careful", "full")

_OUTCOME = need("outcome", S, "outcome, e.g. crs_grade_3")
_ARM = need("arm", S, "arm, a strategy's name")

PROTOCOL = Table(
    "protocol",
    "the trial one would run beside what the records allow, element by element (TARGET 2025)",
    (
        need("element", S, "element of the protocol"),
        need("element_zh", S, "element, Chinese"),
        need("specification", S, "the trial one would run"),
        need("specification_zh", S, "the same in Chinese"),
        need("emulation", S, "how these records emulate it"),
        need("emulation_zh", S, "the same in Chinese"),
    ),
    ("element",),
)
ASKED = Table(
    "asked",
    "what was asked about, and how far these patients carry an answer",
    (
        _OUTCOME,
        need("words", S, "outcome in words"),
        need("words_zh", S, "the same in Chinese"),
        need("competing", S, "what ends the chance of it: death, death of another cause, or nothing"),
        need("competing_zh", S, "the same in Chinese"),
        need("main", B, "the first outcome asked about"),
        need("courses", I, "courses in the analysis", low=0),
        need("hours", pl.Int64, "hours of all courses", "h", low=0),
        need("hours_at_risk", pl.Int64, "of these without a dose yet", "h", low=0),
        need("starts", I, "courses whose first dose counts", low=0),
        need("events", I, "courses with the outcome", low=0),
        need("competing_events", I, "courses ended by the competing event", low=0),
        need("lost", I, "courses lost to follow-up before the horizon", low=0),
        need("estimable", B, "an emulated estimate exists"),
        may("why_not", S, "why it does not"),
        may("why_not_zh", S, "the same in Chinese"),
        need("use", S, "what this number of patients allows", choices=USES),
        need("allows", S, "the sentence of the report"),
        need("allows_zh", S, "the same in Chinese"),
        need("exceeded", S, "where the settings go beyond it; empty = nowhere"),
        need("fit", S, "how the chance of a first dose was fitted: maximum likelihood, ridge, firth"),
    ),
    ("outcome",),
)
FLOW = Table(
    "flow",
    "from the courses of the records to those in the trial: every course that leaves is counted with its reason",
    (
        may("outcome", S, "null = for every outcome"),
        need("step", S, "rule applied"),
        need("step_zh", S, "the same in Chinese"),
        need("courses_in", I, "before", low=0),
        need("courses_out", I, "after", low=0),
        need("why", S, "who left"),
        need("why_zh", S, "the same in Chinese"),
    ),
)
ELIGIBLE = Table(
    "eligible",
    "one row a course in the trial",
    (
        need("course_id", S, "course"),
        need("time_zero", I, "minute of the trigger since the course's minute 0", "min"),
        may("given", I, "minutes from time zero to the first dose", "min", low=0),
        need("ends", I, "minutes from time zero to the end of what is known in hospital", "min", low=0),
        need("follows", S, "arms the course follows to the end of its grace period, joined by ;"),
    ),
    ("course_id",),
)
COVARIATES = Table(
    "covariates",
    "what the chance of a first dose was modelled on: one row a column of the model",
    (
        _OUTCOME,
        need("covariate", S, "name as asked for"),
        need("column", S, "column of the model"),
        need("words", S, "in words, with unit"),
        need("words_zh", S, "the same in Chinese"),
        may("unknown_share", F, "share of the hours at risk in which it is unknown", low=0, high=1),
        may("age_h", F, "median age of the value in the hours at risk", "h", low=0),
        may("odds_ratio", F, "odds of a first dose in the hour per unit; null = not used", low=0),
        may("low", F, "95 % interval, from the model alone", low=0),
        may("high", F, "95 % interval", low=0),
        need("note", S, "why it is not used, how unknown is treated"),
    ),
    ("outcome", "column"),
)
WEIGHTS = Table(
    "weights",
    "weights by hour and arm",
    (
        _OUTCOME, _ARM,
        need("hour", I, "hour from time zero", "h", low=0),
        need("clones", F, "clones still following the arm", low=0),
        need("effective", F, "effective number, (sum w)^2 / sum w^2", low=0),
        need("largest", F, "largest weight", low=0),
        may("mean", F, "mean weight over all clones, censored 0, dead keep theirs: 1 is expected", low=0),
    ),
    ("outcome", "arm", "hour"),
)  # fmt: skip
RISKS = Table(
    "risks",
    "cumulative incidence of the outcome by arm, with intervals; the first row is hour 0",
    (
        _OUTCOME,
        need("analysis", S, "which analysis", choices=CURVE_ANALYSES),
        _ARM,
        need("hour", I, "hours after time zero", "h", low=0),
        need("risk", F, "cumulative incidence of the outcome", low=0, high=1),
        may("low", F, "lower limit", low=0, high=1),
        may("high", F, "upper limit", low=0, high=1),
        need("competing", F, "cumulative incidence of the competing event", low=0, high=1),
        may("clones", F, "clones that follow the arm in the hour that begins here", low=0),
    ),
    ("outcome", "analysis", "arm", "hour"),
)
FOLLOWED = Table(
    "followed",
    "what became of each arm's clones, and what hangs on the last grace hour",
    (
        _OUTCOME, _ARM,
        need("clones", I, "clones, one a course", low=0),
        need("too_early", I, "left by a dose before it was due", low=0),
        need("too_late", I, "left by no dose to the end of the grace period", low=0),
        need("followed", I, "followed to the end", low=0),
        may("grace_hours", I, "grace period", "h", low=1),
        may("last_hour", I, "starts in the last step of the grace period", low=0),
        may("last_hour_share", F, "share of the arm's weight that they carry at the end", low=0, high=1),
        need("note", S, "hours in which somebody could start and nobody did"),
        need("note_zh", S, "the same in Chinese"),
    ),
    ("outcome", "arm"),
)  # fmt: skip
POSITIVITY = Table(
    "positivity",
    "who could start and who did, by grade and hours from time zero; in an empty cell the model speaks alone",
    (
        _OUTCOME,
        need("stratum", S, "proved grade on the cohort's scale, e.g. grade 2"),
        need("stratum_zh", S, "the same in Chinese"),
        need("from_hour", I, "first hour of the band", "h", low=0),
        need("to_hour", I, "first hour after it", "h", low=1),
        need("at_risk", I, "hours at risk", "h", low=0),
        need("starts", I, "first doses", low=0),
        may("chance", F, "first doses per hour at risk; null = no hour", low=0, high=1),
        need("note", S, "nobody at risk, nobody started, everybody started; empty = both happen"),
        need("note_zh", S, "the same in Chinese"),
    ),
    ("outcome", "stratum", "from_hour"),
)
BALANCE = Table(
    "balance",
    "standardised differences between the clones of two arms over time, with and without weights",
    (
        _OUTCOME,
        need("contrast", S, "arm v arm"),
        need("hour", I, "hour from time zero", "h", low=0),
        need("covariate", S, "column of the model"),
        need("when", S, "value at time zero, or now", choices=("baseline", "now")),
        may("smd", F, "weighted"),
        may("smd_unweighted", F, "without weights"),
    ),
    ("outcome", "contrast", "hour", "covariate", "when"),
)
COMPARISON = Table(
    "comparison",
    "the naive analyses beside the emulated one: risks at the same hours after time zero",
    (
        _OUTCOME,
        need("analysis", S, "which analysis", choices=ANALYSES),
        need("words", S, "what it does"),
        need("words_zh", S, "the same in Chinese"),
        need("hour", I, "hours after time zero", "h", low=1),
        need("arm", S, "first arm"),
        need("against", S, "arm it is compared with"),
        may("risk", F, "risk in the first arm", low=0, high=1),
        may("risk_against", F, "risk in the other arm", low=0, high=1),
        may("difference", F, "risk difference, first less other", low=-1, high=1),
        may("low", F, "lower limit", low=-1, high=1),
        may("high", F, "upper limit", low=-1, high=1),
        may("n", I, "courses behind the first risk", low=0),
        may("n_against", I, "courses behind the other", low=0),
        need("answers", B, "answers the question of the protocol"),
        need("note", S, "why it misleads, or what to know before quoting it"),
        need("note_zh", S, "the same in Chinese"),
    ),
    ("outcome", "analysis", "hour", "arm", "against"),
)
GRID = Table(
    "grid",
    "the emulated difference of the main outcome with one open choice moved, and over trigger by grace",
    (
        _OUTCOME,
        need("parameter", S, "what is moved; `trigger x grace` for the grid"),
        need("parameter_zh", S, "the same in Chinese"),
        need("value", S, "its value, in words"),
        may("threshold", F, "grid: temperature of the trigger", "°C"),
        may("grace_hours", F, "grid: grace period", "h"),
        need("is_default", B, "the value of the main analysis"),
        need("hour", I, "hours after time zero", "h", low=1),
        need("arm", S, "first arm"),
        need("against", S, "arm it is compared with"),
        may("risk", F, "risk in the first arm", low=0, high=1),
        may("risk_against", F, "risk in the other arm", low=0, high=1),
        may("difference", F, "risk difference", low=-1, high=1),
        may("low", F, "lower limit", low=-1, high=1),
        may("high", F, "upper limit", low=-1, high=1),
        need("courses", I, "courses in the trial", low=0),
        need("starts", I, "first doses that count", low=0),
        need("note", S, "why it is not estimable, how the interval was made"),
        need("note_zh", S, "the same in Chinese"),
    ),
)
#: `effects`: contrast `early v conventional` or an arm; measure `risk`, `competing risk`, `event-free hours`, `risk
#: difference`, `risk ratio`, `difference in competing risk`, `difference in event-free hours`, `hazard ratio`, each but
#: the last followed by ` after 168 h`; truncated rows have ` (truncated)` behind the measure.
EMULATION_TABLES = (
    PROTOCOL, ASKED, FLOW, ELIGIBLE, EFFECTS, COMPARISON, RISKS, FOLLOWED, WEIGHTS, COVARIATES, POSITIVITY, BALANCE,
    GRID, WARNINGS, PARAMETERS, CITATIONS, FINDINGS, ACCOUNT,
)  # fmt: skip


@dataclass(frozen=True)
class EmulationResults:
    """All a report of an emulated trial is made of.

    `meta`: title, title_zh, question, question_zh, synthetic, synthetic_note, synthetic_note_zh, version, spec_hash,
    scale, level, seed, horizon_hours, grid_hours, hours (at which risks are printed), drug, arms, reference (the arm
    the others are compared with), time_zero (trigger in words), time_zero_zh, outcomes (names, main first), strategies
    (name, sentence, sentence_zh, source, hash, grace_hours, initiation), protocol_given (False: a default was made),
    protocol_toml (text for study.toml), bootstrap (replicates, draw, failed), inputs (file to sha256), methods (title,
    text, title_zh, text_zh), generated_with, zone. `tables`: a frame per contract of `EMULATION_TABLES` by its name.
    """

    meta: dict[str, Any]
    tables: dict[str, pl.DataFrame]

    def complete(self) -> EmulationResults:
        """The same with an empty frame for every table that is absent, each checked. Raises TocsinError `tables.*`."""
        made = {t.name: t.check(self.tables.get(t.name, t.empty())) for t in EMULATION_TABLES}
        return EmulationResults(self.meta, made)
