"""The assumed world: every number the virtual patients are made from, with its source tag and what it means.

published = read in the source named (section 3 of the project's knowledge page says how: some in a transcription);
fitted = moved until the calibration table came near its targets; assumed = nobody measured it. A fit is no validation.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from tocsin import vocabulary
from tocsin.errors import Problem, TocsinError
from tocsin.rules import spec_hash
from tocsin.signs.acts import MASKING_GROUPS, pressor_names
from tocsin.virtual.log import DEVICES, DRUGS, PRESSORS

VERSION = "1"
Origin = Literal["published", "fitted", "assumed"]
Product = Literal["tisagenlecleucel_all", "axicabtagene_lbcl", "brexucabtagene_mcl", "obecabtagene_all"]
STEIN = "Stein 2019, doi:10.1002/psp4.12388, Table 1"
FREY = "Frey 2010, doi:10.1177/0091270009350623"
LE = "Le 2018, doi:10.1634/theoncologist.2018-0028"


def _number(
    default: float, words: str, origin: Origin = "assumed", source: str = "", low: float = 0.0, high: float = 1e9
) -> Any:
    more: dict[str, Any] = {"origin": origin} | ({"source": source} if source else {})
    return Field(default=default, description=words, ge=low, le=high, json_schema_extra=more)


class World(BaseModel):
    """All knobs; days and °C unless the words say otherwise. Two worlds with one `hash` make the same patients."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    version: Literal["1"] = VERSION
    name: str = "default"
    words: str = Field(default="", description="what this world is for, one sentence")
    seed: int = Field(default=20231112, ge=0, lt=2**63, description="all luck follows from it")
    product: Product = "tisagenlecleucel_all"
    days: int = Field(default=30, ge=2, le=60, description="days from the infusion that are simulated hour by hour")

    # --- who they are
    age_median: float = _number(12.0, "age, median of a log-normal (years)")
    age_sd: float = _number(0.62, "age, SD of the logarithm")
    age_low: float = _number(1.0, "youngest (years)", low=0.0, high=120)
    age_high: float = _number(25.9, "oldest (years)", low=1.0, high=120)
    centres: float = _number(20, "centres", low=1, high=1000)
    calendar_years: float = _number(5, "infusions are spread over so many years", low=0, high=50)
    burden_mean: float = _number(
        -2.2, "blasts, mean logit", "fitted", "John 2025, doi:10.1182/bloodadvances.2025015881", low=-10, high=10
    )
    burden_sd: float = _number(2.0, "blasts, SD of the logit", "fitted", "John 2025", high=10)

    # --- CAR-T cells in blood and tissue
    foldx: float = _number(3900, "expansion, fold", "published", STEIN, low=1.1)
    foldx_w2: float = _number(2.4, "its variance between patients (log)", "published", STEIN)
    tmax: float = _number(9.3, "time of the peak", "published", STEIN, low=0.5)
    tmax_w2: float = _number(0.38, "its variance (log)", "published", STEIN)
    tmax_share: float = _number(0.9719, "share of that SD that is used", "fitted")
    tmax_low: float = _number(1.787, "earliest peak", "fitted", low=0.2)
    tmax_high: float = _number(30, "latest peak", low=1)
    cmax: float = _number(24000, "peak (copies/µg)", "published", STEIN, low=1)
    cmax_w2: float = _number(0.65, "its variance (log)", "published", STEIN)
    alpha: float = _number(0.16, "first decline (1/d)", "published", STEIN)
    alpha_w2: float = _number(0.91, "its variance (log)", "published", STEIN)
    f_tocilizumab: float = _number(1.0, "tocilizumab multiplies the growth rate by this (Stein: 1.2, no effect)")
    f_steroid: float = _number(1.0, "a steroid multiplies the growth rate by this (Stein: 1.0)")
    tissue_lead: float = _number(0.9688, "tissue peaks at this share of the blood's time", "fitted", low=0.05, high=1)
    burden_cmax: float = _number(0.25, "log peak per SD of burden", low=-2, high=2)
    burden_tmax: float = _number(-0.1909, "log time of the peak per SD of burden", "fitted", low=-2, high=2)
    early_burden: float = _number(
        -0.6718, "further log time of the peak where blasts are 50 % or more", "fitted", low=-2, high=2
    )

    # --- tumour
    kill: float = _number(0.9788, "killing rate (1/d)", "fitted")
    kill_sd: float = _number(0.45, "its SD (log)", "fitted")
    refractory: float = _number(0.15, "share whose disease resists", "fitted", high=1)
    growth_b: float = _number(0.06, "growth of blasts (1/d)")
    ek: float = _number(0.06, "cells at half the killing")

    # --- activation and cytokines
    ea: float = _number(0.05062, "cells at half activation", "fitted")
    hill: float = _number(1.188, "steepness of activation", "fitted")
    b50: float = _number(0.09618, "blasts at half activation", "fitted")
    exhaustion: float = _number(
        0.265, "activation fades by this rate with what was activated before (1/d at full)", "fitted"
    )
    tau_x: float = _number(0.4996, "T-cell cytokines, time constant", "fitted", low=0.05)
    tau_m: float = _number(1.101, "myeloid activation, time constant", "fitted", low=0.05)
    gm: float = _number(0.9936, "myeloid response, typical", "fitted")
    gm_sd: float = _number(1.088, "its SD (log)", "fitted")
    phi: float = _number(1.768, "IL-6 signalling feeds myeloid activation: strength of the loop", "fitted")
    k_i6: float = _number(26160, "IL-6 made per myeloid activation", "fitted")
    i6_pow: float = _number(1.734, "power of it", "fitted")
    kel_i6: float = _number(3.0, "clearance of IL-6 (1/d)")
    i6_base: float = _number(3.0, "IL-6 at rest (pg/mL)")
    i6_block: float = _number(0.8224, "share of the clearance that goes by the receptor", "fitted")
    k6: float = _number(658.3, "IL-6 at half signalling (pg/mL)", "fitted", low=1e-6)
    w6: float = _number(0.9, "weight of the IL-6 arm", "fitted")
    w1: float = _number(0.1, "weight of the arm without IL-6 (IL-1 and others)", "fitted")
    km1: float = _number(1.266, "myeloid activation at half of that arm", "fitted", low=1e-6)

    # --- drugs
    clearance: float = _number(0.3, "tocilizumab, linear clearance (L/d at 70 kg)", "published", FREY)
    v1: float = _number(3.5, "central volume (L at 70 kg)", "published", FREY, low=0.01)
    q: float = _number(0.2, "between the compartments (L/d at 70 kg)", "published", FREY)
    v2: float = _number(2.9, "peripheral volume (L at 70 kg)", "published", FREY, low=0.01)
    vm: float = _number(7.5, "saturable elimination (mg/d at 70 kg)", "published", FREY)
    km: float = _number(2.7, "its half-saturation (µg/mL)", "published", FREY, low=1e-6)
    cv_clearance: float = _number(0.39, "CV of the clearance", "published", FREY)
    cv_v1: float = _number(0.37, "CV of the central volume", "published", FREY)
    cv_v2: float = _number(0.66, "CV of the peripheral volume", "published", FREY)
    cv_vm: float = _number(0.54, "CV of the saturable elimination", "published", FREY)
    ro50: float = _number(0.7, "tocilizumab at half the receptors (µg/mL)", low=1e-6)
    tocilizumab_on: float = _number(0.965, "receptors blocked at most: the dial of the effect; 0 = inert", high=1)
    tocilizumab_cns: float = _number(0.05, "IL-6 in plasma reaches the brain: strength")
    steroid_on: float = _number(1.0, "steroids work; 0 = inert", high=1)
    steroid_m: float = _number(0.65, "steroid against myeloid activation", high=1)
    steroid_x: float = _number(0.35, "steroid against T-cell cytokines", high=1)
    steroid_rate: float = _number(0.30, "a steroid comes on and goes by this share an hour", high=1)
    siltuximab_on: float = _number(0.9, "IL-6 bound at most after siltuximab; 0 = inert", high=1)
    siltuximab_half_life: float = _number(16, "half-life of siltuximab", low=0.1)
    anakinra_on: float = _number(0.6, "the arm without IL-6 blocked at most by anakinra; 0 = inert", high=1)
    anakinra_hours: float = _number(5, "half-life of anakinra's effect (h)", low=0.1)
    antipyretic: float = _number(0.9, "acetaminophen lowers a fever by about this at most")

    # --- organs
    k_v: float = _number(1.7, "vessels: gain", "fitted")
    tau_v: float = _number(1.125, "time constant", "fitted", low=0.05)
    v_sd: float = _number(0.8577, "SD between patients (log)", "fitted")
    k_l: float = _number(2.36, "lungs: gain", "fitted")
    tau_l: float = _number(1.4, "time constant", low=0.05)
    l_sd: float = _number(0.6326, "SD between patients (log)", "fitted")
    k_n: float = _number(3.788, "brain: gain", "fitted")
    tau_n: float = _number(5.769, "time constant", "fitted", low=0.05)
    n_sd: float = _number(0.8889, "SD between patients (log)", "fitted")
    ice_slope: float = _number(4.637, "ICE points lost per unit of injury past the threshold", "fitted")
    ice_threshold: float = _number(0.9399, "injury that is felt", "fitted")
    map_drop: float = _number(17.11, "mean pressure lost per unit of vascular injury (mmHg)", "fitted")
    spo2_drop: float = _number(6.0, "saturation lost per unit of leak (%)")
    seizures: float = _number(0.02, "seizures a day per unit of injury past 2")

    # --- fever
    fever_height: float = _number(2.902, "fever at most", "fitted")
    fever_half: float = _number(0.2587, "signal at half of it", "fitted", low=1e-6)
    fever_steep: float = _number(1.739, "steepness", "fitted")
    fever_rate: float = _number(0.06, "time constant of the temperature", low=0.005)
    circadian: float = _number(0.35, "half the daily swing")
    sd_temperature: float = _number(0.22, "thermometer, SD of a reading")
    sd_pressure: float = _number(3.5, "cuff, SD of a reading (mmHg)")
    device_bias: float = _number(0.0, "thermometer reads this too high", low=-2, high=2)
    infections: float = _number(0.006, "fevers from infection a patient-day")

    # --- death within the hourly part
    h_crs: float = _number(0.2033, "hazard of vascular injury past 2 (1/d)", "fitted")
    h_icans: float = _number(0.01, "hazard of brain injury past 3.6 (1/d)")
    h_other: float = _number(0.00032, "other hazard (1/d)", "fitted")

    # --- what is charted
    every_h: float = _number(4, "vital signs every so many hours on the ward", low=1, high=24)
    hourly_when_sick: float = _number(1, "1: hourly from 38.5 °C, low pressure, vasopressor or oxygen", high=1)
    missing: float = _number(0.10, "vital signs left out", high=0.95)
    missing_night: float = _number(0.10, "and at night besides", high=0.95)
    missing_informative: float = _number(0.0, "left out besides after a normal set (share)", high=0.9)
    lab_missing: float = _number(0.12, "panels left out", high=0.95)
    il6_drawn: float = _number(0.45, "panels with IL-6", high=1)
    lab_delay: float = _number(75, "minutes from a draw to its values", low=5, high=300)
    ice_missing: float = _number(0.08, "ICE or CAPD left out", high=0.95)
    sd_ice: float = _number(0.14, "SD of a score before rounding")
    discharge_day: float = _number(14, "earliest discharge; 0 = nobody goes home in the hourly part", high=60)
    discharge_calm_h: float = _number(48, "hours without fever, support or ICANS before it")

    # --- supportive care
    acetaminophen: float = _number(0.6, "given at 38.3 °C or more, 6 h after the last", high=1)
    fluid_map: float = _number(
        0.76, "mean pressure, share of the patient's own, that is treated (two readings)", high=1
    )
    wean_map: float = _number(0.86, "and above which a vasopressor is weaned", high=1.2)
    boluses: float = _number(3, "boluses before a vasopressor")
    second_pressor: float = _number(0.30, "norepinephrine beyond which a second drug is added (µg/kg/min)")
    vasopressin_second: float = _number(0.35, "share in whom the second drug is vasopressin", high=1)
    oxygen_below: float = _number(91, "saturation below which oxygen is stepped up")
    oxygen_above: float = _number(97, "and from which, after 7 h, down")

    # --- cytokine drugs: repeats and rescue, equal in every arm
    repeat_grade: float = _number(3, "CRS grade at which a dose is repeated", low=1, high=4)
    repeat_after_h: float = _number(8, "hours between doses, where the strategy names none", "published", LE)
    most_doses: float = _number(3, "doses at most, where the strategy names none", low=1, high=8)
    repeat_hourly: float = _number(0.05325, "chance an hour that a repeat that is due is given", "fitted", high=1)
    third_share: float = _number(0.1388, "and for the third and later ones, times this", "fitted", high=1)
    steroid_crs_grade: float = _number(4, "CRS grade that starts a steroid at once", low=1, high=5)
    steroid_refractory_h: float = _number(
        60, "hours after the second dose, still at the repeat grade: a steroid", "fitted"
    )
    steroid_icans_grade: float = _number(3, "ICANS grade that starts a steroid", low=1, high=5)
    methylprednisolone: float = _number(0.15, "share whose steroid is methylprednisolone", high=1)

    # --- usual practice: logit an hour of the first dose, while an episode is open
    u_base: float = _number(-6.982, "intercept", "fitted", low=-30, high=10)
    u_sustained: float = _number(1.7, "4 h at 39.0 °C or more", "fitted", low=-10, high=20)
    u_grade2: float = _number(0.5127, "grade 2", "fitted", low=-10, high=20)
    u_grade3: float = _number(4.111, "grade 3 or more", "fitted", low=-10, high=20)
    confounding: float = _number(1.0, "measured confounding: multiplies severity and burden", high=5)
    gestalt: float = _number(0.0, "unmeasured confounding: the hidden vascular injury", high=10)
    centre_sd: float = _number(0.9, "SD of the centres' habits")
    calendar_trend: float = _number(0.0, "logit a year", low=-5, high=5)

    # --- long term (months)
    cr_blasts: float = _number(0.05, "blasts at day 28 below which it is a complete remission", high=1)
    mrd_cut: float = _number(-3.9, "log10 blasts below which no residual disease is found", low=-9, high=0)
    cure: float = _number(0.54, "share cured among MRD-negative at average burden", "fitted", low=0.001, high=0.999)
    cure_burden: float = _number(-0.45, "logit per SD of burden", low=-5, high=5)
    cure_mrd: float = _number(-1.6, "logit with residual disease", low=-9, high=5)
    steroid_cure: float = _number(0.0, "logit lost per 100 mg dexamethasone (harm to remission)", low=-5, high=20)
    relapse_median: float = _number(6.853, "relapse of those not cured, median", "fitted", low=0.1)
    relapse_sd: float = _number(0.75, "SD of its logarithm", low=0.01)
    transplant: float = _number(0.16, "share transplanted in remission", high=1)
    transplant_relapse: float = _number(0.45, "share of relapses that a transplant leaves", high=1)
    transplant_death: float = _number(0.10, "share that dies of it", high=1)
    h_nonrelapse: float = _number(0.0022, "other deaths a month", "fitted")
    survival_after: float = _number(23.5, "mean survival after a relapse", "fitted", low=0.1)
    survival_refractory: float = _number(0.45, "and times this where there was no response", high=5)
    nonresponse_day: float = _number(28, "day at which no response is an event", low=0, high=120)
    follow_up_low: float = _number(12, "follow-up ends between this month", low=1)
    follow_up_high: float = _number(60, "and this one (administrative)", low=1)
    lost: float = _number(0.01, "lost to follow-up a month", high=1)

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> World:
        """A world of a TOML table: the product's profile, then `values` over it.

        Raises TocsinError (`virtual.unknown`, `virtual.value`) naming every wrong one.
        """
        given = dict(PROFILES.get(str(values.get("product", "")), {})) | dict(values)
        try:
            return cls.model_validate(given)
        except ValidationError as error:
            raise TocsinError(_problem(one) for one in error.errors()) from None

    @property
    def calibrated(self) -> bool:
        """Whether the product's targets were fitted; the other profiles shift a few numbers and were never fitted."""
        return self.product == "tisagenlecleucel_all"

    @cached_property
    def hash(self) -> str:
        """First 12 hex digits of the SHA-256 over every number; stands on every result made in this world."""
        return spec_hash(self.model_dump(mode="json"))

    def rows(self) -> list[dict[str, str]]:
        """Every number with its default, origin, source and words."""
        made: list[dict[str, str]] = []
        for name, field in type(self).model_fields.items():
            more: Any = field.json_schema_extra or {}
            made.append(
                {
                    "name": name, "value": str(getattr(self, name)), "default": str(field.default),
                    "origin": more.get("origin", ""), "source": more.get("source", ""),
                    "words": field.description or "",
                }
            )  # fmt: skip
        return made


def _problem(error: Any) -> Problem:
    name = ".".join(str(part) for part in error["loc"]) or "world"
    if error["type"] == "extra_forbidden":
        return Problem("virtual.unknown", f'the world has no "{name}".', "", "See the table of the world's numbers.")
    return Problem("virtual.value", f'"{name}" of the world: {error["msg"].lower()}.', "", "Give a value in range.")


#: What differs by product; none but the first was fitted to its published figures (section 7).
PROFILES: dict[str, dict[str, Any]] = {
    "tisagenlecleucel_all": {},
    "axicabtagene_lbcl": {
        "age_median": 58.0, "age_sd": 0.22, "age_low": 18.0, "age_high": 84.0, "tmax": 7.0, "tissue_lead": 0.66,
        "gm": 1.8, "k_n": 6.9, "ice_threshold": 0.8,
    },
    "brexucabtagene_mcl": {
        "age_median": 65.0, "age_sd": 0.15, "age_low": 18.0, "age_high": 86.0, "tissue_lead": 0.83, "gm": 1.6,
        "k_n": 5.6,
    },
    "obecabtagene_all": {
        "age_median": 47.0, "age_sd": 0.4, "age_low": 18.0, "age_high": 82.0, "gm": 0.75, "k_v": 1.05, "k_n": 3.0,
    },
}  # fmt: skip

_NUMBERS = tuple(name for name, field in World.model_fields.items() if field.annotation is float)
#: The world as one record, for compiled steps.
WORLD = np.dtype(
    [(name, "f8") for name in _NUMBERS]
    + [("device_codes", "i4", (len(DEVICES),)), ("pressor_codes", "i4", (len(PRESSORS),)),
       ("drug_groups", "i4", (len(DRUGS),))], align=True
)  # fmt: skip


def as_record(world: World) -> np.ndarray[Any, Any]:
    """The numbers of a world as an array of one WORLD record, and where its drugs and devices stand among the signs."""
    made = np.zeros(1, WORLD)
    made["device_codes"] = [list(vocabulary.devices()).index(name) for name in DEVICES]
    made["pressor_codes"] = [pressor_names().index(name) for name in PRESSORS]
    made["drug_groups"] = [MASKING_GROUPS.get(vocabulary.drugs()[name].group, 0) for name in DRUGS]
    for name in _NUMBERS:
        made[name] = getattr(world, name)
    return made
