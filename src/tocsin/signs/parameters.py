"""Every open choice behind a sign: default, evidence tag and what it decides. Reports print all of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from tocsin.parameters import ParameterSet
from tocsin.parameters import parameter as _p
from tocsin.sources import LEE_2014, LEE_2019, MARSHALL, NEELAPU_2018, PARK_2018

Clock = Literal["available", "measured"]
SitePolicy = Literal["as_charted", "oral_equivalent"]
WaiverDrugs = Literal["all", "anticytokine_steroid"]
OxygenUncharted = Literal["unknown", "none_if_spo2_at_least_92"]
NeuroUncharted = Literal["unknown", "none_if_scored"]
Fio2Table = Literal["four_percent", "marshall"]
BaselineMissing = Literal["limit", "unknown"]


@dataclass(frozen=True)
class Parameters(ParameterSet):
    """Parameters of the signs; hours unless the name says otherwise. 0 turns an optional rule off."""

    room: ClassVar[str] = "signs"

    clock: Clock = _p("available", "a record counts from when the ward could know it, or from when it was measured")
    lookback_h: float = _p(48, "records this long before time zero set the starting state")
    fever: float = _p(38.0, "temperature that is fever (°C, at least)", "V2", LEE_2019, 36, 42)
    site_policy: SitePolicy = _p("as_charted", "temperatures as charted, or brought to oral level by site")
    temperature_valid_h: float = _p(8, "a temperature is known this long")
    pressure_valid_h: float = _p(8, "a blood pressure is known this long")
    spo2_valid_h: float = _p(8, "a saturation is known this long")
    device_valid_h: float = _p(24, "an oxygen device is known this long unless changed")
    ice_valid_h: float = _p(24, "an ICE or CAPD is known this long")
    ice_low_valid_h: float = _p(12, "an ICE below 10 is known this long")
    neuro_valid_h: float = _p(24, "consciousness, seizure, motor weakness and oedema are known this long")
    mean_below: float = _p(0, "mean pressure that is hypotension too (mmHg, below); 0 = off")
    fall_fraction: float = _p(0, "fall from the patient's own systolic that is hypotension; 0 = off", high=0.9)
    confirm_hypotension: bool = _p(False, "a single low pressure without treatment does not count")
    pressor_silent_h: float = _p(24, "an order without any row for this long may or may not run")
    overlap_min: float = _p(60, "minutes of overlap after which two vasopressors count as two")
    after_intubation_min: float = _p(60, "minutes after intubation in which a new vasopressor does not yet count")
    oxygen_uncharted: OxygenUncharted = _p("unknown", "what no oxygen row means")
    fio2_table: Fio2Table = _p("four_percent", "FiO2 where none is recorded", "R", MARSHALL)
    prior_fever_h: float = _p(24, "a fever this long before the infusion makes a later one need a fresh start")
    fever_free_h: float = _p(12, "hours without fever that make a fresh start")
    search_days: float = _p(30, "days after the infusion in which an episode may begin")
    fever_carry_h: float = _p(24, "a fever that came down by itself keeps the table open this long")
    waiver_drugs: WaiverDrugs = _p("all", "drugs after which fever is no longer required", "V2", LEE_2019)
    resolve_h: float = _p(24, "hours without any criterion that close an episode (48 as sensitivity)")
    mask_antipyretic_h: float = _p(24, "hours after an antipyretic before an episode may close")
    mask_steroid_h: float = _p(48, "hours after a steroid or anticytokine drug before an episode may close")
    neuro_uncharted: NeuroUncharted = _p("unknown", "what no seizure, motor or oedema row means beside a scored ICE")
    high_dose_h: float = _p(3, "hours a high dose must have held", "V2", LEE_2014)
    pressor_long_h: float = _p(24, "hours on any vasopressor that are long (MSKCC)", "V2", PARK_2018)
    fluid_window_h: float = _p(24, "a fluid bolus counts this long")
    bolus_ml: float = _p(250, "smallest fluid dose that is a bolus (mL)")
    bolus_ml_per_kg: float = _p(10, "or so much by weight, where that is less (mL/kg)")
    product_h: float = _p(24, "a plasma, cryoprecipitate or fibrinogen dose counts this long")
    lab_valid_h: float = _p(36, "a laboratory value or charted organ grade is known this long")
    uln_creatinine: float = _p(1.2, "upper limit of normal, creatinine (mg/dL)")
    adult_from_y: float = _p(18, "age from which that limit holds; younger, or of unknown age, it is unknown", high=30)
    uln_bilirubin: float = _p(1.2, "upper limit of normal, bilirubin (mg/dL)")
    uln_ast: float = _p(40, "upper limit of normal, AST (U/L)")
    uln_alt: float = _p(40, "upper limit of normal, ALT (U/L)")
    lln_fibrinogen: float = _p(2.0, "lower limit of normal, fibrinogen (g/L)")
    baseline_days: float = _p(30, "days before time zero in which an organ's baseline is looked for")
    lymphodepletion_days: float = _p(14, "days before time zero in which lymphodepletion is looked for")
    baseline_missing: BaselineMissing = _p("limit", "what stands for an organ's baseline where none was measured")
    first_weeks_days: float = _p(21, "days after which a CARTOX onset is unusual", "Mh", NEELAPU_2018)

    @classmethod
    def icu(cls, **more: Any) -> Parameters:
        """The windows of a monitored ward (specification 5.4): temperature 4 h, pressure 2 h, device 12 h, ICE 12 h."""
        values: dict[str, Any] = {
            "temperature_valid_h": 4,
            "pressure_valid_h": 2,
            "spo2_valid_h": 2,
            "device_valid_h": 12,
        }
        values |= {"ice_valid_h": 12, "neuro_valid_h": 12, **more}
        return cls(**values)
