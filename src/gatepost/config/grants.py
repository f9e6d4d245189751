"""Changes rules by command: adds them to `grants.toml`, cuts them out of either, sets limits.

A rule is a block of lines. Adding writes one at the end; cutting removes exactly its lines, so
that the comments around it stay with the rules they speak of. What a rule means is not known
here: the new texts go to a judge, which raises what is wrong with them, and nothing is written
until it is content.
"""

import difflib
import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from shlex import quote
from typing import Literal, cast

import msgspec

from gatepost.config.blocks import Blocks
from gatepost.config.edit import Edited, assigned
from gatepost.config.files import editing, replace
from gatepost.config.paths import Layout
from gatepost.config.sources import policy_documents
from gatepost.core.origin import Document, line_of, lines, tables
from gatepost.errors import GatepostError

Judge = Callable[[Sequence[Document]], object]
Documents = tuple[Document, Document]


class NewRule(msgspec.Struct, frozen=True, kw_only=True):
    """A rule to be written. Times are ms; `by` is the command that makes it. "" and 0: left out.

    `nodes` are the node ids that aliases in it stand for: it speaks of no other node, whatever the
    aliases come to mean.
    """

    id: str
    says: Literal["allow", "hold", "deny"] = "allow"
    verbs: tuple[str, ...]
    from_: str
    to: str
    until: int = 0
    rate: str = ""
    nodes: Mapping[str, str] = {}
    by: str
    made: int

    def text(self) -> str:
        """The rule as it stands in the file."""
        rows = [
            ("id", _quoted(self.id)),
            (self.says, f"[{', '.join(_quoted(verb) for verb in self.verbs)}]"),
            ("from", _quoted(self.from_)),
            ("to", _quoted(self.to)),
            ("until", _moment(self.until) if self.until else ""),
            ("nodes", _inline(self.nodes)),
            ("limit", f"{{ rate = {_quoted(self.rate)} }}" if self.rate else ""),
            ("by", _quoted(self.by)),
            ("made", _moment(self.made)),
        ]
        return "[[rule]]\n" + "".join(f"{key} = {value}\n" for key, value in rows if value)


def grant_id(from_: str, verbs: Sequence[str], to: str, says: str = "allow") -> str:
    """The id of a grant nobody named, made from what it says: the same grant replaces itself."""
    word = () if says == "allow" else (says,)
    words = "-".join((*word, from_, *verbs, to)).replace("*", "any").replace("@", ".")
    return re.sub(r"[^a-z0-9._-]+", "-", words.lower()).strip("-._")[:64].rstrip("-._")


def blocking(alias: str, node: str, made: int) -> tuple[NewRule, NewRule]:
    """The two rules that refuse everything from and to a peer, whatever its alias."""
    verbs = ("ping", "see", "send", "ask", "delegate")
    by = f"gatepost peers block {alias}"
    there = f"*@{node}"
    into = NewRule(
        id=f"block-in-{node[:16]}", says="deny", verbs=verbs, from_=there, to="*", by=by, made=made
    )
    out = NewRule(
        id=f"block-out-{node[:16]}", says="deny", verbs=verbs, from_="*", to=there, by=by, made=made
    )
    return into, out


def add_rules(places: Layout, rules: Sequence[NewRule], judge: Judge) -> Edited:
    """Add rules to `grants.toml`, in place of those with the same ids. Raises what `judge` does."""
    with editing(places):
        before = policy_documents(places)
        policy, grants = before
        for rule in rules:
            found = _find((grants,), rule.id)
            if found is not None:
                grants = _without(*found)
        for rule in rules:
            grants = Document(grants.name, _joined(grants.text, rule.text()))
        line = grants.text.count("\n") - rules[-1].text().count("\n") + 1
        _write(places, before, (policy, grants), judge)
    ids = " ".join(rule.id for rule in rules)
    undo = f"gatepost policy revoke {ids}"
    return Edited(grants.name, line, "", "".join(rule.text() for rule in rules), undo)


def remove_rules(places: Layout, ids: Sequence[str], judge: Judge) -> Edited:
    """Cut rules out of their files. Raises `policy.rule_unknown`, or what `judge` raises."""
    with editing(places):
        before = policy_documents(places)
        documents, cut, line, file, undo = before, "", 0, "", ""
        for rule in ids:
            document, position = _required(documents, rule)
            undo = _at(tables(document, "policy.invalid"), ("rule", position, "by"))
            start, end = _lines(document, position)
            cut += "\n".join(document.text.split("\n")[start - 1 : end]) + "\n"
            line, file = start, document.name
            documents = _with(documents, _without(document, position))
        _write(places, before, documents, judge)
    return Edited(file, line, cut, "", undo if len(ids) == 1 else "")


def set_limit(places: Layout, kind: str, value: str, rule: str, judge: Judge) -> Edited:
    """Set a limit: the default one in `policy.toml`, or with `rule` that of one rule."""
    written = int(value) if value.isascii() and value.isdigit() else value
    with editing(places):
        before = policy_documents(places)
        document: Document = before[0]
        path: tuple[str | int, ...] = ("limits", kind)
        if rule:
            document, position = _required(before, rule)
            path = ("rule", position, "limit", kind)
        old = _at(tables(document, "policy.invalid"), path)
        new = assigned(document, path, written)
        _write(places, before, _with(before, new), judge)
    flag = f" --rule {rule}" if rule else ""
    undo = f"gatepost policy limit {kind} {quote(old)}{flag}" if old else ""
    return Edited(new.name, line_of(lines(new.text), path), old, value, undo)


def _write(places: Layout, before: Documents, after: Documents, judge: Judge) -> None:
    judge(after)
    for path, old, new in zip((places.policy, places.grants), before, after, strict=True):
        if old != new:
            replace(path, old, new)


def _with(documents: Documents, new: Document) -> Documents:
    policy, grants = documents
    return (new, grants) if new.name == policy.name else (policy, new)


def _find(documents: Iterable[Document], rule: str) -> tuple[Document, int] | None:
    """The document and position of the rule with that id."""
    for document in documents:
        ids = _ids(document)
        if rule in ids:
            return document, ids.index(rule)
    return None


def _required(documents: Documents, rule: str) -> tuple[Document, int]:
    found = _find(documents, rule)
    if found is not None:
        return found
    known = [one for document in documents for one in _ids(document)]
    nearest = difflib.get_close_matches(rule, known, n=1, cutoff=0.5)
    what = f"there is no rule `{rule}`" + (f"; did you mean `{nearest[0]}`?" if nearest else "")
    raise GatepostError("policy.rule_unknown", what=what, suggestion="".join(nearest))


def _ids(document: Document) -> list[str]:
    rules = tables(document, "policy.invalid").get("rule", [])
    listed = cast("list[object]", rules) if isinstance(rules, list) else []
    return [_at(table, ("id",)) for table in listed]


def _lines(document: Document, position: int) -> tuple[int, int]:
    """The first and last line of a rule."""
    found = Blocks(document).element(("rule", position))
    if found is None:
        line = line_of(lines(document.text), ("rule", position))
        where = f"{document.name}:{line}"
        what = f"{where}: only an editor can remove a rule written like this"
        raise GatepostError("policy.invalid", what=what, where=where)
    return found


def _without(document: Document, position: int) -> Document:
    return Document(document.name, Blocks(document).cut(*_lines(document, position)))


def _joined(text: str, block: str) -> str:
    stripped = text.rstrip("\n")
    return f"{stripped}\n\n{block}" if stripped else block


def _at(tree: object, path: Sequence[str | int]) -> str:
    """The value at `path` as text; "" when there is none."""
    for part in path:
        if isinstance(tree, dict):
            tree = cast("dict[str | int, object]", tree).get(part)
        elif isinstance(tree, list) and isinstance(part, int):
            tree = cast("list[object]", tree)[part]
        else:
            return ""
    return "" if tree is None else str(tree)


def _quoted(text: str) -> str:
    # JSON's strings are TOML's basic strings, but for the DEL that JSON leaves as it is.
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _inline(table: Mapping[str, str]) -> str:
    pairs = ", ".join(f"{_key(key)} = {_quoted(value)}" for key, value in table.items())
    return f"{{ {pairs} }}" if pairs else ""


def _key(key: str) -> str:
    return key if re.fullmatch("[A-Za-z0-9_-]+", key) else _quoted(key)


def _moment(ms: int) -> str:
    moment = datetime.fromtimestamp(ms // 1000, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}Z"
