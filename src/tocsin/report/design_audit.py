"""The audit as blocks of a page, from its tables only, in English and Chinese."""

from __future__ import annotations

from collections.abc import Mapping
from functools import reduce
from typing import Any

import polars as pl

from tocsin.report.blocks import Block, Cell, Section, grid, note, text
from tocsin.report.drawing import Figure
from tocsin.report.numbers import NOTHING, fixed, hours, percent
from tocsin.report.words import Words
from tocsin.tables.audit import PROOFS

Tables = Mapping[str, pl.DataFrame]
LONG = 14  # rows from which a proof is folded
MINUTES = ("due_at", "given_at", "window_to", "reached_at", "outcome_at")
SHARES = ("below", "above")
SAID: dict[str, tuple[str, str]] = {
    "audit": ("Design audit", "设计审查"),
    "serious": ("serious", "严重"),
    "note": ("to know", "注意"),
    "cannot_be_said": ("cannot be said", "无法判断"),
    "not_found": ("not found", "未见"),
    "none": ("No audit was made.", "未做设计审查。"),
    "title": ("Fault {no}: {fault} – {verdict}", "缺陷 {no}：{fault} – {verdict}"),
    "glance": ("Eight faults, the serious ones first", "八项缺陷，严重者在前"),
    "instead": ("Instead: ", "应改为："),
    "proof": ("The rows that prove it", "证据"),
    "fold": ("The rows that prove it: show {n}", "证据：展开 {n} 行"),
    "fold_fault": ("{no}. {fault}: show the {n} rows that prove it", "{no}. {fault}：展开证据 {n} 行"),
    "no_rows": ("There is no row to show.", "没有可列出的行。"),
    "clear": ("Looked for and not found", "已查而未见"),
    "clear_none": ("Every fault was found, or cannot be judged.", "各项缺陷均已发现或无法判断。"),
    "unsaid": ("What these records cannot say", "这些记录不能回答的问题"),
    "settles": ("What would settle it: ", "如何解决："),
    "protocol": ("What to do instead: a protocol for tocsin emulate", "应改做什么：目标试验模拟（emulate）的方案"),
    "target": ("The trial to emulate", "拟模拟的目标试验"),
    "toml": ("protocol.toml, to be put into study.toml", "protocol.toml，可放入 study.toml"),
    "yes": ("yes", "是"),
    "no_word": ("no", "否"),
    "no_dose": ("no dose", "未用药"),
    "followed_none": ("dose followed no strategy", "用药不符合任何策略"),
    "chosen_by_dose": ("in the records because it was treated", "因用药而在记录中"),
    "number": ("no.", "序号"),
    "fault": ("fault", "缺陷"),
    "verdict": ("verdict", "判断"),
    "seen": ("what was seen", "所见"),
    "arms": ("arms", "组别"),
    "courses": ("courses", "疗程"),
    "element": ("element", "要素"),
    "asked": ("as asked here", "本研究中"),
}
HEADS: dict[str, tuple[str, str]] = {
    "course_id": ("course", "疗程"), "arm": ("arm", "组别"), "due_at": ("due at", "触发时间"),
    "given_at": ("first dose at", "首剂时间"), "scale": ("scale", "分级标准"),
    "waits_for": ("waits for grade", "等待级别"),
    "reached_at": ("reached at", "达到时间"), "by_dose": ("by the dose", "首剂前"), "deciding": ("set by", "由何决定"),
    "why": ("why", "原因"), "followed": ("each strategy", "对各策略的遵循"), "grade": ("highest grade", "最高级别"),
    "grade_at_most": ("not excluded", "不能排除"), "window_to": ("dose follows until", "宽限至"),
    "immortal_h": ("trigger to dose, h", "触发至用药（小时）"), "outcome": ("outcome", "结局"),
    "outcome_at": ("outcome at", "结局时间"), "by_definition": ("by definition", "按定义"),
    "courses": ("courses", "疗程"), "hours": ("hours", "小时"), "doses": ("first doses", "首剂数"),
    "per_100_h": ("in 100 h", "每 100 小时"), "contrast": ("contrast", "对比"), "month": ("time zero", "时间零点"),
    "later_than": ("began later than", "晚于"), "of": ("of the other arm", "另一组例数"),
    "grade_without": ("without waiver", "去掉豁免"), "hours_without": ("without waiver", "去掉豁免"),
    "hours_severe": ("hours severe", "重度小时"), "hours_severe_without": ("without waiver", "去掉豁免"),
    "n": ("n of the first arm", "第一组例数"), "events_other": ("events in the second", "第二组事件"),
    "n_other": ("n of the second", "第二组例数"), "below": ("shows at or below", "可发现：不高于"),
    "above": ("shows at or above", "可发现：不低于"), "points": ("difference, points", "差值（百分点）"),
    "method": ("method", "方法"),
}  # fmt: skip
TEXT_COLUMNS = ("course_id", "arm", "scale", "deciding", "why", "followed", "outcome", "by_dose", "by_definition",
                "contrast", "month", "method")  # fmt: skip
OUTCOMES = {"severe CRS": "重度 CRS", "severe ICANS": "重度 ICANS", "EFS event": "EFS 事件",
            "CRS death": "CRS 相关死亡", "MRD-negative CR": "MRD 阴性完全缓解"}  # fmt: skip

AXES = {"oxygen": "吸氧", "hypotension": "低血压", "fever": "发热", "organ": "器官", "death": "死亡"}
METHODS = {
    "power ": "把握度 ",
    "Fisher's exact test, two-sided 5 %, all tables added up": "Fisher 精确检验，双侧 5 %，枚举全部表格",
    "normal approximation at shares of one half": "正态近似，比例取一半",
    "no assessable course in an arm": "某组无可评估疗程",
    "; ": "；",
}
PARAMETERS_ZH = {
    "audit.immortal_h": "用药前的中位小时数达到此值，不死时间即为严重",
    "audit.ever_grace_h": "宽限期达到此值，该组即为“曾用药”",
    "audit.auc_serious": "日历时间区分组别的 AUC 高于此值，即为历史对照",
    "audit.points_note": "最小可发现差值（百分点）超过此值，例数偏少",
    "audit.points_serious": "最小可发现差值超过此值，例数过少，不足以比较",
    "audit.power": "最小可发现差值所用的把握度",
}


def _said(words: Words, key: str, **values: Any) -> str:
    return SAID[key][words.lang == "zh"].format(**values)


def _of(words: Words, row: Mapping[str, Any], key: str) -> str:
    return str(row[f"{key}_zh" if words.lang == "zh" else key])


def audit_section(tables: Tables, protocol: str, words: Words) -> Section:
    """The audit as one section of a study's report: verdicts, what to do instead, proofs folded, the protocol."""
    rows = tables["audit"].to_dicts()
    if not rows:
        return Section("audit", _said(words, "audit"), (note(_said(words, "none")),))
    proofs = [
        _proof(tables, row, words, _said(words, "fold_fault", no=row["no"], fault=_of(words, row, "fault"),
                                         n=tables[row["proof"]].height))
        for row in rows if row["verdict"] in ("serious", "note") and tables[row["proof"]].height
    ]  # fmt: skip
    return Section("audit", _said(words, "audit"), (
        _glance(rows, words, full=True), *proofs, _unsaid(tables, words), *_protocol(tables, protocol, words, True),
    ))  # fmt: skip


def audit_sections(
    tables: Tables, protocol: str, parameters: list[dict[str, str]], words: Words, notice: str,
    picture: Figure | None = None,
) -> list[Section]:  # fmt: skip
    """The audit as a page of its own: a section for every fault that is there or cannot be judged."""
    rows = tables["audit"].to_dicts()
    drawn = next((row["no"] for row in rows if row["no"] in (3, 6) and row["verdict"] in ("serious", "note")), None)
    shown = [_fault(tables, row, words, picture if row["no"] == drawn else None) for row in rows
             if row["verdict"] != "not_found"]  # fmt: skip
    return [
        Section("answer", words("section.answer"), (*_warnings(rows, words), _glance(rows, words), note(notice))),
        *shown,
        Section("clear", _said(words, "clear"), (_clear(rows, words),)),
        Section("unsaid", _said(words, "unsaid"), (_unsaid(tables, words),)),
        Section("protocol", _said(words, "protocol"), _protocol(tables, protocol, words)),
        Section("parameters", words("section.parameters"), (_parameters(parameters, words),)),
    ]


def _warnings(rows: list[dict[str, Any]], words: Words) -> list[Block]:
    said = [{"arm": "", "text": f"{_of(words, r, 'fault')}{words('colon')}{_of(words, r, 'text')}"} for r in rows
            if r["verdict"] == "serious"]  # fmt: skip
    return [Block("warnings", {"rows": said, "short": False})] if said else []


def _glance(rows: list[dict[str, Any]], words: Words, full: bool = False) -> Block:
    """The eight verdicts; `full` adds what was seen and what to do instead."""
    made = list[list[Cell | str]]()
    for row in rows:
        look = {"serious": "red", "note": "strong"}.get(row["verdict"], "soft")
        arms = "; ".join(words.term(arm) for arm in (row["arms"] or "").split("; ") if arm)
        cells: list[Cell | str] = [
            str(row["no"]), Cell(_of(words, row, "fault"), "strong"), Cell(_said(words, row["verdict"]), look),
        ]  # fmt: skip
        if full:
            instead = _of(words, row, "instead")
            more = f"{_said(words, 'instead')}{instead}" if instead else ""
            cells.append(Cell(_of(words, row, "text"), "soft", more=more))
        else:
            cells += [arms or NOTHING, str(row["courses"]) if row["courses"] else NOTHING]
        made.append(cells)
    keys = ("fault", "verdict", "seen") if full else ("fault", "verdict", "arms", "courses")
    heads = [_said(words, "number"), *(_said(words, key) for key in keys)]
    return grid(_said(words, "glance"), heads, made, numeric=() if full else (4,), source="audit")


def _fault(tables: Tables, row: dict[str, Any], words: Words, picture: Figure | None) -> Section:
    title = _said(words, "title", no=row["no"], fault=_of(words, row, "fault"), verdict=_said(words, row["verdict"]))
    instead = _of(words, row, "instead")
    told = [text(f"{_said(words, 'instead')}{instead}")] if instead else []
    n = tables[row["proof"]].height
    proof = _proof(tables, row, words, _said(words, "fold", n=n) if n > LONG else "")
    shown = [proof] if row["verdict"] != "cannot_be_said" or n else []
    drawn = [Block("figure", picture)] if picture else []
    return Section(f"fault-{row['no']}", title, (text(_of(words, row, "text")), *told, *drawn, *shown))


def _proof(tables: Tables, row: dict[str, Any], words: Words, fold: str) -> Block:
    contract = next(table for table in PROOFS if table.name == row["proof"])
    names = [column.name for column in contract.columns]
    heads = [HEADS[name][words.lang == "zh"] for name in names]
    made = [[_cell(name, r[name], words) for name in names] for r in tables[contract.name].to_dicts()]
    numeric = [k for k, name in enumerate(names) if name not in TEXT_COLUMNS]
    return grid(_said(words, "proof"), heads, made, numeric=numeric, source=contract.name, fold=fold,
                empty=_said(words, "no_rows"))  # fmt: skip


def _cell(name: str, value: Any, words: Words) -> str:
    """A value as a reader expects it: minutes as hours after time zero, shares as percentages."""
    if value is None:
        return NOTHING
    if name in MINUTES:
        return hours(value)
    if name in SHARES:
        return percent(value, 0)
    if isinstance(value, bool):
        return _said(words, "yes" if value else "no_word")
    if isinstance(value, float):
        whole = name in ("waits_for", "points") or (name == "later_than" and value.is_integer())
        return fixed(value, 0 if whole else 1)
    if name == "outcome":
        return OUTCOMES.get(str(value), str(value)) if words.lang == "zh" else str(value)
    if name == "deciding":
        return "+".join(AXES.get(axis, axis) if words.lang == "zh" else axis for axis in str(value).split("+"))
    if name == "method" and words.lang == "zh":
        return reduce(lambda said, pair: said.replace(*pair), METHODS.items(), str(value))
    if name == "why":
        return _said(words, value)
    return words.why(value) if name == "followed" else words.term(str(value))


def _clear(rows: list[dict[str, Any]], words: Words) -> Block:
    pairs = [{"term": _of(words, row, "fault"), "text": _of(words, row, "text"), "more": ""} for row in rows
             if row["verdict"] == "not_found"]  # fmt: skip
    return Block("pairs", pairs) if pairs else note(_said(words, "clear_none"))


def _unsaid(tables: Tables, words: Words) -> Block:
    rows = tables["audit_unsaid"].to_dicts()
    return Block("pairs", [
        {"term": _of(words, row, "question"), "text": _sentence(_of(words, row, "why"), words),
         "more": f"{_said(words, 'settles')}{_of(words, row, 'do')}"} for row in rows
    ])  # fmt: skip


def _sentence(said: str, words: Words) -> str:
    return f"{said[:1].upper()}{said[1:]}{words('stop').strip()}"


def _protocol(tables: Tables, protocol: str, words: Words, fold: bool = False) -> tuple[Block, ...]:
    rows = [[Cell(_of(words, row, "element"), "strong"), _of(words, row, "said")]
            for row in tables["audit_protocol"].to_dicts()]  # fmt: skip
    target = _said(words, "target")
    heads = (_said(words, "element"), _said(words, "asked"))
    toml = [[Cell("", more=protocol.rstrip("\n"))]]
    title = _said(words, "toml")
    return (
        grid(target, heads, rows, source="audit_protocol", fold=_said(words, "protocol") if fold else ""),
        grid(title, (title,), toml, fold=title if fold else ""),
    )


def _parameters(parameters: list[dict[str, str]], words: Words) -> Block:
    rows = [[r["name"], r["value"], r["default"],
             PARAMETERS_ZH[r["name"]] if words.lang == "zh" else r["words"], r["tag"]] for r in parameters]  # fmt: skip
    heads = [words(f"head.{key}") for key in ("parameter", "value", "default", "decides", "tag")]
    return grid(words("parameters.caption"), heads, rows, source="parameters")
