"""Why a run failed; the text of the message's outcome says more."""

from gatepost.errors.entry import Entry, Family

ENTRIES = (
    Entry(
        "adapter.no_command",
        Family.configuration,
        "the agent's command is not there",
        "install the command, or name it with its full path",
        who="the agent's operator",
    ),
    Entry(
        "adapter.not_started",
        Family.local,
        "the agent's command cannot be started",
        "gatepost agents list",
        who="the agent's operator",
    ),
    Entry(
        "adapter.crashed",
        Family.local,
        "the agent's command ended without its last word",
        "gatepost messages show {id}",
        who="the agent's operator",
    ),
    Entry(
        "adapter.garbage",
        Family.local,
        "the agent's command printed what is not the protocol",
        "gatepost messages show {id}",
        who="the agent's operator",
    ),
    Entry(
        "adapter.flood",
        Family.local,
        "the agent's command printed more than it may",
        "gatepost messages show {id}",
        who="the agent's operator",
    ),
    Entry(
        "adapter.timeout",
        Family.local,
        "the agent took longer than it may",
        "gatepost messages show {id}",
        who="the agent's operator",
    ),
    Entry(
        "adapter.cancelled",
        Family.local,
        "the run was stopped when asked to",
        "gatepost messages show {id}",
    ),
    Entry(
        "adapter.stopped",
        Family.local,
        "the agent was taken off its node",
        "gatepost agents list",
        who="the agent's operator",
    ),
    Entry(
        "adapter.refused",
        Family.local,
        "the called agent refuses",
        "gatepost messages show {id}",
        who="the agent's operator",
    ),
    Entry(
        "adapter.silent",
        Family.local,
        "the agent ended without a word",
        "gatepost messages show {id}",
        who="the agent's operator",
    ),
    Entry(
        "adapter.unreachable",
        Family.local,
        "the called agent gives no answer",
        "gatepost messages show {id}",
        who="the agent's operator",
    ),
)
