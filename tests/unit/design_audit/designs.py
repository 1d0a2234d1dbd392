"""Studies with one fault each. The clean one: two drugs, each at time zero, in the same years, everybody in an arm."""

from __future__ import annotations

from typing import Any

from tocsin.study.cohort import Study
from unit.study.small_studies import Ward, study_of

AT_ONCE = {"day": 0.0}
DRUGS = {"one": "siltuximab", "two": "tocilizumab"}
RULES = {arm: {"give": drug, "when": AT_ONCE} for arm, drug in DRUGS.items()}
ENOUGH = 45  # v 45: no event against 17 points is found with a power of 80 %


def aligned(
    n: int = ENOUGH, *, dose: float | None = 0.0, fever: float = 20.0, shift: float = 0.0, bare: bool = False
) -> Ward:
    """2 n patients, a day apart, arms in turn; the second arm begins `shift` days later; `dose` None: none is given."""
    ward = Ward()
    for k in range(2 * n):
        arm = ("one", "two")[k % 2]
        name = f"{arm}{k // 2:03d}"
        ward.patient(name, k + (shift if arm == "two" else 0))
        if not bare:
            cool = [(float(h), 36.8) for h in range(0, 100, 4) if not fever <= h < fever + 8]
            ward.read(name, "temperature", *cool, (fever, 39.0), (fever + 4, 38.6))
            ward.read(name, "systolic", *((float(h), 120.0) for h in range(0, 100, 4)))
            ward.read(name, "spo2", *((float(h), 98.0) for h in range(0, 100, 4)))
        if dose is not None:
            ward.drug(name, dose, DRUGS[arm])
        ward.outcome(name, 100, "last_contact")
    return ward


def study(ward: Ward, rules: dict[str, Any] | None = None, **sections: Any) -> Study:
    """The study; oxygen that nobody charted counts as none, so that grades are settled."""
    settled = {"parameters": {"oxygen_uncharted": "none_if_spo2_at_least_92"}}
    return study_of(ward, rules or RULES, **{**settled, **sections})


def names(arm: str, count: int, start: int = 0) -> list[str]:
    return [f"{arm}{k:03d}" for k in range(start, start + count)]
