"""Reads rules: the texts of `policy.toml` and `grants.toml` become one `Law`, or a fault.

Everything is checked here once, so that the law itself never meets a wrong value. The first fault
found is raised as `policy.invalid` with file, line and, for a misspelt word, the nearest right
one. An empty list is read as it stands and matches nothing; a missing list is a fault, never
"everyone".
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from gatepost.core.address import NAME, is_node_id
from gatepost.core.origin import Document, Origin
from gatepost.errors import GatepostError
from gatepost.policy.conditions import UNLESS_KEYS, Unless, parse_hours
from gatepost.policy.decision import Verdict
from gatepost.policy.expectations import contradiction
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
from gatepost.policy.place import Place
from gatepost.policy.request import VERBS
from gatepost.policy.words import near

__all__ = ["Law", "Rule", "read_law"]

_WORDS = ("allow", "hold", "deny")
_RULE = ("id", *_WORDS, "from", "to", "unless", "until", "limit", "by", "made", "nodes")
_TOP = ("rule", "limits", "expect")
_EXPECT = ("who", "verb", "want", "at", "tainted")
_WANTS: dict[str, Verdict] = {"allow": "allow", "hold": "hold", "deny": "deny"}


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
    made = law.law(digest.hexdigest()[:12])
    made.documents = tuple(documents)
    return made


class _Reading:
    """The law as far as it has been read."""

    def __init__(self, own: frozenset[str]) -> None:
        self._own = own
        self._rules: dict[str, Rule] = {}
        self._expectations: list[Expectation] = []
        self._limits = DEFAULT_LIMITS
        self._limit_origins: dict[str, Origin] = {}

    def law(self, revision: str) -> Law:
        pair = contradiction(self._expectations)
        if pair is not None:
            one, other = pair
            what = f"{other.origin}: this expects `{other.want}` for {other}"
            what += f", and {one.origin} `{one.want}` for {one}; both cannot be"
            raise GatepostError("policy.invalid", what=what, where=str(other.origin))
        return Law(
            self._rules.values(),
            self._limits,
            self._limit_origins,
            tuple(self._expectations),
            revision,
        )

    def read(self, document: Document) -> None:
        top = Place.top(document)
        top.only(_TOP)
        for place in top.array("rule"):
            self._rule(place)
        for place in top.array("expect"):
            self._expectations.append(_expectation(place, self._own))
        if "limits" in top.table:
            self._default_limits(top.inner("limits"))

    def _rule(self, place: Place) -> None:
        rule = _rule(place, self._own)
        other = self._rules.get(rule.id)
        if other is not None:
            raise place.fault(f"is `{rule.id}`, and so is that of the rule at {other.origin}", "id")
        self._rules[rule.id] = rule

    def _default_limits(self, place: Place) -> None:
        if self._limit_origins:
            other = next(iter(self._limit_origins.values()))
            raise place.fault(f"stands at {other} already; the default limits stand in one place")
        self._limits = _limits(place, DEFAULT_KEYS, DEFAULT_LIMITS)
        self._limit_origins = {key: place.origin(key) for key in place.table}


def _rule(place: Place, own: frozenset[str]) -> Rule:
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
    nodes = _nodes(place.inner("nodes")) if "nodes" in place.table else {}
    from_, to = _bound(place, "from", own, nodes), _bound(place, "to", own, nodes)
    idle = next((name for name in nodes if not _speaks_of(name, (*from_, *to))), "")
    if idle:
        raise place.fault(f"names `{idle}`, of which the rule does not speak", "nodes")
    return Rule(
        id=rule_id,
        allow=verbs.get("allow", ()),
        hold=verbs.get("hold", ()),
        deny=verbs.get("deny", ()),
        from_=from_,
        to=to,
        unless=_unless(place.inner("unless")) if "unless" in place.table else None,
        until=place.moment("until"),
        limit=_limits(place.inner("limit"), RULE_KEYS, NO_LIMITS)
        if "limit" in place.table
        else NO_LIMITS,
        origin=place.origin(),
        by=place.text("by") if "by" in place.table else "",
        made=place.moment("made"),
    )


def _verbs(place: Place, word: str) -> tuple[str, ...]:
    verbs = place.texts(word)
    for verb in verbs:
        if verb not in VERBS:
            known = " ".join(VERBS)
            raise place.fault(f"names `{verb}`, which is none of: {known}", word, near(verb, VERBS))
    return verbs


def _nodes(place: Place) -> dict[str, str]:
    """The nodes that aliases stood for when a rule was made: it speaks of these and no others."""
    for alias in place.table:
        if not is_node_id(place.text(alias)):
            raise place.fault("must be a node id", alias)
    return {alias: place.text(alias) for alias in place.table}


def _bound(
    place: Place, key: str, own: frozenset[str], nodes: Mapping[str, str]
) -> tuple[Pattern, ...]:
    patterns = tuple(_pattern(place, key, text, own) for text in place.texts(key))
    return tuple(
        Pattern(one.agent, nodes[one.node], one.node) if one.node in nodes else one
        for one in patterns
    )


def _speaks_of(alias: str, patterns: Iterable[Pattern]) -> bool:
    return any(pattern.alias == alias for pattern in patterns)


def _pattern(place: Place, key: str, text: str, own: frozenset[str]) -> Pattern:
    try:
        return parse_pattern(text, own)
    except ValueError as wrong:
        suggestion = text.lower() if text != text.lower() else ""
        raise place.fault(f"has the pattern `{text}`, which {wrong}", key, suggestion) from wrong


def _unless(place: Place) -> Unless:
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


def _limits(place: Place, known: Sequence[str], start: Limits) -> Limits:
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


def _number(place: Place, key: str) -> int:
    value = place.table[key]
    if key == "bytes" and isinstance(value, str):
        return place.parsed(key, parse_size)
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise place.fault("must be a number, 0 or more", key)
    return value


def _expectation(place: Place, own: frozenset[str]) -> Expectation:
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
    at, tainted = place.moment("at"), place.truth("tainted")
    return Expectation(from_, towards, verb, _WANTS[want], place.origin(), at, tainted)
