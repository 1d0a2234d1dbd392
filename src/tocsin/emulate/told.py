"""The protocol in words and as text for study.toml: the trial one would run, beside what the records allow."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from tocsin.emulate.trial import Trial, competing_words, outcome_words
from tocsin.parameters import TRUTHS
from tocsin.protocol import WORDS, Eligibility, Protocol
from tocsin.sentences import drug_words, length_words, scale_words
from tocsin.sources import SPEC
from tocsin.when import Strategy

NOTICE = "Research software. Not a medical device; not for diagnosis or treatment decisions."
INITIATION = {
    "uniform": ("each hour of the grace period with the same chance", "宽限期内各小时机会均等"),
    "natural": ("as care did, and in the last hour all who are left", "按实际诊疗，末小时全部用药"),
    "observed": ("as care did on average, and in the last hour all who are left", "按平均实际诊疗，末小时全部用药"),
}  # fmt: skip
Said = tuple[str, str]


def target_rows(trial: Trial, covariates: tuple[str, ...] | None = None) -> list[dict[str, str]]:
    """Rows of `protocol`: specification beside emulation; `covariates` as used, where they were chosen."""
    names = ("element", "element_zh", "specification", "specification_zh", "emulation", "emulation_zh")
    return [dict(zip(names, [part for said in row for part in said], strict=True))
            for row in _elements(trial, covariates)]  # fmt: skip


def _elements(trial: Trial, covariates: tuple[str, ...] | None) -> Iterator[tuple[Said, Said, Said]]:
    p = trial.protocol
    drug, drug_zh = drug_words(trial.drug), drug_words(trial.drug, "zh")
    yield ("eligibility", "入选标准"), _eligibility(trial), (
        f"The same, judged at the minute of the trigger from what was known by then; {drug} charted to the day only "
        "keeps a course out, an unknown age too where age is asked for.",
        f"相同，按触发时刻已知信息判断；{drug_zh}仅记录到日者、要求年龄而年龄不明者不入选。",
    )  # fmt: skip
    yield ("time zero", "时间零点"), (
        f"The first moment at which: {trial.clock.sentence()}.", f"首次满足：{trial.clock.sentence('zh')}。"
    ), ("The same in every arm: the minute at which the ward could know it. Eligibility, assignment and "
        "follow-up begin "
        "there together.", "各组相同：病房可知该条件的那一分钟；入选、分组与随访同时开始。")  # fmt: skip
    yield (
        ("treatment strategies", "治疗策略"),
        _strategies(trial),
        (
            "The same. A dose before it is due, or none by the end of the grace period, leaves the arm; what "
            "else was given "
            "is as care gave it.",
            "相同。未到时机即用药，或宽限期结束仍未用药，即离开该组；其他治疗按实际诊疗。",
        ),
    )
    yield (
        ("assignment", "分组"),
        ("At random, known to all.", "随机，非盲。"),
        (
            "Every course is copied into each arm at time zero. A copy that leaves its arm is censored then, "
            "and those who "
            "stay and are alike stand for it by their weights.",
            "时间零点将每个疗程复制到各组；偏离者当时删失，由留下且情况相似者按权重代表。",
        ),
    )
    words = [outcome_words(name, trial.scale) for name in trial.outcomes]
    rivals = [competing_words(name) for name in trial.outcomes]
    yield ("outcomes", "结局"), (
        "; ".join(f"{w[0]} (competing: {r[0]})" for w, r in zip(words, rivals, strict=True)) + ".",
        "；".join(f"{w[1]}（竞争：{r[1]}）" for w, r in zip(words, rivals, strict=True)) + "。",
    ), (
        "As the records prove it, minute by minute; where it cannot be excluded, that is counted.",
        "按记录逐分钟证实；不能排除者另行计数。",
    )  # fmt: skip
    yield ("follow-up", "随访"), _follow_up(trial), _follow_up_emulated(trial)
    yield (
        ("causal contrast", "因果对比"),
        (
            "Per-protocol: risk under each arm had everybody followed it, and their difference.",
            "符合方案效应：人人遵循各策略时的风险及其差。",
        ),
        ("The same.", "相同。"),
    )
    yield ("assumptions", "假定"), ("None beyond those of a trial.", "除试验本身外无。"), _assumptions(covariates)
    yield (
        ("statistical analysis", "统计分析"),
        (
            "Cumulative incidence with competing events by arm; risk differences first, hazard ratio last.",
            "各组含竞争事件的累积发生率；先风险差，后风险比。",
        ),
        _analysis(p),
    )


def _eligibility(trial: Trial) -> Said:
    e, drug, drug_zh = trial.protocol.eligibility, drug_words(trial.drug), drug_words(trial.drug, "zh")
    name = scale_words(trial.scale)
    said = ["in hospital and alive at time zero", f"no {drug} before it"]
    zh = ["时间零点在院且存活", f"此前未用{drug_zh}"]
    said.insert(0, "first course of the patient" if e.first_course else "every course of a patient")
    zh.insert(0, "患者首个疗程" if e.first_course else "患者的每个疗程")
    said.append(f"proved {name} grade below {e.grade_below}" if e.grade_below < 6 else "whatever the grade")
    zh.append(f"{name} 证实分级低于 {e.grade_below}" if e.grade_below < 6 else "不限分级")
    for value, en, cn in ((e.age_from, "age at least", "年龄不小于"), (e.age_below, "age below", "年龄小于")):
        said += [f"{en} {value:g} years"] if value is not None else []
        zh += [f"{cn} {value:g} 岁"] if value is not None else []
    said += ["a CRS episode has begun"] if e.episode_open else []
    zh += ["CRS 已起病"] if e.episode_open else []
    text = "; ".join(said)
    return f"{text[0].upper()}{text[1:]}.", "；".join(zh) + "。"


def _strategies(trial: Trial) -> Said:
    said = [f"{name}: {rule.sentence()} Starts: {INITIATION[rule.initiation][0]}." for name, rule in trial.arms.items()]
    zh = [f"{name}：{rule.sentence('zh')}起始：{INITIATION[rule.initiation][1]}。" for name, rule in trial.arms.items()]
    return " ".join(said), "".join(zh)


def _follow_up(trial: Trial) -> Said:
    h = trial.protocol.horizon_hours
    return (f"From time zero to {h} hours, or to the outcome, death or loss.",
            f"自时间零点至 {h} 小时，或至结局、死亡或失访。")  # fmt: skip


def _follow_up_emulated(trial: Trial) -> Said:
    gone = {
        "lost": ("lost at discharge, except for deaths, which are followed to the last contact",
                 "出院即失访；死亡随访至末次联系"),
        "event_free": ("who is discharged alive is free of the outcome from then on; deaths are followed to the last "
                       "contact", "存活出院者此后视为无结局；死亡随访至末次联系"),
    }[trial.protocol.discharged]  # fmt: skip
    g = trial.protocol.grid_hours
    return (f"The same, in steps of {g} h; {gone[0]}.", f"相同，步长 {g} 小时；{gone[1]}。")


def _assumptions(covariates: tuple[str, ...] | None) -> Said:
    named = ", ".join(covariates) if covariates else "those the records hold, as far as the number of doses allows"
    named_zh = "、".join(covariates) if covariates else "记录中所有且首剂数允许者"
    return (
        f"What made the ward treat and what leads to the outcome is among: {named}. At every moment somebody like each "
        "patient was treated and somebody was not. Loss to follow-up depends on nothing else.",
        f"病房用药的依据及影响结局者均在其中：{named_zh}。任何时刻与每位患者相似者既有用药也有未用药。失访不取决于其他因素。",
    )


def _analysis(p: Protocol) -> Said:
    draws = f"{p.bootstrap:,} bootstrap replicates by patient, arms together" if p.bootstrap else "no intervals"
    draws_zh = f"按患者自助抽样 {p.bootstrap:,} 次，各组同抽" if p.bootstrap else "无区间"
    return (
        "Pooled logistic model of the first dose on the courses before they are copied, one for all arms "
        f"({p.weights}); inverse probability weights, also cut at the {p.truncation:.3g} quantile; weighted "
        f"Aalen-Johansen curves; {draws}; level {p.level:g}; seed {p.seed}. Beside it: clones without weights, the "
        "g-formula, and the naive comparisons.",
        f"复制前对首剂拟合合并 logistic 模型，各组共用（{p.weights}）；逆概率加权，并列 {p.truncation:.3g} 分位截断；"
        f"加权 Aalen-Johansen 曲线；{draws_zh}；水平 {p.level:g}；种子 {p.seed}。并列：未加权克隆、g-公式及朴素比较。",
    )


# --- as TOML ----------------------------------------------------------------------------------------------------------


def protocol_toml(trial: Trial) -> str:
    """`[protocol]` with everything it decides, to be put into study.toml and changed."""
    p, e = trial.protocol, trial.protocol.eligibility
    lines = [
        f"# {NOTICE}",
        "# The trial that tocsin emulate emulates; put it into study.toml and change what is not meant.",
    ]
    if p.trigger is not None:
        lines.append("# time zero is the trigger of your own: keep  [protocol.trigger]  as it is")
    values: dict[str, Any] = {
        "time_zero": trial.clock_arm, "strategies": list(trial.names), "reference": trial.reference,
        "within": {name: length_words(rule.within) for name, rule in trial.arms.items()},
        "initiation": p.initiation, "outcomes": list(trial.outcomes), "horizon_hours": p.horizon_hours,
        "hours": [h for h in trial.hours if h != p.horizon_hours], "grid_hours": p.grid_hours, "estimand": p.estimand,
        "covariates": list(p.covariates), "weights": p.weights, "truncation": p.truncation, "loss": p.loss,
        "discharged": p.discharged, "oldest_hours": p.oldest_hours, "trend_hours": p.trend_hours,
        "bootstrap": p.bootstrap, "draw": p.draw, "level": p.level, "seed": p.seed, "sensitivity": p.sensitivity,
    }  # fmt: skip
    lines += [
        "[protocol]",
        *(f"{key} = {_toml(value)}  # {WORDS[key]}" for key, value in values.items() if value is not None),
    ]
    lines += ["", "[protocol.eligibility]"]
    for key, info in Eligibility.model_fields.items():
        value = getattr(e, key)
        lines.append(
            f"{key} = {_toml(value)}  # {info.description}" if value is not None else f"# {key} =  # {info.description}"
        )
    return "\n".join(lines) + "\n"


def _toml(value: Any) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{json.dumps(str(k))} = {_toml(v)}" for k, v in value.items()) + " }"  # pyright: ignore
    if isinstance(value, list):
        return "[" + ", ".join(_toml(one) for one in value) + "]"  # pyright: ignore[reportUnknownVariableType]
    return json.dumps(value, ensure_ascii=False)


# --- parameters and citations -----------------------------------------------------------------------------------------


def parameter_rows(trial: Trial, arms_of_file: dict[str, Strategy]) -> Iterator[dict[str, str]]:
    """Every open choice of the protocol: value, default, tag, words."""
    usual = Protocol()  # pyright: ignore[reportCallIssue]
    for key, words in WORDS.items():
        if key in ("eligibility", "trigger", "within", "strategies", "reference", "time_zero", "outcomes"):
            continue
        yield _row(f"protocol.{key}", getattr(trial.protocol, key), getattr(usual, key), words)
    yield _row("protocol.time_zero", trial.clock.sentence(), "the trigger of the first strategy", WORDS["time_zero"])
    yield _row(
        "protocol.outcomes", ", ".join(trial.outcomes), "severe CRS, CRS death, ICANS grade 3", WORDS["outcomes"]
    )
    yield _row("protocol.reference", trial.reference, "the last arm", WORDS["reference"])
    for key, info in Eligibility.model_fields.items():
        yield _row(f"protocol.eligibility.{key}", getattr(trial.protocol.eligibility, key), info.default,
                   info.description or key)  # fmt: skip
    for name, rule in trial.arms.items():
        own = arms_of_file[name]
        yield _row(f"protocol.within.{name}", length_words(rule.within), length_words(own.within), WORDS["within"])
        yield _row(f"protocol.initiation.{name}", rule.initiation, own.initiation, WORDS["initiation"])


def _row(name: str, value: Any, default: Any, words: str) -> dict[str, str]:
    def shown(one: Any) -> str:
        if isinstance(one, bool):
            return next(word for word, truth in TRUTHS.items() if truth is one)
        if isinstance(one, tuple):
            return ", ".join(str(part) for part in one) or "auto"  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
        return "none" if one is None else f"{one:g}" if isinstance(one, float) else str(one)

    return {
        "name": name,
        "value": shown(value),
        "default": shown(default),
        "tag": "R",
        "source": str(SPEC),
        "words": words,
    }


CITATIONS = (
    (
        "hernan2016",
        "Hernán MA et al. Specifying a target trial prevents immortal time bias and other self-inflicted injuries in "
        "observational analyses. J Clin Epidemiol 2016;79:70-75",
        "10.1016/j.jclinepi.2016.04.014",
        "one start for eligibility, assignment and follow-up",
    ),
    (
        "cashin2025",
        "Cashin AG et al. TARGET: transparent reporting of observational studies emulating a target trial, 2025",
        "",
        "the table of the protocol",
    ),
    (
        "maringe2020",
        "Maringe C et al. Reflection on modern methods: trial emulation in the presence of immortal-time bias. Int J "
        "Epidemiol 2020;49:1719-1729",
        "10.1093/ije/dyaa057",
        "clone, censor, weight",
    ),
    (
        "cain2010",
        "Cain LE et al. When to start treatment? A systematic approach to the comparison of dynamic regimes using "
        "observational data. Int J Biostat 2010;6(2):18",
        "",
        "dynamic strategies with a grace period",
    ),
    (
        "wanis2022",
        "Wanis KN et al. Grace periods in comparative effectiveness studies of sustained treatments. arXiv:2212.11398",
        "",
        "how starts are spread over the grace period",
    ),
    (
        "aalen1978",
        "Aalen OO, Johansen S. An empirical transition matrix for non-homogeneous Markov chains based on censored "
        "observations. Scand J Stat 1978;5:141-150",
        "",
        "cumulative incidence",
    ),
)
G_FORMULA = (
    "robins1986",
    "Robins J. A new approach to causal inference in mortality studies with a sustained exposure period. Math Model "
    "1986;7:1393-1512",
    "10.1016/0270-0255(86)90088-6",
    "g-formula",
)
