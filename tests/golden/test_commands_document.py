"""docs/cli.md lists every word there is, and none that is not."""

from pathlib import Path

from typer.core import TyperGroup

from gatepost.cli.pages import first
from tests.unit.cli.grammar import tree

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "cli.md"


def listed() -> list[str]:
    """The lines of the list, as they must stand in the document."""
    commands = tree().commands
    lines: list[str] = []
    for intent, several in first.GROUPS.items():
        words: list[str] = []
        for word, _ in several:
            one = commands[word]
            verbs = f" ({' '.join(one.commands)})" if isinstance(one, TyperGroup) else ""
            words.append(word + verbs)
        lines.append(f"    {intent:<9}{'  '.join(words)}")
    return lines


def test_the_list_of_words_is_the_list_of_words() -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    assert [line for line in listed() if line not in text.splitlines()] == []
