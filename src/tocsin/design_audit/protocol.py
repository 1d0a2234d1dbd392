"""What to do instead: the protocol of a trial to emulate, as `[protocol]` for study.toml and as a table."""

from __future__ import annotations

import json
import re
from math import inf
from statistics import median
from typing import TYPE_CHECKING, Any, cast

import polars as pl

from tocsin.design_audit.clocks import eras_differ
from tocsin.design_audit.definitions import required
from tocsin.design_audit.found import drugs_zh, reached, zh
from tocsin.design_audit.measures import ladder
from tocsin.grades import SCALES
from tocsin.sentences import Lang, length_words, scale_words
from tocsin.tables.audit import TARGET

if TYPE_CHECKING:
    from tocsin.study.cohort import Study

NOTICE = (
    "Research software. Not a medical device; not for diagnosis or treatment decisions.",
    "研究用软件。不是医疗器械，不得用于诊断或治疗决策。",
)
NAMES_ZH = {
    "hour": "小时", "grade": "分级", "calendar": "日期", "temperature": "体温", "blasts_percent": "骨髓原始细胞",
    "vasopressors": "升压药", "oxygen": "吸氧", "crp": "CRP", "ferritin": "铁蛋白", "il6": "IL-6", "age_y": "年龄",
}  # fmt: skip
TRUNCATION, REPLICATES = 0.99, 500
PARAMETERS_EACH = 8  # starts a parameter of the weight model needs below 100 courses (statistics 5.6)
FEW, MANY = 30, 100
LONGEST_H = 2160
SIGNS = ("hour", "grade", "calendar", "temperature", "blasts_percent", "vasopressors", "oxygen", "crp", "ferritin",
         "il6", "age_y")  # fmt: skip
ALWAYS = ("hour", "grade", "vasopressors", "oxygen")


def anchor(study: Study) -> str:
    """The arm whose trigger starts every clock: the one due first, of those that wait for no grade."""
    due = study.follow.filter(pl.col("due_at").is_not_null()).select("strategy", "due_at")
    first = {arm: due.filter(pl.col("strategy") == arm).get_column("due_at").to_list() for arm in study.arm_names}

    def rank(arm: str) -> tuple[bool, float, int]:
        waits = bool(required(study.file.strategies[arm].when, study.scale))
        return waits, median(first[arm]) if first[arm] else inf, study.arm_names.index(arm)

    return min(study.arm_names, key=rank)


def eligible(study: Study) -> pl.DataFrame:
    """course_id, due_at, given_at of first courses that met the trigger of the anchor before any dose or severe CRS.

    `given_at`: the first dose of any drug that a strategy of the study gives.
    """
    first = study.courses.sort("patient_id", "time_zero").unique("patient_id", keep="first", maintain_order=True)
    given = study.follow.group_by("course_id").agg(given_at=pl.col("given_at").min())
    pool = study.follow.filter((pl.col("strategy") == anchor(study)) & pl.col("due_at").is_not_null())
    pool = pool.select("course_id", "due_at").join(given, on="course_id", how="left", maintain_order="left")
    pool = pool.filter(pl.col("given_at").is_null() | (pl.col("given_at") >= pl.col("due_at")))
    pool = pool.filter(pl.col("course_id").is_in(first.get_column("course_id").to_list()))
    if _severe_at_zero(study):
        return pool
    severe = {course: at for course, (at, _) in reached(study, study.scale, SCALES[study.scale].severe).items()}
    free = [course for course, due in pool.select("course_id", "due_at").iter_rows() if severe.get(course, inf) > due]
    return pool.filter(pl.col("course_id").is_in(free))


def protocol(study: Study) -> dict[str, Any]:
    """What `[protocol]` of study.toml would hold; a valid `tocsin.protocol.Protocol` beside the study's strategies.

    With one strategy there is no second arm to name, and `strategies` is left out.
    """
    rules, severe, arms = study.file.strategies, SCALES[study.scale].severe, list(study.arm_names)
    first = anchor(study)
    horizon = min(24 * study.file.study.crs_death_day, LONGEST_H)
    return {
        "time_zero": first,
        "eligibility": {"first_course": True, "grade_below": 6 if _severe_at_zero(study) else severe},
        **({"strategies": arms, "reference": next(a for a in reversed(arms) if a != first)} if len(arms) > 1 else {}),
        "within": {arm: length_words(rule.within) for arm, rule in rules.items()},
        "initiation": "uniform",
        "outcomes": [f"crs_grade_{severe}", "crs_death", "icans_3"],
        "horizon_hours": horizon,
        "hours": [hour for hour in (72, 168) if hour <= horizon],
        "estimand": "per-protocol",
        "covariates": covariates(study),
        "truncation": TRUNCATION,
        "bootstrap": REPLICATES,
        "seed": study.file.study.seed,
    }


def _severe_at_zero(study: Study) -> bool:
    """Whether the trigger at time zero asks for a severe grade: nobody can then be free of it."""
    waits = required(study.file.strategies[anchor(study)].when, study.scale)
    return any(grade >= SCALES[scale].severe for scale, grade in waits.items())


def covariates(study: Study) -> list[str]:
    """What the weights should know, as far as the records hold it and the number of doses allows it.

    The date stands early where calendar time tells two arms apart (fault 5).
    """
    read = set(study.records.measurements.get_column("variable").unique().to_list())
    read |= {"blasts_percent"} if study.records.patients.get_column("blasts_percent").is_not_null().any() else set()
    read |= {"age_y"} if study.courses.get_column("age_y").is_not_null().any() else set()
    read |= {"calendar"} if eras_differ(study) else set()
    known = [name for name in SIGNS if name in ALWAYS or name in read]
    pool = eligible(study)
    if pool.height >= MANY:
        return known
    starts = pool.filter(pl.col("given_at").is_not_null()).height
    return known[: max(2, starts // PARAMETERS_EACH if pool.height >= FEW else 2)]


# --- TOML ----------------------------------------------------------------------------------------------------------

_KEY_WORDS: dict[str, tuple[str, str]] = {
    "time_zero": ("the clock starts in every arm when the trigger of this strategy holds: {trigger}",
                  "各组均自该策略的触发条件成立时开始计时：{trigger}"),
    "initiation": ("how the grace is used; uniform is the steadiest on an hourly grid", "宽限期内如何起始；"
                                                                                        "逐小时网格上均匀最稳"),
    "outcomes": ("after time zero, death competing", "时间零点之后，死亡为竞争事件"),
    "covariates": ("known before each hour; what makes a ward treat belongs here", "每小时之前已知；"
                                                                                   "促使病房用药者应列于此"),
    "truncation": ("quantile of the weights, per arm, shown beside the untruncated result", "各组权重的截断分位，"
                                                                                            "与未截断结果并列"),
    "bootstrap": ("replicates, drawn by patient, both arms together", "按患者自助抽样的次数，两组一同抽取"),
    "eligibility": ("in hospital, alive, no dose yet; proved grade at time zero below grade_below",
                    "在院、存活、尚未用药；时间零点已证实的分级低于 grade_below"),
    "within": ("grace: from due to given", "宽限期：自触发至用药"),
}  # fmt: skip
_HEAD = (
    ("A trial to emulate instead of comparing the arms as they are: read it, change it, put it into study.toml.",
     "不按现有分组比较，而模拟此目标试验：请先阅读并修改，再放入 study.toml。"),
    ("The study names one strategy: add one to compare it with.", "研究只写了一个策略：请添加与之比较的策略。"),
)  # fmt: skip


def protocol_toml(study: Study, lang: Lang = "en") -> str:
    """`[protocol]` to be put into study.toml, for `tocsin emulate`; `lang` is that of its comments."""
    data, zh_too = protocol(study), lang == "zh"
    trigger = study.file.strategies[data["time_zero"]].when.sentence(lang)
    heads = (NOTICE[zh_too], _HEAD[0][zh_too], _pool_words(study, eligible(study))[zh_too])
    lines = [f"# {one}" for one in heads]
    lines += [] if len(study.arm_names) > 1 else [f"# {_HEAD[1][zh_too]}"]
    lines.append("[protocol]")
    inner = {key: value for key, value in data.items() if isinstance(value, dict)}
    for key, value in data.items():
        if key not in inner:
            lines += [*_comment(key, trigger, zh_too), f"{key} = {toml_value(value)}"]
    for key, values in inner.items():
        lines += ["", *_comment(key, trigger, zh_too), f"[protocol.{key}]"]
        lines += [f"{_key(name)} = {toml_value(value)}" for name, value in values.items()]
    return "\n".join(lines) + "\n"


def _comment(key: str, trigger: str, zh_too: bool) -> list[str]:
    return [f"# {_KEY_WORDS[key][zh_too].format(trigger=trigger)}"] if key in _KEY_WORDS else []


def toml_value(value: Any) -> str:
    """A value as TOML in one line."""
    if isinstance(value, list):
        return "[" + ", ".join(toml_value(one) for one in cast("list[Any]", value)) + "]"
    return json.dumps(value, ensure_ascii=False)


def _key(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else json.dumps(name, ensure_ascii=False)


# --- the table -----------------------------------------------------------------------------------------------------


def _pool_words(study: Study, pool: pl.DataFrame) -> tuple[str, str]:
    given = pool.filter(pl.col("given_at").is_not_null()).height
    n = study.courses.height
    return (f"{pool.height} of {n} courses would enter, {given} of them with a dose later on.",
            f"{n} 个疗程中 {pool.height} 个可入选，其中 {given} 个后来用药。")  # fmt: skip


def target_table(study: Study) -> pl.DataFrame:
    """The protocol element by element, in both languages."""
    data, first, pool, rules = protocol(study), anchor(study), eligible(study), study.file.strategies
    drug, drug_zh = study.drugs_words, drugs_zh(study)
    scale, severe = scale_words(study.scale), SCALES[study.scale].severe
    any_grade = _severe_at_zero(study)
    free = "whatever the grade" if any_grade else f"no severe CRS yet ({scale} grade {severe})"
    free_zh = "不限分级" if any_grade else f"尚无重度 CRS（{scale} {severe} 级）"
    who, who_zh = _pool_words(study, pool)
    n_words, n_words_zh = ladder(pool.height)
    inner, inner_zh = (rules[first].when.sentence("en"), rules[first].when.sentence("zh"))
    named, named_zh = ", ".join(data["covariates"]), "、".join(NAMES_ZH[name] for name in data["covariates"])
    rows = [
        ("eligibility", "入选", f"First course; alive and in hospital; no {drug} yet; {free}. {who}",
         f"首个疗程；存活且在院；尚未用{drug_zh}；{free_zh}。{who_zh}"),
        ("time zero", "时间零点", f"In every arm the moment of: {inner}.", f"各组相同，即：{inner_zh}。"),
        ("strategies", "策略", " ".join(f"{arm}: {rule.sentence('en')}" for arm, rule in rules.items()),
         "".join(f"{zh(arm)}：{rule.sentence('zh')}" for arm, rule in rules.items())),
        ("assignment", "分组",
         "Every course is copied into each strategy at time zero and followed as long as its care agrees with it; "
         "leaving it is weighted by what was known (clone, censor, weight). Initiation within the grace: uniform.",
         "每个疗程在时间零点复制到各策略，随访至其治疗偏离该策略为止；偏离按当时已知信息加权（克隆-删失-加权）。"
         "宽限期内均匀起始。"),
        ("outcomes", "结局",
         f"After time zero: severe CRS ({scale} grade {severe} or more), CRS death, severe ICANS; death competes.",
         f"时间零点后：重度 CRS（{scale} {severe} 级及以上）、CRS 相关死亡、重度 ICANS；死亡为竞争事件。"),
        ("follow-up", "随访", f"From time zero to {data['horizon_hours']} hours, death or loss.",
         f"自时间零点至 {data['horizon_hours']} 小时、死亡或失访。"),
        ("estimand", "估计目标", "Per-protocol: risk difference at the horizon, curves first, ratios last.",
         "符合方案效应：随访终点的风险差；先曲线后比值。"),
        ("covariates", "协变量", f"Known before each hour: {named}.", f"每小时之前已知：{named_zh}。"),
        ("analysis", "分析",
         f"Weights untruncated and cut at the {TRUNCATION:.0%} quantile, side by side; {REPLICATES} bootstrap "
         f"replicates by patient; seed {data['seed']}.",
         f"权重未截断与在 {TRUNCATION:.0%} 分位截断并列；按患者自助抽样 {REPLICATES} 次；种子 {data['seed']}。"),
        ("what n allows", "例数所限", n_words, n_words_zh),
    ]  # fmt: skip
    return TARGET.frame([dict(zip(("element", "element_zh", "said", "said_zh"), row, strict=True)) for row in rows])
