"""The first `policy.toml`: what a node permits before anybody has written a rule.

The file is the documentation of the defaults: nothing that applies to a new node is hidden
elsewhere.
"""

POLICY = """\
# Who may do what with whom, on this node. The whole law:
#
#   Deny beats hold beats allow. What no rule speaks of is denied. Order never matters.
#
# Rules made by commands (`gatepost policy grant`, `gatepost peers block`) stand in grants.toml;
# both files form one set. Every rule has an id, what it says, from whom, and to whom:
#
#   allow, hold, deny   lists of the verbs ping, see, send, ask, delegate. A hold waits
#                       for a person.
#   from, to            an agent, or a list of them: "bob" is an agent of this node, "alice@work"
#                       one of the peer `work`; * stands for anything: "*" is any agent of this
#                       node, "*@work" any of that peer, "*@*" any of any peer. An empty list is
#                       nobody.
#   unless              { hours = "18:00-08:00 Europe/Berlin", tainted = true,
#                       conversation = "ID" };
#                       while any of these holds, the rule does not apply
#   until               2027-01-31T00:00:00Z: when the rule ends
#   limit               { rate = "30/min", bytes = "64 KiB", concurrent = 2, turns = 6, open = 10,
#                       tokens = "200k/day" }; of all rules that match, the smallest counts
#
# `gatepost explain FROM TO VERB` shows which rule decides, and the command that would change it.

# Agents of this node may look for, write to, and ask any agent of a paired node. What that node
# makes of it is for its own rules to say.
[[rule]]
id = "outbound"
allow = ["see", "send", "ask", "delegate"]
from = "*"
to = "*@*"

# Agents of this node may talk to each other.
[[rule]]
id = "local"
allow = ["see", "send", "ask", "delegate"]
from = "*"
to = "*"

# A paired node may ask whether this one is there, and the other way round. Nothing else comes in:
# to let an agent of a peer in, `gatepost policy grant main@work ask,delegate bob`.
[[rule]]
id = "ping"
allow = ["ping"]
from = ["*", "*@*"]
to = ["*", "*@*"]

# Who has read text of one owner's node and now writes to another owner's waits for a person.
# Peers that belong to the same owner do not taint each other.
[[rule]]
id = "taint"
hold = ["send", "ask", "delegate"]
from = "*"
to = "*@*"
unless = { tainted = false }

# What applies to all, beside the limits of single rules. "none" takes a limit away where that is
# possible: not for bytes, turns and hops, for nothing may talk for ever.
[limits]
rate = "120/min"       # messages that come in, for each peer
concurrent = 4         # runs of one agent at a time
turns = 12             # automatic turns of one conversation
hops = 8               # messages that cause one another, over any number of nodes
bytes = "256 KiB"      # one message
open = "none"          # conversations of one peer that have not ended
holds = 5              # messages of one sender that wait for a person, or were just refused by one
tokens = "none"        # what the runs of one peer may use: "200k/day"

# Tests may stand beside the rules: `gatepost policy test` runs them, and a change that breaks one,
# by command or in these files, is refused. A * speaks of everybody it may stand for. `at = TIME`
# asks for that time instead of now, `tainted = true` for one who has read another owner's text.
#
# [[expect]]
# who = "carol@work -> bob"
# verb = "delegate"
# want = "deny"
"""

GRANTS = """\
# Rules made by commands. `gatepost policy revoke ID` takes one away; editing by hand is fine too.
"""
