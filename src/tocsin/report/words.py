"""All fixed text of the report, English and Chinese side by side. A key without both is an error in a test."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Literal

from tocsin.report.phrases import PHRASE_PATTERNS, PHRASES, SMALL, STATES
from tocsin.report.terms import ENGLISH, PATTERNS, TERMS

Lang = Literal["en", "zh"]

WORDS: dict[str, tuple[str, str]] = {
    # the frame of the page
    "title": ("Study report", "研究报告"),
    "device": (
        "Not a medical device. Not for diagnosis or treatment decisions.",
        "本软件不是医疗器械，不得用于诊断或治疗决策。",
    ),
    "banner": (
        "Synthetic data: no patient stands behind any number here.",
        "合成数据：文中任何数字均不对应真实患者。",
    ),
    "synthetic": ("synthetic", "合成"),
    "contents": ("Contents", "目录"),
    "made_by": ("Written by tocsin {version}", "由 tocsin {version} 生成"),
    "spec": ("specification {spec}", "方案 {spec}"),
    "sign": ("Read and checked by", "审阅人"),
    "sign_date": ("Date", "日期"),
    "top": ("to the top", "返回顶部"),
    "skip": ("Skip to the report", "跳至正文"),
    "warning.head": ("Read this before any comparison of the arms", "比较两组之前必读"),
    "warning.short": ("Before comparing the arms", "比较两组之前"),
    "warning.full": ("in full", "全文"),
    "warning.also": ("Also to know", "另请注意"),
    "warning.arm": ("Arm concerned: {arm}.", "涉及组别：{arm}。"),
    "all": ("all", "全部"),
    "yes": ("yes", "是"),
    "no": ("no", "否"),
    "to": ("to", "至"),
    "same": ("the same", "相同"),
    "unknown": ("not stated", "未说明"),
    "colon": (": ", "："),
    "comma": (", ", "，"),
    "stop": (". ", "。"),
    "semicolon": ("; ", "；"),
    "fold": ("{what}: show {n} rows", "{what}：展开 {n} 行"),
    "interval": ("{level} % CI", "{level} % CI"),
    "not_reached": ("not reached", "未达到"),
    "not_estimable": ("not estimable", "无法估计"),
    "unit.points": ("percentage points", "个百分点"),
    "unit.days": ("days", "天"),
    "unit.months": ("months", "个月"),
    "unit.hours": ("h", "小时"),
    "arm.none": ("in no arm", "未入组"),
    "grade.none": ("none", "无"),
    # sections
    "section.asked": ("What was asked", "研究问题"),
    "section.answer": ("The short answer", "结果摘要"),
    "section.who": ("Who is in it, who is not, and why", "纳入与排除"),
    "section.table1": ("Who is compared: table 1", "基线特征（表 1）"),
    "section.toxicity": ("CRS and ICANS", "CRS 与 ICANS"),
    "section.outcomes": ("Outcomes", "结局"),
    "section.curves": ("Time to event", "时间事件曲线"),
    "section.patients": ("Temperature chart of every course", "逐例体温图"),
    "section.swimmer": ("Course by course", "逐例病程图"),
    "section.days": ("Grades by day", "逐日分级"),
    "section.sensitivity": ("What moves the arms", "分组的敏感性"),
    "section.turning": ("How easily the answer turns", "结论有多容易改变"),
    "section.counts": ("What rests on an assumption", "依赖假设的部分"),
    "section.methods": ("Methods", "方法"),
    "section.parameters": ("Open choices", "可选参数"),
    "section.findings": ("The records: what was wrong, what was used", "数据质量：问题与使用情况"),
    "section.citations": ("Papers behind it", "参考文献"),
    "section.provenance": ("Provenance and data", "溯源与数据"),
    # what was asked
    "asked.zero": ("Time zero: {zero}.", "时间零点：{zero}。"),
    "asked.scale": ("Grading scale: {scale}.", "分级标准：{scale}。"),
    "asked.source": ("Source: {source}", "来源：{source}"),
    "asked.none": ("The results name no strategy.", "结果中没有列出治疗策略。"),
    # the short answer
    "answer.caption": ("Main estimates by arm", "各组主要结果"),
    "answer.none": ("No outcome could be estimated: see who is in the study.", "没有可估计的结局：请见纳入情况。"),
    "answer.small": (
        "Courses compared: {sizes}. With numbers this small an interval says more than a P value; "
        '"not significant" does not mean "no difference".',
        "参与比较的疗程：{sizes}。样本量很小时，置信区间比 P 值更有意义；“无显著性”不等于“无差异”。",
    ),
    # who
    "who.no_attrition": ("No attrition was recorded.", "没有筛选记录。"),
    "who.in": ("{n} courses in the records", "记录中共 {n} 个疗程"),
    "who.lost": ("{n} out", "排除 {n}"),
    "who.none_lost": ("none out", "无排除"),
    "who.left": ("{n} left", "余 {n}"),
    "who.outside": ("Courses in no arm", "未进入任何组的疗程"),
    "who.all_inside": ("Every course of the study is in an arm.", "所有疗程均已分组。"),
    "courses.caption": ("Every course: trigger, dose, worst grade", "逐例：触发、用药与最高分级"),
    "courses.none": ("There is no course in the study.", "研究中没有疗程。"),
    "follow.yes": ("followed", "遵循"),
    "follow.early": ("given before due", "提前用药"),
    "follow.late": ("given too late", "用药过迟"),
    "follow.not_given": ("due, not given", "应用药而未用"),
    "follow.never_due": ("never due, none given", "未触发且未用药"),
    "follow.delay": ("({hours} after due)", "（触发后 {hours}）"),
    # tables
    "table1.caption": ("Table 1. Who is compared", "表 1  基线特征"),
    "table1.none": ("Table 1 is empty: no course is in an arm.", "表 1 为空：没有疗程进入任何组。"),
    "table1.note": (
        'SMD: standardised mean difference. "By chance" is the standard deviation an SMD has at these sizes when the '
        "groups do not differ; an SMD in bold is more than twice that. Percentages are of courses with a value.",
        "SMD：标准化均数差。“随机波动”为两组无差异时该样本量下 SMD 的标准差；加粗表示 SMD 超过其两倍。"
        "百分比以有数据的疗程为分母。",
    ),
    "toxicity.caption": ("{scale}: worst grade of each course, and times", "{scale}：各疗程最高分级与时间"),
    "toxicity.none": ("No episode was graded.", "没有任何分级记录。"),
    "toxicity.scale_none": ("{scale}: no episode in any course.", "{scale}：所有疗程均未发生。"),
    "toxicity.any": ("any grade", "任何级别"),
    "toxicity.grade": ("worst grade {grade}", "最高 {grade} 级"),
    "toxicity.at_least": ("grade {grade} or higher", "{grade} 级及以上"),
    "toxicity.could_be": ("grade {grade} or higher cannot be excluded", "不能排除 {grade} 级及以上"),
    "toxicity.episodes": ("episodes", "发作次数"),
    "toxicity.onset": ("onset after time zero, h", "起病时间（距零点，小时）"),
    "toxicity.to_peak": ("onset to worst grade, h", "起病至最高分级（小时）"),
    "toxicity.duration": ("duration of closed episodes, h", "已结束发作的持续时间（小时）"),
    "toxicity.severe_hours": ("hours at grade 3 or 4", "3 至 4 级的小时数"),
    "toxicity.not_graded": ("courses not graded, left out above", "未能分级的病程(上方未计入)"),
    "toxicity.still_open": ("episodes still open", "尚未结束的发作"),
    "toxicity.note": (
        "Proved grades; times are median (range) over episodes.",
        "为已证实的分级；时间为各次发作的中位数（范围）。",
    ),
    "outcomes.caption": ("Every estimate with interval, method and n", "全部估计值：区间、方法与例数"),
    "outcomes.n": ("n = {n}", "n = {n}"),
    "outcomes.events": ("{events} events", "{events} 事件"),
    "outcomes.none": ("No outcome was estimated.", "没有估计任何结局。"),
    "endpoints.caption": ("Endpoints of every course", "逐例终点"),
    "endpoints.none": ("No endpoint was recorded.", "没有终点记录。"),
    "endpoint.0": ("censored", "删失"),
    "endpoint.1": ("event", "事件"),
    "endpoint.2": ("competing event", "竞争事件"),
    "endpoint.unknown": ("not assessable", "无法评估"),
    "turning.caption": ("What would turn a two-arm result", "何种情况会改变两组结果"),
    "turning.none": ("No two-arm result.", "没有两组结果。"),
    "sensitivity.caption": ("Courses in each arm as one choice moves", "逐一改变选择时各组疗程数"),
    "sensitivity.main": ("main analysis", "主分析"),
    "sensitivity.same": ("nobody moves", "无变动"),
    "sensitivity.moved": ("{n} move: {courses}", "{n} 例变动：{courses}"),
    "counts.caption": ("Hours, doses and courses that rest on an assumption", "依赖假设的小时数、剂量与疗程"),
    "counts.none": ("Nothing in this study was counted as resting on an assumption.", "本研究没有依赖假设的计数。"),
    "methods.none": ("The results carry no methods text.", "结果中没有方法说明。"),
    "parameters.caption": (
        "Every open choice: value, default and where it comes from",
        "全部可选参数：取值、默认值与依据",
    ),
    "parameters.none": ("The results name no open choice.", "结果中没有可选参数。"),
    "findings.caption": ("What was wrong with the records and what was done", "数据问题与处理"),
    "findings.none": ("Nothing was found wrong with the records.", "未发现数据问题。"),
    "finding.excluded": ("rows left out", "已剔除"),
    "finding.changed": ("rows changed", "已更改"),
    "finding.noted": ("noted only", "仅记录"),
    "account.caption": ("Every row of every file", "各文件逐行去向"),
    "account.none": ("The results account for no file.", "结果中没有文件行数统计。"),
    "citations.caption": ("Papers behind the scales, rules and estimators used", "所用分级、规则与估计方法的文献"),
    "citations.none": ("The results name no paper.", "结果中没有引用文献。"),
    "font.missing": (
        "The shipped font has no picture for these characters of the data; they show only where the system has "
        "them: {characters}",
        "内置字体不含数据中的下列字符，仅在系统有相应字体时显示：{characters}",
    ),
    "provenance.caption": ("What made these numbers", "这些数字的来源"),
    "provenance.version": ("program", "程序"),
    "provenance.spec": ("study specification", "研究方案哈希"),
    "provenance.seed": ("random seed", "随机种子"),
    "provenance.no_seed": ("none used", "未使用"),
    "provenance.strategy": ("strategy {name}", "策略：{name}"),
    "provenance.input": ("input {file} (SHA-256)", "输入文件 {file}（SHA-256）"),
    "provenance.package": ("package {name}", "软件包 {name}"),
    "data.caption": ("The data behind this report, in the folder beside it", "本报告所用数据（位于同一文件夹）"),
    # heads
    "head.outcome": ("outcome", "结局"),
    "head.difference": ("between the arms", "组间比较"),
    "head.p": ("P", "P 值"),
    "head.course": ("course", "疗程"),
    "head.patient": ("patient", "患者"),
    "head.arm": ("arm", "组别"),
    "head.why": ("why", "原因"),
    "head.due": ("due at", "触发时间"),
    "head.given": ("given at", "用药时间"),
    "head.follow": ("each strategy", "对各策略的遵循"),
    "head.worst": ("worst {scale}", "最高 {scale}"),
    "head.variable": ("variable", "变量"),
    "head.level": ("level", "水平"),
    "head.missing": ("missing", "缺失"),
    "head.smd": ("SMD", "SMD"),
    "head.smd_by_chance": ("SMD by chance", "SMD 随机波动"),
    "head.how_made": ("method, and what to know", "方法与说明"),
    "head.what": ("what", "项目"),
    "head.contrast": ("arm or contrast", "组别或对比"),
    "head.measure": ("measure", "指标"),
    "head.estimate": ("estimate", "估计值"),
    "head.interval": ("interval", "区间"),
    "head.n": ("n", "例数"),
    "head.events": ("events", "事件"),
    "head.method": ("method", "方法"),
    "head.note": ("note", "备注"),
    "head.endpoint": ("endpoint", "终点"),
    "head.start": ("from, d", "起点（天）"),
    "head.stop": ("to, d", "止点（天）"),
    "head.event": ("what happened", "结果"),
    "head.value": ("value", "数值"),
    "head.parameter": ("choice", "参数"),
    "head.courses": ("courses", "疗程"),
    "head.moved": ("who moved", "变动的疗程"),
    "head.how": ("how counted", "计数方法"),
    "head.default": ("default", "默认值"),
    "head.decides": ("what it decides", "作用"),
    "head.tag": ("evidence", "依据"),
    "head.source": ("source", "来源"),
    "head.code": ("code", "代码"),
    "head.file": ("file", "文件"),
    "head.first_row": ("first row", "首行"),
    "head.rows": ("rows", "行数"),
    "head.wrong": ("what is wrong", "问题"),
    "head.done": ("what was done", "处理"),
    "head.effect": ("effect", "影响"),
    "head.decision": ("needs a decision", "需人工决定"),
    "head.used": ("used", "已使用"),
    "head.excluded": ("left out", "已剔除"),
    "head.not_needed": ("not needed", "不需要"),
    "head.key": ("key", "标识"),
    "head.citation": ("citation", "文献"),
    "head.doi": ("doi", "DOI"),
    "head.used_for": ("used for", "用途"),
    "head.holds": ("what it holds", "内容"),
    # figures
    "figure.kind.survival": ("Kaplan-Meier", "Kaplan-Meier 曲线"),
    "figure.kind.incidence": ("cumulative incidence", "累积发生率"),
    "figure.curves": ("Time to event", "时间事件曲线"),
    "figure.curves.none": (
        "No time-to-event curve: no course with follow-up is in an arm.",
        "没有时间事件曲线：没有有随访的入组疗程。",
    ),
    "figure.curve.caption": (
        "Steps with pointwise interval bands; ticks mark censored courses.",
        "阶梯曲线及逐点置信带；短竖线为删失。",
    ),
    "figure.incidence.caption": (
        "Cumulative incidence with competing events counted as such, not as censored; pointwise interval bands.",
        "累积发生率，竞争事件按竞争处理而非删失；逐点置信带。",
    ),
    "figure.at_risk": ("Number at risk", "风险人数"),
    "figure.days": ("{scale}: worst grade of each day", "{scale}：逐日最高分级"),
    "figure.days.none": ("{scale}: no day could be graded.", "{scale}：没有可分级的日期。"),
    "figure.days.caption": (
        "Share of the arm's courses; the highest grade stands at the bottom, digits are grades, hatched with ? = "
        "not gradable that day.",
        "占该组疗程的比例；最高级别在底部，数字为分级，斜线加 ? 表示当日无法分级。",
    ),
    "figure.sensitivity": ("Courses in each arm as one open choice moves", "改变一个选择时各组疗程数"),
    "figure.sensitivity.none": ("No open choice was varied.", "没有进行敏感性分析。"),
    "figure.sensitivity.caption": (
        "Each row is one value of the choice; the framed row is the main analysis.",
        "每行为该选择的一个取值；加框行为主分析。",
    ),
    "figure.sensitivity.quiet": ("Nobody moves with: {names}.", "下列选择不改变分组：{names}。"),
    "figure.swimmer": ("Every course: toxicity in the first weeks, then follow-up", "逐例：早期毒性与随访"),
    "figure.swimmer.none": ("There is no course to draw.", "没有可绘制的疗程。"),
    "figure.swimmer.caption": (
        "Left: coloured bars with digits are CRS grades, green triangles tocilizumab. Right: bars end at last "
        "contact or death; "
        "their colour is the arm, which also stands beside the course.",
        "左：带数字的色条为 CRS 分级，绿色三角为托珠单抗。右：条形止于末次随访或死亡，颜色为组别（疗程旁亦有文字）。",
    ),
    "figure.patients": ("Temperature, grade and treatment of every course", "逐例体温、分级与治疗"),
    "figure.patients.none": ("No temperature was recorded for any course of the study.", "研究疗程均无体温记录。"),
    "figure.patients.caption": (
        "Temperature over days since time zero. Readings are joined only where the gap is 8 h or less. The window "
        "runs from a day before the first grade to a day after the last. "
        "Readings below 35.9 °C stand at 35.9.",
        "横轴为距时间零点的天数，纵轴为体温。仅相隔不超过 8 小时的读数相连。"
        "时间窗为首次分级前一天至末次分级后一天。低于 35.9 °C 的读数画在 35.9。",
    ),
    "figure.left_out": ("{n} more courses are in the tables, not in the figure.", "另有 {n} 个疗程仅列于表中。"),
    "swimmer.near": ("{scale} by day", "{scale} 逐日"),
    "swimmer.far": ("Follow-up", "随访"),
    "swimmer.response": ("response", "缓解"),
    "swimmer.relapse": ("relapse", "复发"),
    "swimmer.death": ("death", "死亡"),
    "swimmer.last_contact": ("last contact", "末次随访"),
    "axis.curve.days": ("days", "时间（天）"),
    "axis.curve.months": ("months", "时间（月）"),
    "axis.time.months": ("months since time zero", "距时间零点（月）"),
    "axis.survival": ("probability without event", "无事件概率"),
    "axis.incidence": ("probability of the event", "事件发生概率"),
    "axis.day": ("day since time zero", "距时间零点（天）"),
    "axis.share": ("share of courses", "疗程比例"),
    "axis.day.short": ("day", "天"),
    "chart.title": ("{course} · {arm} · max CRS {grade}", "{course} · {arm} · 最高 CRS {grade}"),
    "chart.due": ("due", "触发"),
    "chart.due_at": ("due at {hours}", "触发 {hours}"),
    "chart.never_due": ("never due", "未触发"),
    "chart.given_at": ("tocilizumab at {hours}", "托珠单抗 {hours}"),
    "chart.not_given": ("no tocilizumab", "未用托珠单抗"),
    "chart.delay": ("delay {hours}", "延迟 {hours}"),
    "chart.key.grade": ("grade {grade}", "{grade} 级"),
    "chart.key.reading": ("reading", "体温读数"),
    "chart.key.due": ("drug due", "应用药时刻"),
    "chart.key.tocilizumab": ("tocilizumab given", "托珠单抗给药"),
    "chart.key.steroid": ("steroid", "激素"),
    "chart.key.antipyretic": ("antipyretic", "退热药"),
    "chart.key.vasopressor": ("vasopressor (bar)", "升压药（条）"),
    "chart.key.anticytokine": ("other anticytokine", "其他抗细胞因子药"),
    "chart.key.car_t": ("CAR-T infusion", "CAR-T 回输"),
    "alt.curve": ("{arm}: {share} at {time}.", "{arm}：{time}时 {share}。"),
    "alt.days": (
        "{arm}: grade 3 or higher on {days} days, at most {courses} courses on one day.",
        "{arm}：{days} 天有 3 级及以上，单日最多 {courses} 例。",
    ),
    "alt.sensitivity": ("{title}. The numbers stand in the table below.", "{title}。数值见下表。"),
    "alt.swimmer": (
        "{n} courses, one row each, by arm and length of follow-up. The dates stand in the endpoints table.",
        "共 {n} 个疗程，每行一例，按组别与随访时长排列。日期见终点表。",
    ),
    "alt.patients": ("{n} small temperature charts, one a course.", "共 {n} 幅体温小图，每疗程一幅。"),
    # the tables of the results
    "table.arms": ("the arm of every course, and why", "各疗程的组别与原因"),
    "table.table1": ("baseline by arm", "各组基线"),
    "table.curves": ("step curves with intervals", "阶梯曲线与区间"),
    "table.at_risk": ("numbers at risk", "风险人数"),
    "table.readings": ("temperatures", "体温"),
    "table.marks": ("drugs on the charts", "图中药物"),
    "table.days": ("worst grade of each day", "逐日最高分级"),
    "table.sensitivity": ("arms as one choice moves", "分组敏感性"),
    "table.warnings": ("what makes a comparison misleading", "使比较产生误导的因素"),
    "table.counts": ("what rests on an assumption", "依赖假设的计数"),
    "table.citations": ("papers", "文献"),
    "table.courses": ("infusions, or stays where there is none", "输注疗程（或住院）"),
    "table.attrition": ("who left at which step", "各步骤排除"),
    "table.parameters": ("open choices", "可选参数"),
    "table.effects": ("estimates", "估计值"),
    "table.endpoints": ("what happened, with times", "终点与时间"),
    "table.grades": ("runs of equal grade", "分级区段"),
    "table.episodes": ("episodes", "发作"),
    "table.follow": ("what each strategy asked and what was done", "各策略要求与实际"),
    "table.findings": ("what was wrong with the records", "数据问题"),
    "table.account": ("rows of every file", "各文件行数"),
}


def _filled(pattern: str, said: str, phrase: str, word: Callable[[str], str]) -> str:
    """`said` with the groups of a pattern that fits the whole phrase, else nothing."""
    found = re.fullmatch(pattern, phrase)
    return said.format(*map(word, found.groups())) if found else ""


class Words:
    """The words of one language: `words(key, **values)` is fixed text, `words.term(text)` a phrase of the data."""

    def __init__(self, lang: Lang = "en") -> None:
        if lang not in ("en", "zh"):
            raise ValueError(f"lang is {lang!r}; the report is written in en or zh")
        self.lang: Lang = lang

    def __call__(self, key: str, **values: Any) -> str:
        """The text of `key`; an unknown key is a KeyError, never an empty heading."""
        return WORDS[key][self.lang == "zh"].format(**values)

    def term(self, phrase: str) -> str:
        """A phrase of the data in this language; a phrase nobody translated stays as it is, never disappears."""
        if phrase in TERMS:
            english, chinese = TERMS[phrase]
            return chinese if self.lang == "zh" else english
        if self.lang == "en":
            return next((made for pattern, said in ENGLISH if (made := _filled(pattern, said, phrase, str))), phrase)
        if phrase in PHRASES:
            return PHRASES[phrase]
        if "; " in phrase:
            return "；".join(self.term(part) for part in phrase.split("; "))
        for pattern, chinese in (*PATTERNS, *PHRASE_PATTERNS):
            if made := _filled(pattern, chinese, phrase, self._word):
                return made
        if " v " in phrase:
            return " v ".join(self.term(part) for part in phrase.split(" v "))
        name, sign, rest = phrase.partition(": ")
        return f"{self.term(name)}：{self.term(rest)}" if sign and self.term(rest) != rest else phrase

    def _word(self, word: str) -> str:
        return SMALL.get(word) or self.term(word)

    def why(self, text: str) -> str:
        """Why a course is in its arm: `early: yes; conventional: late` with the states in words."""
        parts = [part.rpartition(": ") for part in text.split("; ")]
        if not all(name and state in STATES for name, _, state in parts):
            return self.term(text)
        return self("semicolon").join(f"{self.term(n)}{self('colon')}{self('follow.' + s)}" for n, _, s in parts)

    def numbers(self, text: str) -> str:
        """A cell of numbers: `8.33 to 58.93` with the word between them in this language."""
        return re.sub(r"(?<=\d) to (?=[\d−-])", f" {self('to')} ", text)

    def value(self, text: str) -> str:
        """The value of a choice: here `none` means nothing, not `in no arm`."""
        return self("grade.none") if text == "none" else self.term(text)

    def of(self, row: dict[str, Any]) -> str:
        """The text of a row that carries both languages as `text` and `text_zh`."""
        return str((row.get("text_zh") if self.lang == "zh" else None) or row["text"])

    def meta(self, meta: dict[str, Any], key: str) -> str:
        """An entry of `meta` in this language, where it has one."""
        return str((meta.get(f"{key}_zh") if self.lang == "zh" else None) or meta.get(key) or "")
