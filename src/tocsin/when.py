"""The time words, and Strategy: when is treatment due. The same object in Python and in TOML, printed as a sentence.

Time words: `sustained`, `count`, `onset_within`, `day`, and first (every trigger fires once, at the first moment it
holds). Combinators: `all`, `any`, `not`. On readings only new ones count for `sustained` and `count`, never a carried
value; a state (a grade, oxygen, a running drug) is sustained while it is proved without interruption.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cached_property
from typing import Annotated, Any, Literal, get_args

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, WithJsonSchema, model_validator

from tocsin.rules import spec_hash
from tocsin.sentences import length_words, strategy_words, trigger_words

_LENGTH = re.compile(r"^\s*(\d+(?:\.\d+)?)\s*(min|h|d)\s*$")
_MINUTES = {"min": 1, "h": 60, "d": 1440}


def minutes_of(text: Any) -> int:
    """Minutes of a length such as `4 h`, `30 min` or `2 d`; a whole number is minutes already."""
    if isinstance(text, int) and not isinstance(text, bool):
        return text
    found = _LENGTH.match(text) if isinstance(text, str) else None
    if not found:
        raise ValueError('a length of time is written "4 h", "30 min" or "2 d"')
    return round(float(found[1]) * _MINUTES[found[2]])


Length = Annotated[
    int,
    BeforeValidator(minutes_of),
    PlainSerializer(length_words, return_type=str),
    WithJsonSchema({"type": "string", "pattern": r"^\s*\d+(\.\d+)?\s*(min|h|d)\s*$", "examples": ["4 h"]}),
]

Reading = Literal["temperature", "systolic", "spo2", "creatinine_ratio"]
State = Literal[
    "fever", "hypotension", "oxygen", "vasopressors", "tocilizumab", "norepinephrine", "fio2", "blasts_percent", "age_y"
]
Event = Literal["antipyretic", "fluid_bolus"]
READINGS: tuple[str, ...] = get_args(Reading)
STATES: tuple[str, ...] = get_args(State)
EVENTS: tuple[str, ...] = get_args(Event)
EDGES = ("at_least", "above", "at_most", "below")


class When(BaseModel):
    """A trigger. Exactly one of `sign`, `grade_of`, `onset_within`, `day`, `all`, `any`, `not`.

    `grade_of` and a sign that is a reading or a state take one edge (`at_least`, `above`, `at_most`, `below`); an event
    takes `count` and no edge. Grades and states trigger by what is proved; the unknown never does.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    sign: Reading | State | Event | None = Field(
        default=None, description="a sign: read at an instant, or a state that holds, or an event that is counted"
    )
    grade_of: str | None = Field(default=None, description="name of a scale")
    at_least: float | None = None
    above: float | None = None
    at_most: float | None = None
    below: float | None = None
    sustained: Length | None = Field(
        default=None,
        description="first to last new reading of an unbroken run this far apart; a state: held so long",
    )
    lapse: Length | None = Field(default=None, description="a state: interruptions up to this long do not end it")
    longest_gap: Length = Field(default=360, description="a longer gap between two readings breaks the run")
    min_readings: int = Field(default=2, ge=1, description="new readings the run must hold")
    dip_to: float | None = Field(
        default=None, description="readings down to this do not break the run after an antipyretic"
    )
    dip_within: Length = Field(default=120, description="how long after an antipyretic a dip is forgiven")
    fires: Literal["reading", "interpolated"] = Field(
        default="reading", description="due at the reading that completes the run, or at its start plus `sustained`"
    )
    count: int | None = Field(default=None, ge=1, le=8, description="so many new readings past the edge, or events")
    count_within: Length | None = Field(default=None, description="within this time, and for this time after the last")
    onset_within: Length | None = Field(default=None, description="CRS began less than this after time zero")
    day: float | None = Field(default=None, ge=0, description="so many days after time zero, whatever the signs")
    all: tuple[When, ...] | None = None
    any: tuple[When, ...] | None = None
    not_: When | None = Field(default=None, alias="not")

    @model_validator(mode="after")
    def _one_form(self) -> When:
        forms = ("sign", "grade_of", "onset_within", "day", "all", "any", "not_")
        given = [name for name in forms if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError("give exactly one of sign, grade_of, onset_within, day, all, any, not")
        edges = [name for name in EDGES if getattr(self, name) is not None]
        event = self.sign in EVENTS
        if given[0] in ("sign", "grade_of") and not event and len(edges) != 1:
            raise ValueError("give exactly one of at_least, above, at_most, below")
        if given[0] == "grade_of" and getattr(self, edges[0]) not in range(6):
            raise ValueError("a grade is 0, 1, 2, 3, 4 or 5")
        if (given[0] not in ("sign", "grade_of") or event) and edges:
            raise ValueError("an edge needs a sign that is read or held, or grade_of")
        if event and (self.count is None or self.sustained is not None):
            raise ValueError("an event is counted: give count and count_within")
        if self.sustained is not None and given[0] not in ("sign", "grade_of"):
            raise ValueError("sustained needs a sign or grade_of")
        if self.count is not None and (self.sign is None or self.is_state):
            raise ValueError("count needs a sign that is read, or an event")
        if self.lapse is not None and (self.sustained is None or not self.is_state):
            raise ValueError("lapse needs a state that is sustained")
        if self.is_state and (self.dip_to is not None or self.fires != "reading"):
            raise ValueError("dip_to and fires are for readings")
        if self.sustained is not None and self.count is not None:
            raise ValueError("give sustained or count, not both")
        if (self.count is None) != (self.count_within is None):
            raise ValueError("count and count_within go together")
        if given[0] in ("all", "any") and not getattr(self, given[0]):
            raise ValueError("all and any need at least one trigger")
        return self

    @property
    def is_state(self) -> bool:
        """Whether it looks at something that holds until it changes, not at single readings."""
        return self.grade_of is not None or self.sign in STATES

    @property
    def edge(self) -> tuple[str, float]:
        """How the value is compared, and with what; an event has the value 1."""
        found = ((name, value) for name in EDGES if (value := getattr(self, name)) is not None)
        return next(found, ("at_least", 1.0))

    def parts(self) -> Iterator[When]:
        """This trigger and all it is made of, leaves first."""
        for part in (*(self.all or ()), *(self.any or ()), *((self.not_,) if self.not_ else ())):
            yield from part.parts()
        yield self

    def streams(self) -> tuple[str, ...]:
        """What must be known over time: sign names, scale names, `onset`, `antipyretic`; each once."""
        found: list[str] = []
        for part in self.parts():
            found += [name for name in (part.sign, part.grade_of) if name]
            found += ["onset"] * (part.onset_within is not None) + ["antipyretic"] * (part.dip_to is not None)
        return tuple(dict.fromkeys(found))

    def sentence(self, lang: Literal["en", "zh"] = "en") -> str:
        """The trigger in words."""
        return trigger_words(self, lang)


class Said(BaseModel):
    """The same words in two languages; plain text in a file stands for both."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    en: str
    zh: str

    def __getitem__(self, lang: Literal["en", "zh"]) -> str:
        """The words in a language."""
        return self.zh if lang == "zh" else self.en


def _both(text: Any) -> Any:
    return {"en": text, "zh": text} if isinstance(text, str) else text


Words = Annotated[Said, BeforeValidator(_both)]


class Strategy(BaseModel):
    """When a drug is due, how soon it must be given, when it may be repeated and what rescue goes with it.

    Eligibility and time zero belong to the study, never to a strategy. `initiation` says how the grace period is used
    when the strategy is emulated.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    give: str = Field(description="drug, a name of the vocabulary")
    when: When
    within: Length = Field(default=360, description="time from due to given; exactly that long still adheres")
    initiation: Literal["uniform", "natural", "observed"] = "uniform"
    source: str = Field(default="", description="paper or label the rule comes from")
    tag: Literal["V", "V2", "Mh", "Mm", "Ml", "R"] = Field(default="R", description="evidence tag of the rule")
    repeat_after: Length | None = Field(default=None, description="earliest next dose")
    at_most_doses: int | None = Field(default=None, ge=1)
    rescue: tuple[str, ...] = Field(default=(), description="what else may be given, equal in both arms")
    population: Words | None = Field(default=None, description="for whom it was written; not eligibility")
    version: str | None = Field(default=None, description="date of the text the rule is read from")
    dose: Words | None = Field(default=None, description="dose and repeats, as printed beside the rule")
    unseen: tuple[Words, ...] | None = Field(
        default=None, description="what makes it due by itself, too, and no record shows"
    )
    provided: tuple[Words, ...] | None = Field(
        default=None, description="what it asks for besides, and no record shows: due only if a person says so"
    )
    left_open: tuple[Words, ...] | None = Field(
        default=None, description="what the source leaves open, and our reading"
    )

    def sentence(self, lang: Literal["en", "zh"] = "en") -> str:
        """The rule as a sentence, with what no record shows."""
        return strategy_words(self, lang)

    @property
    def scales(self) -> tuple[str, ...]:
        """The scales its grades are on, each once."""
        return tuple(dict.fromkeys(part.grade_of for part in self.when.parts() if part.grade_of))

    @property
    def from_memory(self) -> bool:
        """Whether it rests on memory: to be checked against the source before it is relied on."""
        return self.tag.startswith("M")

    @cached_property
    def hash(self) -> str:
        """First 12 hex digits of the SHA-256 of the rule; stands on every result made with it."""
        return spec_hash(self.model_dump(mode="json", by_alias=True, exclude_none=True))
