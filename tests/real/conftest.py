"""Real records stand outside the repository: absent, these tests skip; where TOCSIN_REQUIRE_REAL=1, they fail."""

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SHARED = Path(os.environ.get("TOCSIN_SHARED", ROOT.parent / "shared"))


def real_folder(name: str) -> Path:
    path = SHARED / "data" / name
    if not path.is_dir():
        if os.environ.get("TOCSIN_REQUIRE_REAL") == "1":
            pytest.fail(f"real records are required and data/{name} is not there")
        pytest.skip(f"no real records: data/{name} is not there")
    return path


@pytest.fixture(scope="session")
def clif_demo() -> Path:
    return real_folder("clif_demo")
