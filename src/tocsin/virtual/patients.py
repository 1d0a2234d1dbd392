"""Who the virtual patients are: traits drawn once, each by its own channel."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import polars as pl

from tocsin.ctcae import bands
from tocsin.signs.events import LIGHT_KG, limits
from tocsin.signs.parameters import Parameters
from tocsin.signs.state import COURSE, NEVER
from tocsin.virtual.random import luck_of, noises, normals, uniforms
from tocsin.virtual.world import World

#: Hidden traits and what the hospital knows, one record a patient.
PATIENT = np.dtype(
    [("luck", "u8")]
    + [
        (name, "f8")
        for name in (
            "age", "weight", "child", "blasts", "burden", "log_fold", "grow_until", "cmax", "alpha", "gm", "kill",
            "vessels", "lungs", "brain", "map0", "pulse0", "heart0", "breath0", "t0", "phase", "clearance", "v1", "q",
            "v2", "vm", "ill_from", "ill_days", "ill_height", "centre", "habit", "day", "ferritin0", "platelets0",
            "creatinine0", "alt0", "bilirubin0", "fibrinogen0", "crp0", "offset", "admitted", "percent",
            "base_creatinine", "base_bilirubin",
            "base_ast", "base_alt", "base_fibrinogen", "base_crp", "base_ferritin", "base_platelets",
        )
    ],
    align=True,
)  # fmt: skip
BLASTS_LOGIT_MEAN = 0.22  # mean blasts, about which burden is measured in usual practice
WHOLE_YEAR = 365.25


def draw(world: World, first: int, n: int) -> np.ndarray[Any, Any]:
    """Patients `first` to `first + n` of a world, as PATIENT records."""
    w, made = world, np.zeros(n, PATIENT)
    luck = made["luck"] = luck_of(w.seed, np.arange(first, first + n, dtype=np.uint64))

    def z(channel: int) -> Any:
        return normals(luck, channel)

    def u(channel: int) -> Any:
        return uniforms(luck, channel)

    burden = z(1)
    blasts = 1 / (1 + np.exp(-(w.burden_mean + w.burden_sd * burden)))
    made["burden"], made["blasts"] = burden, blasts
    age = np.round(np.clip(w.age_median * np.exp(w.age_sd * z(2)), w.age_low, w.age_high), 1)
    child = age < 12
    made["age"], made["child"] = age, child
    typical = np.where(age < 16, np.clip(8 + 3.2 * age, 5, 62), 68)
    made["weight"] = weight = np.round(np.clip(typical * np.exp(0.16 * z(3)), 5, 160), 1)
    made["log_fold"] = np.log(np.clip(w.foldx * np.exp(np.sqrt(w.foldx_w2) * z(4)), 30, 5e6))
    spread = w.tmax_share * np.sqrt(max(w.tmax_w2 - w.burden_tmax**2, 0.01))
    late = w.burden_tmax * burden + w.early_burden * (blasts >= 0.5)
    tmax = np.clip(w.tmax * np.exp(spread * z(5) + late), w.tmax_low, w.tmax_high)
    made["grow_until"] = tmax * w.tissue_lead
    height = np.sqrt(max(w.cmax_w2 - w.burden_cmax**2, 0.01))
    made["cmax"] = w.cmax * np.exp(height * z(6) + w.burden_cmax * burden)
    made["alpha"] = np.clip(w.alpha * np.exp(np.sqrt(w.alpha_w2) * z(7)), 0.02, 2)
    made["gm"] = w.gm * np.exp(w.gm_sd * z(10))
    made["kill"] = np.where(u(11) < w.refractory, 0.03, 1.0) * w.kill * np.exp(w.kill_sd * z(12))
    made["vessels"], made["lungs"], made["brain"] = (
        np.exp(sd * z(c)) for sd, c in ((w.v_sd, 13), (w.l_sd, 14), (w.n_sd, 15))
    )
    made["pulse0"] = np.where(child, 36, 42) + 3 * np.clip(z(30), -2, 2)
    lowest = np.array([limits(one)[1] for one in age.tolist()])
    made["map0"] = lowest + 20 + np.clip(7 * z(16), -8, 18) - made["pulse0"] * 2 / 3
    made["heart0"], made["breath0"] = np.where(child, 98, 80) + 8 * z(17), np.where(child, 22, 15) + z(31)
    made["t0"], made["phase"] = 36.7 + 0.18 * z(18), 17.5 + 1.2 * z(19)
    _kinetics(w, made, weight / 70.0, z)
    made["ill_from"] = -np.log(u(23)) / max(w.infections, 1e-9)
    made["ill_days"], made["ill_height"] = 1.5 + 3 * u(24), 0.8 + 1.4 * u(25)
    made["centre"] = np.floor(u(26) * w.centres)
    made["habit"] = w.centre_sd * normals(luck_of(w.seed, made["centre"].astype(np.uint64)), 900)
    made["day"] = np.floor(u(32) * w.calendar_years * WHOLE_YEAR)
    made["ferritin0"] = np.exp(np.log(700) + 0.8 * z(27))
    made["platelets0"] = np.exp(np.log(90) + 0.8 * z(28)) * (1 - 0.4 * blasts)
    made["creatinine0"] = np.where(child, 0.4, 0.7) * np.exp(0.15 * z(29))
    made["alt0"], made["bilirubin0"] = 22 * np.exp(0.3 * z(33)), 0.5 * np.exp(0.25 * z(34))
    made["fibrinogen0"], made["crp0"] = 3.2 * np.exp(0.15 * z(35)), 4 * np.exp(0.6 * z(36))
    made["percent"] = np.round(100 * blasts, 1)
    _baseline(made, luck)
    made["offset"] = np.floor(u(40) * w.every_h)
    made["admitted"] = -1440 - np.floor(600 * u(41))
    return made


def _kinetics(w: World, made: Any, size: Any, z: Any) -> None:
    """Tocilizumab: correlations of Frey 2010 (CL:V1 0.6, CL:Vm -0.5); scaled by weight to 0.75 and 1 (assumed)."""
    zc = z(20)
    zv, zm = 0.6 * zc + 0.8 * z(21), -0.5 * zc + 0.866 * z(22)
    sd = {name: np.sqrt(np.log(1 + cv**2)) for name, cv in
          (("cl", w.cv_clearance), ("v1", w.cv_v1), ("v2", w.cv_v2), ("vm", w.cv_vm))}  # fmt: skip
    made["clearance"] = w.clearance * size**0.75 * np.exp(sd["cl"] * zc)
    made["v1"], made["q"] = w.v1 * size * np.exp(sd["v1"] * zv), w.q * size**0.75
    made["v2"] = w.v2 * size * np.exp(sd["v2"] * np.clip(z(37), -2.5, 2.5))
    made["vm"] = w.vm * size**0.75 * np.exp(sd["vm"] * zm)


def _baseline(made: Any, luck: Any) -> None:
    """The panel of the admission, as charted."""

    def read(value: Any, channel: int, decimals: int, sd: float = 0.05) -> Any:
        return np.round(value * np.exp(sd * noises(luck, channel)), decimals)

    made["base_creatinine"], made["base_bilirubin"] = read(made["creatinine0"], 60, 2), read(made["bilirubin0"], 61, 2)
    made["base_ast"], made["base_alt"] = read(1.1 * made["alt0"], 62, 0), read(made["alt0"], 63, 0)
    made["base_fibrinogen"], made["base_crp"] = read(made["fibrinogen0"], 64, 2), read(made["crp0"], 65, 1)
    made["base_ferritin"], made["base_platelets"] = read(made["ferritin0"], 66, 0), read(made["platelets0"], 67, 0)


def courses(patients: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """The fixed facts of each course, as the signs read them from complete records."""
    made = np.zeros(patients.size, COURSE)
    ages = patients["age"].tolist()
    pairs = {age: limits(age) for age in set(ages)}
    made["limit_low"] = [pairs[age][0] for age in ages]
    made["limit_high"] = [pairs[age][1] for age in ages]
    child = patients["child"] > 0
    made["uses_ice"], made["uses_capd"] = ~child, child
    made["infusion"] = made["covers_drugs"] = made["covers_care"] = made["stays_given"] = 1
    made["end"] = NEVER
    made["weight"] = patients["weight"]
    made["light"] = patients["weight"] < LIGHT_KG
    return made


#: The laboratory values of the organ grades, in the order of `signs.state`'s slots, and their limits by parameter.
LABS = (("creatinine", "uln_creatinine"), ("bilirubin", "uln_bilirubin"), ("ast", "uln_ast"), ("alt", "uln_alt"),
        ("fibrinogen", "lln_fibrinogen"))  # fmt: skip
_EDGE = re.compile(r"(<|<=|>) ([\d.]+)(?: (ULN|LLN|BL))?")


def organ_edges(patients: np.ndarray[Any, Any], parameters: Parameters) -> np.ndarray[Any, Any]:
    """[n, 5, 4]: the value from which each laboratory value has grade 1 to 4, read off `ctcae.BANDS` (v4.03).

    High values: graded from the edge on. Fibrinogen: graded up to the edge, which is given negated. The baseline is
    the panel before the infusion. A creatinine within the limits is not grade 1, as in `signs.acts`.
    """
    made = np.zeros((patients.size, len(LABS), 4))
    for k, (lab, limit) in enumerate(LABS):
        known = {"ULN": getattr(parameters, limit), "LLN": getattr(parameters, limit), "BL": patients[f"base_{lab}"]}
        for g, cell in enumerate(bands(lab, "v4.03")[0].cells):
            edges = [_edge(edge, known, patients.size) for edge in cell.split(" or ")]
            made[:, k, g] = np.min(edges, axis=0)
    above = np.nextafter(parameters.uln_creatinine, np.inf)
    made[:, 0, 0] = np.maximum(made[:, 0, 0], above)
    return made


def _edge(edge: str, known: dict[str, Any], n: int) -> np.ndarray[Any, Any]:
    found = _EDGE.fullmatch(edge)
    if found is None:
        raise ValueError(f"an edge of the CTCAE table is not understood: {edge}")
    order, factor, name = found.groups()
    if name is None:
        value = np.full(n, float(factor))
    else:
        value = np.full(n, known[name]) if float(factor) == 1 else np.round(np.full(n, known[name]) * float(factor), 6)
    if order == ">":
        return np.nextafter(value, np.inf)
    return -(value if order == "<=" else np.nextafter(value, -np.inf))


def facts(world: World, first: int, patients: np.ndarray[Any, Any]) -> pl.DataFrame:
    """What the hospital knows at the infusion, one row a patient (see `virtual.log.Batch`)."""
    luck = patients["luck"]
    female = uniforms(luck, 50) < 0.45
    cells = np.round(2e6 * np.exp(0.4 * normals(luck, 51)), -4)
    disease = {"axicabtagene_lbcl": "LBCL", "brexucabtagene_mcl": "MCL"}.get(world.product, "B-ALL")
    return pl.DataFrame(
        {
            "patient": np.arange(first, first + patients.size, dtype=np.int64),
            "age_y": patients["age"],
            "weight_kg": patients["weight"],
            "sex": np.where(female, "female", "male"),
            "centre": patients["centre"].astype(np.int64),
            "product": _DRUG_NAMES[world.product],
            "disease": disease,
            "blasts_percent": patients["percent"],
            "cells_per_kg": cells,
            "lymphodepletion": "fludarabine and cyclophosphamide",
            "calendar_day": patients["day"].astype(np.int64),
            "admitted": patients["admitted"].astype(np.int64),
        }
    )


_DRUG_NAMES = {
    "tisagenlecleucel_all": "tisagenlecleucel",
    "axicabtagene_lbcl": "axicabtagene_ciloleucel",
    "brexucabtagene_mcl": "brexucabtagene_autoleucel",
    "obecabtagene_all": "obecabtagene_autoleucel",
}
