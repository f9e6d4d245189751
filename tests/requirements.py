"""What must hold, by id: promises to users, journal rules, crash rows, threats.

A test that shows one of them says so: `@pytest.mark.requirement("J14")`. Both directions are
checked by `tests/architecture/test_requirements.py`: every id is cited by a test or deferred with
its reason, never both, and every cited id stands here.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Requirement:
    """One thing that must hold."""

    id: str
    sentence: str
    source: str


def _listed(prefix: str, source: str, text: str) -> tuple[Requirement, ...]:
    """Requirements from lines `NUMBER sentence`."""
    rows = (line.strip().split(" ", 1) for line in text.strip().splitlines())
    return tuple(Requirement(f"{prefix}{n}", said, f"{source} {n}") for n, said in rows)


PROMISES = _listed(
    "P",
    "promise",
    """
    1 Accepted means durable.
    2 Every accepted message ends in exactly one outcome, and it is true.
    3 A message is admitted at most once, for ever, and its agent woken for it effectively once.
    4 A peer may be away for days: the message waits, then goes, in order.
    5 The receiving agent is told outside the text which node vouches for which agent.
    6 Nobody gets in by default, and every refusal names its rule, its place and the command.
    7 Hops, cycles, automatic turns and rate are bounded across any number of nodes.
    8 Delivery posts into no human's chat channel unless the operator says so.
    """,
)
JOURNAL = _listed(
    "J",
    "journal rule",
    """
    1 Accepted after the commit; a slot only when a carriage can take it now.
    2 A message takes a slot only within the credit; answers need none; at most a window is out.
    3 The bytes of an entry are frozen with its slot.
    4 What is not committed here is not sent, but for messages on a live link that quotes this life.
    5 A slotted message is withdrawn by a void in its slot; its ack proves nothing; the update does.
    6 An ack retires entries for sending and nothing else; contents and evidence stay.
    7 A run of retired slots that must go again goes as one skip.
    8 The first outcome wins; unknown only after expiry and a silence beyond the horizon.
    9 Signature, sealing and schema come first; only messages may stand above committed.
    10 Does the peer know more of me than I do? Then I stop, before any judgement on the peer.
    11 An older life is not heard, a twin is refused, a newer boot cuts what was not committed.
    12 Acks are taken from frames that quote my era, whatever boot they quote.
    13 Entries are taken from a live frame only if it quotes my exact life.
    14 Slots are decided in order and each once; what does not chain is refused whole.
    15 Decision, record and cursor are one transaction; refusals and voids leave records too.
    16 Hand-over and updates wait for committed; the ack is the firm cursor.
    17 The credit bounds the mailbox exactly.
    18 A claim is committed before the call; a second attempt needs evidence or is marked.
    19 What is not claimed is cancelled at once; otherwise the run decides.
    20 Clocks decide only whether to refuse, and every such outcome is still true.
    """,
)
CRASHES = _listed(
    "C",
    "crash row",
    """
    1 Sender before its commit, nothing sent: nothing exists.
    2 Sender before its commit, frame sent: never handed over, cut with its record.
    3 Sender after its commit, before the answer: it goes, and the request key attaches.
    4 Sender before it said committed: its next boot says it, and it is handed over then.
    5 Sender around a void: commit first, then the void is sent again.
    6 Receiver before its commit: the cursor has not moved, it comes again.
    7 Receiver after its commit, before the ack: the hello carries the firm cursor.
    8 Sender forgot an ack: below the cursor, acknowledged again.
    9 Receiver before a claim: handed over after the restart, unmarked.
    10 Receiver after a claim: evidence, or marked when safe, or unknown.
    11 The agent ended, the receiver had not committed the end: evidence brings it.
    12 Receiver after the end's commit, before the update left: sent at the start.
    13 Sender before it committed an update: repeated, and the first one counts.
    14 The gateway died before it began: provably not run, the next attempt has a new key.
    17 A carrier lost what it acknowledged: its ack means nothing, the sender sends again.
    """,
)
THREATS = _listed(
    "T",
    "threat",
    """
    01 A network that reads learns nothing.
    02 Somebody in the middle gets no byte of the application and no link.
    03 A replay, at any time, is admitted and handed over nowhere.
    04 A relay that drops, repeats, alters or reads changes nothing and learns nothing.
    05 A peer that owns its keys speaks for nobody else and learns of no agent it may not see.
    06 A block takes effect at once, also in the middle of a burst.
    07 An agent speaks only for itself and reaches nothing of the operator's.
    08 Text is data: who said it stands beside it, and what was read taints what is written.
    09 The direct peer is authorised; whoever it speaks for adds nothing.
    10 A stolen key ends with its rotation.
    11 A stolen database or backup holds no secret that opens anything.
    12 Floods of connections, bytes and nesting cost little and keep nobody out.
    13 Two agents that always answer stop at a bound.
    14 A web page in the operator's browser changes nothing and reads nothing.
    15 Another user or a squatter gets no secret and is not heard.
    16 No address, redirect or proxy leads the node to anybody but its peer.
    17 Content of others cannot steer a terminal (pages come with the dashboard).
    18 No weak key, and no name that looks like another, becomes a peer.
    19 An invitation is used once, in time, unaltered, by whom it was shown to.
    20 A clock that jumps loses nothing and admits nothing twice.
    21 An insider cannot edit the audit unnoticed.
    22 Dependencies are locked by hashes, and an adapter reaches only its own agent.
    23 Malformed input is refused the same way by every reader.
    24 An old record or an old database is recognised and believed nowhere.
    25 A refusal tells a peer one word, the same for unknown and forbidden.
    26 A file's name and content lead the node nowhere.
    27 An approval binds exactly what was shown, and agents give none.
    28 A pause stops every hand-over, and nothing is lost by it.
    """,
)
FAILURES = _listed(
    "F",
    "failure in the field",
    """
    11 A list that leaves somebody out is kept to, and a pair it names gets through.
    12 Another shape or a missing list is a fault with its line, an empty list is nobody.
    13 Who may write to an agent sees neither the others nor what was said to them.
    14 A refusal is a denial at once, never a wait that runs out.
    15 Calls on the same machine need no pairing, and no right is taken off a call unsaid.
    16 An agent of another node is looked for there, not among the names known here.
    17 Every command that is named anywhere exists; one that does not is a fault, never nothing.
    18 The doctor looks at what runs the node, and node and command line never differ unsaid.
    """,
)
OPENCLAW = _listed(
    "OC",
    "openclaw explained",
    """
    1 Whatever refuses a send is named with all that would refuse it next, at once.
    2 An entry that matches nobody is named, with what was meant.
    3 Before a gate is opened, its operator reads what else that opens.
    4 What a sandbox refuses is explained as that, whatever error the agent reads.
    5 A credential that is refused, or that differs between two places, is said to be so.
    6 Agent ids are judged by the configuration of the gateway that is asked.
    7 No command is told that the release in question does not have.
    8 What the command line reads and the gateway does not is named, and so is how to restart it.
    """,
)
REQUIREMENTS = (*PROMISES, *JOURNAL, *CRASHES, *THREATS, *FAILURES, *OPENCLAW)

DEFERRED = {
    "P8": "nothing here posts anywhere but to the agent; the promise is tested with the gateways",
    "J7": "a skip is sent to a receiver that was restored, which comes with adopt",
    "C17": "there is no store-and-forward carrier yet",
    "T04": "there is no relay and no broker yet",
    "T21": "there is no audit yet beside the events",
}
