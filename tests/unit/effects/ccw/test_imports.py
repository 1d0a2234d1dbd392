"""The folder is cheap to import, and knows the estimators, errors and the compiler only."""

import os
import subprocess
import sys
from pathlib import Path

import tocsin.effects.ccw

FOLDER = Path(tocsin.effects.ccw.__file__).parent
MODULES = sorted(path.stem for path in FOLDER.glob("*.py") if path.stem != "__init__")


def test_numba_scipy_and_polars_load_late():
    lines = [f"import tocsin.effects.ccw.{name}" for name in MODULES]
    lines += ["import sys", "print([m for m in ('numba', 'scipy', 'polars') if m in sys.modules])"]
    run = subprocess.run([sys.executable, "-c", "\n".join(lines)], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"
    assert len(MODULES) >= 10


def test_no_medicine_is_imported():
    text = [line.strip() for name in MODULES for line in (FOLDER / f"{name}.py").read_text("utf-8").splitlines()]
    own = {line.split()[1] for line in text if line.startswith("from tocsin")}
    assert {name for name in own if not name.startswith("tocsin.effects.")} == {"tocsin.compiled", "tocsin.errors"}


def test_kernels_made_by_two_threads_at_once_are_cached_where_they_belong(tmp_path):
    """numba's folder is a global setting while a kernel is made: a race left cache folders in the working folder."""
    code = """
from concurrent.futures import ThreadPoolExecutor
import numpy as np
from tocsin.effects.ccw import kernels
def use(k):
    if k % 2:
        kernels.odds()(np.ones((3, 2)), np.zeros(2), np.empty(3))
    else:
        kernels.stay()(np.array([0, 3]), np.ones(3), np.empty(3))
with ThreadPoolExecutor(4) as pool:
    list(pool.map(use, range(8)))
"""

    work = tmp_path / "work"
    work.mkdir()
    env = os.environ | {"TOCSIN_CACHE": str(tmp_path / "cache")}
    subprocess.run([sys.executable, "-c", code], check=True, cwd=work, env=env)
    assert list(work.iterdir()) == []
    assert list((tmp_path / "cache").rglob("*.nbi"))
