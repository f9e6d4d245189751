"""This machine: the node, its home, its addresses, its disk and its files."""

from gatepost.errors.entry import Entry, Family

ENTRIES = (
    Entry("node.not_running", Family.not_running, "the node is not running", "gatepost start"),
    Entry(
        "node.already_running",
        Family.local,
        "another node runs on this home directory",
        "gatepost status",
    ),
    Entry(
        "client.unreadable",
        Family.configuration,
        "the client's settings cannot be read",
        "put it right, or add the entry by hand: see docs/mcp.md",
    ),
    Entry(
        "mcp.missing",
        Family.local,
        "this installation does not speak MCP",
        "pip install 'gatepost[mcp]'",
    ),
    Entry("node.paused", Family.local, "it is paused", "gatepost resume", retryable=True),
    Entry(
        "node.recovering",
        Family.local,
        "the node made a mistake and goes on from what is on its disk",
        "nothing to do: it is back in a moment",
        retryable=True,
    ),
    Entry(
        "home.missing",
        Family.not_running,
        "there is no node in that home directory",
        "gatepost init --name NAME --listen 127.0.0.1:7443",
    ),
    Entry(
        "home.exists",
        Family.usage,
        "a node lives in that home directory already",
        "gatepost status",
    ),
    Entry(
        "home.unwritable",
        Family.local,
        "the home directory cannot be written",
        "chmod u+rwx {home}",
    ),
    Entry(
        "home.exposed", Family.local, "others can read the node's secrets", "chmod -R go-rwx {home}"
    ),
    Entry(
        "keys.damaged",
        Family.local,
        "the node's keys cannot be used",
        "gatepost keys recover",
    ),
    Entry(
        "keys.in_use",
        Family.local,
        "the node runs with the keys that shall change",
        "stop the node where it runs (Ctrl-C), then repeat the command",
    ),
    Entry(
        "kit.invalid",
        Family.usage,
        "that is not a recovery kit",
        "gatepost keys rotate",
    ),
    Entry(
        "kit.other",
        Family.usage,
        "that recovery kit does not hold this node's next key",
        "take the kit that was shown last: by `init`, or when the keys last changed",
    ),
    Entry(
        "listen.impossible",
        Family.local,
        "this machine cannot listen on that address",
        "gatepost config set listen HOST:PORT",
    ),
    Entry(
        "listen.none",
        Family.usage,
        "this node listens nowhere",
        "gatepost config set listen HOST:PORT",
    ),
    Entry(
        "token.unknown", Family.usage, "no token has that id", "gatepost tokens list", status=404
    ),
    Entry(
        "listen.taken",
        Family.local,
        "the listening address is in use",
        "gatepost config set listen HOST:PORT",
    ),
    Entry(
        "store.full",
        Family.local,
        "the disk is full",
        "free disk space; nothing accepted is lost",
        retryable=True,
        status=507,
    ),
    Entry(
        "store.failed",
        Family.local,
        "the disk refused a write",
        "look at the disk; the node goes on by itself when it writes again",
        retryable=True,
    ),
    Entry(
        "store.damaged",
        Family.local,
        "the database is damaged",
        "set node.db aside and restore a backup",
    ),
    Entry(
        "store.newer",
        Family.local,
        "the database was written by a newer version",
        "install the newer gatepost",
    ),
    Entry(
        "store.network_filesystem",
        Family.local,
        "the database lies on a network file system",
        "move the home directory to a local disk",
    ),
    Entry(
        "store.affected_sqlite",
        Family.local,
        "this SQLite can corrupt databases",
        "install gatepost from its lock file",
    ),
    Entry(
        "output.failed",
        Family.local,
        "what was asked for cannot be written out",
        "write it to another place; what was done is done",
    ),
    Entry(
        "config.changed",
        Family.configuration,
        "the file was changed meanwhile",
        "repeat the command",
    ),
    Entry(
        "config.stale",
        Family.configuration,
        "the file is not the one that was read",
        "gatepost config patch --base-hash {hash}",
    ),
    Entry(
        "config.invalid",
        Family.configuration,
        "the configuration cannot be used",
        "gatepost config check",
    ),
    Entry(
        "config.unknown_key",
        Family.configuration,
        "there is no such setting",
        "gatepost config get {suggestion}",
    ),
    Entry(
        "policy.invalid", Family.configuration, "the policy cannot be used", "gatepost policy show"
    ),
    Entry(
        "policy.expectation",
        Family.configuration,
        "a test that stands beside the rules would fail",
        "gatepost policy test",
    ),
    Entry(
        "policy.rule_unknown",
        Family.usage,
        "no rule has that id",
        "gatepost policy show",
        status=404,
    ),
)
