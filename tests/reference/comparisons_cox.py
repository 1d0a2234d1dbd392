"""Cox, Firth and time-dependent treatment beside R; the scheme of `comparisons.py`.

R stops Newton's steps once the likelihood moves by less than 1e-9 of itself, so its coefficients carry an error of up
to about 1e-8 of themselves while likelihoods agree to 1e-12; Nelder-Mead and BFGS leave about 4e-7 in Firth's.
``wald`` is printed by R with two decimals and compared so.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np

from reference.comparisons import Value, data, reference, several
from reference.tolerances import CLOSED, COUNT, Tolerance
from tocsin.effects import cox, cox_checks, curves, firth, time_dependent
from tocsin.effects.survival import number_at_risk

LIKELIHOOD = Tolerance(1e-11, 0, "flat at the maximum: R's early stop does not show")
NEWTON = Tolerance(1e-7, 0, "R stops Newton's steps at 1e-9 of the log likelihood")
NEWTON_P = Tolerance(1e-6, 0, "as NEWTON, times z squared, by which p follows z")
SEARCH = Tolerance(2e-6, 0, "R maximises by BFGS with numerical gradients, limits by a root search to 1e-8")
TWO_DECIMALS = Tolerance(0, 1e-9, "R rounds the Wald statistic to two decimals, and so do we here")


def columns(name: str) -> dict[str, np.ndarray]:
    """The data without rows that lack a value, as R's na.omit."""
    d = data(name)
    whole = np.all([column != "" for column in d.values()], axis=0) if name == "lung" else slice(None)
    return {key: column[whole] for key, column in d.items()}


def model(name: str, terms: list[str]) -> tuple[np.ndarray, np.ndarray, dict[str, np.ndarray], dict[str, Any]]:
    """Time, event, covariates (R's dummy names split into column and label) and what else the call needs."""
    d = columns(name)
    covariates: dict[str, np.ndarray] = {}
    for term in terms:
        column = next(c for c in d if term == c or (term.startswith(c) and term[len(c) :] in d[c]))
        covariates[term] = d[term].astype(float) if term == column else (d[column] == term[len(column) :]).astype(float)
    if "start" in d:
        return d["stop"].astype(float), d["event"].astype(int), covariates, {"start": d["start"].astype(float)}
    return d["time"].astype(float), d["event"].astype(int), covariates, {}


def listed(block: Any) -> list[float]:
    return list(block.values()) if isinstance(block, dict) else list(np.atleast_1d(block))


def fit_values(name: str, r: dict[str, Any], fit: cox.Cox) -> Iterator[Value]:
    yield from several(f"{name} coef", listed(r["coef"]), fit.coef, NEWTON)
    yield from several(f"{name} se", listed(r["se"]), fit.se, NEWTON)
    yield from several(f"{name} z", listed(r["z"]), fit.coef / fit.se, NEWTON)
    yield from several(f"{name} p", listed(r["p"]), [row.p for row in fit.rows], NEWTON_P)
    yield from several(f"{name} low", listed(r["hr_lower"]), [row.low for row in fit.rows], NEWTON)
    yield from several(f"{name} high", listed(r["hr_upper"]), [row.high for row in fit.rows], NEWTON)
    yield from several(f"{name} ratio", np.exp(listed(r["coef"])).tolist(), [x.estimate for x in fit.rows], NEWTON)
    yield from several(f"{name} loglik null", r["loglik_null"], fit.loglik_null, LIKELIHOOD)
    yield from several(f"{name} loglik", r["loglik"], fit.loglik, LIKELIHOOD)
    yield from several(f"{name} lr", r["lr"], fit.likelihood_ratio.estimate, LIKELIHOOD)
    yield from several(f"{name} lr p", r["lr_p"], fit.likelihood_ratio.p, LIKELIHOOD)
    yield from several(f"{name} score", r["score"], fit.score.estimate, LIKELIHOOD)
    assert fit.wald.estimate is not None
    yield from several(f"{name} wald", r["wald"], round(fit.wald.estimate, 2), TWO_DECIMALS)
    yield from several(f"{name} concordance", r["concordance"], cox_checks.concordance(fit).estimate, CLOSED)
    yield from several(f"{name} n", r["n"], fit.n, COUNT)
    yield from several(f"{name} events", r["nevent"], fit.events, COUNT)


def cox_file() -> Iterator[Value]:
    for name, block in reference("cox").items():
        if name == "meta":
            continue
        for ties in ("efron", "breslow", "exact"):
            if ties not in block:
                continue
            t, e, covariates, more = model(name, list(block[ties]["coef"]))
            fit = cox.cox(t, e, covariates, ties=ties, **more)
            yield from fit_values(f"{name} {ties}", block[ties], fit)
            if ties != "efron" or name == "heart_timedep":
                continue
            zph = block["zph_km"]
            rows = cox_checks.proportional_hazards(fit)
            yield from several(f"{name} zph", zph["chisq"], [row.estimate for row in rows], NEWTON)
            yield from several(f"{name} zph p", zph["p"], [row.p for row in rows], NEWTON)
            robust = cox.cox(t, e, covariates, robust=True)
            yield from several(f"{name} robust", listed(block["robust_se_efron"]), robust.se, NEWTON)


def heart() -> Iterator[Value]:
    block, d = reference("cox")["heart_timedep"], data("heart_timedep")
    start, stop = d["start"].astype(float), d["stop"].astype(float)
    event, treated, patient = d["event"].astype(int), d["transplant"].astype(int), d["id"].astype(int)
    r = block["mantel_byar_score"]
    test = time_dependent.mantel_byar(start, stop, event, treated, patient)
    yield from several("mantel-byar", r["score_chisq_exact"], test.estimate, CLOSED)
    fits = {
        ties: cox.cox(stop, event, {"x": treated}, start=start, ties=ties) for ties in ("efron", "breslow", "exact")
    }
    for ties, fit in fits.items():
        yield from several(f"score {ties}", r[f"score_chisq_{ties}"], fit.score.estimate, CLOSED)
    yield from several("coef", [r["coef"], r["se"]], [fits["efron"].coef[0], fits["efron"].se[0]], NEWTON)
    r = block["simon_makuch"]
    both = time_dependent.simon_makuch(start, stop, event, treated, patient)
    for i, stratum in enumerate(r["strata"]):
        curve, at = both[int(stratum[-1])], r["time"][i]
        (row,) = time_dependent.simon_makuch_at((curve, curve), [at])[:1]
        place = int(np.searchsorted(curve.time, at, side="right")) - 1
        name = f"{stratum} at {at}"
        yield from several(f"{name} at risk", r["n_risk"][i], number_at_risk(curve, [at])[0], COUNT)
        yield from several(f"{name} se", r["se"][i], curve.se[place], CLOSED)
        expected = [r[key][i] for key in ("surv", "lower", "upper")]
        yield from several(name, expected, [row.estimate, row.low, row.high], CLOSED)
    who = np.unique(patient)
    end = np.array([stop[patient == i].max() for i in who])
    died = np.array([event[patient == i][np.argmax(stop[patient == i])] for i in who])
    begin = np.array([min(start[(patient == i) & (treated == 1)], default=np.inf) for i in who])
    marks = time_dependent.landmarks(end, died, begin, [r["L"] for r in block["landmark"]])
    for r, mark in zip(block["landmark"], marks, strict=True):
        name = f"landmark {r['L']}"
        yield from several(f"{name} n", [r["n0"], r["n1"]], [mark.untreated, mark.treated], COUNT)
        yield from several(f"{name} chisq", r["chisq"], mark.log_rank.estimate, CLOSED)
        row = mark.hazard_ratio
        coef, se = np.log(row.estimate), np.log(row.high / row.low) / (2 * 1.959963984540054)
        yield from several(f"{name} cox", [r["coef"], r["se"]], [coef, se], NEWTON)


def firth_file() -> Iterator[Value]:
    for key, blocks in reference("cox_firth").items():
        if key == "meta" or key.endswith("_note"):
            continue
        name = key.split("_")[0]
        for r in blocks:
            t, e, covariates, _ = model(name, list(np.atleast_1d(r["terms"])))
            if key == "toy22_separated":
                e = np.where(data(name)["group"] == "1", 0, e)
            fit = firth.firth(t, e, covariates, ties=r["ties"])
            prefix = f"{key} {r['ties']}"
            for what, computed in (("coef", fit.coef), ("se", fit.se)):
                yield from several(f"{prefix} {what}", listed(r[what]), computed, SEARCH)
            yield from several(f"{prefix} loglik", r["penalised_loglik"], fit.penalised_loglik, LIKELIHOOD)
            for what, side, log in (("profile_lower", "low", fit.low), ("profile_upper", "high", fit.high)):
                yield from several(f"{prefix} {what}", listed(r[what]), log, SEARCH)
                shown = [getattr(row, side) for row in fit.rows]
                yield from several(f"{prefix} {side}", np.exp(listed(r[what])).tolist(), shown, SEARCH)
            yield from several(f"{prefix} p", listed(r["p_penalised_lr"]), [row.p for row in fit.rows], SEARCH)


def cause_specific() -> Iterator[Value]:
    d = data("mgus2_competing")
    t, status = d["time"].astype(float), d["status"].astype(int)
    covariates = {"sexM": (d["sex"] == "M").astype(float), "age": d["age"].astype(float)}
    for cause, name in ((1, "cause_specific_pcm"), (2, "cause_specific_death")):
        r = reference("competing")["mgus2"][name]
        fit = cox.cox(t, (status == cause).astype(int), {term: covariates[term] for term in r["coef"]})
        yield from fit_values(name, r, fit)


def log_rank_is_the_score() -> Iterator[Value]:
    """The exact likelihood's score test is the log-rank test of R's ``survdiff``."""
    for name in ("aml", "leukemia_6mp"):
        d = columns(name)
        t, e, group = d["time"].astype(float), d["event"].astype(int), (d["group"] == d["group"][0]).astype(int)
        score = cox.cox(t, e, {"group": group}, ties="exact").score
        chi = curves.log_rank(t, e, group).chi_square
        yield from several(f"{name} score", chi, score.estimate, CLOSED)


FILES = {
    "cox": (cox_file, 270),
    "heart": (heart, 55),
    "cox_firth": (firth_file, 60),
    "cause_specific": (cause_specific, 40),
    "log_rank_is_the_score": (log_rank_is_the_score, 2),
}
