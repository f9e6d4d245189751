"""Makes text by others safe to print: a terminal must never obey a message.

Control characters (C0 but newline and tab, DEL, C1 with its escape introducers), bidirectional
overrides, line separators, tag characters and lone surrogates are taken out. Nothing else is
changed; what the text says is not judged here.
"""

import re

_HOSTILE = (
    "\x00-\x08\x0b-\x1f\x7f-\x9f"  # C0 without tab and newline, DEL, C1
    "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"  # who reads left to right
    "\u2028\u2029\ufeff\ufff9-\ufffb"  # lines and annotations nobody sees
    "\U000e0000-\U000e007f"  # tag characters
    "\ud800-\udfff"  # halves of a character
)
_STRIP = re.compile(f"[{_HOSTILE}]")
_ESCAPE = re.compile(
    "[\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2028\u2029\u2066-\u2069\ufeff]|[\U000e0000-\U000e007f]"
)
_SPACE = re.compile(r"[\t\n\r ]+")


def clean(text: str) -> str:
    """The text without what a terminal could obey; lines and tabs stay."""
    return _STRIP.sub("", text.replace("\r\n", "\n"))


def clean_line(text: str) -> str:
    """The same on one line: every run of white space becomes one blank."""
    return _STRIP.sub("", _SPACE.sub(" ", text)).strip()


def clean_label(name: str) -> str:
    """A file name by others as a harmless one: no path, no leading dot, never empty."""
    last = re.split(r"[/\\]", clean_line(name))[-1].lstrip(". ")
    return last[:120] or "file"


def escape_json(text: str) -> str:
    """JSON with the same characters as escapes: the same value, harmless to look at."""
    return _ESCAPE.sub(_escaped, text)


def _escaped(match: re.Match[str]) -> str:
    units = match[0].encode("utf-16-be")
    return "".join(f"\\u{units[i]:02x}{units[i + 1]:02x}" for i in range(0, len(units), 2))
