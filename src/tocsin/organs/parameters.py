"""Every open choice behind an organ grade: default, evidence tag and what it decides."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from tocsin.ctcae import ADMIRAL, FibrinogenFall
from tocsin.parameters import ParameterSet
from tocsin.parameters import parameter as _p

LYMPHODEPLETION = ("fludarabine", "cyclophosphamide", "bendamustine")


@dataclass(frozen=True)
class OrganParameters(ParameterSet):
    """Parameters of the organ grades."""

    room: ClassVar[str] = "organs"

    lymphodepletion_days: float = _p(
        14, "the first fludarabine, cyclophosphamide or bendamustine in these days before minute 0 is lymphodepletion"
    )
    baseline_days: float = _p(14, "a reading up to this long before lymphodepletion, or minute 0, can be the baseline")
    longest_gap_h: float = _p(6, "hours between two readings above 40.0 °C over which the fever is taken to last")
    fibrinogen_fall: FibrinogenFall = _p(
        "value_below_limit", "where v5 and v6 count a fall of fibrinogen from baseline", "R", ADMIRAL
    )
