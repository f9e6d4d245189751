"""The README's story, typed as it stands there, on two real nodes."""

import re
import shlex
from pathlib import Path

from tests.process.nodes import RealNode, free_port

ROOT = Path(__file__).resolve().parents[2]
TYPED = re.compile(r"^    (home|lab)\$ +(.*)$", re.MULTILINE)


def test_the_story_of_the_readme_can_be_typed_as_it_stands(tmp_path: Path) -> None:
    nodes = {name: RealNode(tmp_path / name, name) for name in ("home", "lab")}
    ports = {"127.0.0.1:7443": free_port(), "127.0.0.1:7444": free_port()}
    said: dict[str, str] = {}
    exits: list[int] = []
    try:
        for who, line in TYPED.findall((ROOT / "README.md").read_text()):
            words = [_filled(word, said, ports) for word in shlex.split(line)]
            if words[0] == "export":
                continue
            assert words.pop(0) == "gatepost"
            if words[0] == "start":
                nodes[who].start()
                continue
            done = nodes[who].run(*words)
            exits.append(done.returncode)
            said.update(_learned(words, done.stdout))
    finally:
        for node in nodes.values():
            node.stop()
    # The first question is refused (3) and `explain` says no (1); everything else succeeds.
    assert sorted(exits) == [0] * 10 + [1, 3]
    assert "import-prices" in said["ANSWER"]
    assert "done" in said["EXPLAINED"]


def _filled(word: str, said: dict[str, str], ports: dict[str, int]) -> str:
    for address, port in ports.items():
        word = word.replace(address, f"127.0.0.1:{port}")
    return said.get(word, word).replace("examples/", f"{ROOT}/examples/")


def _learned(words: list[str], output: str) -> dict[str, str]:
    if words[:2] == ["peers", "invite"]:
        return {"INVITATION": output.strip()}
    if words[0] == "ask":
        return {"ANSWER": output}
    if words[:2] == ["messages", "list"]:
        return {"MESSAGE": output.splitlines()[1].split()[0]}
    if words[0] == "explain":
        return {"EXPLAINED": output}
    return {}
