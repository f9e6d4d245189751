"""The layers of the house hold, and the check that says so can see."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def lint_imports(root: Path) -> subprocess.CompletedProcess[str]:
    """Judge the package under `root`/src by the contracts in `root`/pyproject.toml."""
    code = "from importlinter.cli import lint_imports_command; lint_imports_command()"
    return subprocess.run(
        [sys.executable, "-c", code, "--no-cache"],
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(root / "src")},
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_every_import_contract_is_kept() -> None:
    done = lint_imports(ROOT)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("module", "line"),
    [
        ("core/__init__.py", "from gatepost import policy"),
        ("sdk/__init__.py", "import gatepost.api"),
        ("core/__init__.py", "import os.path"),
        ("policy/__init__.py", "import asyncio"),
        ("errors/__init__.py", "import logging"),
        ("node/__init__.py", "import asyncio"),
        ("cli/__init__.py", "import gatepost.store"),
        ("api/__init__.py", "import gatepost.host"),
        ("host/__init__.py", "import apsw"),
        ("api/__init__.py", "import rich"),
        ("strangers.py", "'A room nobody planned.'"),
    ],
)
def test_an_import_against_the_layers_is_found(tmp_path: Path, module: str, line: str) -> None:
    shutil.copytree(ROOT / "src", tmp_path / "src")
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    with (tmp_path / "src/gatepost" / module).open("a", encoding="utf-8") as file:
        file.write(f"\n{line}\n")
    assert lint_imports(tmp_path).returncode == 1
