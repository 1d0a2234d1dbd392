"""The lookup table of a scale says what the scale says, for every scale and any situation."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from tocsin.grades import FINAL, SCALES
from tocsin.grades.lookup import look_up
from tocsin.signs import state
from tocsin.signs.run import unpack
from tocsin.virtual.run import grade_tables

#: Codes a field can hold where not all its bits can: the highest, or (words, scores) the known ones and unknown.
MOST = {"vasopressors": 2, "vasopressors_at_most": 2, "vasopressors_all": 2, "vasopressors_all_at_most": 2,
        "fluids": 2, "fluids_at_most": 2, "fever": 2, "hypotension": 2, "fio2_at_least_040": 2, "high_dose_lee": 2,
        "high_dose_penn": 2, "pressors_long": 2, "coagulation_product": 2, "iv_therapy": 2}  # fmt: skip


def situations(n: int, fields: tuple[tuple[str, int], ...], seed: int) -> np.ndarray:
    draws, made, shift = np.random.default_rng(seed), np.zeros(n, np.int64), 0
    drawn: dict[str, np.ndarray] = {}
    for name, bits in fields:
        high = MOST.get(name, (1 << bits) - 1)
        if (name.startswith("oxygen") and bits == 3) or name.endswith(("_grade", "_grade_at_most")):
            high = 4
        code = draws.integers(0, high + 1, n)
        low = drawn.get(name.removesuffix("_at_most"))
        if name.endswith("_at_most") and low is not None:
            code = np.maximum(code, low)
        drawn[name] = code
        made |= code.astype(np.int64) << shift
        shift += bits
    return made


@pytest.mark.parametrize("name", [name for name in SCALES if name not in FINAL])
def test_the_table_is_the_scale(name):
    scale = SCALES[name]
    made = grade_tables([SCALES["astct_crs"], scale])
    what, more = situations(4000, state.FIELDS, 1), situations(4000, state.WIDE_FIELDS, 2)
    frame = pl.DataFrame(unpack(pl.Series(what), pl.Series(more)))
    expected = scale.grade(frame).select("grade", "grade_at_most").rows()
    parts = (made.scales.view(np.recarray), made.parts.view(np.recarray), made.classes, made.table)
    found = [int(look_up(*parts, 1, w, m)) for w, m in zip(what, more, strict=True)]
    assert [(code & 7, code >> 3) for code in found] == expected
    assert len(set(expected)) > 3
    crs = SCALES["astct_crs"].grade(frame).get_column("grade").to_list()
    assert [int(look_up(*parts, 0, w, np.int64(0))) & 7 for w in what] == crs
