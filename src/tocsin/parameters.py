"""Named parameters: what the sources leave open, each with default, evidence tag, source and range.

A room's parameters are one frozen dataclass on `ParameterSet`; `parameter` makes a field. Reports print all of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from functools import cache
from typing import Any, ClassVar, Literal, Self, get_args, get_origin, get_type_hints

from tocsin.errors import Problem, TocsinError
from tocsin.sources import SPEC, Source, Tag

TRUTHS = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}


def parameter(
    default: Any, words: str, tag: Tag = "R", source: Source = SPEC, low: float = 0, high: float = 10_000
) -> Any:
    """A field: its default, what it decides in words, where it comes from, and the range of a number (inclusive)."""
    return field(default=default, metadata={"words": words, "tag": tag, "source": source, "low": low, "high": high})


@cache
def _kinds(of: type) -> dict[str, Any]:
    return {name: kind for name, kind in get_type_hints(of).items() if get_origin(kind) is not ClassVar}


@dataclass(frozen=True)
class ParameterSet:
    """Checked on the way in: a value outside its range, or of another type, raises TocsinError `parameters.value`."""

    room: ClassVar[str] = ""

    def __post_init__(self) -> None:
        problems = [p for f in fields(self) if (p := self._problem(f.name, getattr(self, f.name)))]
        if problems:
            raise TocsinError(problems)

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> Self:
        """Defaults with `values` over them. Raises TocsinError (`parameters.*`) naming every wrong one."""
        return replace(cls(), **cls.checked(values))

    @classmethod
    def written(cls, texts: Mapping[str, str]) -> dict[str, Any]:
        """Values of written texts, each of its type. Raises TocsinError (`parameters.*`) with all wrong ones."""
        kinds = _kinds(cls)
        return cls.checked({name: _value(kinds.get(name), text) for name, text in texts.items()})

    @classmethod
    def checked(cls, values: Mapping[str, Any]) -> dict[str, Any]:
        """`values` as they are, if every name is known and every value in its range; else TocsinError naming all."""
        known = [f.name for f in fields(cls)]
        do = f"Known: {', '.join(sorted(known))}."
        problems = [
            Problem("parameters.unknown", f'there is no parameter "{cls.room}.{name}".', "", do)
            if name not in known
            else cls._problem(name, value)
            for name, value in values.items()
        ]
        if wrong := [problem for problem in problems if problem]:
            raise TocsinError(wrong)
        return dict(values)

    @classmethod
    def _problem(cls, name: str, value: Any) -> Problem | None:
        kind, about = _kinds(cls)[name], next(f.metadata for f in fields(cls) if f.name == name)
        if get_origin(kind) is Literal:
            ok, expected = value in get_args(kind), f"one of {', '.join(get_args(kind))}"
        elif kind is bool:
            ok, expected = isinstance(value, bool), "true or false"
        else:
            number = isinstance(value, kind if kind is int else int | float) and not isinstance(value, bool)
            ok = number and about["low"] <= value <= about["high"]
            expected = f"a {'whole ' if kind is int else ''}number from {about['low']:g} to {about['high']:g}"
        what = f'parameter "{cls.room}.{name}" has a value outside its range.'
        return None if ok else Problem("parameters.value", what, "", f"Give {expected}.")

    def rows(self) -> list[dict[str, str]]:
        """Rows of the `parameters` table, names prefixed with the room."""
        return [
            {
                "name": f"{self.room}.{f.name}", "value": str(getattr(self, f.name)), "default": str(f.default),
                "tag": f.metadata["tag"], "source": str(f.metadata["source"]), "words": f.metadata["words"],
            }
            for f in fields(self)
        ]  # fmt: skip


def _value(kind: Any, text: str) -> Any:
    """A text as its type; one that is none stays a text, which the check refuses."""
    if kind is bool:
        return TRUTHS.get(text.lower(), text)
    if kind not in (int, float):
        return text
    try:
        number = float(text)
    except ValueError:
        return text
    return int(number) if kind is int and number.is_integer() else number
