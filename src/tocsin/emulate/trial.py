"""The protocol with everything decided: what every part of an emulation reads, and nothing is looked up twice."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import combinations

from tocsin.errors import Problem, TocsinError
from tocsin.grades import SCALES
from tocsin.protocol import Protocol, grace_minutes, initiation_of
from tocsin.sentences import length_words, scale_words
from tocsin.studyfile import StudyFile
from tocsin.when import Strategy, When

ICANS = "astct_icans"


@dataclass(frozen=True)
class Trial:
    """A study file read as a trial. `arms` have the grace and the initiation of the protocol; `step` is in minutes."""

    file: StudyFile
    protocol: Protocol
    given: bool
    arms: dict[str, Strategy]

    @property
    def names(self) -> tuple[str, ...]:
        """The arms, in order."""
        return tuple(self.arms)

    @property
    def reference(self) -> str:
        """The arm the others are compared with."""
        return self.protocol.reference or self.names[-1]

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """Every other arm with the reference."""
        return [(arm, self.reference) for arm in self.names if arm != self.reference]

    @property
    def drug(self) -> str:
        """The drug of every arm."""
        return next(iter(self.arms.values())).give

    @property
    def clock_arm(self) -> str | None:
        """The strategy whose trigger is time zero; None where the protocol has a trigger of its own."""
        return None if self.protocol.trigger else self.protocol.time_zero or self.names[0]

    @property
    def clock(self) -> When:
        """The trigger that is time zero in every arm."""
        if self.protocol.trigger:
            return self.protocol.trigger
        name = self.clock_arm or self.names[0]
        return (self.arms.get(name) or self.file.strategies[name]).when

    @property
    def scale(self) -> str:
        """The scale CRS is graded on."""
        return self.file.cohort.scale

    @property
    def scales(self) -> list[str]:
        """Every scale an emulation reads."""
        named = [part.grade_of for part in self.clock.parts() if part.grade_of]
        named += [name for rule in self.arms.values() for name in rule.scales]
        return list(dict.fromkeys((self.scale, ICANS, *named)))

    @property
    def outcomes(self) -> tuple[str, ...]:
        """The outcomes, the main one first."""
        severe = SCALES[self.scale].severe
        return self.protocol.outcomes or (f"crs_grade_{severe}", "crs_death", "icans_3")

    @property
    def step(self) -> int:
        """Length of a step in minutes."""
        return 60 * self.protocol.grid_hours

    @property
    def steps(self) -> int:
        """Steps to the horizon."""
        return self.protocol.horizon_hours // self.protocol.grid_hours

    @cached_property
    def hours(self) -> tuple[int, ...]:
        """Hours at which risks are printed, the horizon last."""
        g, end = self.protocol.grid_hours, self.protocol.horizon_hours
        return tuple(sorted({h for h in self.protocol.hours if h <= end and h % g == 0} | {end}))

    def grace_steps(self, arm: str) -> int:
        """Grace period of an arm in steps."""
        return self.arms[arm].within // self.step

    def same_clock(self, arm: str) -> bool:
        """Whether the drug is due at time zero in this arm: its trigger is the one that starts the clock."""
        return self.arms[arm].when == self.clock


def settle(file: StudyFile) -> Trial:
    """The trial of a study file; without `[protocol]` the default one.

    Raises TocsinError with every problem: `emulate.arms` (fewer than two, or two alike), `emulate.drugs` (arms give
    different drugs), `emulate.grace` (a grace period that is no whole number of steps).
    """
    protocol = file.protocol or Protocol()  # pyright: ignore[reportCallIssue]
    names = protocol.strategies or tuple(file.strategies)
    arms = {name: _arm(protocol, name, file.strategies[name]) for name in names}
    problems = [*_arm_problems(arms), *_grace_problems(arms, protocol.grid_hours)]
    if problems:
        raise TocsinError(problems)
    return Trial(file, protocol, file.protocol is not None, arms)


def _arm(protocol: Protocol, name: str, rule: Strategy) -> Strategy:
    within, initiation = grace_minutes(protocol, name, rule), initiation_of(protocol, rule)
    return rule.model_copy(update={"within": within, "initiation": initiation})


def _arm_problems(arms: dict[str, Strategy]) -> list[Problem]:
    found: list[Problem] = []
    if len(arms) < 2:
        found.append(
            Problem(
                "emulate.arms", "the trial has one arm.", "A difference needs two.",
                "Add the strategy it is to be compared with under [strategies].",
            )
        )  # fmt: skip
    found += [
        Problem(
            "emulate.arms", f"{one} and {other}: same drug, trigger and grace.", "They differ in nothing.",
            "Correct one of them, or name the arms in protocol.strategies.",
        )
        for one, other in combinations(arms, 2)
        if _rule(arms[one]) == _rule(arms[other])
    ]  # fmt: skip
    drugs = sorted({rule.give for rule in arms.values()})
    if len(drugs) > 1:
        found.append(
            Problem(
                "emulate.drugs", f"the arms give different drugs: {', '.join(drugs)}.",
                "The weights come from one model of when one drug is first given.",
                "Name arms that give the same drug in protocol.strategies.",
            )
        )  # fmt: skip
    return found


def _rule(rule: Strategy) -> tuple[str, int, When]:
    return rule.give, rule.within, rule.when


def _grace_problems(arms: dict[str, Strategy], grid: int) -> list[Problem]:
    return [
        Problem(
            "emulate.grace",
            f"{name}: its grace period, {length_words(rule.within)}, is no whole number of steps of {grid} h.",
            "A start is counted in steps: whether one in half a step followed the arm could not be said.",
            f'Write  within = {{ {name} = "{max(1, round(rule.within / (60 * grid))) * grid} h" }}  under [protocol].',
        )
        for name, rule in arms.items()
        if rule.within < 60 * grid or rule.within % (60 * grid)
    ]


# --- outcomes in words ------------------------------------------------------------------------------------------------

_PLAIN = {
    "icans": ("ICANS of any grade", "任何级别 ICANS"), "crs_death": ("death from CRS", "CRS 相关死亡"),
    "death": ("death of any cause", "任何原因死亡"), "icu": ("admission to intensive care", "转入重症监护"),
}  # fmt: skip


def outcome_words(outcome: str, scale: str) -> tuple[str, str]:
    """An outcome in English and Chinese."""
    if outcome in _PLAIN:
        return _PLAIN[outcome]
    kind, _, grade = outcome.rpartition("_")
    name = "ICANS" if kind == "icans" else f"{scale_words(scale)}"
    top = grade == "5"
    return f"{name} grade {grade}" + ("" if top else " or more"), f"{name} {grade} 级" + ("" if top else "及以上")


def competing_words(outcome: str) -> tuple[str, str]:
    """What else ends a course's chance of the outcome."""
    if outcome == "death":
        return "nothing", "无"
    return ("death of another cause", "其他原因死亡") if outcome == "crs_death" else ("death", "死亡")
