"""The catalogue: every error Gatepost shows, with who can act and the command that fixes it.

One entry per code; prose about errors appears nowhere else. An entry names its family, and the
family fixes the exit code and the HTTP status. A `GatepostError` is an entry plus the particulars:
what happened, why, where it comes from, and a fix filled in from the particulars. Only `code` and
safe text ever travel to a peer; `where` never leaves the machine.
"""

from enum import Enum

import msgspec


class Family(Enum):
    """Who can act, with (exit code, HTTP status)."""

    usage = (2, 400)
    refused = (3, 403)
    held = (4, 202)
    peer = (5, 502)
    local = (6, 503)
    configuration = (7, 422)
    not_running = (8, 503)
    bug = (70, 500)


class Entry(msgspec.Struct, frozen=True):
    """One error of the catalogue.

    `fix` is a template over the particulars: `{suggestion}`, `{peer}` and so on.
    """

    code: str
    family: Family
    title: str
    fix: str
    who: str = "you"
    retryable: bool = False
    status: int | None = None


class GatepostError(Exception):
    """An error of the catalogue with its particulars.

    `details` fills the fix template; unknown placeholders stay visible as upper-case words, so a
    fix is never wrong silently.
    """

    def __init__(
        self, code: str, *, what: str = "", why: str = "", where: str = "", **details: str
    ) -> None:
        self.entry = CATALOGUE[code]
        self.code = code
        self.what = what or self.entry.title
        self.why = why
        self.where = where
        self.details = details
        super().__init__(f"{code}: {self.what}" + (f": {why}" if why else ""))

    @property
    def fix(self) -> str:
        """The command (or plain sentence) that makes it right."""
        return " ".join(self.entry.fix.format_map(_Filled(self.details)).split())

    @property
    def exit_code(self) -> int:
        """Exit code of the CLI for this error."""
        return self.entry.family.value[0]

    @property
    def http_status(self) -> int:
        """Status the local API answers with."""
        return self.entry.status or self.entry.family.value[1]

    def report(self) -> "Report":
        """The error as data, for the API, `--json` and the log."""
        return Report(
            code=self.code,
            what=self.what,
            why=self.why,
            where=self.where,
            fix=self.fix,
            who=self.entry.who,
            retryable=self.entry.retryable,
            details=self.details,
        )


class Report(msgspec.Struct, frozen=True, omit_defaults=True):
    """An error as it travels over the local API."""

    code: str
    what: str
    why: str = ""
    where: str = ""
    fix: str = ""
    who: str = ""
    retryable: bool = False
    details: dict[str, str] = {}

    def error(self) -> GatepostError:
        """The exception again, on the client's side.

        A code this version does not know becomes `bug.unknown_error`.
        """
        if self.code not in CATALOGUE:
            return GatepostError(
                "bug.unknown_error", what=f"{self.code}: {self.what}", why=self.why
            )
        return GatepostError(
            self.code, what=self.what, why=self.why, where=self.where, **self.details
        )


class _Filled(dict[str, str]):
    def __missing__(self, key: str) -> str:
        return key.upper()


def _entries() -> tuple[Entry, ...]:
    f = Family
    return (
        # addresses and arguments
        Entry("address.invalid", f.usage, "that is not an address", "gatepost agents list"),
        Entry("usage.invalid", f.usage, "that call cannot be read", "gatepost {command} --help"),
        Entry("call.unknown", f.usage, "there is no such call", "gatepost --help", status=404),
        Entry("call.foreign", f.refused, "the request comes from elsewhere", "gatepost status"),
        Entry(
            "message.too_large",
            f.usage,
            "the message is larger than a message may be",
            "send a summary, or put the file where the other agent can reach it",
            status=413,
        ),
        Entry(
            "message.unknown",
            f.usage,
            "no message has that id",
            "gatepost messages list",
            status=404,
        ),
        Entry(
            "message.expired",
            f.usage,
            "the message had expired",
            "send it again with a later --expires",
        ),
        Entry("message.ended", f.usage, "the message has ended", "gatepost check {id}", status=409),
        Entry("run.not_yours", f.usage, "that run is not open", "gatepost inbox", status=409),
        Entry(
            "request_key.conflict",
            f.usage,
            "the request key was used for another message",
            "use a new request key for a new message",
            status=409,
        ),
        Entry(
            "agent.unknown", f.usage, "no agent has that name", "gatepost agents list", status=404
        ),
        Entry(
            "agent.not_ready",
            f.local,
            "the agent cannot be woken now",
            "gatepost agents list",
            retryable=True,
        ),
        Entry(
            "agent.exists",
            f.usage,
            "an agent has that name already",
            "gatepost agents remove {agent}",
            status=409,
        ),
        Entry("peer.unknown", f.usage, "no peer has that name", "gatepost peers list", status=404),
        Entry(
            "peer.exists",
            f.usage,
            "a peer has that name already",
            "gatepost peers alias {peer} NAME",
            status=409,
        ),
        Entry(
            "mailbox.taken",
            f.usage,
            "another client works for that agent",
            "gatepost agents list",
            status=409,
        ),
        # refusals
        Entry(
            "policy.denied", f.refused, "a rule refuses it", "gatepost explain {sender} {to} {verb}"
        ),
        Entry(
            "policy.limited",
            f.refused,
            "a limit is reached",
            "gatepost explain {sender} {to} {verb}",
            retryable=True,
            status=429,
        ),
        Entry(
            "policy.held", f.held, "it waits for a person", "gatepost messages list --state held"
        ),
        Entry(
            "policy.hops",
            f.refused,
            "too many messages have caused one another",
            "gatepost explain {sender} {to} {verb}",
        ),
        Entry(
            "policy.turns",
            f.refused,
            "the conversation has had too many automatic turns",
            "gatepost explain {sender} {to} {verb}",
        ),
        Entry(
            "policy.cycle",
            f.refused,
            "the message would return to a node it came through",
            "send it anew, outside the run that caused it",
        ),
        Entry(
            "auth.refused",
            f.refused,
            "that token may not do this",
            "gatepost tokens list",
            status=401,
        ),
        # peers
        Entry(
            "peer.unreachable",
            f.peer,
            "the peer cannot be reached",
            "gatepost peers endpoint {peer} HOST:PORT",
            retryable=True,
        ),
        Entry(
            "peer.wrong_node",
            f.peer,
            "another node answers at that address",
            "gatepost peers endpoint {peer} HOST:PORT",
        ),
        Entry(
            "peer.refused",
            f.peer,
            "the peer takes no links from this node",
            "gatepost peers unblock NAME",
            who="the other operator",
            retryable=True,
        ),
        Entry("peer.blocked", f.refused, "the peer is blocked", "gatepost peers unblock {peer}"),
        Entry(
            "peer.frozen",
            f.peer,
            "the peer's key or life does not fit",
            "gatepost peers trust {peer}",
        ),
        # invitations
        Entry(
            "invitation.invalid",
            f.usage,
            "that is not an invitation",
            "gatepost peers invite NAME",
            who="the other operator",
        ),
        Entry(
            "invitation.expired",
            f.usage,
            "the invitation has expired",
            "gatepost peers invite NAME",
            who="the other operator",
        ),
        Entry(
            "invitation.used",
            f.usage,
            "the invitation was used already",
            "gatepost peers invite NAME",
            who="the other operator",
        ),
        # adapters: why a run failed (the text of the message's outcome says more)
        Entry(
            "adapter.no_command",
            f.configuration,
            "the agent's command is not there",
            "gatepost agents remove {agent}",
            who="the agent's operator",
        ),
        Entry(
            "adapter.not_started",
            f.local,
            "the agent's command cannot be started",
            "gatepost agents list",
            who="the agent's operator",
        ),
        Entry(
            "adapter.crashed",
            f.local,
            "the agent's command ended without its last word",
            "gatepost messages show {id}",
            who="the agent's operator",
        ),
        Entry(
            "adapter.garbage",
            f.local,
            "the agent's command printed what is not the protocol",
            "gatepost messages show {id}",
            who="the agent's operator",
        ),
        Entry(
            "adapter.flood",
            f.local,
            "the agent's command printed more than it may",
            "gatepost messages show {id}",
            who="the agent's operator",
        ),
        Entry(
            "adapter.timeout",
            f.local,
            "the agent took longer than it may",
            "gatepost messages show {id}",
            who="the agent's operator",
        ),
        Entry(
            "adapter.cancelled",
            f.local,
            "the run was stopped when asked to",
            "gatepost messages show {id}",
        ),
        Entry(
            "adapter.stopped",
            f.local,
            "the agent was taken off its node",
            "gatepost agents list",
            who="the agent's operator",
        ),
        Entry(
            "adapter.refused",
            f.local,
            "the called agent refuses",
            "gatepost messages show {id}",
            who="the agent's operator",
        ),
        Entry(
            "adapter.unreachable",
            f.local,
            "the called agent gives no answer",
            "gatepost messages show {id}",
            who="the agent's operator",
        ),
        # this machine
        Entry("node.not_running", f.not_running, "the node is not running", "gatepost start"),
        Entry(
            "node.already_running",
            f.local,
            "another node runs on this home directory",
            "gatepost status",
        ),
        Entry("node.paused", f.local, "it is paused", "gatepost resume", retryable=True),
        Entry(
            "node.stopped",
            f.local,
            "the node stopped itself: its state does not fit what a peer knows",
            "gatepost status",
        ),
        Entry(
            "home.missing",
            f.not_running,
            "there is no node in that home directory",
            "gatepost init --name NAME --listen 127.0.0.1:7443",
        ),
        Entry(
            "home.exists", f.usage, "a node lives in that home directory already", "gatepost status"
        ),
        Entry(
            "home.unwritable", f.local, "the home directory cannot be written", "chmod u+rwx {home}"
        ),
        Entry(
            "home.exposed", f.local, "others can read the node's secrets", "chmod -R go-rwx {home}"
        ),
        Entry(
            "keys.damaged",
            f.local,
            "the node's keys cannot be used",
            "set keys/ aside and restore a backup of it",
        ),
        Entry(
            "listen.impossible",
            f.local,
            "this machine cannot listen on that address",
            "gatepost config set listen HOST:PORT",
        ),
        Entry(
            "listen.none",
            f.usage,
            "this node listens nowhere",
            "gatepost config set listen HOST:PORT",
        ),
        Entry("token.unknown", f.usage, "no token has that id", "gatepost tokens list", status=404),
        Entry(
            "listen.taken",
            f.local,
            "the listening address is in use",
            "gatepost config set listen HOST:PORT",
        ),
        Entry(
            "store.full",
            f.local,
            "the disk is full",
            "free disk space; nothing accepted is lost",
            retryable=True,
            status=507,
        ),
        Entry(
            "store.failed",
            f.local,
            "the disk refused a write",
            "look at the disk; the node goes on by itself when it writes again",
            retryable=True,
        ),
        Entry(
            "store.damaged",
            f.local,
            "the database is damaged",
            "set node.db aside and restore a backup",
        ),
        Entry(
            "store.newer",
            f.local,
            "the database was written by a newer version",
            "install the newer gatepost",
        ),
        Entry(
            "store.network_filesystem",
            f.local,
            "the database lies on a network file system",
            "move the home directory to a local disk",
        ),
        Entry(
            "store.affected_sqlite",
            f.local,
            "this SQLite can corrupt databases",
            "install gatepost from its lock file",
        ),
        Entry(
            "config.changed",
            f.configuration,
            "the file was changed meanwhile",
            "repeat the command",
        ),
        Entry(
            "config.invalid",
            f.configuration,
            "the configuration cannot be used",
            "gatepost config check",
        ),
        Entry(
            "config.unknown_key",
            f.configuration,
            "there is no such setting",
            "gatepost config get {suggestion}",
        ),
        Entry(
            "policy.invalid", f.configuration, "the policy cannot be used", "gatepost policy show"
        ),
        Entry(
            "policy.rule_unknown",
            f.usage,
            "no rule has that id",
            "gatepost policy show",
            status=404,
        ),
        # ours
        Entry(
            "bug.unknown_error",
            f.bug,
            "the node gave an error this version does not know",
            "gatepost --version",
        ),
        Entry("bug.internal", f.bug, "Gatepost made a mistake", "gatepost log"),
    )


CATALOGUE: dict[str, Entry] = {entry.code: entry for entry in _entries()}
