"""One outcome of a trial: rows, weights, curves and intervals; and, where they cannot be had, why."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import polars as pl

from tocsin.effects.ccw.bootstrap import Bootstrap, bootstrap, multiplicities
from tocsin.effects.ccw.emulation import Emulated, Prepared, Settings, estimate, prepare
from tocsin.effects.ccw.g_formula import Covariate, GFormula, g_formula
from tocsin.effects.ccw.hazard import Penalty, Terms
from tocsin.effects.ccw.hours import LOST, NEVER, Hours, Rule
from tocsin.effects.ccw.incidence import Curve, curve
from tocsin.effects.ccw.ladder import Allowed, allowed, exceeded
from tocsin.effects.ccw.weights import Weighted, weigh
from tocsin.emulate.covariates import DUE, FloatArray
from tocsin.emulate.hours import Ready, Table, clock_terms, ready, table_of
from tocsin.emulate.outcomes import followed_up
from tocsin.emulate.people import Enrolled, Ward
from tocsin.errors import TocsinError
from tocsin.protocol import FACTS

#: What is tried, in this order, where the protocol names no covariates.
USUAL = (
    "hour", "grade", "temperature", "hours_febrile", "vasopressors", "oxygen", "crp", "ferritin", "blasts_percent",
    "age_y", "temperature_trend", "hypotension", "systolic", "spo2", "il6", "calendar", "centre",
)  # fmt: skip
PENALTIES: dict[str, Penalty] = {"maximum likelihood": "none", "ridge": "ridge", "firth": "firth"}
FIT_WORDS = {"none": "maximum likelihood", "ridge": "ridge, normal prior with SD 2.5", "firth": "Firth, with FLIC"}
G_DRAWS, G_LEAST = 4_000, 100
G_FAR = 0.05  # a natural course further than this from what was observed makes the g-formula no check [R]
MOST_CENTRES = 6  # more would each rest on a handful of doses; name `centre` to use them all [R]
LOST_PER_COLUMN = 8
Told = Callable[[int], None]


@dataclass(frozen=True, eq=False)
class Analysis:
    """What came of one outcome. Without `point` nothing was emulated and `why` says it; the rest is there all the same.

    `flats` are the clones of every arm without weights, `plain` their curves, `plain_draws` (replicates, arms, steps)
    their bootstrap; `g` the g-formula, `g_note` why there is none.
    """

    outcome: str
    flow: pl.DataFrame
    ready: Ready
    allowed: Allowed
    covariates: tuple[str, ...]
    flats: tuple[Weighted, ...]
    plain: tuple[Curve, ...]
    prepared: Prepared | None = None
    point: Emulated | None = None
    boot: Bootstrap | None = None
    plain_draws: FloatArray | None = None
    g: GFormula | None = None
    g_note: str = ""
    why: tuple[str, str] = ("", "")
    exceeded: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    fit: str = ""

    @property
    def hours(self) -> Hours:
        """The rows the estimator read."""
        return self.ready.hours


@dataclass(frozen=True)
class Empty:
    """An outcome nobody can answer for: no course is left."""

    outcome: str
    flow: pl.DataFrame
    why: tuple[str, str]


@dataclass(frozen=True)
class Plan:
    """How much is computed: replicates of the bootstrap, whether by one Newton step, and who hears of it.

    `rules` replace those of the trial: any number share one model of the first dose.
    """

    replicates: int
    one_step: bool = False
    side: bool = True
    told: Told | None = field(default=None)
    rules: Callable[[Table], tuple[Rule, ...]] | None = None


def analyse(ward: Ward, enrolled: Enrolled, outcome: str, plan: Plan) -> Analysis | Empty:
    """Everything about one outcome. Never raises for the data: what cannot be estimated says why."""
    rows, flow = followed_up(ward, enrolled.people, outcome)
    if rows.is_empty():
        return Empty(outcome, flow, ("no course is left", "没有疗程剩下"))
    doses = int((rows.get_column("given") <= rows.get_column("stop")).fill_null(False).sum())
    names = ward.trial.protocol.covariates or usual(ward, allowed(rows.height, doses))
    table = table_of(ward, rows, outcome, names)
    step = allowed(rows.height, int((table.begun < NEVER).sum()))
    auto = not ward.trial.protocol.covariates
    clock, clock_names = clock_terms(names, ward.trial.steps, ward.trial.protocol.grid_hours)
    most = max(step.most_parameters - len(clock_names), 0) if auto else None
    made = ready(ward, table, most)
    made = replace(made, rules=plan.rules(table)) if plan.rules is not None else made
    flats = tuple(_flat(made.hours, rule_of) for rule_of in made.rules)
    found = Analysis(
        outcome, flow, made, step, names, flats, tuple(curve(made.hours, flat) for flat in flats),
    )  # fmt: skip
    if step.use == "no":
        return replace(found, why=(step.sentence, allows_zh(step)))
    try:
        return _weighted(ward, found, plan, Terms(None, clock, clock_names))
    except TocsinError as error:
        said = "; ".join(" ".join(str(problem).split()) for problem in error.problems)
        return replace(found, why=(said, f"无法估计：{said}"))


def usual(ward: Ward, step: Allowed) -> tuple[str, ...]:
    """The usual covariates that the records hold, with a curve of the hour where the patients carry one."""
    read = set(ward.records.measurements.get_column("variable").unique().to_list())
    facts = ward.records.patients
    held = {name for name in FACTS if name in facts.columns and facts.get_column(name).is_not_null().any()}
    if ward.courses.get_column("age_y").is_not_null().any():
        held.add("age_y")
    if not 1 < facts.get_column("centre").drop_nulls().n_unique() <= MOST_CENTRES:
        held.discard("centre")
    kept = [
        name
        for name in USUAL
        if (name not in FACTS or name in held or name == "calendar")
        and (not _variable(name) or name.removesuffix("_trend") in read)
    ]
    return ("hour_spline" if step.splines and step.most_parameters >= 10 else "hour", *kept[1:])


def _variable(name: str) -> bool:
    from tocsin.vocabulary import variables

    return name.removesuffix("_trend") in variables()


def _flat(hours: Hours, rule: Rule) -> Weighted:
    """A rule's clones with weight 1 while they follow it: which rows these are does not depend on any model."""
    ones = np.ones(int(hours.untreated.sum()))
    made = weigh(hours, rule, ones, ones)
    return Weighted(rule, (made.weight > 0).astype(np.float64), (made.tail > 0).astype(np.float64), np.empty(0))


def _weighted(ward: Ward, found: Analysis, plan: Plan, start: Terms) -> Analysis:
    """Adds the emulated part. Raises TocsinError where the weights cannot be had."""
    protocol, hours = ward.trial.protocol, found.hours
    loss, loss_note = _loss(ward, found, start)
    baseline = Terms((), start.by_hour, start.by_hour_names)
    settings = Settings(start, "none", baseline, loss, protocol.truncation)
    prepared, point, notes = _fitted(ward, found, settings)
    at = [h // protocol.grid_hours for h in ward.trial.hours]
    reference = [rule.name for rule in found.ready.rules].index(ward.trial.reference)
    boot, draws = None, None
    draw = "bayesian" if protocol.draw == "auto" and hours.n < 100 else protocol.draw
    draw = "multinomial" if draw == "auto" else draw
    if plan.replicates:
        boot = bootstrap(
            prepared, point, at, replicates=plan.replicates, reference=reference, draw=draw, seed=protocol.seed,
            one_step=plan.one_step, told=plan.told,
        )  # fmt: skip
        draws = _plain_draws(found, plan.replicates, draw, protocol.seed) if plan.side else None
    g, g_note = _g_formula(ward, found, start) if plan.side else (None, "")
    beyond = tuple(exceeded(prepared, draw))
    notes = tuple(dict.fromkeys((*point.notes, *notes, *loss_note)))
    fit = FIT_WORDS[prepared.settings.penalty]
    return replace(
        found, prepared=prepared, point=point, boot=boot, plain_draws=draws, g=g, g_note=g_note, exceeded=beyond,
        notes=notes, fit=fit,
    )  # fmt: skip


def _fitted(ward: Ward, found: Analysis, settings: Settings) -> tuple[Prepared, Emulated, list[str]]:
    """The fit asked for; where nothing is asked for, maximum likelihood or, failing that, ridge. Loss last."""
    asked, few = ward.trial.protocol.weights, found.hours.n < 100
    ways: Sequence[Penalty] = (PENALTIES[asked],) if asked != "auto" else ("ridge",) if few else ("none", "ridge")
    notes, failed = list[str](), list[TocsinError]()
    for loss in (settings.loss, None) if settings.loss is not None else (None,):
        for way in ways:
            prepared = prepare(found.hours, found.ready.rules, replace(settings, penalty=way, loss=loss))
            try:
                point = estimate(prepared)
            except TocsinError as error:
                failed.append(error)
                notes.append(f"{FIT_WORDS[way]} has no maximum: {error.problems[0].slug}")
                continue
            if settings.loss is not None and loss is None:
                notes.append("no model of loss to follow-up could be fitted: loss is taken to tell nothing")
            return prepared, point, notes
    raise failed[-1]


def _loss(ward: Ward, found: Analysis, start: Terms) -> tuple[Terms | None, tuple[str, ...]]:
    """Terms of the chance of being lost, as many as the losses carry; None where they carry none."""
    lost = int((found.hours.last == LOST).sum())
    carried = lost // LOST_PER_COLUMN - 1 - len(start.by_hour_names)
    if ward.trial.protocol.loss == "none" or not lost:
        return None, ()
    if carried < 1:
        return None, (f"{lost} courses lost to follow-up carry no model: loss is taken to tell nothing",)
    names = [name for name in found.hours.names if not name.startswith(DUE)]
    return Terms(tuple(names[:carried]), start.by_hour, start.by_hour_names), ()


def _plain_draws(found: Analysis, replicates: int, draw: str, seed: int) -> FloatArray:
    """Curves of the clones without weights, with patients drawn as in the bootstrap."""
    n, out = found.hours.n, np.full((replicates, len(found.flats), found.hours.horizon), np.nan)
    for number in range(replicates):
        m = multiplicities(n, "bayesian" if draw == "bayesian" else "multinomial", seed, number)
        for a, flat in enumerate(found.flats):
            out[number, a] = curve(found.hours, flat, multiplicity=m).incidence
    return out


# --- the g-formula as a second road -----------------------------------------------------------------------------------


def _g_formula(ward: Ward, found: Analysis, start: Terms) -> tuple[GFormula | None, str]:
    """Both risks by simulation from models of what follows from what; on few columns, as a cross-check."""
    if found.hours.n < G_LEAST:
        return None, f"g-formula: not done below {G_LEAST} courses"
    table = found.ready.table
    if np.isnan(table.grade).mean() > 0.05:
        return None, "g-formula: not done, the grade is unknown in more than 5 % of the hours"
    kept, specs = list[tuple[str, FloatArray]](), list[Covariate]()
    for name in found.hours.names:
        values = found.hours.covariates[:, found.hours.names.index(name)]
        if name in FACTS or (_variable(name) and not name.endswith("_trend")):
            kept.append((name, values))
            specs.append(Covariate(name, "fixed" if name in FACTS else "gaussian"))
    if "hours_febrile" in found.hours.names and "temperature" in found.hours.names:
        kept.append(("hours_febrile", found.hours.covariates[:, found.hours.names.index("hours_febrile")]))
        specs.append(Covariate("hours_febrile", "derived", _fever_goes_on(ward)))
    kept.append(("grade at least 2", (np.nan_to_num(table.grade) >= 2).astype(np.float64)))
    specs.append(Covariate("grade at least 2", "binary"))
    triggers = dict[str, str]()
    for arm in ward.trial.names:
        if not ward.trial.same_clock(arm):
            column = next(c for c in table.columns if c.name == f"{DUE}{arm}")
            kept.append((column.name, column.values))
            specs.append(Covariate(column.name, "latched"))
            triggers[arm] = column.name
    h = found.hours
    matrix = np.column_stack([values for _, values in kept])
    small = Hours(h.patient, h.hour, matrix, tuple(name for name, _ in kept), h.treated, h.started, h.outcome, h.n)
    try:
        made = g_formula(
            small, found.ready.rules, specs, triggers=triggers, start=Terms(None, start.by_hour, start.by_hour_names),
            numerator=Terms((), start.by_hour, start.by_hour_names), by_hour=start.by_hour,
            by_hour_names=start.by_hour_names, penalty="ridge", draws=G_DRAWS, seed=ward.trial.protocol.seed,
        )  # fmt: skip
    except (TocsinError, np.linalg.LinAlgError, ValueError) as error:
        return None, f"g-formula: not estimable ({str(error).splitlines()[0]})"
    natural, seen = (float(one.incidence[-1]) for one in (made.natural, made.observed))
    if not abs(natural - seen) <= G_FAR:
        return None, (
            f"g-formula: not shown, its models do not reproduce care as it was (risk {natural:.3f} against {seen:.3f} "
            "observed); it checks nothing here"
        )
    return made, ""


def _fever_goes_on(ward: Ward) -> Callable[[dict[str, FloatArray], dict[str, FloatArray]], FloatArray]:
    """Hours of fever grow while the temperature is that of fever."""
    edge, g = ward.parameters.fever, float(ward.trial.protocol.grid_hours)

    def derive(new: dict[str, FloatArray], old: dict[str, FloatArray]) -> FloatArray:
        return np.where(new["temperature"] >= edge, old["hours_febrile"] + g, 0.0)

    return derive


# --- words ------------------------------------------------------------------------------------------------------------


def allows_zh(step: Allowed) -> str:
    """The sentence of what the number of patients allows, in Chinese."""
    who = f"{step.n:,} 个疗程，{step.starts:,} 个首剂："
    columns = step.most_parameters
    said = {
        "no": "模拟试验不能作为主要结果。应描述患者，用精确检验和带区间的中位数、界标与时依分析，"
        "并说明各组有多长时间不可能出现结局。",
        "exploratory": f"模拟试验仅为探索性。最多 {columns} 列（基线严重度、分级、小时），"
        f"用惩罚估计与贝叶斯自助法，截断并列显示，绝不单独给出。",
        "careful": f"模拟试验检验效能低，等待组尤甚。最多 {columns} 列；并列均匀与自然起始、2-4 小时网格，"
        f"不据风险比下结论。",
        "full": f"足以拟合完整模型，最多 {columns} 列。先看风险及其差，最后看风险比。",
    }[step.use]
    return who + said
