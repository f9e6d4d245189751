"""A terminal never obeys a message."""

import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatepost.cli.clean import clean, clean_label, clean_line, escape_json
from gatepost.cli.times import clock
from gatepost.core.message import File, Text
from tests.unit.cli.fakes import FakeNode, run, view
from tests.unit.cli.terminal import Terminal

ATTACKS = (
    "\x1b]0;owned\x07", "\x1b[2J\x1b[H", "\x9b31m", "\x1b]52;c;ZWNobw==\x07", "a\x08\x08\x08b",
    "\u202egpj.exe", "\u2066\u2069", "\x00", "\x7f", "\u2028error[bug]: no", "\U000e0041\U000e0042",
    "\r\x1b[1A\x1b[2Kdone", "\x85next", "\u200fx",
)  # fmt: skip
ALLOWED = {"\n", "\t"}


def hostile(text: str) -> list[str]:
    bad = [
        c for c in text if unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp") and c not in ALLOWED
    ]
    return bad + [
        c
        for c in text
        if c in "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
    ]


@pytest.mark.requirement("T17")
@given(st.text() | st.sampled_from(ATTACKS))
def test_nothing_a_terminal_obeys_is_left(text: str) -> None:
    assert hostile(clean(text)) == []
    assert "\n" not in clean_line(text) and hostile(clean_line(text)) == []


@given(st.text(alphabet=st.characters(categories=("L", "N", "P", "S"))))
def test_words_of_any_language_stay(text: str) -> None:
    assert clean(text) == text


@pytest.mark.requirement("T26")
@given(st.text())
def test_a_label_is_never_a_path_and_never_hidden(name: str) -> None:
    label = clean_label(name)
    assert label and "/" not in label and "\\" not in label and not label.startswith(".")


@given(st.text(alphabet=st.characters(exclude_categories=("Cs",))))
def test_escaped_json_is_the_same_value(text: str) -> None:
    written = escape_json(json.dumps(text, ensure_ascii=False))
    assert json.loads(written) == text
    assert hostile(written) == []


@pytest.mark.parametrize("attack", ATTACKS)
def test_every_screen_that_shows_text_by_others_is_harmless(
    terminal: Terminal, node: FakeNode, attack: str
) -> None:
    parts = (Text(f"x{attack}y"), File(data=b"", name=f"n{attack}m", media=f"a{attack}/b"))
    node.views = [view("done", parts=parts, why=attack, reason=attack, by=attack)]
    node.runs = (run("", parts=parts, done_when=attack, sender=f"main{attack}@home"),)
    lines = ("check 01a3", "ask a@lab why", "inbox", "inbox --json", "cancel 01a3")
    said = [terminal.type(line) for line in lines]
    node.views = [view("failed", parts=parts, why=attack, reason=attack, by=attack)]
    said += [terminal.type("check 01a3"), terminal.type("ask a@lab why --wait 0s")]
    for one in said:
        assert hostile(one.out) == [] and hostile(one.err) == []
        assert one.code in (0, 9, 10)


def test_a_moment_beyond_the_calendar_is_shown_as_its_end() -> None:
    assert clock(2**53 - 1, 1_700_000_000_000).startswith("9999-12-")
