"""The policy the measured nodes run with: limits raised, printed with the tables."""

from __future__ import annotations

POLICY = """\
# Written by the bench: a benchmark is no daily work, so the limits are out of its way.
[[rule]]
id    = "bench"
allow = ["see", "send", "ask", "delegate"]
from  = "*"
to    = "*"
limit = { rate = "60000000/min", concurrent = 100000, turns = 1000000 }
"""
