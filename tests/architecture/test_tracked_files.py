"""The repository speaks of Gatepost alone: whole locks, no registry, no path of some machine."""

import re
import subprocess
import tomllib
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LOCKS = ["base", "dev", "types", "bench", "lock"]
REGISTRY = re.compile(
    r"pypi[.]org|pythonhosted[.]org|registry[.]npmjs|--(extra-)?index-url|--find-links"
)
MACHINE = re.compile(r"(?<![\w.])/(work|farm|tmp/spec)/")
ADDRESS = re.compile(r"https?:|file:/|git\+|@ ?/")
PIN = re.compile(r"^([A-Za-z0-9._-]+)==(\S+)")


@cache
def tracked() -> tuple[Path, ...]:
    """Every file git knows; for an unpacked archive, every file that is no build product."""
    done = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, timeout=60)
    names = done.stdout.decode().split("\0") if done.returncode == 0 else []
    paths = [ROOT / name for name in names if name] or [
        path for path in ROOT.rglob("*") if not any(p.startswith(".venv") for p in path.parts)
    ]
    return tuple(path for path in paths if path.is_file())


def text(path: Path) -> str:
    return path.read_bytes().decode("utf-8", "replace")


def plain(name: str) -> str:
    """A distribution's name in its normal form, without extras or bounds."""
    return re.sub(r"[-_.]+", "-", re.split(r"[\[<>=!~; ]", name)[0]).lower()


def asked(name: str) -> set[str]:
    lines = text(ROOT / f"requirements/{name}.in").splitlines()
    return {plain(line) for line in lines if line and line[0] not in "#-"}


def pins(name: str) -> dict[str, str]:
    lines = text(ROOT / f"requirements/{name}.txt").splitlines()
    return {plain(found[1]): found[2] for line in lines if (found := PIN.match(line))}


def test_no_tracked_file_names_a_registry_or_a_path_of_some_machine() -> None:
    here = Path(__file__)
    wrong = [
        f"{path.relative_to(ROOT)}: {found[0]}"
        for path in tracked()
        if path != here and (found := REGISTRY.search(text(path)) or MACHINE.search(text(path)))
    ]
    assert tracked() and wrong == []


@pytest.mark.parametrize("path", sorted((ROOT / "requirements").iterdir()), ids=lambda p: p.name)
def test_no_requirements_file_holds_an_address(path: Path) -> None:
    assert not ADDRESS.search(text(path))


@pytest.mark.requirement("T22")
@pytest.mark.parametrize("name", LOCKS)
def test_every_locked_requirement_has_a_version_and_hashes(name: str) -> None:
    blocks = re.split(r"\n(?=\S)", text(ROOT / f"requirements/{name}.txt"))
    for block in blocks:
        if not block.startswith("#"):
            assert PIN.match(block) and "--hash=sha256:" in block, block.splitlines()[0]
    assert asked(name) <= set(pins(name))


@pytest.mark.parametrize("name", ["dev", "bench"])
def test_tests_and_benchmarks_run_on_the_versions_of_the_product(name: str) -> None:
    assert pins("base").items() <= pins(name).items()


def test_the_lock_asks_for_what_the_package_declares() -> None:
    project = tomllib.loads(text(ROOT / "pyproject.toml"))["project"]
    assert asked("base") == {plain(name) for name in project["dependencies"]}
