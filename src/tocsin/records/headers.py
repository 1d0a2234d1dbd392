"""What hospitals call the columns of their exports, in English and Chinese: for `tocsin init`, never for reading."""

from __future__ import annotations

import re
from collections.abc import Iterable

_PATIENT = (
    "patient_id patient patientno patient_no pid subject_id subject hospital_no hospital_number mrn case_no record_no "
    "inpatient_no study_id 住院号 病案号 患者编号 患者id 病人id 病人编号 登记号 患者 研究编号 id"
)
_AVAILABLE = (
    "available_time available resulted resulted_at result_time reported reported_at report_time "
    "报告时间 结果时间 审核时间 发布时间"
)
_TIME = (
    "time chart_time charted charted_at charttime recorded recorded_at record_time datetime date_time timestamp "
    "measured measured_at measurement_time observed_at collected collected_at collection_time sampled sample_time "
    "taken_at drawn 测量时间 记录时间 采集时间 采样时间 标本采集时间 检查时间 评估时间 时间 日期时间 日期 date"
)
_UNIT = "unit units uom 单位"

HEADERS: dict[str, dict[str, str]] = {
    "patients": {
        "patient_id": _PATIENT,
        "sex": "sex gender 性别",
        "birth_date": "birth_date birthdate date_of_birth dob birthday 出生日期 生日",
        "age_y": "age_y age age_years 年龄",
        "weight_kg": "weight_kg weight 体重",
        "height_cm": "height_cm height 身高",
        "disease": "disease diagnosis 诊断 疾病",
        "blasts_percent": "blasts_percent blasts marrow_blasts marrow_blasts_pct bm_blasts 骨髓原始细胞 原始细胞比例",
        "extramedullary": "extramedullary emd 髓外 髓外病变",
        "cns_disease": "cns_disease cns 中枢侵犯 中枢受累",
        "prior_lines": "prior_lines lines prior_therapies 既往治疗线数 既往线数",
        "prior_transplant": "prior_transplant prior_hsct 既往移植 移植史",
        "developmental_delay": "developmental_delay 发育迟缓",
        "centre": "centre center site hospital 中心 医院",
        "lymphodepletion": "lymphodepletion lymphodepletion_regimen 清淋方案 清淋",
        "bridging": "bridging bridging_therapy 桥接 桥接治疗",
    },
    "stays": {
        "patient_id": _PATIENT,
        "start": "admitted admitted_at admission admission_time admission_date admit_time 入院时间 入院日期 入科时间",
        "stop": "discharged discharged_at discharge discharge_time discharge_date out_time 出院时间 出院日期 出科时间",
        "kind": "kind unit unit_type ward department location 科室 病区 病房类型",
        "stay_id": "stay_id visit_id encounter_id admission_id 就诊号 住院次数",
        "discharge_to": "discharge_to disposition discharge_disposition 离院方式 出院去向",
    },
    "measurements": {
        "patient_id": _PATIENT,
        "time": _TIME,
        "available_time": _AVAILABLE,
        "variable": "variable item item_name test test_name lab lab_name parameter analyte 项目 项目名称 检验项目 指标",
        "value": "value result result_value numeric_value valuenum 结果 检验结果 数值 值 测量值",
        "unit": _UNIT,
        "method": "method 测量方法",
        "site": "site temperature_site t_site temp_site 测温部位 体温部位 部位",
    },
    "drugs": {
        "patient_id": _PATIENT,
        "start": (
            "start start_time started started_at given given_at given_time administered administered_at admin_time "
            "infused infused_at infusion_time infusion_date "
            "infusion 开始时间 给药时间 执行时间 用药时间 回输时间 回输日期 输注时间"
        ),
        "stop": "stop stop_time stopped stopped_at end end_time 结束时间 停止时间 停药时间",
        "available_time": _AVAILABLE,
        "drug": "drug drug_name medication medicine med product 药品 药品名称 药物 药物名称 药名 产品 医嘱名称",
        "mode": "mode 给药模式",
        "order_id": "order_id order_no order order_number 医嘱号 医嘱编号",
        "dose": "dose amount dose_value cells_per_kg cell_dose 剂量 用量 单次剂量 回输剂量",
        "dose_unit": f"dose_unit amount_unit dose_uom 剂量单位 用量单位 {_UNIT}",
        "rate": "rate infusion_rate 速率 泵速 滴速",
        "rate_unit": "rate_unit rate_uom infusion_rate_unit 速率单位 泵速单位",
        "route": "route 途径 给药途径 用法",
    },
    "supports": {
        "patient_id": _PATIENT,
        "start": f"start start_time started 开始时间 {_TIME}",
        "stop": "stop stop_time end end_time 结束时间 停止时间",
        "available_time": _AVAILABLE,
        "device": "device oxygen_device o2_device device_name support 吸氧方式 氧疗方式 给氧方式 呼吸支持 设备",
        "flow_l_min": "flow_l_min flow o2_flow oxygen_flow flow_rate 氧流量 流量",
        "fio2": "fio2 fio2_pct fio2_percent 吸入氧浓度 氧浓度",
        "reason": "reason indication 原因 指征",
    },
    "assessments": {
        "patient_id": _PATIENT,
        "time": _TIME,
        "available_time": _AVAILABLE,
        "item": "item assessment scale name 项目 评估项目 量表",
        "value": "value result score 结果 评分 分值 值",
    },
    "outcomes": {
        "patient_id": _PATIENT,
        "time": f"event_date event_time 事件日期 事件时间 {_TIME}",
        "available_time": _AVAILABLE,
        "what": "what event outcome kind event_type 事件 结局 事件类型",
        "value": "value result cause 结果 原因 值",
        "method": "method 检测方法 方法",
        "sensitivity": "sensitivity 灵敏度",
        "adjudicated_by": "adjudicated_by adjudicator 裁定 裁定者",
    },
}
OUTCOME_DATES: dict[str, str] = {
    "death": "death_date date_of_death died died_at death_time deceased_date 死亡日期 死亡时间",
    "last_contact": "last_contact last_contact_date last_follow_up last_followup 末次随访 末次随访日期 末次联系日期",
    "relapse": "relapse_date date_of_relapse relapse 复发日期 复发时间",
    "transplant": "transplant_date hsct_date date_of_transplant 移植日期 移植时间",
    "new_therapy": "new_therapy_date next_therapy_date 新治疗日期",
}
CAR_T_FILE = re.compile(r"car.?t|infusion|回输|产品", re.IGNORECASE)
CULTURE_FILE = re.compile(r"cultur|培养", re.IGNORECASE)
SPECIMEN = "specimen specimen_type sample_type 标本 标本类型"
TEMPERATURE_SITES = {"腋温": "axillary", "口温": "oral", "肛温": "rectal", "耳温": "tympanic", "额温": "temporal"}


def plain(header: str) -> str:
    """A header without case, spaces, signs and what stands in brackets."""
    bare = re.sub(r"[(（\[【].*?[)）\]】]", "", header)
    return re.sub(r"[\s_\-./:：]+", "", bare).lower()


def bracketed(header: str) -> str:
    """What stands in brackets in a header: often the unit."""
    found = re.search(r"[(（\[【]\s*(.*?)\s*[)）\]】]", header)
    return found.group(1) if found else ""


def matching(words: str, columns: Iterable[str]) -> str | None:
    """The column that one of `words` names, the earlier word first."""
    by_name: dict[str, str] = {}
    for column in columns:
        by_name.setdefault(plain(column), column)
    return next((by_name[plain(word)] for word in words.split() if plain(word) in by_name), None)


def guessed_columns(table: str, columns: Iterable[str]) -> dict[str, str]:
    """Contract column to file column, each file column once."""
    left, out = list(columns), dict[str, str]()
    for name, words in HEADERS[table].items():
        found = matching(words, left)
        if found is not None:
            out[name] = found
            left.remove(found)
    return out
