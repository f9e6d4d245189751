"""Invitations that cannot be used."""

from gatepost.errors.entry import Entry, Family

ENTRIES = (
    Entry(
        "invitation.invalid",
        Family.usage,
        "that is not an invitation",
        "gatepost peers invite NAME",
        who="the other operator",
    ),
    Entry(
        "invitation.expired",
        Family.usage,
        "the invitation has expired",
        "gatepost peers invite NAME",
        who="the other operator",
    ),
    Entry(
        "invitation.used",
        Family.usage,
        "the invitation was used already",
        "gatepost peers invite NAME",
        who="the other operator",
    ),
)
