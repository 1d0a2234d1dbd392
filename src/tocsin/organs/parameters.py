"""Every open choice behind an organ grade: default, evidence tag and what it decides."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any, get_args

from tocsin.ctcae import ADMIRAL, FibrinogenFall
from tocsin.errors import Problem, TocsinError
from tocsin.sources import SPEC, Source, Tag

LYMPHODEPLETION = ("fludarabine", "cyclophosphamide", "bendamustine")


def _p(default: Any, words: str, tag: Tag = "R", source: Source = SPEC, low: float = 0, high: float = 3650) -> Any:
    return field(default=default, metadata={"words": words, "tag": tag, "source": source, "low": low, "high": high})


@dataclass(frozen=True)
class OrganParameters:
    """Parameters of the organ grades."""

    lymphodepletion_days: float = _p(
        14, "the first fludarabine, cyclophosphamide or bendamustine in these days before minute 0 is lymphodepletion"
    )
    baseline_days: float = _p(14, "a reading up to this long before lymphodepletion, or minute 0, can be the baseline")
    longest_gap_h: float = _p(6, "hours between two readings above 40.0 °C over which the fever is taken to last")
    fibrinogen_fall: FibrinogenFall = _p(
        "value_below_limit", "where v5 and v6 count a fall of fibrinogen from baseline", "R", ADMIRAL
    )

    def __post_init__(self) -> None:
        if problems := [p for f in fields(self) if (p := _problem(f.name, f.metadata, getattr(self, f.name)))]:
            raise TocsinError(problems)

    @classmethod
    def of(cls, texts: dict[str, str]) -> OrganParameters:
        """Defaults with the written `texts` over them. Raises TocsinError (`parameters.*`) naming every wrong one."""
        known = [f.name for f in fields(cls)]
        unknown = [
            Problem("parameters.unknown", f'there is no parameter "organs.{name}".', "", f"Known: {', '.join(known)}.")
            for name in texts
            if name not in known
        ]
        if unknown:
            raise TocsinError(unknown)
        values: dict[str, Any] = {n: text if n == "fibrinogen_fall" else _number(text) for n, text in texts.items()}
        return cls(**values)

    def rows(self) -> list[dict[str, str]]:
        """Rows of the `parameters` table, names prefixed with `organs.`."""
        return [
            {
                "name": f"organs.{f.name}",
                "value": str(getattr(self, f.name)),
                "default": str(f.default),
                "tag": f.metadata["tag"],
                "source": str(f.metadata["source"]),
                "words": f.metadata["words"],
            }
            for f in fields(self)
        ]


def _number(text: str) -> Any:
    try:
        return float(text)
    except ValueError:
        return text


def _problem(name: str, metadata: Any, value: Any) -> Problem | None:
    if name == "fibrinogen_fall":
        choices = get_args(FibrinogenFall)
        ok, expected = value in choices, f"one of {', '.join(choices)}"
    else:
        low, high = metadata["low"], metadata["high"]
        ok = isinstance(value, int | float) and not isinstance(value, bool) and low <= value <= high
        expected = f"a number from {low:g} to {high:g}"
    what = f'parameter "organs.{name}" has a value outside its range.'
    return None if ok else Problem("parameters.value", what, "", f"Give {expected}.")
