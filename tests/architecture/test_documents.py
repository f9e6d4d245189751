"""The documents speak of what is there."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("changes/*.md")]
LINK = re.compile(r"\]\(([^)#:]+)(?:#[^)]*)?\)")


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_inside_the_repository_leads_somewhere(path: Path) -> None:
    targets = LINK.findall(path.read_text(encoding="utf-8"))
    assert [target for target in targets if not (path.parent / target).exists()] == []


def test_the_architecture_names_every_room_that_exists() -> None:
    told = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    rooms = [path.parent.name for path in ROOT.glob("src/gatepost/*/__init__.py")]
    assert rooms
    assert [room for room in rooms if f"{room}/" not in told] == []


def test_decision_records_are_numbered_without_gaps() -> None:
    numbers = sorted(path.name[:4] for path in ROOT.glob("docs/adr/[0-9]*.md"))
    assert numbers == [f"{n:04}" for n in range(len(numbers))]


@pytest.mark.parametrize(
    "path", sorted(ROOT.glob("docs/adr/[0-9]*.md")), ids=lambda path: path.stem
)
def test_a_decision_record_has_its_four_parts(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    for part in ("Status:", "## Context", "## Decision", "## Consequences"):
        assert part in text
