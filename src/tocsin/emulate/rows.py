"""From analyses to the rows of the result tables."""

from __future__ import annotations

from collections.abc import Iterator
from math import exp, isfinite
from typing import Any

import numpy as np

from tocsin.effects.ccw import diagnostics
from tocsin.effects.ccw.bootstrap import effect_rows, plain_rows
from tocsin.effects.ccw.hours import COMPETING, LOST, NEVER, OUTCOME
from tocsin.effects.ccw.incidence import Curve, Quantity, hazard_ratio, quantities
from tocsin.effects.estimate import Estimate
from tocsin.emulate.analyse import Analysis, Empty, allows_zh
from tocsin.emulate.hours import strata
from tocsin.emulate.naive import percentile
from tocsin.emulate.people import Ward
from tocsin.emulate.trial import competing_words, outcome_words

BANDS = (0, 1, 6, 12, 24, 72, 168)
BALANCE_HOURS = (0, 6, 12, 24, 48, 72, 168)
Z = 1.959964
_MEASURES = {"risk": "risk", "competing": "competing risk", "free hours": "event-free hours"}
_CONTRASTS = {
    "risk": "risk difference", "risk ratio": "risk ratio", "competing": "difference in competing risk",
    "free hours": "difference in event-free hours",
}  # fmt: skip


def asked(ward: Ward, found: Analysis | Empty) -> dict[str, Any]:
    """The row of `asked`."""
    words, rival = outcome_words(found.outcome, ward.trial.scale), competing_words(found.outcome)
    row: dict[str, Any] = {
        "outcome": found.outcome, "words": words[0], "words_zh": words[1], "competing": rival[0],
        "competing_zh": rival[1], "main": found.outcome == ward.trial.outcomes[0],
    }  # fmt: skip
    if isinstance(found, Empty):
        zero = dict.fromkeys(("courses", "hours", "hours_at_risk", "starts", "events", "competing_events", "lost"), 0)
        return row | zero | {"estimable": False, "why_not": found.why[0], "why_not_zh": found.why[1], "use": "no",
                             "allows": found.why[0], "allows_zh": found.why[1], "exceeded": "", "fit": ""}  # fmt: skip
    hours, step = found.hours, ward.trial.protocol.grid_hours
    return row | {
        "courses": hours.n, "hours": hours.patient.size * step, "hours_at_risk": int((~hours.treated).sum()) * step,
        "starts": int((hours.begun < NEVER).sum()), "events": int((hours.last == OUTCOME).sum()),
        "competing_events": int((hours.last == COMPETING).sum()), "lost": int((hours.last == LOST).sum()),
        "estimable": found.point is not None, "why_not": found.why[0] or None, "why_not_zh": found.why[1] or None,
        "use": found.allowed.use, "allows": found.allowed.sentence, "allows_zh": allows_zh(found.allowed),
        "exceeded": "; ".join(found.exceeded), "fit": found.fit,
    }  # fmt: skip


# --- effects ----------------------------------------------------------------------------------------------------------


def effects(ward: Ward, found: Analysis, spec: str) -> Iterator[dict[str, Any]]:
    """Rows of `effects`: untruncated, truncated, and last the weighted hazard ratio."""
    level = ward.trial.protocol.level
    if found.point is None or found.prepared is None:
        for arm, other in ward.trial.pairs:
            for hour in ward.trial.hours:
                yield {
                    "outcome": found.outcome, "contrast": f"{arm} v {other}",
                    "measure": f"risk difference after {hour} h", "level": level, "method": "clone, censor, weight",
                    "n": found.hours.n, "note": f"not estimable: {found.why[0]}", "spec_hash": spec,
                }  # fmt: skip
        return
    at = [h // ward.trial.protocol.grid_hours for h in ward.trial.hours]
    reference = ward.trial.names.index(ward.trial.reference)
    asked_for = quantities(list(ward.trial.names), at, reference)
    for truncated in (False, True):
        if found.boot is not None:
            made = effect_rows(found.prepared, found.point, found.boot, level=level, truncated=truncated)
        elif not truncated:
            made = plain_rows(found.prepared, found.point, at, reference)
        else:
            continue
        for quantity, row in zip(asked_for, made, strict=True):
            yield _effect(ward, found, quantity, row, spec, " (truncated)" if truncated else "")
    for arm, other in ward.trial.pairs:
        yield _hazard(ward, found, (arm, other), spec)


def _effect(ward: Ward, found: Analysis, q: Quantity, row: Estimate, spec: str, more: str) -> dict[str, Any]:
    names, g = ward.trial.names, ward.trial.protocol.grid_hours
    contrast = names[q.arm] if q.against is None else f"{names[q.arm]} v {names[q.against]}"
    said = (_MEASURES if q.against is None else _CONTRASTS)[q.what]
    scale = g if q.what == "free hours" else 1
    return _row(found, contrast, f"{said} after {q.hours * g} h{more}", row, spec, scale)


def _row(found: Analysis, contrast: str, measure: str, row: Estimate, spec: str, scale: int = 1) -> dict[str, Any]:
    def times(value: float | None) -> float | None:
        return None if value is None else value * scale

    return {
        "outcome": found.outcome, "contrast": contrast, "measure": measure, "estimate": times(row.estimate),
        "low": times(row.low), "high": times(row.high), "level": row.level, "p": None, "method": row.method, "n": row.n,
        "events": row.events, "note": row.note, "spec_hash": spec,
    }  # fmt: skip


def _hazard(ward: Ward, found: Analysis, pair: tuple[str, str], spec: str) -> dict[str, Any]:
    """The weighted hazard ratio; last, because it has no meaning for two risks."""
    assert found.point is not None
    arms = tuple(found.point.weighted[ward.trial.names.index(name)] for name in pair)
    try:
        row = hazard_ratio(found.hours, (arms[0], arms[1]), level=ward.trial.protocol.level)
    except (ValueError, np.linalg.LinAlgError) as error:
        row = Estimate("hazard ratio", None, None, None, ward.trial.protocol.level, "weighted Cox", found.hours.n, None,
                       f"not estimable: {error}")  # fmt: skip
    made = _row(found, " v ".join(pair), "hazard ratio", row, spec)
    second = "a figure of second rank: it averages over time and takes the weights as known"
    return made | {"level": ward.trial.protocol.level, "note": "; ".join(part for part in (second, row.note) if part)}


# --- curves and weights -----------------------------------------------------------------------------------------------


def risks(ward: Ward, found: Analysis) -> Iterator[dict[str, Any]]:
    """Rows of `risks`: curves of every analysis, the first row of each at hour 0."""
    yield from _curves(ward, found, "aligned_unadjusted", found.plain, found.plain_draws)
    if found.point is not None:
        draws = found.boot.incidence if found.boot is not None else None
        yield from _curves(ward, found, "emulated", found.point.curves, draws)
        yield from _curves(ward, found, "emulated_truncated", found.point.truncated, None)
    if found.g is not None:
        yield from _curves(ward, found, "g_formula", found.g.curves, None, clones=False)


def _curves(ward: Ward, found: Analysis, analysis: str, curves: tuple[Curve, ...], draws: Any, *,
            clones: bool = True) -> Iterator[dict[str, Any]]:  # fmt: skip
    g = ward.trial.protocol.grid_hours
    for k, made in enumerate(curves):
        first = {"outcome": found.outcome, "analysis": analysis, "arm": made.rule}
        start = float(made.clones[0]) if clones else None
        yield first | {"hour": 0, "risk": 0.0, "low": None, "high": None, "competing": 0.0, "clones": start}
        for h in range(made.ends):
            low, high = percentile(draws[:, k, h], ward) if draws is not None else (None, None)
            following = float(made.clones[h + 1]) if clones and h + 1 < made.clones.size else None
            yield first | {
                "hour": (h + 1) * g, "risk": _share(made.incidence[h]), "low": low, "high": high,
                "competing": _share(made.competing[h]), "clones": following,
            }  # fmt: skip


def _share(value: float) -> float:
    return float(min(max(value, 0.0), 1.0))


def weights(ward: Ward, found: Analysis) -> Iterator[dict[str, Any]]:
    """Rows of `weights`."""
    if found.point is None:
        return
    for arm in diagnostics.by_hour(found.hours, found.point):
        for h in range(found.hours.horizon):
            mean = float(arm.mean[h])
            yield {
                "outcome": found.outcome, "arm": arm.rule, "hour": h * ward.trial.protocol.grid_hours,
                "clones": float(arm.clones[h]), "effective": float(arm.effective[h]),
                "largest": float(arm.largest[h]), "mean": mean if isfinite(mean) else None,
            }  # fmt: skip


def followed(ward: Ward, found: Analysis) -> Iterator[dict[str, Any]]:
    """Rows of `followed`; without weights what they carry is unknown."""
    for made in found.point.weighted if found.point is not None else found.flats:
        row, g = diagnostics.followed(found.hours, made), ward.trial.protocol.grid_hours
        share = row.last_hour_share if found.point is not None else None
        empty = ", ".join(f"{h * g}" for h in row.empty_hours)
        yield {
            "outcome": found.outcome, "arm": row.rule, "clones": row.clones, "too_early": row.too_early,
            "too_late": row.too_late, "followed": row.followed,
            "grace_hours": None if made.rule.grace is None else made.rule.grace * g, "last_hour": row.last_hour,
            "last_hour_share": None if share is None else _share(share),
            "note": f"nobody started {empty} h into the grace period: nobody stands for those the arm would start then"
            if empty else "",
            "note_zh": f"宽限期第 {empty} 小时无人用药：该策略本应此时用药者无人代表" if empty else "",
        }  # fmt: skip


def covariates(found: Analysis) -> Iterator[dict[str, Any]]:
    """Rows of `covariates`: every column with how it was used and what it did to the chance of a first dose."""
    fit = found.point.fits[0] if found.point is not None else None
    used = dict(zip(fit.names, zip(fit.coef, fit.se, strict=True), strict=True)) if fit is not None else {}
    left = found.prepared.start.left_out if found.prepared is not None else {}
    for one in found.ready.shown:
        ratio = _ratio(used.get(one.column))
        note = one.note or (f"left out: {left[one.column]}" if one.column in left else "")
        yield {
            "outcome": found.outcome, "covariate": one.covariate, "column": one.column, "words": one.words,
            "words_zh": one.words_zh, "unknown_share": one.unknown, "age_h": one.age, "odds_ratio": ratio[0],
            "low": ratio[1], "high": ratio[2], "note": note,
        }  # fmt: skip
    columns = {one.column for one in found.ready.shown}
    for name in used:
        if name not in columns and name != "intercept":
            ratio = _ratio(used[name])
            yield {
                "outcome": found.outcome, "covariate": "hour", "column": name, "words": name, "words_zh": "距时间零点",
                "unknown_share": 0.0, "age_h": None, "odds_ratio": ratio[0], "low": ratio[1], "high": ratio[2],
                "note": "",
            }  # fmt: skip


def _ratio(pair: tuple[float, float] | None) -> tuple[float | None, float | None, float | None]:
    if pair is None or not all(isfinite(x) for x in pair):
        return None, None, None
    return tuple(exp(min(max(pair[0] + side * Z * pair[1], -300), 300)) for side in (0, -1, 1))  # pyright: ignore[reportReturnType]


_CELL_ZH = {"": "", "nobody at risk": "无人有风险", "nobody started": "无人用药", "everybody started": "全部用药"}


def positivity(ward: Ward, found: Analysis) -> Iterator[dict[str, Any]]:
    """Rows of `positivity`: starts by grade at the start of the step and hours from time zero."""
    codes, labels = strata(found.ready.table, ward.trial.scale)
    g, horizon = ward.trial.protocol.grid_hours, found.hours.horizon
    edges = sorted({h // g for h in BANDS if h // g < horizon})
    cells = diagnostics.positivity(found.hours, codes, [en for en, _ in labels], edges)
    bounds = [*edges, horizon]
    for k, cell in enumerate(cells):
        band = k % len(edges)
        if not cell.at_risk and cell.stratum.endswith("unknown"):
            continue
        yield {
            "outcome": found.outcome, "stratum": cell.stratum, "stratum_zh": dict(labels)[cell.stratum],
            "from_hour": bounds[band] * g, "to_hour": bounds[band + 1] * g, "at_risk": cell.at_risk * g,
            "starts": cell.starts, "chance": cell.chance, "note": cell.note, "note_zh": _CELL_ZH[cell.note],
        }  # fmt: skip


def balance(ward: Ward, found: Analysis) -> Iterator[dict[str, Any]]:
    """Rows of `balance`."""
    if found.point is None:
        return
    g = ward.trial.protocol.grid_hours
    at = sorted({h // g for h in BALANCE_HOURS if h // g < found.hours.horizon})
    for arm, other in ward.trial.pairs:
        a, b = (found.point.weighted[ward.trial.names.index(name)] for name in (arm, other))
        for row in diagnostics.balance_over_time(found.hours, (a, b), at):
            yield {
                "outcome": found.outcome, "contrast": f"{arm} v {other}", "hour": row.hour * g,
                "covariate": row.covariate, "when": row.when, "smd": row.weighted.smd,
                "smd_unweighted": row.unweighted.smd,
            }  # fmt: skip


def eligible(ward: Ward, found: Analysis | Empty, people: Any) -> Iterator[dict[str, Any]]:
    """Rows of `eligible`: every course in the trial; what it follows is judged for the main outcome."""
    follows: dict[str, list[str]] = {}
    if isinstance(found, Analysis):
        ids = found.ready.table.people.get_column("course_id").to_list()
        for flat in found.flats:
            left = flat.censored_at(found.hours)
            for course, at in zip(ids, left, strict=True):
                if at == NEVER:
                    follows.setdefault(course, []).append(flat.rule.name)
    for row in people.iter_rows(named=True):
        yield {
            "course_id": row["course_id"], "time_zero": row["zero"],
            "given": None if row["given"] is None else row["given"] - row["zero"],
            "ends": max(row["seen_to"] - row["zero"], 0), "follows": ";".join(follows.get(row["course_id"], [])),
        }  # fmt: skip
