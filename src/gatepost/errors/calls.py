"""What a caller got wrong: addresses, arguments, messages and agents that are not there."""

from gatepost.errors.entry import Entry, Family

ENTRIES = (
    Entry("address.invalid", Family.usage, "that is not an address", "gatepost agents list"),
    Entry("usage.invalid", Family.usage, "that call cannot be read", "gatepost {command} --help"),
    Entry("call.unknown", Family.usage, "there is no such call", "gatepost --help", status=404),
    Entry("call.foreign", Family.refused, "the request comes from elsewhere", "gatepost status"),
    Entry(
        "message.too_large",
        Family.usage,
        "the message is larger than a message may be",
        "send a summary, or put the file where the other agent can reach it",
        status=413,
    ),
    Entry(
        "message.unknown",
        Family.usage,
        "no message has that id",
        "gatepost messages list",
        status=404,
    ),
    Entry(
        "message.expired",
        Family.usage,
        "the message had expired",
        "send it again with a later --expires",
    ),
    Entry(
        "message.ended", Family.usage, "the message has ended", "gatepost check {id}", status=409
    ),
    Entry(
        "message.open",
        Family.usage,
        "the message has not ended",
        "gatepost messages retry {id}",
        status=409,
    ),
    Entry(
        "message.dropped",
        Family.local,
        "an operator dropped it",
        "gatepost messages show {id}",
        who="the operator who dropped it",
    ),
    Entry("run.not_yours", Family.usage, "that run is not open", "gatepost inbox", status=409),
    Entry(
        "request_key.conflict",
        Family.usage,
        "the request key was used for another message",
        "use a new request key for a new message",
        status=409,
    ),
    Entry(
        "agent.unknown", Family.usage, "no agent has that name", "gatepost agents list", status=404
    ),
    Entry(
        "agent.not_ready",
        Family.local,
        "the agent cannot be woken now",
        "gatepost agents list",
        retryable=True,
    ),
    Entry(
        "agent.exists",
        Family.usage,
        "an agent has that name already",
        "gatepost agents remove {agent}",
        status=409,
    ),
    Entry("peer.unknown", Family.usage, "no peer has that name", "gatepost peers list", status=404),
    Entry(
        "peer.exists",
        Family.usage,
        "a peer has that name already",
        "gatepost peers alias {peer} NAME",
        status=409,
    ),
    Entry(
        "mailbox.taken",
        Family.usage,
        "another client works for that agent",
        "gatepost agents list",
        status=409,
    ),
)
