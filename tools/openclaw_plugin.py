"""Write what the OpenClaw plugin takes from the product: the tools' texts, and the manifest.

`python tools/openclaw_plugin.py` writes; with `--check` it only says whether anything would change.
"""

import json
import sys
from pathlib import Path

from gatepost.api.mcp.texts import STEM, TOOLS

PLUGIN = Path(__file__).resolve().parent.parent / "src/gatepost/adapters/openclaw/plugin"


def files() -> dict[Path, str]:
    """Each written file with its text."""
    tools = [
        {
            "name": tool.name,
            "description": tool.description(STEM),
            "parameters": tool.schema(),
        }
        for tool in TOOLS
    ]
    manifest = {
        "id": "gatepost",
        "name": "Gatepost",
        "description": "Agents on different gateways message, ask and delegate to each other",
        "contracts": {"tools": [STEM + tool.name for tool in TOOLS]},
        "activation": {"onStartup": True},
        "configSchema": {
            "type": "object",
            "additionalProperties": False,
            "properties": {
                "socket": {"type": "string", "description": "the node's agent socket"},
                "port": {"type": "integer", "description": "or the loopback port it answers on"},
                "agents": {
                    "type": "object",
                    "description": "the token of each agent that has the tools",
                    "additionalProperties": {"type": "string"},
                },
            },
        },
    }
    return {
        PLUGIN / "tools.json": json.dumps(tools, indent=2, ensure_ascii=False) + "\n",
        PLUGIN / "openclaw.plugin.json": json.dumps(manifest, indent=2, ensure_ascii=False) + "\n",
    }


def main(arguments: list[str]) -> int:
    """Write the files, or compare them."""
    stale = [
        path for path, text in files().items() if not path.exists() or path.read_text() != text
    ]
    for path in stale:
        print(f"{path.name} is not what the product says")
        if "--check" not in arguments:
            path.write_text(files()[path])
    return bool(stale) and "--check" in arguments


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
