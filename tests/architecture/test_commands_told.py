"""Every command the product tells somebody to type is one its own parser reads.

The texts are found in the source, also those that are put together at run time: what is not known
before stands there as `lab`. What real commands said is parsed again in `tests/catalogue`.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import gatepost
from tests.unit.cli.grammar import read

SOURCE = Path(gatepost.__file__).parent
WORD = "lab"
TEXTS = ast.Constant, ast.JoinedStr, ast.BinOp
COMMAND = re.compile(r"^gatepost .+|(?<=`)gatepost [^`]+(?=`)|(?<=   )gatepost .+")
COMPOSED = {
    "gatepost lab",  # an example of a command, tried where examples are
    "gatepost lablab --as lab",  # a command of the caller with the options typed here
    "gatepost WORD --help shows examples.",
    "gatepost peers lab lab",  # block and unblock, by the change that is undone
    "gatepost policy grant",  # what a grant is written down as, followed by its words
    "gatepost peers block ",  # what a rule made by a block begins with
}


def text(node: ast.expr) -> str:
    """The text an expression makes, with `lab` for what is not written there."""
    if isinstance(node, ast.Constant):
        return str(node.value)
    if isinstance(node, ast.JoinedStr):
        return "".join(
            text(part) if isinstance(part, ast.Constant) else WORD for part in node.values
        )
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return text(node.left) + text(node.right)
    return text(node.body) if isinstance(node, ast.IfExp) else WORD


def told() -> Iterator[tuple[str, str]]:
    """(where, text) of everything in the source that begins like a command."""
    for path in sorted(SOURCE.rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        inner = {
            id(part)
            for whole in ast.walk(tree)
            if isinstance(whole, ast.JoinedStr | ast.BinOp | ast.Expr)
            for part in ast.walk(whole)
            if part is not whole and not (isinstance(whole, ast.Expr) and not _is_docstring(whole))
        }
        for node in ast.walk(tree):
            where = f"{path.relative_to(SOURCE)}:{getattr(node, 'lineno', 0)}"
            if isinstance(node, ast.Call) and ast.unparse(node.func).endswith(".typed"):
                yield where, f"gatepost {text(node.args[0])}"
            elif isinstance(node, ast.expr) and id(node) not in inner:
                said = text(node) if isinstance(node, TEXTS) else ""
                if path.parent.name != "errors" and "\n" not in said:
                    yield from ((where, command) for command in COMMAND.findall(said))


def _is_docstring(node: ast.Expr) -> bool:
    return isinstance(node.value, ast.Constant)


TOLD = [(where, said) for where, said in told() if said not in COMPOSED]


def test_commands_are_found_in_the_source() -> None:
    assert len(TOLD) > 50
    assert COMPOSED <= {said for _, said in told()}


@pytest.mark.requirement("F17")
@pytest.mark.parametrize(("where", "said"), TOLD, ids=[where for where, _ in TOLD])
def test_a_command_in_the_source_can_be_typed(where: str, said: str) -> None:
    read(said.split("   ")[0])
