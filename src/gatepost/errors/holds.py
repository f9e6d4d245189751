"""What can be wrong with an answer to a message that waits for a person."""

from gatepost.errors.entry import Entry, Family

ENTRIES = (
    Entry(
        "hold.unknown",
        Family.usage,
        "no such message waits for a person here",
        "gatepost holds list",
        status=404,
    ),
    Entry(
        "hold.changed",
        Family.usage,
        "this is not what waits: the content or its rules are others",
        "gatepost holds show {id}",
        status=409,
    ),
    Entry(
        "hold.refused",
        Family.refused,
        "a person refused it",
        "gatepost messages show {id}",
        who="the operator of the node that held it",
    ),
    Entry(
        "approval.unknown",
        Family.usage,
        "no such approval stands",
        "gatepost holds list",
        status=404,
    ),
)
