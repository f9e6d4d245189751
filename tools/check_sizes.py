"""Hold modules and functions to their size, and names to their meaning.

A module has a docstring and at most 400 lines, a function at most 50 (decorators not counted), and
no module is called `utils` or the like. `tools/exceptions.toml` lists what is excused, with the
exact number of lines; an entry that excuses more than is there, or something that is not there, is
a finding too, so the list only shrinks. Never changes a file.
"""

import ast
import sys
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MODULE_LINES = 400
FUNCTION_LINES = 50
MEANINGLESS = frozenset({"utils", "util", "helpers", "helper", "manager", "base", "misc", "v2"})


@dataclass(frozen=True, slots=True)
class Excused:
    """Lines allowed beyond a ceiling, by `path` of a module or `path:Class.function`."""

    modules: Mapping[str, int]
    functions: Mapping[str, int]


def excused(root: Path = ROOT) -> Excused:
    """Read the list of exceptions."""
    data = tomllib.loads((root / "tools/exceptions.toml").read_text(encoding="utf-8"))
    return Excused(data["modules"], data["functions"])


def functions(tree: ast.AST, prefix: str = "") -> Iterator[tuple[str, int]]:
    """Every function under `tree` with its qualified name and its lines, from `def` to its end."""
    for node in ast.iter_child_nodes(tree):
        name = prefix
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            name = f"{prefix}.{node.name}" if prefix else node.name
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield name, (node.end_lineno or node.lineno) - node.lineno + 1
        yield from functions(node, name)


def over(place: str, lines: int, ceiling: int, allowed: Mapping[str, int]) -> Iterator[str]:
    """Compare one size with its ceiling and with what is excused."""
    limit = allowed.get(place, ceiling)
    if lines > limit:
        yield f"{place}: {lines} lines, at most {limit}"
    elif place in allowed and lines < limit:
        fix = f"say {lines}" if lines > ceiling else "strike the exception"
        yield f"{place}: {lines} lines, excused for {limit}: {fix}"


def findings(root: Path, allowed: Excused) -> Iterator[str]:
    """All that is wrong under `root`/src, one line each."""
    seen: set[str] = set()
    for path in sorted((root / "src").rglob("*.py")):
        place = path.relative_to(root).as_posix()
        text = path.read_text(encoding="utf-8")
        tree = ast.parse(text, place)
        seen.add(place)
        yield from over(place, len(text.splitlines()), MODULE_LINES, allowed.modules)
        if not (ast.get_docstring(tree) or "").strip():
            yield f"{place}: no module docstring"
        words = {path.stem, path.parent.name if path.stem == "__init__" else path.stem}
        for word in words:
            if word in MEANINGLESS or word.rsplit("_", 1)[-1] in MEANINGLESS:
                yield f"{place}: `{word}` names nothing; say what it is or does"
        for name, lines in functions(tree):
            seen.add(f"{place}:{name}")
            yield from over(f"{place}:{name}", lines, FUNCTION_LINES, allowed.functions)
    for place in sorted({*allowed.modules, *allowed.functions} - seen):
        yield f"{place}: excused, but not there"


def main() -> int:
    """Print the findings; 1 when there are any."""
    wrong = list(findings(ROOT, excused()))
    for line in wrong:
        print(line)
    print(f"sizes: {len(wrong)} findings" if wrong else "sizes: all within their ceilings")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
