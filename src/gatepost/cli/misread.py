"""What is wrong with a line that cannot be read, in our words, with what was probably meant.

The parser's own sentences are kept where they are plain; library words are put into ours.
"""

import re
from collections.abc import Mapping, Sequence

import typer
from typer.core import TyperGroup

from gatepost.cli.near import Tree, nearest
from gatepost.errors import GatepostError

HABITS = {
    "stop": "a node runs in the foreground of `gatepost start`: Ctrl-C or SIGTERM ends it",
    "restart": "Ctrl-C or SIGTERM ends a node, `gatepost start` starts it again",
    "version": "`gatepost --version` says it",
}
"""Commands that people try and that are none, with what they want."""
_MORE = re.compile(r"Got unexpected extra arguments? ?(?:\(s\))? ?\((.*)\)")
_NUMBER = re.compile(r"(?:is not a valid (?:int|integer|float)(?: range)?)")
_OPTION = re.compile(r"No such option:? '?(--?[^\s']*)")


def misread(
    error: typer.TyperException,
    plain: Sequence[str],
    words: Mapping[str, Sequence[str]],
    root: TyperGroup,
) -> GatepostError:
    """The error for a line whose words (without options) are `plain`."""
    said = error.format_message().rstrip(".")
    path = " ".join(plain[: 2 if plain and words.get(plain[0]) else 1])
    if "No such command" in said:
        return _no_command(path, plain, words)
    what, why = said[:1].lower() + said[1:], ""
    if option := _OPTION.match(said):
        known = {name.lstrip("-"): name for name in _options(root, path)}
        near = [known[name] for name in nearest(option[1].lstrip("-"), known)]
        what = f"`gatepost {path}` has no option {option[1]}".replace("  ", " ")
        why = f"did you mean {near[0]}?" if near else ""
    elif more := _MORE.match(said):
        what = f"`gatepost {path}` does not take `{more[1]}`"
        why = "a text of several words is quoted as one"
    what = _NUMBER.sub("is not a whole number", what)
    return GatepostError("usage.invalid", what=what, why=why, command=path)


def _no_command(
    path: str, plain: Sequence[str], words: Mapping[str, Sequence[str]]
) -> GatepostError:
    meant = Tree(words).suggestion(plain)
    habit = HABITS.get(plain[0], "")
    return GatepostError(
        "usage.invalid",
        what=f"there is no command `gatepost {path}`",
        why=habit or (f"did you mean `gatepost {meant}`?" if meant else ""),
        command="" if habit else meant,
    )


def _options(root: TyperGroup, path: str) -> list[str]:
    """The options of a command."""
    found = root
    for word in path.split():
        inner = found.commands.get(word)
        if not isinstance(inner, TyperGroup):
            return [name for one in (inner.params if inner else ()) for name in one.opts]
        found = inner
    return [name for one in found.params for name in one.opts]
