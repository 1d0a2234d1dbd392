"""Small hand-built studies: records in memory, one line a fact. Time zero is 2 March 2020, 08:00 UTC, or days later."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from tocsin.study.cohort import Study, assemble
from tocsin.study.ledger import Effects
from tocsin.study.run import results_of
from tocsin.studyfile import parse_study
from tocsin.tables import RECORD_TABLES, Records

ZERO = datetime(2020, 3, 2, 8, tzinfo=UTC)
EARLY = {
    "give": "tocilizumab",
    "when": {"sign": "temperature", "at_least": 39.0, "sustained": "4 h", "longest_gap": "6 h"},
}
SEVERE = {"give": "tocilizumab", "when": {"grade_of": "astct_crs", "at_least": 3}}
BOTH = {"early": EARLY, "late": SEVERE}


class Ward:
    """Collects rows of the record tables; times are hours after time zero, outcomes whole days."""

    def __init__(self) -> None:
        self.rows: dict[str, list[dict[str, Any]]] = {}

    def put(self, table: str, patient: str, **row: Any) -> Ward:
        rows = self.rows.setdefault(table, [])
        rows.append({"patient_id": patient, "source": f"{table}.csv", "source_row": len(rows) + 1, **row})
        return self

    def patient(self, name: str, shift_days: float = 0, **facts: Any) -> Ward:
        """A patient infused `shift_days` after ZERO's date, in hospital from two days before to day 30."""
        zero = self.zero(name, shift_days)
        self.put("patients", name, **{"age_y": 40.0, "weight_kg": 60.0, **facts})
        self.put("stays", name, start=zero - timedelta(days=2), stop=zero + timedelta(days=30), kind="hospital")
        return self.drug(name, 0, "car_t", 2e6, "cells/kg")

    def zero(self, name: str, shift_days: float | None = None) -> datetime:
        shifts = self.__dict__.setdefault("shifts", {})
        if shift_days is not None:
            shifts[name] = shift_days
        return ZERO + timedelta(days=shifts[name])

    def at(self, name: str, hours: float) -> datetime:
        return self.zero(name) + timedelta(hours=hours)

    def drug(self, name: str, hours: float, drug: str, dose: float = 480.0, unit: str = "mg", **more: Any) -> Ward:
        start = self.at(name, hours)
        return self.put("drugs", name, **{
            "start": start, "available_time": start, "precision": "minute", "drug": drug, "mode": "dose",
            "dose": dose, "dose_unit": unit, **more,
        })  # fmt: skip

    def pressor(self, name: str, hours: float, stop: float) -> Ward:
        return self.drug(
            name, hours, "norepinephrine", mode="infusion", order_id=f"{name}-{hours}", rate=5.0, rate_unit="ug/min",
            dose=None, unit=None, stop=self.at(name, stop),
        )  # fmt: skip

    def read(self, name: str, variable: str, *pairs: tuple[float, float]) -> Ward:
        for hours, value in pairs:
            time = self.at(name, hours)
            self.put("measurements", name, time=time, available_time=time, precision="minute", variable=variable,
                     value=value)  # fmt: skip
        return self

    def fever(self, name: str, start: float, hours: float = 8, value: float = 39.5) -> Ward:
        """Readings every two hours from `start`, normal ones before and after; a normal pressure beside each."""
        pairs = [(h, 36.8) for h in range(0, int(start), 4)]
        pairs += [(start + h, value) for h in range(0, int(hours) + 1, 2)]
        pairs += [(start + hours + h, 36.8) for h in range(4, 80, 4)]
        self.read(name, "temperature", *pairs)
        return self.read(name, "systolic", *((h, 120.0) for h, _ in pairs))

    def outcome(self, name: str, day: int, what: str, value: str | None = None, **more: Any) -> Ward:
        time = (self.zero(name) + timedelta(days=day)).replace(hour=12)
        return self.put("outcomes", name, **{
            "time": time, "available_time": time, "precision": "day", "what": what, "value": value, **more,
        })  # fmt: skip

    def records(self, *without: str) -> Records:
        tables = ("patients", "stays", "measurements", "drugs", "supports", "assessments", "outcomes")
        contracts = {t.name: t for t in RECORD_TABLES}
        frames = {name: contracts[name].frame(self.rows.get(name)) for name in tables if name not in without}
        keys = {"patients": "patient_id", "stays": "start", "drugs": "start", "supports": "start"}
        frames = {n: f.sort("patient_id", keys.get(n, "time"), "source_row") for n, f in frames.items()}
        return Records.of(frames)


def early(ward: Ward, name: str, shift_days: float = 0, dose: float = 25.0) -> Ward:
    """Fever of 39.5 from hour 20 to 28: due at hour 24; tocilizumab at `dose`."""
    return ward.patient(name, shift_days).fever(name, 20).drug(name, dose, "tocilizumab")


def severe(ward: Ward, name: str, shift_days: float = 0, dose: float = 42.0) -> Ward:
    """Fever of 38.5, a vasopressor from hour 40 to 60: grade 3 at hour 40; tocilizumab at `dose`."""
    ward.patient(name, shift_days).fever(name, 30, 30, 38.5)
    return ward.pressor(name, 40, 60).drug(name, dose, "tocilizumab")


def study_of(ward: Ward | Records, strategies: dict[str, Any] | None = None, **sections: Any) -> Study:
    """The study over these records; the scale's oxygen is taken as none where nothing is charted."""
    data = {"title": "small", "strategies": strategies or BOTH, **sections}
    return assemble(parse_study(data), ward if isinstance(ward, Records) else ward.records())


def results(ward: Ward | Records, strategies: dict[str, Any] | None = None, **sections: Any) -> Any:
    """Every result of it, checked against the contracts."""
    return results_of(study_of(ward, strategies, **sections), {})


def ledger() -> Effects:
    """An empty ledger."""
    return Effects(0.95, "hash", False)
