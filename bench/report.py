"""Writes what was measured under `bench/out/`.

`latest.json` is the list of rows of the five scenarios. `report.json` holds all of it: the
second table, the facts, the verdicts, the machine, every single window.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec

from bench.machine import OUT
from bench.results import Results
from bench.settings import SCENARIOS
from bench.targets import Verdict


def write(results: Results, verdicts: Sequence[Verdict], machine: Sequence[str]) -> Path:
    """Replace both files; the path of `latest.json`."""
    OUT.mkdir(parents=True, exist_ok=True)
    latest = OUT / "latest.json"
    rows = results.rows()
    latest.write_bytes(_pretty([row for row in rows if row.scenario in SCENARIOS]))
    windows = [
        {"scenario": scenario, "in_flight": number, "rounds": readings}
        for (scenario, number), readings in results.windows.items()
    ]
    whole = {
        "machine": machine,
        "rows": rows,
        "nodes_at_rest": results.facts,
        "backlog": results.backlog,
        "policy": results.law,
        "missing": results.missing,
        "targets": verdicts,
        "windows": windows,
    }
    (OUT / "report.json").write_bytes(_pretty(whole))
    return latest


def _pretty(value: object) -> bytes:
    return msgspec.json.format(msgspec.json.encode(value), indent=2) + b"\n"
