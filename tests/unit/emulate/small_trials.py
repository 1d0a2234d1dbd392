"""Small hand-built wards for trials: readings every two hours, so that the early trigger fires at hour 24 exactly."""

from __future__ import annotations

from typing import Any

from tocsin.emulate.people import Ward as Trialled
from tocsin.emulate.people import ward_of
from tocsin.emulate.trial import settle
from tocsin.studyfile import parse_study
from tocsin.tables import Records
from unit.study.small_studies import BOTH, Ward

ZERO = 24  # hours after the infusion at which a fever that begins at hour 20 has lasted 4 h


def patient(ward: Ward, name: str, dose: float | None = None, fever: float = 20, **more: Any) -> Ward:
    """Fever of 39.5 from hour `fever` to 8 h later; tocilizumab `dose` hours after time zero, to the minute."""
    ward.patient(name, **more).fever(name, fever)
    if dose is not None:
        ward.drug(name, fever + 4 + dose, "tocilizumab")
    return ward


def trial(ward: Ward | Records, protocol: dict[str, Any] | None = None, **sections: Any) -> Trialled:
    """The ward of a trial over these records."""
    data = {"title": "small", "strategies": BOTH, **sections}
    if protocol is not None:
        data["protocol"] = protocol
    file = parse_study(data)
    return ward_of(settle(file), ward if isinstance(ward, Records) else ward.records())
