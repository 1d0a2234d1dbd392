"""What a trigger refuses."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from tocsin.when import When


@pytest.mark.parametrize("edge", [9, -1, 2.5, 6])
def test_a_grade_nobody_can_have_is_refused(edge: float) -> None:
    with pytest.raises(ValidationError, match="a grade is 0, 1, 2, 3, 4 or 5"):
        When.model_validate({"grade_of": "astct_crs", "at_least": edge})
