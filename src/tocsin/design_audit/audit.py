"""`audit`: the eight faults of a design, each with the rows that prove it, and what to do instead."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import polars as pl

from tocsin.design_audit.clocks import before_assignment, historical, overlapping
from tocsin.design_audit.definitions import conditioned, ever_never, outcome_defined
from tocsin.design_audit.found import AuditParameters, Found
from tocsin.design_audit.measures import tiny, waived_grade
from tocsin.design_audit.protocol import protocol_toml, target_table
from tocsin.design_audit.unsaid import unsaid_table
from tocsin.tables.audit import AUDIT, AUDIT_TABLES, PROOFS, VERDICTS

if TYPE_CHECKING:
    from tocsin.study.cohort import Study

Both = tuple[str, str]


@dataclass(frozen=True)
class Fault:
    """One fault: its code and name, who finds it, and what to do instead."""

    code: str
    name: Both
    find: Callable[[Study, AuditParameters], Found]
    instead: Both


FAULTS = (
    Fault("design.arm-defined-by-outcome", ("Arm defined by the outcome", "按结局定义的组"), outcome_defined,
          ("Start every arm at the same moment, the trigger of the earlier rule; keep whoever reached it, however "
           "mild the course; count only severe CRS that comes after.",
           "各组从同一时刻（较早规则的触发）开始；达到该时刻者无论轻重全部纳入；只计此后出现的重度 CRS。")),
    Fault("design.conditioned-on-treatment", ("Chosen by treatment", "按是否用药入选"), conditioned,
          ("Take in everybody who met the trigger, treated or not; leave nobody out for what was done later. "
           "Departing from a rule is censored and weighted, not excluded.",
           "纳入所有达到触发条件者，无论是否用药；不因后来的处理而排除。偏离规则者删失并加权，而非剔除。")),
    Fault("design.exposure-overlaps-outcome", ("Exposure window overlaps outcome window", "用药窗与结局窗重叠"),
          overlapping,
          ("Copy each course into every rule it still agrees with at time zero (clone), so that an outcome before "
           "the dose counts in each of them.",
           "在时间零点把每个疗程复制到其仍符合的每个规则（克隆），用药前的结局在各规则中都计入。")),
    Fault("design.ever-versus-never", ("Ever against never treated", "曾用药与从未用药相比"), ever_never,
          ("Compare rules that can be followed from the start (treat within so many hours of a trigger), not what "
           "turned out to be done; weight by the grade of each hour.",
           "比较从一开始就能遵循的规则（触发后若干小时内用药），而非事后的实际用药；按每小时的分级加权。")),
    Fault("design.historical-control", ("Historical control", "历史对照"), historical,
          ("Compare within the same years, or centres whose practice differed at the same time; else put the date "
           "into the weights and say that nothing can part drug and era.",
           "在同一年代内比较，或比较同期做法不同的中心；否则把日期纳入权重，并说明无法区分药物与年代。")),
    Fault("design.assigned-after-time-zero", ("Clock starts before the arm is known", "计时早于分组"),
          before_assignment,
          ("Let the clock start when the rule is due in every arm. A landmark or a time-dependent arm is a check, "
           "not a substitute.",
           "各组都从规则触发时开始计时。界标分析或时间依赖分组只作核对，不能代替。")),
    Fault("measurement.grade-depends-on-treatment", ("Grade depends on treatment", "分级受治疗影响"), waived_grade,
          ("Take an outcome the drug cannot touch by definition (vasopressor, ventilation, death), and print the "
           "grades with and without the waiver.",
           "选用不受药物按定义影响的结局（升压药、机械通气、死亡），并列出有无豁免的两种分级。")),
    Fault("statistics.tiny-n", ("Too few courses", "例数过少"), tiny,
          ("Describe with intervals and test exactly; pool centres; reckon by simulation how many courses the "
           "question needs.",
           "以区间描述并用精确检验；合并多中心；用模拟估算所需例数。")),
)  # fmt: skip


@dataclass(frozen=True)
class AuditResults:
    """All an audit says: `tables` by the names of `AUDIT_TABLES`, and what every page states.

    `protocol` is the TOML for study.toml, `protocol_zh` the same with comments in Chinese.
    """

    meta: dict[str, Any]
    tables: dict[str, pl.DataFrame]
    protocol: str
    protocol_zh: str
    parameters: AuditParameters

    @property
    def serious(self) -> int:
        """Serious faults."""
        return self.tables["audit"].filter(pl.col("verdict") == "serious").height


def audit(study: Study, parameters: AuditParameters | None = None) -> AuditResults:
    """The audit of a gathered study, serious faults first; every table is checked against its contract.

    What the data cannot say is `cannot_be_said`, never `not_found`. Yardstick: eligibility, assignment and time zero
    agree (Hernan et al., J Clin Epidemiol 2016;79:70, doi:10.1016/j.jclinepi.2016.04.014).
    """
    chosen = parameters or AuditParameters()
    found = [fault.find(study, chosen) for fault in FAULTS]
    rows = [_row(k, fault, one) for k, (fault, one) in enumerate(zip(FAULTS, found, strict=True))]
    rows.sort(key=lambda row: (VERDICTS.index(row["verdict"]), row["no"]))
    tables = {"audit": AUDIT.frame(rows), "audit_unsaid": unsaid_table(study), "audit_protocol": target_table(study)}
    tables |= {table.name: one.rows for table, one in zip(PROOFS, found, strict=True)}
    return AuditResults(
        _meta(study), {t.name: t.check(tables[t.name]) for t in AUDIT_TABLES}, protocol_toml(study),
        protocol_toml(study, "zh"), chosen,
    )  # fmt: skip


def _row(k: int, fault: Fault, one: Found) -> dict[str, Any]:
    there = one.verdict in ("serious", "note")
    return {
        "no": k + 1, "code": fault.code, "verdict": one.verdict, "fault": fault.name[0], "fault_zh": fault.name[1],
        "arms": "; ".join(one.arms) or None, "courses": one.courses, "text": one.text, "text_zh": one.text_zh,
        "instead": fault.instead[0] if there else "", "instead_zh": fault.instead[1] if there else "",
        "proof": PROOFS[k].name,
    }  # fmt: skip


def _meta(study: Study) -> dict[str, Any]:
    file = study.file
    return {
        "title": file.title, "title_zh": file.title_zh, "synthetic": file.synthetic,
        "synthetic_note": file.synthetic_note, "synthetic_note_zh": file.synthetic_note_zh,
        "courses": study.courses.height, "arms": {arm: len(mine) for arm, mine in study.members.items()},
        "strategies": {arm: rule.hash for arm, rule in file.strategies.items()}, "inputs": study.records.hashes,
    }  # fmt: skip
