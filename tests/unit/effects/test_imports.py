"""The folder costs little to import, and knows nothing of the rest of the package."""

import subprocess
import sys
from pathlib import Path

import tocsin.effects

FOLDER = Path(tocsin.effects.__file__).parent
MODULES = sorted(path.stem for path in FOLDER.glob("*.py") if path.stem != "__init__")


def test_scipy_and_polars_load_late():
    lines = [f"import tocsin.effects.{name}" for name in MODULES]
    lines += ["import sys", "print([m for m in ('scipy', 'scipy.stats', 'polars') if m in sys.modules])"]
    run = subprocess.run([sys.executable, "-c", "\n".join(lines)], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"
    assert len(MODULES) >= 12


def test_no_other_folder_is_imported():
    lines = [line.strip() for name in MODULES for line in (FOLDER / f"{name}.py").read_text("utf-8").splitlines()]
    own = [line for line in lines if line.startswith(("from tocsin", "import tocsin"))]
    assert own
    assert [line for line in own if not line.startswith("from tocsin.effects.")] == []
