"""Mistakes of Gatepost itself."""

from gatepost.errors.entry import Entry, Family

ENTRIES = (
    Entry(
        "bug.unknown_error",
        Family.bug,
        "the node gave an error this version does not know",
        "gatepost --version",
    ),
    Entry("bug.internal", Family.bug, "Gatepost made a mistake", "gatepost log"),
)
