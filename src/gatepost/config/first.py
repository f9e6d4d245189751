"""The first `gatepost.toml`: what a new node needs to know, and where the rest is found."""

import json


def first_config(name: str, listen: str = "", advertise: str = "") -> str:
    """The text `gatepost init` writes."""
    rows = [
        "# The settings of this node; what is not here has its default: `gatepost config list`.",
        "# Who may do what stands in policy.toml. Peers and agents are kept in the database.",
        "",
        f"name = {json.dumps(name)}",
        "",
        "# Where peers reach this node. Without it the node only dials others.",
        f"listen = {json.dumps(listen)}" if listen else '# listen = "127.0.0.1:7443"',
        "",
        "# The address put into invitations, where it differs from `listen`.",
        f"advertise = {json.dumps(advertise)}"
        if advertise
        else '# advertise = "node.example:7443"',
    ]
    return "\n".join(rows) + "\n"
