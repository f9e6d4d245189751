"""Modules and functions keep their size, and the check that says so can see."""

from pathlib import Path

import pytest

from tools.check_sizes import ROOT, Excused, excused, findings

NOTHING = Excused({}, {})
LONG_FUNCTION = '"""Doc."""\n\n\nclass A:\n    def f(self):\n' + "        x = 1\n" * 50


def found(root: Path, name: str, text: str, allowed: Excused = NOTHING) -> list[str]:
    path = root / "src" / name
    path.parent.mkdir(parents=True)
    path.write_text(text, encoding="utf-8")
    return list(findings(root, allowed))


def test_everything_is_within_its_ceiling_or_excused_exactly() -> None:
    assert list(findings(ROOT, excused())) == []


@pytest.mark.parametrize(
    ("name", "text", "finding"),
    [
        ("long.py", '"""Doc."""\n' + "x = 1\n" * 400, "src/long.py: 401 lines, at most 400"),
        ("deep.py", LONG_FUNCTION, "src/deep.py:A.f: 51 lines, at most 50"),
        ("bare.py", "x = 1\n", "src/bare.py: no module docstring"),
        ("peer_utils.py", '"""Doc."""\n', "src/peer_utils.py: `peer_utils` names nothing"),
        ("misc/__init__.py", '"""Doc."""\n', "src/misc/__init__.py: `misc` names nothing"),
    ],
)
def test_what_breaks_a_rule_is_found(tmp_path: Path, name: str, text: str, finding: str) -> None:
    (wrong,) = found(tmp_path, name, text)
    assert wrong.startswith(finding)


def test_a_module_at_its_ceiling_is_fine(tmp_path: Path) -> None:
    assert found(tmp_path, "fits.py", '"""Doc."""\n' + "x = 1\n" * 399) == []


def test_an_exception_excuses_exactly_what_is_there(tmp_path: Path) -> None:
    assert found(tmp_path, "deep.py", LONG_FUNCTION, Excused({}, {"src/deep.py:A.f": 51})) == []


@pytest.mark.parametrize(
    ("allowed", "advice"),
    [
        (Excused({}, {"src/deep.py:A.f": 60}), "say 51"),
        (Excused({"src/deep.py": 410}, {"src/deep.py:A.f": 51}), "strike the exception"),
        (Excused({"src/gone.py": 410}, {"src/deep.py:A.f": 51}), "excused, but not there"),
    ],
)
def test_an_exception_that_is_wider_than_needed_is_found(
    tmp_path: Path, allowed: Excused, advice: str
) -> None:
    (wrong,) = found(tmp_path, "deep.py", LONG_FUNCTION, allowed)
    assert wrong.endswith(advice)
