"""A world that costs nothing, and a design for it."""

from __future__ import annotations

from tocsin.power.closed_form import ClosedFormWorld
from tocsin.power.design import parse_design

CLOSED = {
    "world": "closed-form", "n": 200, "replicates": 4, "seed": 7, "draws": 20, "truth_patients": 2000,
    "closed_form": {"horizon": 24, "hours": [12]},
}  # fmt: skip
VIRTUAL = {
    "n": 40, "replicates": 3, "seed": 5, "world": "well-supported", "draws": 0, "truth_patients": 200,
    "strategies": {
        "early": {
            "give": "tocilizumab", "within": "6 h",
            "when": {"sign": "temperature", "at_least": 39.0, "sustained": "4 h"},
        },
        "wait": {"give": "tocilizumab", "within": "6 h", "when": {"grade_of": "astct_crs", "at_least": 3}},
    },
    "protocol": {"outcomes": ["crs_grade_3"], "horizon_hours": 72, "hours": [24], "discharged": "event_free"},
}  # fmt: skip


def closed(**changes):
    form = {**CLOSED["closed_form"], **changes.pop("closed_form", {})}
    return parse_design({**CLOSED, **changes, "closed_form": form})


class Counted(ClosedFormWorld):
    """Says which studies were asked for, and stops after so many."""

    def __init__(self, design, stop_after=None):
        super().__init__(design)
        self.asked, self.stop_after = [], stop_after

    def studies(self, replicates):
        for number, made in super().studies(replicates):
            if self.stop_after is not None and len(self.asked) == self.stop_after:
                raise KeyboardInterrupt
            self.asked.append(number)
            yield number, made
