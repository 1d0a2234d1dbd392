"""What a design by simulation yields: one row a number of each simulated study, the truth, and how they compare."""

from __future__ import annotations

from tocsin.tables.contract import F, I, S, Table, may, need

#: In the order in which they are shown; the first two are what the literature does.
POWER_ANALYSES = (
    "by_received", "treated_or_not", "aligned_unadjusted", "emulated", "emulated_truncated", "emulated_oracle",
    "g_formula",
)  # fmt: skip
MEASURES = ("risk", "risk difference")
_OUTCOME = need("outcome", S, "outcome, e.g. crs_grade_3")
_HOUR = need("hour", I, "hours after time zero", "h", low=1)
_MEASURE = need("measure", S, "what is estimated", choices=MEASURES)
_ARM = need("arm", S, "arm")
_AGAINST = need("against", S, "arm it is compared with; empty: a risk of the arm alone")

REPLICATES = Table(
    "replicates",
    "one row a number of each simulated study",
    (
        need("replicate", I, "number of the study, from 0", low=0),
        need("analysis", S, "which analysis", choices=POWER_ANALYSES),
        _OUTCOME, _HOUR, _MEASURE, _ARM, _AGAINST,
        may("estimate", F, "estimate; null: not estimable, `failure` says why"),
        may("se", F, "its standard error as this study sees it", low=0),
        may("low", F, "lower limit"),
        may("high", F, "upper limit"),
        may("p", F, "two-sided, of no difference", low=0, high=1),
        need("n", I, "courses in the analysis", low=0),
        need("events", I, "courses with the outcome by then", low=0),
        need("failure", S, "why there is no number, or no interval; empty: there is"),
        need("rows", I, "rows of this study in the file: fewer are a study cut off in writing", low=1),
    ),
    ("replicate", "analysis", "outcome", "hour", "measure", "arm", "against"),
)  # fmt: skip
POWER_TRUTH = Table(
    "power_truth",
    "what would have happened to the trial's population had everybody followed each arm, in the assumed world",
    (
        _OUTCOME, _HOUR, _MEASURE, _ARM, _AGAINST,
        need("truth", F, "value", low=-1, high=1),
        need("truth_se", F, "how well so many virtual patients show it; paired for differences", low=0),
        need("patients", I, "virtual patients at time zero", low=1),
    ),
    ("outcome", "hour", "measure", "arm", "against"),
)  # fmt: skip
PERFORMANCE = Table(
    "performance",
    "how each analysis did: aims and measures of Morris 2019, each with its Monte-Carlo error",
    (
        need("analysis", S, "which analysis", choices=POWER_ANALYSES),
        _OUTCOME, _HOUR, _MEASURE, _ARM, _AGAINST,
        need("studies", I, "simulated studies", low=0),
        need("estimated", I, "studies with an estimate; the other figures are of these", low=0),
        need("truth", F, "value aimed at", low=-1, high=1),
        may("mean", F, "mean estimate"),
        may("bias", F, "mean estimate less truth"),
        may("bias_error", F, "its Monte-Carlo error, with that of the truth", low=0),
        may("empirical_se", F, "standard deviation of the estimates", low=0),
        may("empirical_se_error", F, "its Monte-Carlo error", low=0),
        may("rmse", F, "root mean squared error", low=0),
        may("rmse_error", F, "its Monte-Carlo error", low=0),
        may("model_se", F, "root mean square of the standard errors the studies saw", low=0),
        may("model_se_error", F, "its Monte-Carlo error", low=0),
        need("intervals", I, "studies with an interval; coverage and rejection are of these", low=0),
        may("coverage", F, "share of intervals that hold the truth", low=0, high=1),
        may("coverage_error", F, "its Monte-Carlo error", low=0),
        may("rejection", F, "share of studies that find a difference", low=0, high=1),
        may("rejection_error", F, "its Monte-Carlo error", low=0),
        need("rejection_is", S, "what that share is", choices=("power", "type-1 error", "")),
        need("failures", S, "reasons of studies without an estimate, with counts; empty: none"),
    ),
    ("analysis", "outcome", "hour", "measure", "arm", "against"),
)  # fmt: skip
POWER_TABLES = (REPLICATES, POWER_TRUTH, PERFORMANCE)
