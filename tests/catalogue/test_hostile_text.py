"""Text by others never reaches a terminal as it is, whichever command shows it."""

import json

import pytest

from tests.catalogue.place import Place

pytestmark = pytest.mark.process
ESCAPES = "\x1b[2J\x1b]0;owned\x07\x9b31m\rroot# rm -rf /\b\b"
BIDI = "\u202egnp.exe\u2066\u200f\ufeff\u2028"
TAGS = "\U000e0041\U000e007f"
HOSTILE = f"begin {ESCAPES}{BIDI}{TAGS} end " + "x" * 20_000
FORBIDDEN = {*map(chr, range(0x20)), *map(chr, range(0x7F, 0xA0)), *BIDI[:1], *BIDI[8:], *TAGS}
OURS = {"\n", "\r", "\x1b", "\t"}


def test_no_command_shows_what_a_terminal_would_obey(somewhere: Place) -> None:
    lab, bob = somewhere.lab, somewhere.poller()
    message = somewhere.quietly(f"delegate {bob}@lab -", stdin=HOSTILE)
    somewhere.quietly(f"reply {message} - --as {bob}", lab, expect=2, stdin=HOSTILE)
    lines = [
        (f"inbox --as {bob} --wait 20s", lab),
        (f"inbox --as {bob} --wait 20s --json", lab),
        (f"messages show {message}", lab),
        (f"messages show {message}", None),
        ("messages list --limit 3", None),
    ]
    shown = [
        somewhere.type(line, at, watched=watched) for line, at in lines for watched in (False, True)
    ]
    somewhere.quietly(f"reply {message} - --as {bob} --kind failed", lab, stdin=HOSTILE[:900])
    after = (f"check {message} --wait 20s", f"messages show {message}", "log --limit 20")
    shown += [somewhere.type(line, watched=watched) for line in after for watched in (False, True)]
    shown.append(somewhere.type(f"explain {message}"))
    shown.append(somewhere.type(f"messages drop {message} --reason '{BIDI}\x1b[2J'"))
    shown.append(somewhere.type(f"send 'a{ESCAPES}@lab' hello"))
    shown.append(somewhere.type(f"messages list --state '{ESCAPES}{BIDI}'"))
    shown.append(somewhere.type(f"peers ping '{ESCAPES}{BIDI}'"))
    shown.append(somewhere.type(f"{ESCAPES.split()[0]} {BIDI}"))
    shown.append(somewhere.type(f"status --{BIDI}"))
    for said in shown:
        assert FORBIDDEN.isdisjoint(set(said.text) - OURS), said.line
        assert "\x1b" not in said.text.replace("\x1b[K", ""), said.line
        assert "\rroot" not in said.text
        assert said.code != 70, said.text
    assert any("begin " in said.text for said in shown)
    assert json.loads(shown[2].out)[0]["parts"][0]["text"] == HOSTILE.rstrip("\n")
