"""Transcripts that are the same at every run: ids, keys, times, ports and places made plain.

What is replaced keeps its kind (an id stays an id, the same one everywhere in one transcript).
Columns are kept where every replaced word is as long as before, else their gaps shrink to two
blanks.
"""

import re
from collections.abc import Sequence

from gatepost.core.identity import show
from tests.catalogue.typed import Said

_HEX = "[0-9a-f]"
_ID = re.compile(rf"\b{_HEX}{{8}}-{_HEX}{{4}}-7{_HEX}{{3}}-{_HEX}{{4}}-{_HEX}{{12}}\b")
_SHORT = re.compile(rf"\b01{_HEX}{{6}}-{_HEX}{{4}}\b(-7{_HEX}{{3}})?(?!-)")
_NODE = re.compile(r"\b[a-z2-7]{52}\b")
_LABEL = re.compile(r"(! )? *(│ )?([a-z]+ {2,})?")
_RULES: tuple[tuple[str, str], ...] = (
    (r"gp1-[a-z2-7]{20,}", "gp1-…"),
    (r"gpr1(-[a-z0-9]{5}){4,}", "gpr1-…"),
    (r"\b[a-z2-7]{7}(-[a-z2-7]{7}){7}\b", "NODE"),
    (r"(?<=  )[A-Z2-7a-z]{4}(-[A-Z2-7a-z]{4}){6,}[-A-Z2-7a-z]*", "KIT"),
    (r"\bgpt-[\w-]{20,}", "gpt-SECRET"),
    (r'"(secret|kit)":"[^"]+"', r'"\1":"SECRET"'),
    (r'"words":"[^"]+"', '"words":"SIX WORDS"'),
    (r"(?<=words   )[a-z]+( [a-z]+){5}", "six words that both screens show"),
    (r"\b20\d\d-\d\d-\d\d([T ])\d\d:\d\d(:\d\d)?", r"2027-01-31\g<1>12:00"),
    (r"\b[0-9a-f]{32,}\b", "0badc0de…"),
    (r"\b(policy|grants)\.toml:\d+", r"\1.toml:12"),
    (r"(?<=since   )\d+ (ms|s|min)( \d+ s)?(?=,)", "1 s"),
    (r"\b\d\d:\d\d:\d\d\b", "12:00:00"),
    (r"\b1[78]\d{11}\b", "1800000000000"),
    (r"\bpid \d+", "pid 4711"),
    (r'"pid":\d+', '"pid":4711'),
    (r"\bprocess \d+", "process 4711"),
    (r"127\.0\.0\.1:(?!1\b)\d{2,5}", "127.0.0.1:7443"),
    (r"\('127\.0\.0\.1', \d+\)", "('127.0.0.1', 7443)"),
    (r"\b\d+(\.\d+)? ms\b", "5 ms"),
    (r'"ms":[\d.e-]+', '"ms":5.0'),
    (r"\b(for|since|oldest|in) \d+ (s|min)( \d+ s)?\b", r"\1 1 s"),
    (r'"(life|digest|idempotency_key|base_hash|hash|boot)":"[^"]+"', r'"\1":"…"'),
    (r"SQLite \d+\.\d+\.\d+", "SQLite 3.51.0"),
    (r'"revision":"[^"]+"', '"revision":"…"'),
)


class Plain:
    """Makes transcripts plain. `words` are what to put for what, longest first."""

    def __init__(self, words: dict[str, str]) -> None:
        self._words = words
        self._ids: dict[str, str] = {}
        self._nodes: dict[str, str] = {}

    def transcript(self, typed: Sequence[Said]) -> str:
        """What somebody sees who types these lines; `!` stands before a line of stderr."""
        return "\n".join(map(self._block, typed))

    def node(self, real: str, name: str) -> None:
        """Call a node's id something plain."""
        self._nodes[real] = (name + "a" * 52)[:52]

    def _block(self, said: Said) -> str:
        err = [f"! {line}".rstrip() for line in said.err.splitlines()]
        end = [f"[exit {said.code}]"] if said.code else []
        shown = said.screen or (*said.out.splitlines(), *err)
        lines = [f"$ gatepost {said.line}".rstrip(), *shown, *end]
        return "".join(f"{self._line(line)}\n" for line in lines)

    def _line(self, line: str) -> str:
        plain = line
        for real, said in self._words.items():
            plain = plain.replace(real, said)
        for real, said in self._nodes.items():
            for one, other in ((show(real), show(said)), (real, said), (real[:7], said[:7])):
                plain = plain.replace(one, other)
        plain = _SHORT.sub(self._shortened, _ID.sub(self._id, plain))
        plain = _NODE.sub(self._unknown_node, plain)
        for pattern, put in _RULES:
            plain = re.sub(pattern, put, plain)
        if len(plain) == len(line) or plain.startswith("$"):
            return plain
        label = _LABEL.match(plain)
        kept = label.end() if label else 0
        return plain[:kept] + re.sub(r" {3,}", "  ", plain[kept:])

    def _id(self, match: re.Match[str]) -> str:
        n = len(self._ids) + 1
        return self._ids.setdefault(match[0], f"01a0{n:04}-0000-7000-8000-{n:012}")

    def _shortened(self, match: re.Match[str]) -> str:
        known = next((made for real, made in self._ids.items() if real.startswith(match[0])), "")
        return (known or f"01a0{len(self._ids) + 1:04}-0000-7000")[: len(match[0])]

    def _unknown_node(self, match: re.Match[str]) -> str:
        if match[0] in self._nodes.values():
            return match[0]
        return self._nodes.setdefault(match[0], ("node" + "b" * 52)[:52])
