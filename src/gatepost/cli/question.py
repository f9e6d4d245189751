"""Reads `FROM VERB TO`, in any order: verbs are known words, what is left are the two addresses."""

from collections.abc import Sequence

from gatepost.cli.near import nearest
from gatepost.errors import GatepostError

VERBS = ("ping", "see", "send", "ask", "delegate")


def terms(words: Sequence[str]) -> tuple[str, tuple[str, ...], str]:
    """Sender, verbs and receiver. Raises `usage.invalid` with the word that was probably meant."""
    verbs: list[str] = []
    names: list[str] = []
    for word in words:
        several = [part for part in word.split(",") if part]
        if all(part in VERBS for part in several):
            verbs += several
        else:
            names.append(word)
    if not verbs or len(names) != 2:
        raise GatepostError(
            "usage.invalid",
            what=f"`{' '.join(words)}` does not say who may do what to whom",
            why=_why(verbs, names),
        )
    return names[0], tuple(dict.fromkeys(verbs)), names[1]


def _why(verbs: Sequence[str], names: Sequence[str]) -> str:
    if not verbs:
        near = next((found[0] for name in names if (found := nearest(name, VERBS))), "")
        return f"a verb is missing: {', '.join(VERBS)}" + (
            f"; did you mean {near}?" if near else ""
        )
    return f"it takes two addresses, FROM and TO; here are {len(names)}"
