"""What the node tells an operator: plain data for the API, the SDK and the CLI to show."""

import msgspec


class NodeStatus(msgspec.Struct, frozen=True, kw_only=True):
    """One look at the node. `state` is "running", "paused" or "stopped"; counts are messages.

    `held` are those that wait for a person here.
    """

    name: str
    node: str
    state: str
    version: str
    pid: int
    started: int
    home: str
    listen: str
    life: str
    peers: int
    agents: int
    waiting: int
    open_runs: int
    held: int = 0
    needs_you: tuple[str, ...] = ()


class PeerView(msgspec.Struct, frozen=True, kw_only=True):
    """One peer.

    `state` is "connected", "connecting", "waiting", "paused", "blocked", "frozen" (until it is
    trusted), "stopped" (for good), "undeclared" or "declared" (not met yet); times in ms.
    """

    alias: str
    node: str
    state: str
    endpoint: str
    since: int
    queued: int
    in_flight: int
    oldest: int = 0
    next_attempt: int = 0
    error: str = ""
    words: str = ""
    may: tuple[str, ...] = ()


class AgentView(msgspec.Struct, frozen=True, kw_only=True):
    """One agent, local or (with `node`) of a peer.

    `attached` says how it is woken now, or "polls".
    """

    address: str
    adapter: str = ""
    attached: str = ""
    about: str = ""
    open_runs: int = 0
    waiting: int = 0
    can: tuple[str, ...] = ()


class AgentSpec(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How an agent is woken.

    `adapter` is "", "echo", "process", "webhook" or "openclaw"; empty means it polls.

    `command` and `mode` ("once" or "stay") serve `process`, `url` and `secret` serve `webhook` and
    `openclaw`, where `remote` is what the agent is called there when it is not its name here.
    `run_seconds` 0 means no limit.
    """

    name: str
    adapter: str = ""
    about: str = ""
    command: tuple[str, ...] = ()
    mode: str = "once"
    url: str = ""
    secret: str = ""
    concurrent: int = 4
    run_seconds: int = 0
    safe_to_repeat: bool = False
    remote: str = ""
    tools: dict[str, str] = {}


class KeysView(msgspec.Struct, frozen=True, kw_only=True):
    """What a node says of itself, all of it public: its record, and the file it stands in.

    `generation` counts the node keys before this one; keys and hashes in hex, `issued` in ms.
    """

    node: str
    seq: int
    generation: int
    key: str
    promised: str
    seal: str
    tls: str
    issued: int
    endpoints: tuple[str, ...]
    record: str


class Step(msgspec.Struct, frozen=True, omit_defaults=True):
    """One step of the way to a peer. `state` is "ok", "failed" or "skipped"; `ms` what it took."""

    name: str
    state: str
    text: str = ""
    ms: float = 0.0


class Ping(msgspec.Struct, frozen=True):
    """A signed ping and its answer. `ms` is the round trip.

    `steps` are those taken in order. When it is not `ok`, `why` says why and `code` is the error.
    """

    alias: str
    node: str
    ms: float
    wire: bool = False
    ok: bool = True
    why: str = ""
    code: str = ""
    steps: tuple[Step, ...] = ()


class Invitation(msgspec.Struct, frozen=True):
    """An invitation for one node: usable once until `expires` (ms)."""

    text: str
    alias: str
    expires: int
    warnings: tuple[str, ...] = ()


class Paired(msgspec.Struct, frozen=True):
    """The ending of a pairing, the same on both sides.

    `words` are the six words both screens show, `may` is what the other node may do here.
    """

    alias: str
    node: str
    endpoint: str
    words: str
    ms: float
    next: tuple[str, ...] = ()
    may: tuple[str, ...] = ("ping",)
    warnings: tuple[str, ...] = ()


class Renamed(msgspec.Struct, frozen=True, kw_only=True):
    """A peer has another alias. `warnings` say what it is easily taken for, and what stops."""

    alias: str
    undo: str
    warnings: tuple[str, ...] = ()


class Event(msgspec.Struct, frozen=True, omit_defaults=True):
    """Something that happened: `kind` is dotted (`message.accepted`, `link.up`), `at` in ms."""

    n: int
    at: int
    kind: str
    message: str = ""
    peer: str = ""
    agent: str = ""
    text: str = ""


class GrantIn(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A rule made by command. `until` in ms, 0 for no end; `deny` turns it into a block."""

    sender: str
    verbs: tuple[str, ...]
    to: str
    until: int = 0
    rate: str = ""
    id: str = ""
    deny: bool = False


class GrantView(msgspec.Struct, frozen=True, kw_only=True):
    """A grant as written: where it stands and the command that takes it back.

    `remarks` say what is odd about it: it can never matter, or names nobody there is.
    """

    id: str
    text: str
    origin: str
    undo: str
    remarks: tuple[str, ...] = ()


class RuleView(msgspec.Struct, frozen=True, kw_only=True):
    """One rule of the law, from either file. `word` is allow, hold or deny."""

    id: str
    word: str
    verbs: tuple[str, ...]
    sender: str
    to: str
    origin: str
    text: str = ""


class TokenView(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A token. `secret` is shown once, when it is made."""

    id: str
    agent: str
    note: str
    created: int
    secret: str = ""


class Question(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What `explain` is asked: a message id, or who wants to do what to whom, or an error code."""

    message: str = ""
    sender: str = ""
    to: str = ""
    verb: str = ""
    code: str = ""
    at: int = 0
    remote: bool = False


class MessagesQuery(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Which messages to list, newest first."""

    state: str = ""
    peer: str = ""
    agent: str = ""
    limit: int = 50
    open_only: bool = False


class Pruned(msgspec.Struct, frozen=True):
    """What went, or would go: messages that ended long ago, and frames kept as their evidence.

    `kept` are messages as old that stay, because they have not ended for as long or a peer still
    needs them; `more` says that the call stopped before everything was looked at.
    """

    messages: int
    frames: int
    kept: int
    more: bool = False


class PruneIn(msgspec.Struct, frozen=True):
    """Prune what ended `older` ms ago (0: what the settings say), or only count it."""

    older: int = 0
    counting: bool = False


class Made(msgspec.Struct, frozen=True, kw_only=True):
    """A node as `init` made it. `kit` is the recovery kit, shown once and kept nowhere."""

    name: str
    node: str
    home: str
    listen: str
    kit: str


class Proof(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a peer signed: that a message is "received", or its outcome.

    `signed` is the clear part of its frame with the signature, `item` salt and bytes of what the
    frame lists, `flaw` why it proves nothing, empty when it holds.
    """

    shows: str
    at: int
    signed: bytes
    item: bytes
    flaw: str = ""


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """What can be shown to others about a message that was given to a peer, with its record."""

    id: str
    state: str
    peer: str = ""
    node: str = ""
    record: bytes = b""
    proofs: tuple[Proof, ...] = ()
