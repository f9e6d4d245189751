"""Help pages: what it does, examples first, then what may be given; as wide as the terminal."""

import shutil
import textwrap
from collections.abc import Sequence
from inspect import cleandoc
from typing import cast

import typer
from typer.core import TyperArgument, TyperCommand, TyperGroup, TyperOption

WIDEST = 100
COLUMN = 22


class Verb(TyperCommand):
    """A command whose help starts with examples. `epilog` holds them, one a line."""

    def get_help(self, ctx: object) -> str:
        """The page `--help` prints."""
        arguments = [one for one in self.params if isinstance(one, TyperArgument)]
        given = [one for one in self.params if isinstance(one, TyperOption) and not one.hidden]
        usage = " ".join(
            [cast(typer.Context, ctx).command_path, *map(_placed, arguments), "[options]"]
        )
        summary, _, more = cleandoc(self.help or "").partition("\n\n")
        return _page(
            [_wrapped(summary)],
            [f"  $ {line}" for line in (self.epilog or "").splitlines()],
            [f"usage  {usage}"],
            _entries([(_placed(one), one.help or "") for one in arguments]),
            _entries([(_named(one), _explained(one)) for one in given]),
            [_wrapped(more)] if more else [],
        )


class Noun(TyperGroup):
    """A noun whose help lists its verbs."""

    def get_help(self, ctx: object) -> str:
        """The page `--help` prints."""
        path = cast(typer.Context, ctx).command_path
        verbs = [(name, _summary(one.help)) for name, one in self.commands.items()]
        return _page(
            [_wrapped(self.help or "")],
            _entries(verbs),
            [f"{path} VERB --help shows examples."],
        )


def _page(*sections: Sequence[str]) -> str:
    return "\n\n".join("\n".join(lines) for lines in sections if lines)


def _summary(help: str | None) -> str:
    return " ".join(cleandoc(help or "").split("\n\n")[0].split())


def _placed(one: TyperArgument) -> str:
    name = one.metavar or (one.name or "").upper()
    return name if one.required or name.startswith("[") else f"[{name}]"


def _named(one: TyperOption) -> str:
    names = ", ".join(sorted(one.opts, key=len))
    return names if one.is_flag or one.count else f"{names} {one.metavar or 'VALUE'}"


def _explained(one: TyperOption) -> str:
    shown = one.show_default and not (one.is_flag or one.count) and one.default
    return f"{one.help or ''} [{one.default}]" if shown else one.help or ""


def _entries(pairs: Sequence[tuple[str, str]]) -> list[str]:
    lines: list[str] = []
    for name, text in pairs:
        body = textwrap.wrap(text, width() - COLUMN - 2) or [""]
        if len(name) > COLUMN - 2:
            lines.append(f"  {name}")
            name = ""
        lines += [f"  {name if at == 0 else '':<{COLUMN}}{line}" for at, line in enumerate(body)]
    return lines


def _wrapped(text: str) -> str:
    blocks = (textwrap.fill(" ".join(block.split()), width()) for block in text.split("\n\n"))
    return "\n\n".join(blocks)


def width() -> int:
    """How wide a page is: as the terminal, and no wider than is good to read."""
    return min(WIDEST, shutil.get_terminal_size((WIDEST, 24)).columns)
