"""What was done, in words: the methods paragraphs and the papers behind exactly what was used."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import version

import polars as pl

from tocsin import __version__
from tocsin.endpoints import VARIANT_WORDS
from tocsin.grades import SCALES
from tocsin.sources import ALL, KYMRIAH_LABEL, LEE_2019, MARSHALL, SPEC, TRAUBE_2014, Source
from tocsin.study.cohort import ICANS, Study
from tocsin.study.ledger import POWER, Effects
from tocsin.tables import CITATIONS

_CRS_ZH = {
    "ignore_transplant": "忽略移植与新治疗", "censor_at_transplant": "于移植或新治疗时删失",
    "new_therapy_is_event": "未复发而开始新治疗算事件，忽略移植",
}  # fmt: skip
_ZERO_ZH = {"infusion": "回输", "admission": "入院", "first-fever": "首次发热", "column": "给定列"}
_ZERO = {
    "infusion": "CAR-T infusion",
    "admission": "admission",
    "first-fever": "the first fever",
    "column": "the given column",
}
_CLOCK = {"available": "when the ward could know it", "measured": "when it was measured"}
_CLOCK_ZH = {"available": "病房可知的时间", "measured": "测量的时间"}


def paragraphs(study: Study, effects: Effects | None = None) -> list[dict[str, str]]:
    """The methods section in both languages; with `effects` it names exactly the tests in them."""
    statistics = _statistics(study, effects)
    return [_cohort(study), _grades(study), _arms(study), _endpoints(study), statistics, _caution(study)]


def _pair(en: str, zh: str) -> dict[str, str]:
    return {"en": en, "zh": zh}


def _cohort(study: Study) -> dict[str, str]:
    n, patients = study.courses.height, study.courses.get_column("patient_id").n_unique()
    zero = study.file.cohort.time_zero
    return _pair(
        f"The records of {study.records.patients.height} patients gave {n} courses of {patients} patients; minute 0 is "
        f"{_ZERO[zero]}. A record counts from {_CLOCK[study.parameters.clock]}. Nothing missing was imputed: an "
        "unknown "
        "sign widens the upper bound of a grade and never lowers it.",
        f"{study.records.patients.height} 名患者的记录得到 {patients} 名患者的 {n} 个疗程；第 0 "
        f"分钟为{_ZERO_ZH[zero]}。"
        f"记录自{_CLOCK_ZH[study.parameters.clock]}起计。缺失不作填补：未知体征只会放宽分级上限，不会降低分级。",
    )


def _grades(study: Study) -> dict[str, str]:
    scale, neuro = SCALES[study.scale], SCALES[ICANS]
    return _pair(
        f"CRS was graded minute by minute on {scale.title} and neurotoxicity on {neuro.title}; a grade is what "
        "the records "
        "prove. Grade 5 needs a death adjudicated as caused by the toxicity. An episode ends with its last "
        "criterion and is "
        f"closed after {study.parameters.resolve_h:g} h without any.",
        f"CRS 按 {scale.title} 逐分钟分级，神经毒性按 {neuro.title}；分级为记录所能证实者。5 "
        "级须有裁定为该毒性所致的死亡。"
        f"末项标准消失为发作结束，其后 {study.parameters.resolve_h:g} 小时无任何标准则关闭。",
    )


def _arms(study: Study) -> dict[str, str]:
    rules = " ".join(f"{arm}: {rule.sentence()}" for arm, rule in study.file.strategies.items())
    rules_zh = "".join(f"{arm}：{rule.sentence('zh')}" for arm, rule in study.file.strategies.items())
    return _pair(
        f"Arms were not assigned: a course is in the arm of the strategy its first dose followed. {rules} Doses "
        "before the "
        "drug was due, later than that, or none at all put a course in no arm; one that followed several is in the arm "
        "whose drug was due first.",
        f"组别并非分配而来：首剂遵循哪个策略，疗程即属哪组。{rules_zh}提前用药、过迟用药或未用药者不入任何组；同时遵循多个策略者归入最先触发的一组。",
    )


def _endpoints(study: Study) -> dict[str, str]:
    chosen = study.file.endpoints
    window = chosen.mrd_negative_cr
    variant = VARIANT_WORDS[chosen.efs.variant]
    return _pair(
        f"MRD-negative CR is CR or CRi with MRD below 10^-4, both on days {window.from_day} to {window.to_day}; "
        "who could not "
        f"be assessed counts as no response. EFS: death, relapse or no remission by day {window.to_day}; "
        f"{variant}. OS: death "
        f"of any cause. Both run from time zero, from the first {study.drug} and from day "
        f"{chosen.landmark_day:g}; months "
        f"have {chosen.months:g} days. CRS death is an adjudicated one; deaths of other causes compete.",
        f"MRD 阴性 CR 指第 {window.from_day} 至 {window.to_day} 天内达 CR 或 CRi 且 MRD 低于 10^-4；"
        "无法评估者计为未缓解。"
        f"EFS 事件：死亡、复发或第 {window.to_day} 天前未缓解；{_CRS_ZH[chosen.efs.variant]}。OS 事件："
        "任何原因死亡。两者分别自时间零点、"
        f"首剂{study.drug}和第 {chosen.landmark_day:g} 天计算；每月 {chosen.months:g} 天。CRS 死亡须经裁定；"
        "其他原因死亡为竞争事件。",
    )


MADE_WITH = ("polars", "numpy", "numba", "scipy")
# what stands in the method of the rows that use it, and the sentence that names it
_TESTS = (
    ("clopper-pearson", "Shares: Clopper-Pearson; at 0 of n and n of n the limit is a one-sided bound.",
     "比例：Clopper-Pearson；0/n 与 n/n 为单侧界。"),
    ("wilson", "Response: Wilson's interval beside it.", "缓解率：另列 Wilson 区间。"),
    ("Newcombe", "Differences of shares: Newcombe's hybrid score interval.", "率差：Newcombe 混合得分区间。"),
    ("P: Fisher's exact", "Two shares: Fisher's exact test.", "两率比较：Fisher 精确检验。"),
    ("conditional maximum likelihood", "Odds ratio: conditional maximum likelihood with exact limits.",
     "比值比：条件最大似然及精确界。"),
    ("Freeman-Halton", "Grades: Fisher-Freeman-Halton exact test.", "分级：Fisher-Freeman-Halton 精确检验。"),
    ("sample median", "Medians of numbers: Brookmeyer-Crowley limits of the log-log band.",
     "数值中位数：log-log 带的 Brookmeyer-Crowley 区间。"),
    ("Mann-Whitney", "Numbers of two arms: exact Mann-Whitney by permutation of mid-ranks.",
     "两组数值：以中间秩置换的精确 Mann-Whitney。"),
    ("Hodges-Lehmann", "Shift: Hodges-Lehmann.", "位移：Hodges-Lehmann。"),
    ("Kaplan-Meier, log-log", "Survival: Kaplan-Meier, medians with Brookmeyer-Crowley limits of the log-log band.",
     "生存：Kaplan-Meier，中位数用 log-log 带的 Brookmeyer-Crowley 区间。"),
    ("SPSS", "To reproduce papers: the symmetric interval SPSS prints (a negative limit as 0).",
     "为复核文献：SPSS 式对称区间（负下限记为 0）。"),
    ("reverse Kaplan-Meier", "Follow-up: reverse Kaplan-Meier.", "随访：反向 Kaplan-Meier。"),
    ("log-rank, chi-square", "Curves: log-rank test.", "曲线比较：log-rank 检验。"),
    ("splits", "Exact log-rank over all splits.", "枚举全部分组的精确 log-rank。"),
    ("permutations, seed", "Permutation log-rank where the splits are too many to list (seed in its method).",
     "分组过多无法枚举时用置换 log-rank（随机种子见其方法）。"),
    ("Aalen-Johansen", "CRS death: Aalen-Johansen, Aalen's variance.", "CRS 死亡：Aalen-Johansen，Aalen 方差。"),
    ("Gray, chi-square", "Cumulative incidence of two arms: Gray's test.", "两组累积发生率：Gray 检验。"),
    ("Cox, efron", "Hazard ratio: Cox, Efron's ties, Wald limits.", "风险比：Cox（Efron 法处理结，Wald 区间）。"),
    ("Firth's penalty", "Beside it Firth's penalised estimate with profile limits, for few events.",
     "并列 Firth 惩罚估计及轮廓似然区间（事件少时）。"),
    ("Grambsch-Therneau", "Proportional hazards: score test over 1 - Kaplan-Meier.",
     "比例风险假定：以 1 − Kaplan-Meier 为时间尺度的得分检验。"),
    ("Mantel-Byar", "The arm as something that begins with the first dose: Mantel-Byar, Cox (time-dependent).",
     "以首剂为起点的时依组别：Mantel-Byar 检验及时依 Cox。"),
    ("P: log-rank", "Landmarks: the arm as it was on each whole day that can tell the arms apart; log-rank test.",
     "界标分析：按当日组别，列出所有可区分两组的整日，log-rank 检验。"),
    ("area under Kaplan-Meier", "Restricted means: difference of the areas under Kaplan-Meier.",
     "限制平均生存时间：Kaplan-Meier 曲线下面积之差。"),
    ("Wald interval of the log ratio", "Risk ratio: Wald limits of its logarithm.", "相对危险度：对数 Wald 区间。"),
    ("VanderWeele-Ding", "Unrecorded confounding: E-values of the risk ratio, beside those of what was recorded.",
     "未记录的混杂：相对危险度的 E 值，与已记录协变量对照。"),
    ("two-sided p against", "Fragility index: fewest outcomes of one arm that take Fisher's P across 0.05.",
     "脆弱指数：使 Fisher P 值越过 0.05 的单组最少结局变化数。"),
    ("missing outcomes filled in", "Missing outcomes: filled in every way, and whether the interval turns.",
     "缺失结局：以全部方式填补，看率差及其区间是否改变结论。"),
    ("newcombe", "Assessed courses only: Newcombe's interval.", "仅计可评估者：Newcombe 区间。"),
    ("filling in, every way", "Ways to fill in are counted, none is weighed.", "填补方式仅计数，不加权。"),
    ("Schoenfeld", "Detectable hazard ratio: Schoenfeld's approximation.", "可检出风险比：Schoenfeld 近似。"),
)  # fmt: skip


def _statistics(study: Study, effects: Effects | None) -> dict[str, str]:
    """Exactly the tests in the rows of `effects` (None: all of them), and what computed them."""
    level, methods = f"{100 * study.file.study.level:g} %", [row["method"] for row in effects.rows] if effects else []
    used = [test for test in _TESTS if effects is None or any(test[0] in method for method in methods)]
    spec = effects.spec if effects else ""
    packages = ", ".join(f"{name} {version(name)}" for name in MADE_WITH)
    return _pair(
        f"Intervals are {level}. {' '.join(en for _, en, _ in used)} Table 1: standardised mean differences beside the "
        f"standard deviation that chance gives them. Detectable differences: power {POWER:.0%}. All tests are "
        "two-sided and none is corrected. "
        f"Computed by tocsin {__version__}{f' (specification {spec})' if spec else ''} with {packages}.",
        f"区间均为 {level}。{''.join(zh for _, _, zh in used)}表 1：标准化均数差及其随机波动。"
        f"可检出差异的把握度为 {POWER:.0%}。检验均为双侧，均未校正。"
        f"由 tocsin {__version__}{f'（方案 {spec}）' if spec else ''} 计算，使用 {packages}。",
    )


def _caution(study: Study) -> dict[str, str]:
    synthetic = " The data are synthetic: no number here describes a patient." if study.file.synthetic else ""
    synthetic_zh = "数据为合成：任何数字都不对应真实患者。" if study.file.synthetic else ""
    return _pair(
        "This is the design of the founding study, repeated on purpose: arms known only after time zero, chosen "
        "by what "
        "happened. It describes; it does not show what a strategy does. Research software, not a medical "
        f"device.{synthetic}",
        "本分析有意重复创始研究的设计：组别在时间零点之后才确定，并由已发生之事决定。它只作描述，不能说明策略的作用。"
        f"研究软件，非医疗器械。{synthetic_zh}",
    )


# --- papers -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Paper:
    """A paper behind an estimator; `sign` is what stands in the method of the rows that use it."""

    source: Source
    sign: str
    used_for: str


_PAPERS = """
clopper1934    | Clopper CJ, Pearson ES. Biometrika 1934;26:404-413       | 10.1093/biomet/26.4.404
               | clopper-pearson | interval of a share
wilson1927     | Wilson EB. J Am Stat Assoc 1927;22:209-212               | 10.1080/01621459.1927.10502953
               | wilson | interval of a share
newcombe1998   | Newcombe RG. Stat Med 1998;17:873-890                    |
               | Newcombe | interval of a difference of shares
fisher1935     | Fisher RA. J R Stat Soc 1935;98:39-54                    |
               | Fisher's exact | test of two shares
cornfield1956  | Cornfield J. Proc Third Berkeley Symp 1956;4:135-148     |
               | conditional maximum likelihood | exact limits of the odds ratio
freeman1951    | Freeman GH, Halton JH. Biometrika 1951;38:141-149        | 10.1093/biomet/38.1-2.141
               | Freeman-Halton | test over grades
streitberg1986 | Streitberg B, Roehmel J. Stat Softw Newsl 1986;12:10-17  |
               | Mann-Whitney | exact test of ranks with ties
hodges1963     | Hodges JL, Lehmann EL. Ann Math Stat 1963;34:598-611     | 10.1214/aoms/1177704172
               | Hodges-Lehmann | shift and its interval
kaplan1958     | Kaplan EL, Meier P. J Am Stat Assoc 1958;53:457-481      | 10.1080/01621459.1958.10501452
               | Kaplan-Meier | survival curves
brookmeyer1982 | Brookmeyer R, Crowley J. Biometrics 1982;38:29-41        | 10.2307/2530286
               | log-log | interval of a median
collett1994    | Collett D. Modelling Survival Data in Medical Research. Chapman & Hall 1994 |
               | SPSS | SPSS-style interval of a median
schemper1996   | Schemper M, Smith TL. Control Clin Trials 1996;17:343-346 | 10.1016/0197-2456(96)00075-x
               | reverse Kaplan-Meier | follow-up
mantel1966     | Mantel N. Cancer Chemother Rep 1966;50:163-170           |
               | log-rank | comparison of curves
schoenfeld1981 | Schoenfeld D. Biometrika 1981;68:316-319                 | 10.1093/biomet/68.1.316
               | Schoenfeld | detectable hazard ratio
cox1972        | Cox DR. J R Stat Soc B 1972;34:187-220                   |
               | Cox, efron | hazard ratio
efron1977      | Efron B. J Am Stat Assoc 1977;72:557-565                 |
               | efron ties | ties in Cox regression
heinze2001     | Heinze G, Schemper M. Biometrics 2001;57:114-119         |
               | Firth's penalty | hazard ratio from few events
grambsch1994   | Grambsch PM, Therneau TM. Biometrika 1994;81:515-526     |
               | Grambsch-Therneau | test of proportional hazards
mantel1974     | Mantel N, Byar DP. J Am Stat Assoc 1974;69:81-86         |
               | Mantel-Byar | arm that begins with the first dose
anderson1983   | Anderson JR, Cain KC, Gelber RD. J Clin Oncol 1983;1:710-719 | 10.1200/jco.1983.1.11.710
               | P: log-rank | arm as it was on a day
royston2013    | Royston P, Parmar MKB. BMC Med Res Methodol 2013;13:152 | 10.1186/1471-2288-13-152
               | area under Kaplan-Meier | restricted mean
gray1988       | Gray RJ. Ann Stat 1988;16:1141-1154                      |
               | Gray, chi-square | comparison of cumulative incidences
katz1978       | Katz D, et al. Biometrics 1978;34:469-474                |
               | Wald interval of the log ratio | interval of the risk ratio
vanderweele2017 | VanderWeele TJ, Ding P. Ann Intern Med 2017;167:268-274 |
               | VanderWeele-Ding | E-value
walsh2014      | Walsh M, et al. J Clin Epidemiol 2014;67:622-628         |
               | two-sided p against | fragility index
yan2009        | Yan X, Lee S, Li N. J Biopharm Stat 2009;19:1085-1098    |
               | missing outcomes filled in | tipping point
aalen1978      | Aalen OO, Johansen S. Scand J Stat 1978;5:141-150        |
               | Aalen-Johansen | incidence with competing deaths
"""


def _read_papers(text: str) -> Iterator[Paper]:
    """Two lines a paper: key, citation, doi; then the word in the method, what it is used for."""
    lines = [[part.strip() for part in line.split("|")] for line in text.strip().splitlines()]
    for (key, said, doi), (_, sign, used_for) in zip(lines[::2], lines[1::2], strict=True):
        yield Paper(Source(key, said, doi), sign, used_for)


ESTIMATORS = tuple(_read_papers(_PAPERS))
AUSTIN = Source("austin2009", "Austin PC. Stat Med 2009;28:3083-3107", "10.1002/sim.3697")
YANG = Source("yang2012", "Yang D, Dalton JE. SAS Global Forum 2012, paper 335")


def citation_table(study: Study, effects: Effects) -> pl.DataFrame:
    """The papers behind exactly the scales, rules and estimators used, each once."""
    found: dict[str, tuple[Source, list[str]]] = {}

    def use(source: Source, what: str) -> None:
        found.setdefault(source.key, (source, []))[1].append(what)

    for scale in dict.fromkeys((study.scale, ICANS)):
        use(SCALES[scale].source, SCALES[scale].title)
    for arm, rule in study.file.strategies.items():
        if rule.source in ALL:
            use(ALL[rule.source], f"strategy {arm}")
    for source, what in _by_parameters(study):
        use(source, what)
    methods = [row["method"] for row in effects.rows]
    for paper in ESTIMATORS:
        if any(paper.sign in method for method in methods):
            use(paper.source, paper.used_for)
    if study.in_arms:
        use(AUSTIN, "table 1")
        use(YANG, "table 1")
    rows = [
        {"key": key, "text": source.text, "doi": source.doi, "used_for": "; ".join(dict.fromkeys(what))}
        for key, (source, what) in found.items()
    ]
    return CITATIONS.frame(rows)


def _by_parameters(study: Study) -> list[tuple[Source, str]]:
    rules = [(SPEC, "open choices with tag R"), (LEE_2019, "fever and its waiver")]
    if study.parameters.fio2_table == "marshall":
        rules.append((MARSHALL, "estimated FiO2"))
    if study.grading.signs.situations.get_column("capd").is_not_null().any():
        rules.append((TRAUBE_2014, "CAPD"))
    if study.drug == "tocilizumab" and study.administrations.height:
        rules.append((KYMRIAH_LABEL, "range of the dose"))
    return rules
