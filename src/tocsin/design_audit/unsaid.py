"""What the records cannot say about a design: named, so that silence is not read as health."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import polars as pl

from tocsin.design_audit.found import highest, zh
from tocsin.grades import SCALES
from tocsin.tables.audit import UNSAID

if TYPE_CHECKING:
    from tocsin.study.cohort import Study

Row = tuple[str, str, str, str, str, str]
_COLUMNS = ("question", "question_zh", "why", "why_zh", "do", "do_zh")
ALWAYS: tuple[Row, ...] = (
    ("Why was this patient treated then?", "为何此时给该患者用药？",
     "records hold what was done, not the reason; severity that nobody charted stays in every difference",
     "记录只有所做之事而无理由；未记录的严重程度混在每项差异之中",
     "ask the ward what made it treat; name it as a covariate; look at the E-value",
     "询问病房用药缘由，列为协变量，并看 E 值"),
    ("Is everybody who was infused in the records?", "所有回输者都在记录中吗？",
     "a patient who is not in the files leaves no trace in them", "不在文件中的患者不留痕迹",
     "compare with the register of infusions of the same years", "与同年代的回输登记核对"),
    ("Were rule, scale and outcome chosen before the data were seen?", "规则、标准与结局是否在看数据之前选定？",
     "the files do not say when the question was written", "文件不说明问题何时写定",
     "register the protocol before the analysis", "分析前注册方案"),
)  # fmt: skip


def unsaid_table(study: Study) -> pl.DataFrame:
    """What always stays open, then what these records leave open."""
    rows = [*ALWAYS, *_here(study)]
    return UNSAID.frame([dict(zip(_COLUMNS, row, strict=True)) for row in rows])


def _here(study: Study) -> Iterator[Row]:
    if not study.courses.height:
        yield ("Does any of the eight faults show in the data?", "八项缺陷在数据中是否存在？",
               "there is no course", "没有疗程", "see why in  tocsin check", "原因见 tocsin check")  # fmt: skip
        return
    if "drugs" not in study.records.supplied:
        yield ("Who was treated, and when?", "谁在何时用了药？", "no table of drugs was supplied", "未提供用药表",
               "supply the administered drugs", "请提供用药记录")  # fmt: skip
    n = study.courses.height
    for arm in study.arm_names:
        if blind := len(study.unseen[arm]):
            yield (f"Would {arm} have been due?", f"{zh(arm)}是否本应触发？",
                   f"in {blind} of {n} courses its trigger could not be seen: nothing it reads was charted",
                   f"{n} 个疗程中有 {blind} 个看不到其触发条件：所需内容未记录",
                   "supply the readings, or leave these courses out and say so", "补充读数，或剔除并说明")  # fmt: skip
    worst, severe = highest(study), SCALES[study.scale].severe
    unsure = sum(low < severe <= high for low, high in worst.values()) + n - len(worst)
    if unsure:
        yield ("Who had severe CRS?", "谁曾有重度 CRS？",
               f"in {unsure} of {n} courses it is neither proved nor excluded, because a sign was not charted",
               f"{n} 个疗程中有 {unsure} 个既未证实也不能排除（有体征未记录）",
               "supply the missing sign; read counts of severe CRS as lower bounds",
               "补充体征；重度例数视为下限")  # fmt: skip
    yield from _reviewed(study)


def _reviewed(study: Study) -> Iterator[Row]:
    runs = study.grading.grades.filter((pl.col("scale") == study.scale) & (pl.col("grade") > 0))
    judged = runs.filter(pl.col("flags").str.contains("attribution_not_reviewed", literal=True))
    if courses := judged.get_column("course_id").n_unique():
        yield ("Was it CRS, or infection or bleeding?", "是 CRS，还是感染或出血？",
               f"in {courses} courses nobody reviewed the cause of the signs", f"{courses} 个疗程的体征原因无人审阅",
               "let a reviewer who does not know the arm judge it", "由不知分组者审阅")  # fmt: skip
    deaths = study.records.outcomes.filter((pl.col("what") == "death") & pl.col("adjudicated_by").is_null()).height
    if deaths:
        yield ("Which deaths were due to CRS?", "哪些死亡由 CRS 所致？",
               f"nobody decided the cause of {deaths} deaths", f"{deaths} 例死亡的原因未经裁定",
               "let a reviewer who does not know the arm judge it", "由不知分组者裁定")  # fmt: skip
    drugs = {rule.give for rule in study.file.strategies.values()}
    day = study.records.drugs.filter((pl.col("precision") == "day") & pl.col("drug").is_in(list(drugs))).height
    if day:
        yield ("At what hour was the drug given?", "何时给药？",
               f"{day} doses are charted to the day only; a day never decides a minute",
               f"{day} 次给药只记录到日；日期不能决定时刻",
               "take the time from the nursing record", "从护理记录取时间")  # fmt: skip
