"""Every event the node emits has its loudness."""

import ast
from pathlib import Path

from gatepost.core.events import LEVEL, LEVELS

SOURCES = Path(__file__).resolve().parents[3] / "src" / "gatepost"


def emitted() -> dict[str, str]:
    """The kinds given to `emit` or `event`, by where; those made of a state are `message.`."""
    found: dict[str, str] = {}
    for path in SOURCES.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
                continue
            if node.func.attr not in ("emit", "event") or not node.args:
                continue
            for part in ast.walk(node.args[0]):
                if isinstance(part, ast.Constant) and isinstance(part.value, str):
                    found[part.value] = f"{path.name}:{node.lineno}"
    return found


def test_every_kind_that_is_emitted_has_its_level() -> None:
    kinds = emitted()
    assert len(kinds) > 15
    assert {
        kind: where for kind, where in kinds.items() if kind not in LEVEL and kind != "message."
    } == {}
    assert set(LEVEL.values()) <= set(LEVELS)
