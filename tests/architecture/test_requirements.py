"""Every requirement is shown by a test or deferred with a reason, and no test cites another."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.requirements import DEFERRED, REQUIREMENTS

TESTS = Path(__file__).resolve().parents[1]
IDS = [one.id for one in REQUIREMENTS]


def cited(tree: ast.AST) -> Iterator[str]:
    """The ids in `pytest.mark.requirement(...)` calls that mark a test or a module."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            if node.name.lower().startswith("test"):
                yield from (id for mark in node.decorator_list for id in marked(mark))
        elif isinstance(node, ast.Assign) and "pytestmark" in map(ast.unparse, node.targets):
            listed = node.value.elts if isinstance(node.value, ast.List) else [node.value]
            yield from (id for mark in listed for id in marked(mark))


def marked(mark: ast.expr) -> Iterator[str]:
    if isinstance(mark, ast.Call) and ast.unparse(mark.func) == "pytest.mark.requirement":
        for argument in mark.args:
            assert isinstance(argument, ast.Constant), ast.unparse(mark)
            yield str(argument.value)


def citations() -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for path in sorted(TESTS.rglob("test_*.py")):
        for id in cited(ast.parse(path.read_text(encoding="utf-8"))):
            found.setdefault(id, set()).add(path.relative_to(TESTS).as_posix())
    return found


def test_every_id_stands_once() -> None:
    assert len(set(IDS)) == len(IDS)
    assert all(one.sentence.endswith(".") or one.sentence.endswith("?") for one in REQUIREMENTS)


def test_every_requirement_is_shown_by_a_test_or_deferred_and_never_both() -> None:
    shown = citations()
    assert [id for id in IDS if id not in shown and id not in DEFERRED] == []
    assert [id for id in DEFERRED if id in shown] == []


def test_every_id_that_is_cited_or_deferred_stands_in_the_manifest() -> None:
    assert {id: where for id, where in citations().items() if id not in IDS} == {}
    assert [id for id in DEFERRED if id not in IDS] == []
    assert all(len(reason) > 20 for reason in DEFERRED.values())


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ('@pytest.mark.requirement("J1")\ndef test_a(): ...', ["J1"]),
        ('@pytest.mark.requirement("J1", "P2")\nasync def test_a(): ...', ["J1", "P2"]),
        ('@pytest.mark.requirement("J1")\ndef helper(): ...', []),
        ('pytestmark = [pytest.mark.process, pytest.mark.requirement("C1")]', ["C1"]),
        ('# pytest.mark.requirement("J1")\nx = "J1"', []),
    ],
)
def test_a_citation_counts_only_on_a_test(text: str, ids: list[str]) -> None:
    assert list(cited(ast.parse(text))) == ids
