"""Reads rules: the texts of `policy.toml` and `grants.toml` become one `Law`, or a fault.

Everything is checked here once, so that the law itself never meets a wrong value. The first fault
found is raised as `policy.invalid` with file, line and, for a misspelt word, the nearest right
one. An empty list is read as it stands and matches nothing; a missing list is a fault, never
"everyone".
"""

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import TypeVar, cast

import msgspec

from gatepost.core.address import NAME
from gatepost.core.origin import Document, KeyPath, Origin, line_of, lines, tables
from gatepost.errors import GatepostError
from gatepost.policy.conditions import UNLESS_KEYS, Unless, parse_hours
from gatepost.policy.law import Expectation, Law, Rule
from gatepost.policy.limits import (
    DEFAULT_KEYS,
    DEFAULT_LIMITS,
    NEVER_NONE,
    NO_LIMITS,
    RATE_KEYS,
    RULE_KEYS,
    Limits,
    Rate,
    parse_rate,
    parse_size,
)
from gatepost.policy.patterns import Pattern, parse_pattern
from gatepost.policy.request import VERBS
from gatepost.policy.words import near

__all__ = ["Law", "Rule", "read_law"]

_WORDS = ("allow", "hold", "deny")
_RULE = ("id", *_WORDS, "from", "to", "unless", "until", "limit", "by", "made")
_TOP = ("rule", "limits", "expect")
_EXPECT = ("who", "verb", "want", "at", "tainted")
_WANTS = ("allow", "hold", "deny")
_T = TypeVar("_T")
_Table = Mapping[str, object]


def read_law(documents: Sequence[Document], own: Iterable[str] = ()) -> Law:
    """Read all `documents` as one law.

    `own` are the names of this node (its name and its id): `alice@home` is local where `home` is.
    Raises `policy.invalid`.
    """
    names = frozenset(own)
    law = _Reading(names)
    digest = hashlib.sha256()
    for document in documents:
        law.read(document)
        digest.update(document.name.encode() + b"\0" + document.text.encode() + b"\0")
    return law.law(digest.hexdigest()[:12])


class _Place:
    """A table within a document: values by key, and the error for one of them."""

    def __init__(
        self, file: str, found: Mapping[KeyPath, int], path: KeyPath, table: object
    ) -> None:
        self.file, self._found, self._path = file, found, path
        if not isinstance(table, dict):
            raise self.fault("must be a table")
        self.table = cast("_Table", table)

    def origin(self, key: str = "") -> Origin:
        path = (*self._path, key) if key else self._path
        return Origin(self.file, line_of(self._found, path))

    def fault(self, why: str, key: str = "", suggestion: str = "") -> GatepostError:
        where = str(self.origin(key))
        name = key or ".".join(str(part) for part in self._path) or "the file"
        hint = f"; did you mean `{suggestion}`?" if suggestion else ""
        return GatepostError(
            "policy.invalid",
            what=f"{where}: `{name}` {why}{hint}",
            where=where,
            suggestion=suggestion,
        )

    def only(self, known: Sequence[str]) -> None:
        for key in self.table:
            if key not in known:
                raise self.fault("is not a word of the policy", key, near(key, known))

    def inner(self, key: str) -> "_Place":
        return _Place(self.file, self._found, (*self._path, key), self.table[key])

    def array(self, key: str) -> list["_Place"]:
        tables = self.table.get(key, [])
        if not isinstance(tables, list):
            raise self.fault(f"is written [[{key}]]", key)
        values = cast("list[object]", tables)
        return [
            _Place(self.file, self._found, (*self._path, key, n), value)
            for n, value in enumerate(values)
        ]

    def text(self, key: str) -> str:
        value = self.table.get(key)
        if not isinstance(value, str) or not value:
            missing = "is missing" if value is None else "must be a text that is not empty"
            raise self.fault(missing, key)
        return value

    def texts(self, key: str) -> tuple[str, ...]:
        """One text or a list of them; an empty list is an empty list."""
        value = self.table.get(key)
        if isinstance(value, list):
            values = cast("list[object]", value)
            if all(isinstance(one, str) and one for one in values):
                return tuple(cast("list[str]", values))
            raise self.fault("must hold texts that are not empty", key)
        return (self.text(key),)

    def moment(self, key: str) -> int:
        """A date and time with an offset, in ms; 0 when absent."""
        value = self.table.get(key)
        if value is None:
            return 0
        if not isinstance(value, datetime) or value.tzinfo is None:
            raise self.fault("must be a time with its offset, as 2027-01-31T00:00:00Z", key)
        return int(value.timestamp() * 1000)

    def truth(self, key: str) -> bool:
        """True or false; false when absent."""
        value = self.table.get(key, False)
        if not isinstance(value, bool):
            raise self.fault("must be true or false", key)
        return value

    def parsed(self, key: str, parse: Callable[[str], _T]) -> _T:
        try:
            return parse(self.text(key))
        except ValueError as wrong:
            raise self.fault(f"is `{self.text(key)}`: {wrong}", key) from wrong


class _Reading:
    """The law as far as it has been read."""

    def __init__(self, own: frozenset[str]) -> None:
        self._own = own
        self._rules: dict[str, Rule] = {}
        self._expectations: list[Expectation] = []
        self._limits = DEFAULT_LIMITS
        self._limit_origins: dict[str, Origin] = {}

    def law(self, revision: str) -> Law:
        return Law(
            self._rules.values(),
            self._limits,
            self._limit_origins,
            tuple(self._expectations),
            revision,
        )

    def read(self, document: Document) -> None:
        top = _parse(document)
        top.only(_TOP)
        for place in top.array("rule"):
            self._rule(place)
        for place in top.array("expect"):
            self._expectations.append(_expectation(place, self._own))
        if "limits" in top.table:
            self._default_limits(top.inner("limits"))

    def _rule(self, place: _Place) -> None:
        rule = _rule(place, self._own)
        other = self._rules.get(rule.id)
        if other is not None:
            raise place.fault(f"is `{rule.id}`, and so is that of the rule at {other.origin}", "id")
        self._rules[rule.id] = rule

    def _default_limits(self, place: _Place) -> None:
        if self._limit_origins:
            other = next(iter(self._limit_origins.values()))
            raise place.fault(f"stands at {other} already; the default limits stand in one place")
        self._limits = _limits(place, DEFAULT_KEYS, DEFAULT_LIMITS)
        self._limit_origins = {key: place.origin(key) for key in place.table}


def _parse(document: Document) -> _Place:
    table = tables(document, "policy.invalid")
    return _Place(document.name, lines(document.text), (), table)


def _rule(place: _Place, own: frozenset[str]) -> Rule:
    place.only(_RULE)
    rule_id = place.text("id")
    if not NAME.fullmatch(rule_id):
        raise place.fault(f"is `{rule_id}`; ids are 1 to 64 of a-z 0-9 . _ -", "id")
    verbs = {word: _verbs(place, word) for word in _WORDS if word in place.table}
    if not verbs:
        raise place.fault(f"says nothing: write allow, hold or deny in rule `{rule_id}`", "id")
    said = [verb for some in verbs.values() for verb in set(some)]
    twice = next((verb for verb in said if said.count(verb) > 1), None)
    if twice:
        raise place.fault(f"is `{rule_id}`, which says two things about `{twice}`", "id")
    return Rule(
        id=rule_id,
        allow=verbs.get("allow", ()),
        hold=verbs.get("hold", ()),
        deny=verbs.get("deny", ()),
        from_=_patterns(place, "from", own),
        to=_patterns(place, "to", own),
        unless=_unless(place.inner("unless")) if "unless" in place.table else None,
        until=place.moment("until"),
        limit=_limits(place.inner("limit"), RULE_KEYS, NO_LIMITS)
        if "limit" in place.table
        else NO_LIMITS,
        origin=place.origin(),
        by=place.text("by") if "by" in place.table else "",
        made=place.moment("made"),
    )


def _verbs(place: _Place, word: str) -> tuple[str, ...]:
    verbs = place.texts(word)
    for verb in verbs:
        if verb not in VERBS:
            known = " ".join(VERBS)
            raise place.fault(f"names `{verb}`, which is none of: {known}", word, near(verb, VERBS))
    return verbs


def _patterns(place: _Place, key: str, own: frozenset[str]) -> tuple[Pattern, ...]:
    return tuple(_pattern(place, key, text, own) for text in place.texts(key))


def _pattern(place: _Place, key: str, text: str, own: frozenset[str]) -> Pattern:
    try:
        return parse_pattern(text, own)
    except ValueError as wrong:
        suggestion = text.lower() if text != text.lower() else ""
        raise place.fault(f"has the pattern `{text}`, which {wrong}", key, suggestion) from wrong


def _unless(place: _Place) -> Unless:
    place.only(UNLESS_KEYS)
    tainted = place.table.get("tainted")
    if tainted is not None and not isinstance(tainted, bool):
        raise place.fault("must be true or false", "tainted")
    if not place.table:
        raise place.fault("is empty; name a condition or leave it out")
    return Unless(
        hours=place.parsed("hours", parse_hours) if "hours" in place.table else None,
        tainted=tainted,
        conversation=place.texts("conversation") if "conversation" in place.table else (),
    )


def _limits(place: _Place, known: Sequence[str], start: Limits) -> Limits:
    place.only(known)
    rates: dict[str, Rate | None] = {}
    numbers: dict[str, int | None] = {}
    for key, value in place.table.items():
        none = value == "none"
        if none and key in NEVER_NONE:
            raise place.fault("may be large, but not absent", key)
        if key in RATE_KEYS:
            rates[key] = None if none else place.parsed(key, parse_rate)
        else:
            numbers[key] = None if none else _number(place, key)
    return msgspec.structs.replace(start, **rates, **numbers)


def _number(place: _Place, key: str) -> int:
    value = place.table[key]
    if key == "bytes" and isinstance(value, str):
        return place.parsed(key, parse_size)
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise place.fault("must be a number, 0 or more", key)
    return value


def _expectation(place: _Place, own: frozenset[str]) -> Expectation:
    place.only(_EXPECT)
    who = place.text("who")
    sender, arrow, to = (part.strip() for part in who.partition("->"))
    if not arrow or not sender or not to:
        raise place.fault("must name two addresses: `carol@work -> bob`", "who")
    from_, towards = (_pattern(place, "who", text, own) for text in (sender, to))
    if from_.node and towards.node:
        raise place.fault(f"is `{who}`: one of them must be an agent of this node", "who")
    verb, want = place.text("verb"), place.text("want")
    if verb not in VERBS:
        raise place.fault(f"is `{verb}`, which is no verb", "verb", near(verb, VERBS))
    if want not in _WANTS:
        raise place.fault(f"is `{want}`, which is no verdict", "want", near(want, _WANTS))
    return Expectation(
        from_, towards, verb, want, place.origin(), place.moment("at"), place.truth("tainted")
    )
