"""The policy the measured nodes run with: limits raised, printed with the tables.

The rules are those of a new node and one that lets peers in, so that as much is decided per
message as in daily work. A rate is still counted; it is only out of reach.
"""

from __future__ import annotations

POLICY = """\
# Written by the bench. A benchmark is no daily work: peers are let in, and the limits are raised.
[[rule]]
id = "outbound"
allow = ["see", "send", "ask", "delegate"]
from = "*"
to = "*@*"

[[rule]]
id = "local"
allow = ["see", "send", "ask", "delegate"]
from = "*"
to = "*"

[[rule]]
id = "ping"
allow = ["ping"]
from = ["*", "*@*"]
to = ["*", "*@*"]

[[rule]]
id = "taint"
hold = ["send", "ask", "delegate"]
from = "*"
to = "*@*"
unless = { tainted = false }

[[rule]]
id = "bench"
allow = ["see", "send", "ask", "delegate"]
from = "*@*"
to = "*"

[limits]
rate = "100000000/min"
concurrent = 4096
turns = 12
hops = 8
bytes = "256 KiB"
"""
