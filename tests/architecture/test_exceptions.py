"""Every exception from lint and types is listed, and none is listed that nothing needs."""

import re
import subprocess
import sys
import tomllib
from collections import Counter
from fnmatch import fnmatch
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PER_FILE: dict[str, list[str]] = PROJECT["tool"]["ruff"]["lint"]["per-file-ignores"]
IN_PRODUCT = [name for name in PER_FILE if name.startswith("src/")]
SUPPRESSION = re.compile(r"#\s*(noqa|type:\s*ignore|pyright:|ruff:|fmt:)([^#\n]*)")


def matching(pattern: str) -> list[str]:
    """The Python files that a pattern of pyproject.toml means."""
    names = (p.relative_to(ROOT).as_posix() for p in (ROOT / pattern.split("/")[0]).rglob("*.py"))
    return [name for name in names if fnmatch(name, pattern)]


def suppressions(text: str) -> Counter[str]:
    """The suppressing comments of a source text, as `tool code`, counted."""
    found: Counter[str] = Counter()
    for kind, rest in SUPPRESSION.findall(text):
        tool = "type" if kind.startswith("type") else kind.rstrip(":")
        codes = re.findall(r"[A-Z]+\d+|report\w+|[a-z]+-[a-z-]+|basic|standard|off|skip", rest)
        found.update(f"{tool} {code}" for code in codes or ["without a code"])
    return found


def test_every_suppression_in_the_product_is_listed_and_none_too_many() -> None:
    there = {
        path.relative_to(ROOT).as_posix(): dict(found)
        for path in sorted((ROOT / "src").rglob("*.py"))
        if (found := suppressions(path.read_text(encoding="utf-8")))
    }
    listed = tomllib.loads((ROOT / "tools/exceptions.toml").read_text(encoding="utf-8"))
    assert there == listed["suppressions"]


@pytest.mark.parametrize(
    ("comment", "name"),
    [
        ("x = 1  # noqa: S603", "noqa S603"),
        ("x = 1  # noqa", "noqa without a code"),
        ("x = 1  # pyright: ignore[reportPrivateUsage]", "pyright reportPrivateUsage"),
        ("x = 1  # type: ignore", "type without a code"),
        ("# pyright: basic", "pyright basic"),
    ],
)
def test_a_suppression_is_seen(comment: str, name: str) -> None:
    assert suppressions(comment) == {name: 1}


@pytest.mark.parametrize("pattern", PER_FILE)
def test_every_exception_from_lint_names_files_that_exist(pattern: str) -> None:
    assert matching(pattern)


@pytest.mark.parametrize("pattern", IN_PRODUCT)
def test_every_exception_from_lint_in_the_product_is_needed(pattern: str) -> None:
    files = matching(pattern)
    bare = ["--no-cache", "--config", "lint.per-file-ignores = {}"]
    assert files
    for code in PER_FILE[pattern]:
        command = [sys.executable, "-m", "ruff", "check", *bare, "--select", code, *files]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, timeout=60)
        assert done.returncode == 1, f"{pattern} no longer needs {code}"
