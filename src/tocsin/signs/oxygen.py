"""Oxygen class and FiO2 of a device (specification 1.4)."""

# ruff: noqa: SIM109 - compiled code, kept in the shape of the rule book
from __future__ import annotations

from typing import Any

from tocsin.signs.state import (
    FIO2_CANNULA,
    FIO2_FIXED,
    R_BY_FIO2,
    R_CANNULA,
    R_HFNC,
    R_HIGH,
    R_LOW,
    R_NONE,
    R_POSITIVE,
    R_SOME_OXYGEN,
    R_VENTILATOR,
)


def oxygen_class(rules: Any, device: int, flow: float, fio2: float, excluded: int) -> tuple[int, int]:
    """Lowest and highest class it can be: 0 none, 1 low flow, 2 high flow, 3 positive pressure, 4 ventilator."""
    rule = rules.class_rule[device]
    if rule == R_NONE:
        return 0, 0
    if rule == R_CANNULA:
        return (2, 2) if flow > 6.0 else (1, 1)
    if rule == R_HFNC:
        return (1, 1) if flow <= 6.0 else (2, 2)
    if rule == R_LOW:
        return 1, 1
    if rule == R_HIGH:
        return 2, 2
    if rule == R_BY_FIO2:
        if fio2 != fio2:
            return 0, 2
        return (2, 2) if fio2 > 0.21 else (0, 0)
    if rule == R_POSITIVE or rule == R_VENTILATOR:
        if excluded:
            return 0, 0
        return (3, 3) if rule == R_POSITIVE else (4, 4)
    if rule == R_SOME_OXYGEN:
        return 1, 4
    return 0, 4


def fio2_estimate(rules: Any, device: int, flow: float) -> float:
    """FiO2 where none is recorded (specification 1.4); NaN where no table gives one."""
    rule = rules.fio2_rule[device]
    if rule == FIO2_FIXED or flow != flow:
        return rules.fio2_default[device]
    if rules.marshall:
        if flow <= 2:
            return 0.25
        if flow <= 4:
            return 0.30
        if flow <= 8:
            return 0.40
        return 0.50 if flow <= 10 else 0.60
    if rule == FIO2_CANNULA:
        return min(1.0, 0.20 + 0.04 * flow)
    if flow < 6:
        return 0.40
    return 0.50 if flow < 7 else 0.60
