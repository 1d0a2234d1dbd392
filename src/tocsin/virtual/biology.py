"""What happens in the body, hidden from everybody: one hour at a time, exact for constant inputs.

Plain Python bodies, compiled by `run`. `y` moves to `target` with time constant tau by `y += (target - y) * rate`,
rate = 1 - exp(-dt / tau). Equations: section 2 of the project's page on virtual patients; sources in `world`.
"""

from __future__ import annotations

from typing import Any

import numpy as np

DT = 1.0 / 24.0
START_OF_DAY = 10  # the infusion is at 10:00
#: Hidden state of a body. Drug effects: `steroid` 0-1, `anakinra` 0-1, `siltuximab` 0-1; amounts in mg, `antipyretic`
#: is the minute of the last dose.
BODY = np.dtype(
    [
        (name, "f8")
        for name in (
            "cells", "blasts", "activation", "x", "m", "il6", "signal6", "vessels", "lungs", "brain", "temperature",
            "toci1", "toci2", "occupied", "steroid", "siltuximab", "anakinra", "antipyretic", "fluid", "crp",
            "ferritin", "platelets", "creatinine", "alt", "ldh", "bilirubin", "neutrophils", "fibrinogen", "grow",
            "growth", "fade", "swing_cos", "swing_sin", "spent", "il6_max", "hazard_crs", "hazard_icans",
            "hazard_other", "blasts28",
        )
    ],
    align=True,
)  # fmt: skip
#: Rates of the constant time constants, worked out once a world.
RATES = np.dtype(
    [(name, "f8") for name in ("x", "m", "v", "l", "n", "t", "fluid", "anakinra", "siltuximab", "h08", "h10", "h15",
                               "h18", "h20", "h22", "kel")]
    + [("cos", "f8", (24,)), ("sin", "f8", (24,))], align=True
)  # fmt: skip
LAB_STEP = 6  # hours
QUIET_CELLS, QUIET_BLASTS, QUIET_M = 1e-4, 2e-5, 3e-3
APAP_LAST_H = 10


def rates(world: Any) -> np.ndarray[Any, Any]:
    """RATES of a world."""
    made = np.zeros(1, RATES)
    taus = {"x": world.tau_x, "m": world.tau_m, "v": world.tau_v, "l": world.tau_l, "n": world.tau_n,
            "t": world.fever_rate}  # fmt: skip
    for name, tau in taus.items():
        made[name] = 1 - np.exp(-DT / tau)
    made["kel"] = 1 - np.exp(-DT * world.kel_i6)
    made["fluid"] = np.exp(-DT / 0.22)
    made["anakinra"] = 0.5 ** (1 / world.anakinra_hours)
    made["siltuximab"] = 0.5 ** (DT / world.siltuximab_half_life)
    for name, tau in (("h08", 0.8), ("h10", 1.0), ("h15", 1.5), ("h18", 1.8), ("h20", 2.0), ("h22", 2.2)):
        made[name] = 1 - np.exp(-LAB_STEP * DT / tau)
    angle = 2 * np.pi * (np.arange(24) + START_OF_DAY) / 24
    made["cos"], made["sin"] = np.cos(angle), np.sin(angle)
    return made


def short_exp(x: float) -> float:
    """exp for the small steps of an hour: the series to the fifth power, off by 1e-9 at 0.1."""
    return 1 + x * (1 + x / 2 * (1 + x / 3 * (1 + x / 4 * (1 + x / 5))))


def hill(x: float, half: float, power: float) -> float:
    """0 to 1, one half at `half`."""
    if x <= 0:
        return 0.0
    y = (x / half) ** power
    return y / (1 + y)


def wake(b: Any, p: Any, w: Any) -> None:
    """A body at the infusion."""
    b.cells = p.cmax / np.exp(p.log_fold)
    b.blasts = p.blasts
    b.activation, b.x, b.m = 0.0, 0.0, 0.0
    b.il6 = w.i6_base
    b.signal6 = w.i6_base / (w.i6_base + w.k6)
    b.vessels, b.lungs, b.brain = 0.0, 0.0, 0.0
    b.temperature = p.t0
    b.toci1, b.toci2, b.occupied, b.steroid, b.siltuximab, b.anakinra = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    b.antipyretic = -1e9
    b.fluid = 0.0
    b.crp, b.ferritin, b.platelets, b.creatinine = p.crp0, p.ferritin0, p.platelets0, p.creatinine0
    b.alt, b.ldh, b.bilirubin, b.neutrophils, b.fibrinogen = p.alt0, 260.0, p.bilirubin0, 0.5, p.fibrinogen0
    b.grow = p.log_fold / p.grow_until * DT
    b.growth = np.exp(b.grow)
    phase = 2 * np.pi * p.phase / 24
    b.swing_cos, b.swing_sin, b.spent = w.circadian * np.cos(phase), w.circadian * np.sin(phase), 0.0
    b.fade = np.exp(-p.alpha * DT)
    b.il6_max = 0.0
    b.hazard_crs, b.hazard_icans, b.hazard_other = 0.0, 0.0, 0.0
    b.blasts28 = p.blasts


def live_hour(b: Any, p: Any, w: Any, r: Any, hour: int, steroid: float, doses: int, seen: bool) -> None:
    """The hour from `hour` on; `steroid` 0-1 as given, `doses` so far; `seen`: somebody may measure something."""
    t = hour * DT
    b.steroid += (steroid - b.steroid) * w.steroid_rate
    if b.steroid < 1e-6:
        b.steroid = 0.0
    dex = b.steroid * w.steroid_on
    take_drugs(b, p, w, r)
    grow_cells(b, p, w, t, dex, doses)
    u = b.cells / 24000.0
    kill = p.kill * u / (u + w.ek)
    b.blasts *= short_exp((w.growth_b * (1 - b.blasts) - kill) * DT)
    if u < QUIET_CELLS or b.blasts < QUIET_BLASTS:
        b.activation = 0.0
    else:
        b.activation = hill(u, w.ea, w.hill) * b.blasts / (b.blasts + w.b50)
        if w.exhaustion > 0.0:
            b.spent += b.activation * DT
            b.activation *= np.exp(-w.exhaustion * b.spent)
    quiet = b.activation == 0.0 and b.m < QUIET_M and b.x < QUIET_M
    signal = inflame(b, p, w, r, dex, quiet)
    injure(b, p, w, r, dex, signal)
    if seen:
        warm(b, p, w, r, hour, t, dex, signal)
        if hour % LAB_STEP == 0:
            change_labs(b, p, w, r, t, dex)
    if b.fluid > 1e-3:
        b.fluid *= r.fluid
    ill = t >= p.ill_from and t < p.ill_from + p.ill_days
    over = max(0.0, b.vessels - 2.0)
    b.hazard_crs = w.h_crs * over * over * DT
    b.hazard_icans = w.h_icans * DT if b.brain > 3.6 else 0.0
    b.hazard_other = w.h_other * DT * (1 + (1.5 if ill else 0.0) + 0.5 * dex)
    if hour == 28 * 24:
        b.blasts28 = b.blasts


def take_drugs(b: Any, p: Any, w: Any, r: Any) -> None:
    """Tocilizumab in two compartments with saturable elimination (two steps an hour); the others simply fade."""
    if b.toci1 > 1e-9:
        c = 0.0
        for _ in range(2):
            c = b.toci1 / p.v1
            out = p.clearance * c + p.vm * c / (w.km + c)
            across = p.q / p.v1 * b.toci1 - p.q / p.v2 * b.toci2
            b.toci1 = max(0.0, b.toci1 - (out + across) * DT * 0.5)
            b.toci2 += across * DT * 0.5
        b.occupied = c / (c + w.ro50) * w.tocilizumab_on
    b.siltuximab *= r.siltuximab
    b.anakinra *= r.anakinra


def grow_cells(b: Any, p: Any, w: Any, t: float, dex: float, doses: int) -> None:
    """Tissue cells grow to their peak, then decline."""
    if t < p.grow_until:
        growth = b.growth
        if doses > 0 or dex > 0.5:
            growth = np.exp(b.grow * (w.f_tocilizumab if doses > 0 else 1.0) * (w.f_steroid if dex > 0.5 else 1.0))
        b.cells = min(b.cells * growth, 8 * p.cmax)
    else:
        b.cells *= b.fade


def inflame(b: Any, p: Any, w: Any, r: Any, dex: float, quiet: bool) -> float:
    """T-cell cytokines, myeloid activation, IL-6 and its signalling; returns the inflammatory signal."""
    if quiet:
        b.x -= b.x * r.x
        b.m -= b.m * r.m
        b.il6 += (w.i6_base - b.il6) * r.kel
        b.signal6 = 0.0
        return 0.0
    b.x += (b.activation * (1 - w.steroid_x * dex) * 2.2 - b.x) * r.x
    free = (1 - b.occupied) * (1 - w.siltuximab_on * b.siltuximab)
    signal6 = b.il6 * free / (b.il6 * free + w.k6)
    b.m += (p.gm * b.x * (1 + w.phi * signal6) * (1 - w.steroid_m * dex) - b.m) * r.m
    kel = w.kel_i6 * (1 - w.i6_block * b.occupied)
    rate = r.kel if b.occupied == 0.0 else 1 - np.exp(-kel * DT)
    b.il6 += (w.i6_base + w.k_i6 * b.m**w.i6_pow / kel / 10.0 - b.il6) * rate
    b.il6_max = max(b.il6_max, b.il6)
    b.signal6 = b.il6 * free / (b.il6 * free + w.k6)
    share = b.m / (b.m + w.km1)
    other = 2.0 * share * share / (1 + share) * (1 - w.anakinra_on * b.anakinra)
    return w.w6 * b.signal6 + w.w1 * other


def injure(b: Any, p: Any, w: Any, r: Any, dex: float, signal: float) -> None:
    """Vessels, lungs and brain follow the signal; tocilizumab does not act in the brain, its IL-6 rise does."""
    b.vessels += (w.k_v * p.vessels * signal * signal * (1 - 0.35 * dex) - b.vessels) * r.v
    b.lungs += (w.k_l * p.lungs * b.vessels - b.lungs) * r.l
    cns = 0.6 * b.vessels
    if signal > 0.0:
        cns += 0.5 * min(b.x, 3.0) * p.gm / (1 + p.gm) + w.tocilizumab_cns * np.log(1 + b.il6 / 1000.0)
    b.brain += (w.k_n * p.brain * cns * (1 - 0.55 * dex) - b.brain) * r.n


def warm(b: Any, p: Any, w: Any, r: Any, hour: int, t: float, dex: float, signal: float) -> None:
    """Temperature: own level, time of day, CRS, infection, antipyretic."""
    fever = w.fever_height * hill(signal, w.fever_half, w.fever_steep) * (1 - 0.4 * dex) if signal > 0.0 else 0.0
    if t >= p.ill_from and t < p.ill_from + p.ill_days:
        fever += p.ill_height
    clock = hour % 24
    target = p.t0 + fever + b.swing_cos * r.cos[clock] + b.swing_sin * r.sin[clock]
    since = hour - b.antipyretic / 60.0
    if fever > 0.0 and since < APAP_LAST_H:
        days = max(since, 0.0) * DT
        shape = (np.exp(-days / 0.13) - np.exp(-days / 0.05)) * 2.1
        target -= w.antipyretic * shape * min(1.0, fever)
    b.temperature += (target - b.temperature) * r.t


def change_labs(b: Any, p: Any, w: Any, r: Any, t: float, dex: float) -> None:
    """Laboratory values, every six hours."""
    crp = p.crp0 + 330.0 * b.signal6**1.1 * (1 - 0.3 * dex) if b.signal6 > 0.0 else p.crp0
    b.crp += (crp - b.crp) * r.h08
    b.ferritin += (p.ferritin0 + 11200.0 * b.m * b.m / (b.m + 1.5) - b.ferritin) * r.h22
    nadir = (t - 9.0) / 7.0
    b.platelets += (p.platelets0 * np.exp(-0.45 * b.vessels - 0.5 * np.exp(-nadir * nadir)) - b.platelets) * r.h18
    b.creatinine += (p.creatinine0 * (1 + 0.35 * max(0.0, b.vessels - 1.0)) - b.creatinine) * r.h10
    b.alt += (p.alt0 * (1 + 1.3 * b.m) - b.alt) * r.h20
    b.ldh += (260 * (1 + 0.9 * b.m + 1.2 * b.activation) - b.ldh) * r.h15
    b.bilirubin += (p.bilirubin0 * (1 + 0.5 * max(0.0, b.vessels - 0.8)) - b.bilirubin) * r.h20
    b.neutrophils += (0.12 + 3.2 * hill(t, 19.0 * (1 + 0.15 * b.vessels), 6.0) - b.neutrophils) * r.h15
    b.fibrinogen += (p.fibrinogen0 * np.exp(-0.3 * max(0.0, b.m - 1.0)) - b.fibrinogen) * r.h15


def mean_pressure(b: Any, p: Any, w: Any, norepinephrine: float, others: int) -> float:
    """Mean arterial pressure under support (mmHg)."""
    made = p.map0 - w.map_drop * b.vessels * (1 + 0.06 * max(0.0, b.temperature - 38.0)) + b.fluid
    if norepinephrine > 0.0:
        made += 46.0 * norepinephrine / (norepinephrine + 0.18)
    return max(25.0, made + 9.0 * others)


def saturation(b: Any, w: Any, level: int) -> float:
    """SpO2 (%) at a step of oxygen: none, cannula, high flow, positive pressure, ventilator."""
    made = 97.6 - w.spo2_drop * b.lungs
    if level == 1:
        made += 6.0
    elif level == 2:
        made += 11.0
    elif level == 3:
        made += 15.0
    elif level == 4:
        made += 20.0
    return max(40.0, min(made, 99.5))
