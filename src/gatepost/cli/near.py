"""Near misses: what somebody who typed this word probably meant."""

import difflib
from collections.abc import Iterable, Mapping, Sequence


def nearest(word: str, known: Iterable[str], n: int = 1, cutoff: float = 0.6) -> list[str]:
    """Up to `n` of `known` that look like `word`, best first."""
    names = list(known)
    close = difflib.get_close_matches(word.lower(), names, n, cutoff=cutoff)
    return close or [name for name in names if len(word) > 1 and name.startswith(word.lower())][:n]


class Tree:
    """The words of the command line: nouns with their verbs, and words that stand alone."""

    def __init__(self, words: Mapping[str, Sequence[str]]) -> None:
        self._words = words

    def suggestion(self, typed: Sequence[str]) -> str:
        """The command that `typed` (its words, no options) was probably meant to be, or nothing."""
        if not typed:
            return ""
        noun, verb = typed[0], typed[1] if len(typed) > 1 else ""
        if noun in self._words:
            return self._verb(noun, verb)
        if owners := [known for known, verbs in self._words.items() if noun in verbs]:
            return (
                f"{owners[0]} {noun}" if len(owners) == 1 else f"{verb or owners[0]} {noun}".strip()
            )
        if found := nearest(noun, self._words):
            return self._verb(found[0], verb) if self._words[found[0]] else found[0]
        verbs = {verb: noun for noun, several in self._words.items() for verb in several}
        found = nearest(noun, verbs, cutoff=0.8)
        return f"{verbs[found[0]]} {found[0]}" if found else ""

    def _verb(self, noun: str, verb: str) -> str:
        if verb in self._words[noun]:
            return f"{noun} {verb}"
        found = nearest(verb, self._words[noun]) if verb else []
        return f"{noun} {found[0]}" if found else noun
