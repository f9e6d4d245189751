"""`python -m tests.mutants`: every seeded safety bug must be caught, and the report says by what.

Each `NAME.patch` beside this file is applied to a copy of `src` in a temporary directory, never to
the tree. Over the copy run worlds, until the first that fails, and the aimed tests its head names
(`# aimed: PATH::TEST …`). A mutant that neither catches, or a patch that does not apply, fails.
"""

import argparse
import concurrent.futures
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
SECONDS = 240


@dataclass(slots=True)
class Fate:
    """What became of one mutant."""

    name: str
    why: str = ""
    worlds: str = ""
    aimed: str = ""
    broken: str = ""
    seconds: float = field(default=0.0)

    @property
    def caught(self) -> bool:
        return not self.broken and bool(self.worlds or self.aimed)

    def line(self) -> str:
        by = [part for part in (self.worlds, self.aimed) if part]
        text = self.broken or ("caught by " + " and ".join(by) if by else "NOT CAUGHT")
        return f"{self.name}: {text} ({self.seconds:.0f} s)\n    {self.why}"


def main() -> int:
    asked = _arguments()
    patches = [one for one in sorted(HERE.glob("*.patch")) if asked.only in one.name]
    with concurrent.futures.ThreadPoolExecutor(asked.jobs) as pool:
        fates = [
            pool.submit(_try, patch, asked.seed, asked.runs, not asked.first) for patch in patches
        ]
        caught = 0
        for fate in fates:
            print(fate.result().line(), flush=True)
            caught += fate.result().caught
    print(f"caught {caught} of {len(patches)}")
    return 0 if patches and caught == len(patches) else 1


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.mutants")
    parser.add_argument("--seed", type=int, default=1, help="the first seed of the worlds")
    parser.add_argument("--runs", type=int, default=60, help="at most so many worlds a mutant")
    parser.add_argument("--jobs", type=int, default=2, help="mutants at a time")
    parser.add_argument("--only", default="", help="mutants whose name contains this")
    parser.add_argument("--first", action="store_true", help="no worlds where an aimed test caught")
    return parser.parse_args()


def _try(patch: Path, seed: int, runs: int, both: bool) -> Fate:
    fate = Fate(patch.stem)
    started = time.monotonic()
    head = [line[2:] for line in patch.read_text().splitlines() if line.startswith("# ")]
    aimed = [word for line in head if line.startswith("aimed:") for word in line.split()[1:]]
    fate.why = " ".join(line for line in head if not line.startswith("aimed:"))
    with tempfile.TemporaryDirectory() as where:
        shutil.copytree(ROOT / "src", Path(where) / "src", ignore=shutil.ignore_patterns("*.pyc"))
        command = ["git", "apply", "-C1", str(patch)]
        applied = subprocess.run(command, cwd=where, capture_output=True, text=True)
        if applied.returncode:
            fate.broken = "does not apply: " + applied.stderr.strip().splitlines()[0]
            return fate
        source = str(Path(where) / "src")
        fate.aimed = _aimed(source, aimed) if aimed else ""
        if both or not fate.aimed:
            fate.worlds = _worlds(source, seed, runs)
    fate.seconds = time.monotonic() - started
    return fate


def _worlds(source: str, seed: int, runs: int) -> str:
    command = ["-m", "tests.world", "--seed", str(seed), "--runs", str(runs), "--jobs", "1"]
    done = _python(source, [*command, "--stop"])
    found = re.search(r"^seed (\d+): .*\n  (.*)", done.stdout, re.MULTILINE)
    if done.returncode == 1 and found:
        return f"the world of seed {found[1]} ({_short(found[2])})"
    if re.search(r"^worlds \d+ bad 0$", done.stdout, re.MULTILINE):
        return ""
    return f"worlds that do not run: {_last(done)}"


def _aimed(source: str, tests: list[str]) -> str:
    options = ["-m", "pytest", "-q", "-x", "-o", "pythonpath=", "-p", "no:cacheprovider"]
    done = _python(source, [*options, *tests])
    found = re.search(r"^FAILED [^:]*::(\S+)", done.stdout, re.MULTILINE)
    if done.returncode == 1 and found:
        return found[1]
    return "" if done.returncode == 0 else f"tests that do not run: {_last(done)}"


def _python(source: str, arguments: list[str]) -> "subprocess.CompletedProcess[str]":
    paths = os.pathsep.join((source, str(ROOT)))
    environment = {**os.environ, "PYTHONPATH": paths, "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=SECONDS,
    )


def _short(text: str) -> str:
    text = re.sub(r"call \d+ to \S+ |\([0-9a-f-]{36}\)", "", text).strip()
    return text if len(text) < 80 else text[:77] + "..."


def _last(done: "subprocess.CompletedProcess[str]") -> str:
    return (done.stderr or done.stdout).strip().splitlines()[-1][:120]


if __name__ == "__main__":
    sys.exit(main())
