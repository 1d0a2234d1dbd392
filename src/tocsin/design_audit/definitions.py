"""Faults 1, 2 and 4: who is in an arm was decided by what came after the beginning."""

from __future__ import annotations

from collections.abc import Iterator
from statistics import median
from typing import TYPE_CHECKING, Any

import polars as pl

from tocsin.design_audit.found import (
    AuditParameters,
    Found,
    Verdict,
    assigned,
    drugs_zh,
    followed_words,
    highest,
    open_question,
    reached,
    worse,
    zh,
)
from tocsin.grades import NEUROTOXICITY, SCALES
from tocsin.report.numbers import count_of, fixed
from tocsin.rules import Scale
from tocsin.sentences import scale_words
from tocsin.tables.audit import DOSES_BY_GRADE, LEFT_OUT, OUTCOME_DEFINED
from tocsin.when import When

if TYPE_CHECKING:
    from tocsin.study.cohort import Study

RISING = ("at_least", "above")
NO_COURSE = ("there is no course", "没有疗程")
NO_DRUGS = ("no table of drugs was supplied, so nobody knows who was treated", "未提供用药表，无从知道谁用了药")
SHOWN_FROM = 2  # a sign that only means grade 1 (fever) is how one enters, not an outcome


# --- 1 -------------------------------------------------------------------------------------------------------------


def implied_grade(scale: Scale, sign: str, least: float) -> int | None:
    """The lowest grade that a sign of at least `least` means on a scale that is open; None where it means none."""
    edges = {f"at_least {k}": k for k in range(6)} | {"present": 1}
    grades = [
        grade for grade, _, cell in scale.cells() if any(s == sign and edges.get(e, 9) <= least for s, e in cell.edges)
    ]
    return max(grades, default=None)


def required(when: When, scale: str) -> dict[str, float]:
    """Scale to the grade without which the trigger never fires: named by the rule, or meant by a sign it waits for."""
    how, value = when.edge
    if when.grade_of in SCALES and how in RISING:
        return {when.grade_of: value + (how == "above")}
    if when.sign and when.is_state and how in RISING:
        name, least = ("vasopressors", 1.0) if when.sign == "norepinephrine" else (when.sign, value + (how == "above"))
        grade = implied_grade(SCALES[scale], name, least)
        return {scale: float(grade)} if grade is not None and grade >= SHOWN_FROM else {}
    parts = [required(part, scale) for part in (*(when.all or ()), *(when.any or ()))]
    if when.all:
        return {name: max(p[name] for p in parts if name in p) for name in dict.fromkeys(n for p in parts for n in p)}
    every = [name for name in parts[0] if all(name in p for p in parts)] if parts else []
    return {name: min(p[name] for p in parts) for name in every}


def read_among_others(when: When, scale: str) -> dict[str, float]:
    """Scale to the lowest grade a rule reads as one way among others, where it does not wait for any."""
    found: dict[str, float] = {}
    for part in when.parts():
        for name, grade in ({} if part.all or part.any or part.not_ else required(part, scale)).items():
            found[name] = min(grade, found.get(name, grade))
    return {name: grade for name, grade in found.items() if name not in required(when, scale)}


def outcome_defined(study: Study, parameters: AuditParameters) -> Found:
    """Fault 1: a rule waits for what is counted as an outcome. Equal in every arm it is only a note."""
    del parameters
    waits = {arm: required(rule.when, study.scale) for arm, rule in study.file.strategies.items()}
    ways = {arm: read_among_others(rule.when, study.scale) for arm, rule in study.file.strategies.items()}
    same = all(waits[arm] == waits[study.arm_names[0]] and not ways[arm] for arm in study.arm_names)
    rows, said, said_zh, verdicts = list[dict[str, Any]](), list[str](), list[str](), list[Verdict]()
    courses = assigned(study)
    for arm in study.arm_names:
        for scale, grade, must in _asked(waits[arm], ways[arm]):
            mine = _reached_rows(study, [c for c in courses if c["arm"] == arm], scale, grade, must)
            rows += mine
            verdicts.append("note" if same or grade < SHOWN_FROM else "serious")
            others = {o: _reached_rows(study, [c for c in courses if c["arm"] == o], scale, grade, must)
                      for o in study.arm_names if scale not in waits[o] and scale not in ways[o]}  # fmt: skip
            for words, one in zip((said, said_zh), _waits_words(arm, scale, grade, must, mine), strict=True):
                words.append(one)
            for other, theirs in others.items():
                share = count_of(sum(row["by_dose"] for row in theirs), len(theirs))
                said.append(f"In {other}: {share}.")
                said_zh.append(f"{zh(other)}：{share}。")
    if not verdicts:
        text = "No rule reads a grade or a sign that sets one: no arm waits for the outcome."
        return Found(
            "not_found", text, "没有规则读取分级或决定分级的体征：没有一组以结局为条件。", OUTCOME_DEFINED.empty()
        )
    after = " Every arm waits for the same grade, so it does not part them." if same else (
        " The arms differ in severity before any drug: that difference is the definition, not an effect. Who was "
        "ill at the same time and stayed milder is in no arm.")  # fmt: skip
    after_zh = "各组等待的分级相同，故不构成组间差别。" if same else (
        "用药之前两组严重程度即已不同：这是定义造成的，不是疗效。同期病情较轻者不在任何组。")  # fmt: skip
    arms = tuple(arm for arm in study.arm_names if waits[arm] or ways[arm])
    hit = sum(row["by_dose"] for row in rows)
    frame = OUTCOME_DEFINED.frame(rows).sort("course_id", "arm", "scale")
    return Found(worse(verdicts), " ".join(said) + after, "".join(said_zh) + after_zh, frame, arms, hit)


def _asked(waits: dict[str, float], ways: dict[str, float]) -> Iterator[tuple[str, float, bool]]:
    for must, asked in ((True, waits), (False, ways)):
        for scale, grade in asked.items():
            yield scale, grade, must


def _reached_rows(
    study: Study, courses: list[dict[str, Any]], scale: str, grade: float, must: bool
) -> list[dict[str, Any]]:
    first = reached(study, scale, grade)
    rows = list[dict[str, Any]]()
    for course in courses:
        at, axes = first.get(course["course_id"], (None, None))
        rows.append({**course, "scale": scale, "waits_for": grade if must else None, "reached_at": at,
                     "by_dose": at is not None and at <= course["given_at"], "deciding": axes})  # fmt: skip
    return rows


def _waits_words(arm: str, scale: str, grade: float, must: bool, rows: list[dict[str, Any]]) -> tuple[str, str]:
    kind, kind_zh = ("neurotoxicity", "神经毒性") if scale in NEUROTOXICITY else ("CRS", "CRS")
    severe = grade >= SCALES[scale].severe
    name, name_zh = (
        (f"severe {kind}", f"重度 {kind_zh}") if severe else (f"{kind} of grade {grade:g}", f"{grade:g} 级 {kind_zh}")
    )
    share = count_of(sum(row["by_dose"] for row in rows), len(rows)) if rows else "no course is in this arm"
    share_zh = count_of(sum(row["by_dose"] for row in rows), len(rows)) if rows else "本组没有疗程"
    on = scale_words(scale)
    if must:
        return (
            f"{arm}: the rule waits for {on} grade {grade:g}, so {name} is in this arm by definition; by the first "
            f"dose: {share}.",
            f"{zh(arm)}：规则须等到 {on} {grade:g} 级，故本组按定义即有{name_zh}；首剂前已达到：{share_zh}。",
        )
    return (
        f"{arm}: {on} grade {grade:g} is one of the ways into this arm; by the first dose: {share}.",
        f"{zh(arm)}：{on} {grade:g} 级是进入本组的途径之一；首剂前已达到：{share_zh}。",
    )


# --- 2 -------------------------------------------------------------------------------------------------------------


def conditioned(study: Study, parameters: AuditParameters) -> Found:
    """Fault 2: who is compared was chosen by a treatment that came after the beginning."""
    if not study.courses.height:
        return open_question(*NO_COURSE, LEFT_OUT.empty())
    if "drugs" not in study.records.supplied:
        return open_question(*NO_DRUGS, LEFT_OUT.empty())
    inside, every = set(study.in_arms), study.courses.get_column("course_id").to_list()
    untreated = [c for c in every if c not in study.treated]
    strayed = [c for c in every if c in study.treated and c not in inside]
    chosen = [] if untreated else _chosen_by_dose(study, parameters)
    frame = _left_out(study, untreated, strayed, chosen)
    drug, drug_zh, n = study.drugs_words, drugs_zh(study), len(every)
    worst = highest(study)
    mild = sum(worst.get(c, (0, 9))[1] < SCALES[study.scale].severe for c in untreated)
    if untreated:
        text = (f"{count_of(len(untreated), n)} courses were given no {drug} and are in no arm; {mild} of them "
                "surely never had severe CRS.")  # fmt: skip
        text_zh = f"{count_of(len(untreated), n)} 个疗程未用{drug_zh}，不在任何组；其中 {mild} 个确定从未达到重度 CRS。"
    elif chosen:
        text = (f"All {n} courses in the records were given {drug}, although the rules treat only patients who reach "
                "a trigger: who never reached it, or died before, is not in the records.")  # fmt: skip
        text_zh = (
            f"记录中全部 {n} 个疗程都用了{drug_zh}，而规则只对达到触发条件者用药：未达到者或此前死亡者不在记录中。"
        )
    elif strayed:
        text, text_zh = f"Every course was given {drug}.", f"全部疗程都用了{drug_zh}。"
    else:
        text = f"All {n} courses are in an arm, each from the beginning: nobody is left out by treatment."
        return Found("not_found", text, f"全部 {n} 个疗程从一开始即已分组：无人因用药与否被排除。", frame)
    if strayed:
        text += f" {len(strayed)} more were treated but followed no strategy and are left out."
        text_zh += f"另有 {len(strayed)} 个用药但不符合任何策略，被排除。"
    if untreated or chosen:
        text += " What a rule spares a patient, this design cannot show."
        text_zh += "若某策略能使患者免于用药，本设计无法显示。"
    return Found("serious" if untreated or chosen else "note", text, text_zh, frame, (), frame.height)


def _chosen_by_dose(study: Study, parameters: AuditParameters) -> list[str]:
    """All courses in arms where every one was treated late enough that some should have been spared."""
    triggered = any(part.day is None and not (part.all or part.any or part.not_)
                    for rule in study.file.strategies.values() for part in rule.when.parts())  # fmt: skip
    hours = [given / 60 for given in study.arms.get_column("given_at").drop_nulls().to_list()]
    return list(study.in_arms) if triggered and hours and median(hours) > parameters.immortal_h else []


def _left_out(study: Study, untreated: list[str], strayed: list[str], chosen: list[str]) -> pl.DataFrame:
    arm = dict(study.arms.select("course_id", "arm").iter_rows())
    given = dict(study.follow.group_by("course_id").agg(pl.col("given_at").min()).iter_rows())
    how, worst = followed_words(study), highest(study)
    why = {**dict.fromkeys(untreated, "no_dose"), **dict.fromkeys(strayed, "followed_none"),
           **dict.fromkeys(chosen, "chosen_by_dose")}  # fmt: skip
    rows = [
        {"course_id": c, "arm": arm.get(c), "why": w, "followed": how.get(c, ""), "given_at": given.get(c),
         "grade": worst[c][0] if c in worst else None, "grade_at_most": worst[c][1] if c in worst else None}
        for c, w in sorted(why.items())
    ]  # fmt: skip
    return LEFT_OUT.frame(rows)


# --- 4 -------------------------------------------------------------------------------------------------------------


def never_so_far(when: When, drug: str, wanted: bool = True) -> bool:
    """Whether a trigger asks that the drug has not been given yet."""
    if when.not_ is not None:
        return never_so_far(when.not_, drug, not wanted)
    if when.all or when.any:
        return any(never_so_far(part, drug, wanted) for part in (when.all or when.any or ()))
    return when.sign == drug and (when.edge[0] not in RISING) == wanted


def ever_never(study: Study, parameters: AuditParameters) -> Found:
    """Fault 4: an arm of whoever was ever treated, or never so far."""
    if not study.courses.height:
        return open_question(*NO_COURSE, DOSES_BY_GRADE.empty())
    if "drugs" not in study.records.supplied:
        return open_question(*NO_DRUGS, DOSES_BY_GRADE.empty())
    frame = doses_by_grade(study)
    low, high = (_rate(frame.filter(part)) for part in (pl.col("grade") < 2, pl.col("grade") >= 2))
    rates = (f"First doses in 100 h without one: {_shown(low)} at grade 0 and 1, {_shown(high)} at grade 2 and more.",
             f"未用药期间每 100 小时首剂数：0 至 1 级 {_shown(low)}，2 级及以上 {_shown(high)}。")  # fmt: skip
    rises = low is not None and high is not None and high > low
    drugs = dict.fromkeys(rule.give for rule in study.file.strategies.values())
    ever = [a for a, rule in study.file.strategies.items() if rule.within >= 60 * parameters.ever_grace_h]
    never = [a for a, rule in study.file.strategies.items() if any(never_so_far(rule.when, d) for d in drugs)]
    if ever or never:
        said = [
            f"{arm} takes whoever was ever treated within {fixed(study.file.strategies[arm].within / 60, 0)} h of "
            "its trigger."
            for arm in ever
        ] + [f"{arm} takes whoever was never treated so far." for arm in never]
        said_zh = [
            f"{zh(a)}包括触发后 {fixed(study.file.strategies[a].within / 60, 0)} 小时内任何时候用药者。" for a in ever
        ]
        said_zh += [f"{zh(arm)}只收此前从未用药者。" for arm in never]
        text = f"{' '.join(said)} To be treated late one must first live, and be ill, that long. {rates[0]}"
        text_zh = f"{''.join(said_zh)}要在较晚时用药，须先存活且病情持续到那时。{rates[1]}"
        return Found("serious", text, text_zh, frame, tuple(dict.fromkeys((*ever, *never))), len(study.in_arms))
    untreated = study.courses.height - len(study.treated)
    if untreated and rises:
        text = (
            f"No arm is 'ever' or 'never', but do not set the {untreated} untreated courses against the treated: "
            f"treatment follows severity. {rates[0]}"
        )
        text_zh = f"没有“曾用/从未用”的组；但不可把 {untreated} 个未用药疗程与用药者相比：用药随病情而定。{rates[1]}"
        return Found("note", text, text_zh, frame, (), untreated)
    return Found("not_found", f"No arm is 'ever treated' or 'never treated'. {rates[0]}",
                 f"没有“曾用药”或“从未用药”的组。{rates[1]}", frame)  # fmt: skip


def doses_by_grade(study: Study) -> pl.DataFrame:
    """Hours without a dose and first doses, by the grade proved at the time; a run still open ends at the dose."""
    first = study.follow.group_by("course_id").agg(dose=pl.col("given_at").min())
    runs = study.grading.grades.filter(pl.col("scale") == study.scale).join(first, on="course_id", how="left")
    end = pl.min_horizontal("to", "dose")
    inside = (pl.col("from") <= pl.col("dose")) & (pl.col("to").is_null() | (pl.col("dose") < pl.col("to")))
    runs = runs.with_columns(
        minutes=(end - pl.col("from").clip(lower_bound=0)).clip(lower_bound=0).fill_null(0),
        starts=inside.fill_null(False),
    ).filter((pl.col("minutes") > 0) | pl.col("starts"))
    made = runs.group_by("grade").agg(
        courses=pl.col("course_id").n_unique(), hours=pl.col("minutes").sum() / 60, doses=pl.col("starts").sum()
    )
    rate = pl.when(pl.col("hours") > 0).then(100 * pl.col("doses") / pl.col("hours"))
    return DOSES_BY_GRADE.frame(made.with_columns(per_100_h=rate).sort("grade"))


def _rate(frame: pl.DataFrame) -> float | None:
    hours = float(frame.get_column("hours").sum())
    return 100 * int(frame.get_column("doses").sum()) / hours if hours else None


def _shown(rate: float | None) -> str:
    return "–" if rate is None else fixed(rate, 2)
