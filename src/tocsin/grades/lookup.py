"""A scale as a lookup table: both bounds for every combination of classes its edges tell apart, worked out once.

The table is filled by the scale's own expressions, so there is no second body; every kernel that grades minute by
minute reads it. A value of a sign belongs to the class of all values that no edge of the scale tells from it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from tocsin.rules import Scale, Sign

#: Where a sign's code stands: which packed integer, how far from its right end, how many values; and where the classes
#: of its codes begin in `classes`.
PART = np.dtype([("word", "i4"), ("shift", "i4"), ("mask", "i8"), ("classes", "i4")], align=True)
SCALE = np.dtype([("first", "i4"), ("last", "i4"), ("table", "i8")], align=True)
NARROW, WIDE = 0, 1


@dataclass(frozen=True)
class Codes:
    """What the codes of one column mean: `values[code]`, the code read at `shift` of word 0 (narrow) or 1 (wide)."""

    word: int
    shift: int
    bits: int
    values: Sequence[Any]


@dataclass(frozen=True)
class Lookups:
    """Several scales for one kernel: `scales[k]` names the parts and the place in `table` of scale k."""

    scales: np.ndarray[Any, Any]
    parts: np.ndarray[Any, Any]
    classes: np.ndarray[Any, Any]
    table: np.ndarray[Any, Any]


def lookups(scales: Sequence[Scale], codes: Mapping[str, Sequence[Codes]]) -> Lookups:
    """Tables of `scales`. `codes`: per column of the signs table where it stands; several places are read together.

    With several places the values are those of the combined code, the first place lowest, held by the first.
    """
    made, parts, classes, tables = np.zeros(len(scales), SCALE), list[Any](), list[int](), list[np.ndarray[Any, Any]]()
    size = 0
    for k, scale in enumerate(scales):
        made[k]["first"], made[k]["table"] = len(parts), size
        table = _add(scale, codes, parts, classes)
        made[k]["last"] = len(parts)
        tables.append(table)
        size += table.size
    return Lookups(made, np.array(parts, PART), np.array(classes, np.int32), np.concatenate(tables))


def _add(
    scale: Scale, codes: Mapping[str, Sequence[Codes]], parts: list[Any], classes: list[int]
) -> np.ndarray[Any, Any]:
    """Parts and classes of one scale; its table: grade + 8 x grade_at_most."""
    columns: list[tuple[tuple[str, ...], list[Any]]] = []
    size = 1
    for sign in scale.signs:
        edges = _edges(scale, sign.name)
        if not edges:
            continue  # flags only: it never sets a grade
        places, values = _read(sign, codes)
        kinds = [tuple(_class(one, edges) for one in value) for value in values]
        found = list(dict.fromkeys(kinds))
        columns.append((sign.columns, [values[kinds.index(kind)] for kind in found]))
        _place(places, [found.index(kind) * size for kind in kinds], parts, classes)
        size *= len(found)
    frame = _product(columns, scale)
    graded = scale.grade(frame)
    low, high = graded.get_column("grade").to_numpy(), graded.get_column("grade_at_most").to_numpy()
    return (low + 8 * high).astype(np.int8)


def _read(sign: Sign, codes: Mapping[str, Sequence[Codes]]) -> tuple[Sequence[Codes], list[tuple[Any, ...]]]:
    """Where a sign stands, and its columns' values by code; both bounds of a class are read as one code.

    A lower bound above the upper one is no situation: its code is read as if both were the lower.
    """
    if sign.kind != "bounded":
        places = codes[sign.name]
        return places, [(value,) for value in places[0].values]
    low, high = (codes[column][0] for column in sign.columns)
    return (low, high), [(one, max(one, other)) for other in high.values for one in low.values]


def _edges(scale: Scale, name: str) -> list[str]:
    criteria = [c for _, _, c in scale.cells()] + ([scale.entry] if scale.entry else [])
    return sorted({edge for c in criteria for sign, edge in c.edges if sign == name})


def _class(value: Any, edges: Sequence[str]) -> tuple[Any, ...]:
    """Which edges a value passes; None where it is unknown."""
    if value is None:
        return (None,)
    passed: list[Any] = []
    for edge in edges:
        word, _, number = edge.partition(" ")
        if word == "at_least" and number:
            passed.append(value >= float(number))
        elif word == "at_most" and number:
            passed.append(value <= float(number))
        else:
            passed.append(value if isinstance(value, bool) else value == edge)
    return tuple(passed)


def _place(places: Sequence[Codes], steps: list[int], parts: list[Any], classes: list[int]) -> None:
    """Every part adds what the class of its code weighs; a column in two places has one part that reads both."""
    first = len(classes)
    classes.extend(steps)
    low = places[0]
    parts.append((low.word, low.shift, (1 << low.bits) - 1, first))
    for other in places[1:]:  # the mask of a further place is negative: it shifts the code of the part before it
        parts.append((other.word, other.shift, -((1 << other.bits) - 1), low.bits))


def _product(columns: Sequence[tuple[tuple[str, ...], list[Any]]], scale: Scale) -> pl.DataFrame:
    """Every combination, the first sign fastest; columns that only flags read are null."""
    size = int(np.prod([len(values) for _, values in columns], dtype=np.int64))
    frame, stride = dict[str, pl.Series](), 1
    for names, values in columns:
        place = pl.Series((np.arange(size, dtype=np.uint32) // stride) % len(values))
        for k, name in enumerate(names):
            frame[name] = pl.Series(name, [value[k] for value in values], dtype=scale.schema[name]).gather(place)
        stride *= len(values)
    unread = [pl.lit(None, kind).alias(column) for column, kind in scale.schema.items() if column not in frame]
    return pl.DataFrame(list(frame.values())).with_columns(unread)


def look_up(scales: Any, parts: Any, classes: Any, table: Any, k: int, what: int, more: int) -> int:
    """grade + 8 x grade_at_most of scale `k` in a packed situation. Compiled by the kernels that call it."""
    index = scales[k].table
    j = scales[k].first
    while j < scales[k].last:
        part = parts[j]
        code = ((what if part.word == 0 else more) >> part.shift) & part.mask
        while j + 1 < scales[k].last and parts[j + 1].mask < 0:
            j += 1
            further = parts[j]
            code |= (((what if further.word == 0 else more) >> further.shift) & -further.mask) << further.classes
        index += classes[part.classes + code]
        j += 1
    return table[index]
