"""Every open choice behind a score: default, evidence tag and what it decides."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from tocsin.parameters import ParameterSet
from tocsin.parameters import parameter as _p
from tocsin.scores.catalogue import HAY_2017, HINES_2023, REJESKI_2021, REJESKI_2023
from tocsin.sources import SPEC

Count = Literal["longest_run", "cumulative"]
LastsTo = Literal["last_value", "window_end"]
Overlap = Literal["flag", "exclude"]
Biopsy = Literal["unknown", "absent"]


@dataclass(frozen=True)
class ScoreParameters(ParameterSet):
    """Parameters of the scores; the units are those of vocabulary/variables.csv unless the name says otherwise."""

    room: ClassVar[str] = "scores"
    lymphodepletion_days: float = _p(
        14, "fludarabine, cyclophosphamide or bendamustine in these days before minute 0 is lymphodepletion"
    )
    lymphodepletion_assumed_day: int = _p(
        5, "days before minute 0 on which lymphodepletion is taken to begin where no dose is in the records; flagged"
    )
    baseline_days: float = _p(14, "a reading up to this long before lymphodepletion counts as before it")
    daily_to_day: int = _p(30, "last local day on which a daily score is made")
    transfusion_h: float = _p(24, "hours after a platelet transfusion in which a platelet count is left out")
    hematotox_anc_at_edge: int = _p(0, "points of neutrophils exactly 1.2", "R", REJESKI_2021, 0, 1)
    hematotox_haemoglobin_at_edge: int = _p(0, "points of haemoglobin exactly 9.0", "R", REJESKI_2021, 0, 1)
    hematotox_crp_at_edge: int = _p(1, "points of a CRP of exactly 3.0 mg/dL", "R", REJESKI_2021, 0, 1)
    icaht_count: Count = _p("longest_run", "early ICAHT days: the longest run, or all low days", "R", REJESKI_2023)
    icaht_fill_days: int = _p(7, "missing days in a row that are interpolated or carried", "V2", REJESKI_2023)
    icaht_join_days: int = _p(2, "recovered days between two runs that do not part them", "V2", REJESKI_2023)
    icaht_round_per_ul: float = _p(10, "neutrophils /uL are rounded to this; 0 = off", "V2", REJESKI_2023)
    icaht_starts_by_day: int = _p(3, "a run that starts by this day and never ends is grade 4", "V2", REJESKI_2023)
    icaht_never_ends: LastsTo = _p(
        "last_value", "such a run lasts to the last known day, or to the end of the window", "R", REJESKI_2023
    )
    icaht_late_to_day: int = _p(100, "last day of late ICAHT", "V2", REJESKI_2023, 31)
    iec_hs_from_day: int = _p(3, "local day after the infusion from which the screen looks", "R", HINES_2023)
    iec_hs_to_day: int = _p(30, "last local day of the screen")
    iec_hs_window_h: float = _p(24, "hours in which the signs must meet", "R", HINES_2023)
    iec_hs_common: int = _p(2, "common signs needed beside ferritin", "R", HINES_2023, 1, 4)
    iec_hs_overlap: Overlap = _p("flag", "an active CRS of grade 2 or more is flagged, or is not IEC-HS", "R")
    iec_hs_biopsy: Biopsy = _p("unknown", "what haemophagocytosis is where no biopsy is in the records")
    ferritin_high_female: float = _p(150, "upper limit of ferritin, women (ng/mL)")
    ferritin_high_male: float = _p(400, "upper limit of ferritin, men (ng/mL)")
    transaminase_high: float = _p(40, "upper limit of AST and ALT (U/L)")
    fibrinogen_low: float = _p(1.5, "fibrinogen below this is low (g/L); a laboratory's limit may be higher", "Mh")
    hay_fever: float = _p(38.9, "fever of the Hay rule (°C, at least)", "Mh", HAY_2017, 36, 42)
    hay_mcp1: float = _p(1343.5, "MCP-1 of the Hay rule (pg/mL, at least)", "Mh", HAY_2017, 0, 1_000_000)
    hscore_cut: int = _p(169, "HScore from which the syndrome is likely", "V2", SPEC, 0, 337)
