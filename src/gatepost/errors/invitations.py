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
    Entry(
        "invitation.begins_anew",
        Family.peer,
        "the inviter begins anew, and this node still lives by the earlier pairing",
        "gatepost peers remove {peer}",
    ),
    Entry(
        "invitation.goes_on",
        Family.peer,
        "the inviter still lives by an earlier pairing, of which this node has nothing",
        "gatepost peers remove NAME",
        who="the other operator",
    ),
)
