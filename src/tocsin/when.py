"""The time words, and Strategy: when is treatment due. The same object in Python and in TOML, printed as a sentence.

Time words: `sustained`, `count`, `onset_within`, `day`, and first (every trigger fires once, at the first moment it
holds). Combinators: `all`, `any`, `not`. Only new readings count for `sustained` and `count`, never a carried value.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cached_property
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, WithJsonSchema, model_validator

from tocsin.rules import spec_hash

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


def length_words(minutes: int) -> str:
    """`4 h`, `90 min`, `2 d`."""
    if minutes % 1440 == 0 and minutes >= 2880:
        return f"{minutes // 1440} d"
    return f"{minutes // 60} h" if minutes % 60 == 0 else f"{minutes} min"


Length = Annotated[
    int,
    BeforeValidator(minutes_of),
    PlainSerializer(length_words, return_type=str),
    WithJsonSchema({"type": "string", "pattern": r"^\s*\d+(\.\d+)?\s*(min|h|d)\s*$", "examples": ["4 h"]}),
]

_SCALE_NAMES = {"astct_crs": "ASTCT CRS", "astct_icans": "ASTCT ICANS"}
EDGES = ("at_least", "above", "at_most", "below")
_SIGN_WORDS = {"temperature": ("temperature", "体温", " °C"), "systolic": ("systolic pressure", "收缩压", " mmHg"),
               "spo2": ("saturation", "血氧饱和度", " %")}  # fmt: skip
_EDGE_WORDS = {"at_least": ("at least", "不低于"), "above": ("above", "高于"), "at_most": ("at most", "不高于"),
               "below": ("below", "低于")}  # fmt: skip


class When(BaseModel):
    """A trigger. Exactly one of `sign`, `grade_of`, `onset_within`, `day`, `all`, `any`, `not`.

    `sign` and `grade_of` take one edge (`at_least`, `above`, `at_most`, `below`). A grade triggers by what is proved.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    sign: Literal["temperature", "systolic", "spo2"] | None = Field(
        default=None, description="a sign read at an instant"
    )
    grade_of: str | None = Field(default=None, description="name of a scale")
    at_least: float | None = None
    above: float | None = None
    at_most: float | None = None
    below: float | None = None
    sustained: Length | None = Field(
        default=None, description="first to last new reading of an unbroken run at least this apart"
    )
    longest_gap: Length = Field(default=360, description="a longer gap between two readings breaks the run")
    min_readings: int = Field(default=2, ge=1, description="new readings the run must hold")
    dip_to: float | None = Field(
        default=None, description="readings down to this do not break the run after an antipyretic"
    )
    dip_within: Length = Field(default=120, description="how long after an antipyretic a dip is forgiven")
    fires: Literal["reading", "interpolated"] = Field(
        default="reading", description="due at the reading that completes the run, or at its start plus `sustained`"
    )
    count: int | None = Field(default=None, ge=1, le=8, description="so many new readings past the edge")
    count_within: Length | None = Field(default=None, description="within this time")
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
        if given[0] in ("sign", "grade_of") and len(edges) != 1:
            raise ValueError("give exactly one of at_least, above, at_most, below")
        if given[0] not in ("sign", "grade_of") and edges:
            raise ValueError("an edge needs a sign or grade_of")
        if (self.sustained is not None or self.count is not None) and self.sign is None:
            raise ValueError("sustained and count need a sign")
        if self.sustained is not None and self.count is not None:
            raise ValueError("give sustained or count, not both")
        if (self.count is None) != (self.count_within is None):
            raise ValueError("count and count_within go together")
        if given[0] in ("all", "any") and not getattr(self, given[0]):
            raise ValueError("all and any need at least one trigger")
        return self

    @property
    def edge(self) -> tuple[str, float]:
        """How the value is compared, and with what."""
        return next((name, value) for name in EDGES if (value := getattr(self, name)) is not None)

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
        zh = lang == "zh"
        if self.all or self.any:
            joint = (" 且 " if self.all else " 或 ") if zh else (" and " if self.all else " or ")
            return joint.join(f"({part.sentence(lang)})" for part in (self.all or self.any or ()))
        if self.not_:
            return f"非({self.not_.sentence(lang)})" if zh else f"not ({self.not_.sentence(lang)})"
        if self.day is not None:
            return f"时间零点后第 {self.day:g} 天" if zh else f"day {self.day:g} after time zero"
        if self.onset_within is not None:
            length = length_words(self.onset_within)
            return f"CRS 于 {length} 内起病" if zh else f"CRS began less than {length} after time zero"
        return self._reading_sentence(zh)

    def _reading_sentence(self, zh: bool) -> str:
        how, value = self.edge
        name_en, name_zh, unit = (
            _SIGN_WORDS[self.sign]
            if self.sign
            else (
                f"the {_SCALE_NAMES.get(self.grade_of or '', self.grade_of)} grade",
                f"{_SCALE_NAMES.get(self.grade_of or '', self.grade_of)} 分级",
                "",
            )
        )
        shown = f"{value:.1f}{unit}" if self.sign == "temperature" else f"{value:g}{unit}"
        said = f"{name_zh}{_EDGE_WORDS[how][1]} {shown}" if zh else f"{name_en} is {_EDGE_WORDS[how][0]} {shown}"
        if self.sustained is not None:
            held, gap = length_words(self.sustained), length_words(self.longest_gap)
            if zh:
                return f"{said} 且持续 {held}(至少 {self.min_readings} 次新测量,相邻间隔不超过 {gap})"
            run = f"in every new reading of a run of at least {held}"
            return f"{said} {run} (at least {self.min_readings} readings, no gap over {gap})"
        if self.count is not None and self.count_within is not None:
            window = length_words(self.count_within)
            return (
                f"{window} 内至少 {self.count} 次{said}"
                if zh
                else f"{said} in {self.count} new readings within {window}"
            )
        return f"{said}(首次)" if zh else f"{said} for the first time"


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

    def sentence(self, lang: Literal["en", "zh"] = "en") -> str:
        """The rule as a sentence."""
        within, trigger = length_words(self.within), self.when.sentence(lang)
        if lang == "zh":
            return f"当{trigger}后 {within} 内给予{_DRUGS_ZH.get(self.give, self.give)}。"
        return f"Give {self.give} within {within} once {trigger}."

    @cached_property
    def hash(self) -> str:
        """First 12 hex digits of the SHA-256 of the rule; stands on every result made with it."""
        return spec_hash(self.model_dump(mode="json", by_alias=True, exclude_none=True))


_DRUGS_ZH = {
    "tocilizumab": "托珠单抗",
    "siltuximab": "司妥昔单抗",
    "anakinra": "阿那白滞素",
    "dexamethasone": "地塞米松",
}
