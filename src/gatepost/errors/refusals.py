"""What the law or a token refuses."""

from gatepost.errors.entry import Entry, Family

ENTRIES = (
    Entry(
        "policy.denied",
        Family.refused,
        "a rule refuses it",
        "gatepost explain {sender} {to} {verb}",
    ),
    Entry(
        "policy.limited",
        Family.refused,
        "a limit is reached",
        "gatepost explain {sender} {to} {verb}",
        retryable=True,
        status=429,
    ),
    Entry("policy.held", Family.held, "it waits for a person", "gatepost holds list"),
    Entry(
        "policy.hops",
        Family.refused,
        "too many messages have caused one another",
        "gatepost explain {sender} {to} {verb}",
    ),
    Entry(
        "policy.turns",
        Family.refused,
        "the conversation has had too many automatic turns",
        "gatepost explain {sender} {to} {verb}",
    ),
    Entry(
        "policy.cycle",
        Family.refused,
        "the message would return to a node it came through",
        "send it anew, outside the run that caused it",
    ),
    Entry(
        "auth.refused",
        Family.refused,
        "that token may not do this",
        "gatepost tokens list",
        status=401,
    ),
)
