"""Results of an emulated trial made by hand: the page looks real, no number means anything."""

from __future__ import annotations

import math
from typing import Any

import polars as pl

from tocsin.tables.emulation import EMULATION_TABLES, EmulationResults

ARMS = ("early", "wait")
HOURS = (72, 168, 336)
MAIN = "crs_grade_3"
CONTRACTS = {table.name: table for table in EMULATION_TABLES}


def meta() -> dict[str, Any]:
    return {
        "title": "Tocilizumab on sustained fever, or at grade 3",
        "title_zh": "持续发热即用或 3 级时用托珠单抗",
        "question": "Does tocilizumab on sustained fever prevent severe CRS?",
        "question_zh": "持续发热时使用托珠单抗能否预防重度 CRS？",
        "synthetic": True,
        "synthetic_note": "Virtual patients of tocsin simulate.",
        "synthetic_note_zh": "由 tocsin simulate 生成的虚拟患者。",
        "version": "0.2.0",
        "spec_hash": "3f5c9a1be7d24c60a1b2c3d4e5f60718",
        "scale": "astct_crs",
        "level": 0.95,
        "seed": 1,
        "horizon_hours": 336,
        "grid_hours": 1,
        "hours": list(HOURS),
        "drug": "tocilizumab",
        "arms": list(ARMS),
        "reference": "wait",
        "time_zero": "temperature at least 39.0 °C for 4 h",
        "time_zero_zh": "体温不低于 39.0 °C 持续 4 小时",
        "outcomes": [MAIN, "crs_death"],
        "strategies": [
            {
                "name": "early", "sentence": "Give tocilizumab within 6 h of the trigger.",
                "sentence_zh": "触发后 6 小时内给予托珠单抗。", "source": "protocol", "hash": "a1" * 16,
                "grace_hours": 6, "initiation": "uniform",
            },
            {
                "name": "wait", "sentence": "Give tocilizumab within 6 h of grade 3.",
                "sentence_zh": "3 级后 6 小时内给予托珠单抗。", "source": "protocol", "hash": "b2" * 16,
                "grace_hours": 6, "initiation": "uniform",
            },
        ],
        "protocol_given": False,
        "protocol_toml": '[protocol]\ntime_zero = "early"\nhorizon_hours = 336\n',
        "bootstrap": {"replicates": 500, "draw": "multinomial", "failed": 3},
        "inputs": {"vitals.csv": "c3" * 32},
        "methods": [
            {"title": "Weights", "title_zh": "权重", "text": "Pooled logistic model.",
             "text_zh": "合并 logistic 模型。"}
        ],
        "generated_with": {"polars": "2.1.0"},
        "zone": "Asia/Shanghai",
    }  # fmt: skip


def example(estimable: bool = True) -> EmulationResults:
    """A whole result of two outcomes; not `estimable`: nobody was ever treated, and every table says so."""
    tables = {"protocol": _protocol(), "asked": _asked(estimable), "flow": _flow(), "eligible": _eligible()}
    tables |= {"warnings": _warnings(), "parameters": _parameters(), "citations": _citations(), "account": _account()}
    tables["comparison"] = _comparison(estimable)
    if estimable:
        tables |= {
            "effects": _effects(), "risks": _risks(), "followed": _followed(), "weights": _weights(),
            "covariates": _covariates(), "positivity": _positivity(), "balance": _balance(), "grid": _grid(),
        }  # fmt: skip
    made = {name: CONTRACTS[name].frame(pl.DataFrame(rows, infer_schema_length=None)) for name, rows in tables.items()}
    return EmulationResults(meta(), made).complete()


def hollow() -> EmulationResults:
    """Nothing at all."""
    return EmulationResults({}, {}).complete()


def _protocol() -> list[dict[str, Any]]:
    return [
        {"element": "eligibility", "element_zh": "入选标准", "specification": "first fever, no dose before",
         "specification_zh": "首次发热，此前未用药", "emulation": "the same, from the records",
         "emulation_zh": "同左，依据记录"},
        {"element": "time zero", "element_zh": "时间零点", "specification": "trigger, the same in every arm",
         "specification_zh": "触发时刻，各组相同", "emulation": "the hour in which the trigger could be known",
         "emulation_zh": "触发可被知晓的小时"},
    ]  # fmt: skip


def _asked(estimable: bool) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    for name, words, zh, main in (
        (MAIN, "CRS grade 3 or higher", "3 级及以上 CRS", True), ("crs_death", "death due to CRS", "CRS 相关死亡",
        False),
    ):  # fmt: skip
        rows.append({
            "outcome": name, "words": words, "words_zh": zh, "competing": "death competes",
            "competing_zh": "死亡为竞争事件",
            "main": main, "courses": 240, "hours": 60000, "hours_at_risk": 31000, "starts": 120 if estimable else 0,
            "events": 51 if main else 4, "competing_events": 6, "lost": 12, "estimable": estimable,
            "why_not": None if estimable else "nobody was ever given tocilizumab",
            "why_not_zh": None if estimable else "无人使用托珠单抗",
            "use": "careful" if estimable else "no", "allows": "240 patients: low power for an arm that waits.",
            "allows_zh": "240 例：等待组把握度低。", "exceeded": "", "fit": "ridge",
        })  # fmt: skip
    return rows


def _flow() -> list[dict[str, Any]]:
    return [
        {"outcome": None, "step": "courses of the records", "step_zh": "记录中的疗程", "courses_in": 400,
         "courses_out": 400,
         "why": "", "why_zh": ""},
        {"outcome": None, "step": "the trigger held", "step_zh": "触发成立", "courses_in": 400, "courses_out": 262,
         "why": "138 never had sustained fever", "why_zh": "138 例从未持续发热"},
        {"outcome": None, "step": "no dose before it", "step_zh": "此前未用药", "courses_in": 262, "courses_out": 240,
         "why": "22 were given it before", "why_zh": "22 例此前已用药"},
        {"outcome": "crs_death", "step": "outcome known", "step_zh": "结局已知", "courses_in": 240, "courses_out": 238,
         "why": "2 deaths without a cause", "why_zh": "2 例死因不明"},
    ]  # fmt: skip


def _eligible() -> list[dict[str, Any]]:
    return [
        {"course_id": f"C{k:03d}", "time_zero": 60 * k, "given": 120 if k % 2 else None, "ends": 20000,
         "follows": "early" if k % 2 else "wait"}
        for k in range(6)
    ]  # fmt: skip


def _warnings() -> list[dict[str, Any]]:
    return [
        {"slug": "emulation.small", "arm": "wait", "text": "Few copies of this arm are left after 72 h.",
         "text_zh": "72 小时后该组副本很少。", "serious": True},
        {"slug": "emulation.loss", "arm": None, "text": "12 courses were lost; loss is taken as telling nothing.",
         "text_zh": "12 个疗程失访；视为与结局无关。", "serious": False},
    ]  # fmt: skip


def _parameters() -> list[dict[str, Any]]:
    return [
        {"name": "truncation", "value": "0.99", "default": "0.99", "tag": "R", "source": "ours",
         "words": "quantile at which weights are cut"},
    ]  # fmt: skip


def _citations() -> list[dict[str, Any]]:
    return [{"key": "hernan2016", "text": "Hernán MA, Robins JM. Am J Epidemiol 2016", "doi": "10.1093/aje/kwv254",
             "used_for": "emulation"}]  # fmt: skip


def _account() -> list[dict[str, Any]]:
    return [{"source": "vitals.csv", "rows": 100, "used": 90, "excluded": 10, "not_needed": 0}]


def risk(arm: str, hour: float, analysis: str = "emulated", outcome: str = MAIN) -> float:
    """The risk the example has there."""
    top = {"early": 0.121, "wait": 0.264}[arm] * (0.12 if outcome != MAIN else 1)
    moved = {"emulated": 1.0, "emulated_truncated": 0.96, "g_formula": 1.03, "aligned_unadjusted": 0.7}[analysis]
    return top * moved * (1 - math.exp(-hour / 60))


def _risks() -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    for outcome in (MAIN, "crs_death"):
        for analysis in ("aligned_unadjusted", "emulated", "emulated_truncated", "g_formula"):
            for arm in ARMS:
                for hour in range(0, 337, 4):
                    value = risk(arm, hour, analysis, outcome)
                    sure = analysis == "emulated" and outcome == MAIN
                    rows.append({
                        "outcome": outcome, "analysis": analysis, "arm": arm, "hour": hour, "risk": value,
                        "low": value * 0.6 if sure else None, "high": value * 1.5 if sure else None,
                        "competing": 0.02 * hour / 336 if outcome == MAIN else 0.0,
                        "clones": None if hour == 336 else 240 * math.exp(-hour / (90 if arm == "early" else 200)) // 1,
                    })  # fmt: skip
    return rows


NOTES = {
    "by_received": "the late arm had to wait unharmed until its dose",
    "treated_or_not": "the sicker were treated",
    "aligned_unadjusted": "copies leave for reasons the outcome shares",
    "emulated": "",
    "emulated_truncated": "cut weights trade bias for spread",
    "g_formula": "rests on models of outcome and signs",
}


def _comparison(estimable: bool) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    for outcome in (MAIN, "crs_death"):
        for analysis in NOTES:
            for hour in HOURS:
                known = estimable and not (analysis == "g_formula" and outcome != MAIN)
                sure = known and analysis != "g_formula"
                naive = analysis in ("by_received", "treated_or_not")
                against = risk("wait", hour, "emulated" if naive else analysis, outcome)
                difference = 0.4 * against if naive else risk("early", hour, analysis, outcome) - against
                rows.append({
                    "outcome": outcome, "analysis": analysis, "words": f"what {analysis} does",
                    "words_zh": f"{analysis} 的做法", "hour": hour, "arm": "early", "against": "wait",
                    "risk": against + difference if known else None, "risk_against": against if known else None,
                    "difference": difference if known else None,
                    "low": difference - 0.08 if sure else None, "high": difference + 0.09 if sure else None,
                    "n": 110 if analysis == "by_received" else 240, "n_against": 60, "answers": analysis == "emulated",
                    "note": NOTES[analysis], "note_zh": "说明",
                })  # fmt: skip
    return rows


def _effects() -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []

    def add(contrast: str, measure: str, estimate: float | None, low: float | None, high: float | None) -> None:
        rows.append({
            "outcome": MAIN, "contrast": contrast, "measure": measure, "estimate": estimate, "low": low, "high": high,
            "level": 0.95, "p": None, "method": "weighted Aalen-Johansen, percentile bootstrap", "n": 240, "events": 51,
            "note": "", "spec_hash": "3f",
        })  # fmt: skip

    for hour in HOURS:
        for arm in ARMS:
            value = risk(arm, hour)
            add(arm, f"risk after {hour} h", value, value * 0.6, value * 1.5)
            add(arm, f"competing risk after {hour} h", 0.01, 0.0, 0.03)
            add(arm, f"event-free hours after {hour} h", 0.8 * hour, 0.7 * hour, 0.9 * hour)
        between = risk("early", hour) - risk("wait", hour)
        add("early v wait", f"risk difference after {hour} h", between, between - 0.08, between + 0.09)
        add("early v wait", f"risk ratio after {hour} h", 0.46, 0.25, 0.81)
        add("early v wait", f"difference in event-free hours after {hour} h", 12.4, 2.0, 20.0)
        add("early v wait", f"risk difference after {hour} h (truncated)", -0.121, -0.2, -0.04)
    add("early v wait", "hazard ratio", None, None, None)
    return rows


def _followed() -> list[dict[str, Any]]:
    return [
        {"outcome": MAIN, "arm": "early", "clones": 240, "too_early": 0, "too_late": 151, "followed": 89,
         "grace_hours": 6, "last_hour": 9, "last_hour_share": 0.31, "note": "", "note_zh": ""},
        {"outcome": MAIN, "arm": "wait", "clones": 240, "too_early": 101, "too_late": 12, "followed": 127,
         "grace_hours": 6, "last_hour": 3, "last_hour_share": 0.08, "note": "nobody started in hour 4",
         "note_zh": "第 4 小时无人用药"},
    ]  # fmt: skip


def _weights() -> list[dict[str, Any]]:
    return [
        {"outcome": MAIN, "arm": arm, "hour": hour, "clones": clones, "effective": clones / (1.2 + spread * hour / 100),
         "largest": 1 + spread * hour / 6, "mean": 1 + 0.15 * math.sin(hour / 40) * spread}
        for arm, spread, last in (("early", 0.4, 90), ("wait", 1.4, 200))
        for hour in range(336)
        for clones in [240 * math.exp(-hour / last) + 5]
    ]  # fmt: skip


COLUMNS = (
    ("temperature", "temperature, °C", "体温（°C）"), ("grade", "CRS grade", "CRS 分级"), ("crp", "CRP, mg/L",
    "CRP（mg/L）"),
    ("age_y", "age, years", "年龄（岁）"),
)  # fmt: skip


def _covariates() -> list[dict[str, Any]]:
    return [
        {"outcome": MAIN, "covariate": name, "column": name, "words": words, "words_zh": zh, "unknown_share": 0.03 * k,
         "age_h": 1.5 * k, "odds_ratio": 1.2 + 0.3 * k if k < 3 else None, "low": 1.0 if k < 3 else None,
         "high": 2.1 if k < 3 else None, "note": "" if k < 3 else "not used: one value only"}
        for k, (name, words, zh) in enumerate(COLUMNS)
    ]  # fmt: skip


def _positivity() -> list[dict[str, Any]]:
    counts = {
        (1, 0): (400, 20), (1, 6): (300, 6), (1, 12): (210, 0), (2, 0): (120, 30), (2, 6): (90, 22), (2, 12): (33, 4),
        (3, 0): (12, 6), (3, 6): (5, 5), (3, 12): (0, 0),
    }  # fmt: skip
    return [
        {"outcome": MAIN, "stratum": f"grade {grade}", "stratum_zh": f"{grade} 级", "from_hour": start,
         "to_hour": start + 6 if start < 12 else 48, "at_risk": at_risk, "starts": starts,
         "chance": starts / at_risk if at_risk else None,
         "note": "nobody started" if at_risk and not starts else "everybody started" if at_risk == starts > 0 else "",
         "note_zh": "无人用药" if at_risk and not starts else "全部用药" if at_risk == starts > 0 else ""}
        for (grade, start), (at_risk, starts) in counts.items()
    ]  # fmt: skip


def _balance() -> list[dict[str, Any]]:
    return [
        {"outcome": MAIN, "contrast": "early v wait", "hour": hour, "covariate": name, "when": when,
         "smd": 0.04 * (k - 1.5) * math.sqrt(hour / 60), "smd_unweighted": 0.25 * (k - 1.2) * math.sqrt(hour / 100)}
        for hour in (0, 6, 24, 72, 168, 335)
        for k, (name, _, _) in enumerate(COLUMNS)
        for when in ("baseline", "now")
    ]  # fmt: skip


def _grid() -> list[dict[str, Any]]:
    base = {"outcome": MAIN, "hour": 336, "arm": "early", "against": "wait", "courses": 240, "starts": 120,
    "note": "one step",
            "note_zh": "一步法"}  # fmt: skip
    rows: list[dict[str, Any]] = []
    for i, threshold in enumerate((38.0, 38.5, 39.0, 39.1)):
        for j, grace in enumerate((2, 4, 6, 8, 12, 24)):
            known = not (threshold == 39.1 and grace == 2)
            value = -0.22 + 0.03 * i + 0.035 * j
            rows.append(base | {
                "parameter": "trigger x grace", "parameter_zh": "触发 × 宽限期", "value": f"{threshold} °C, {grace} h",
                "threshold": threshold, "grace_hours": grace, "is_default": (threshold, grace) == (39.0, 6),
                "risk": 0.1, "risk_against": 0.2, "difference": value if known else None,
                "low": value - 0.08 if known else None, "high": value + 0.09 if known else None,
                "courses": 260 - 12 * i,
            })  # fmt: skip
    for value, difference in (("4 h", -0.12), ("5 h", -0.139), ("6 h", -0.142), ("8 h", None)):
        rows.append(base | {
            "parameter": "longest_gap", "parameter_zh": "最长间隔", "value": value, "threshold": None,
            "grace_hours": None,
            "is_default": value == "6 h", "risk": 0.1, "risk_against": 0.2, "difference": difference,
            "low": difference - 0.08 if difference else None, "high": difference + 0.08 if difference else None,
        })  # fmt: skip
    return rows
