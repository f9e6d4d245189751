"""The next key takes over whole or not at all, and only with the kit that holds it."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from gatepost.core import identity, signing
from gatepost.core.views import KeysView
from gatepost.errors import GatepostError
from gatepost.host import custody, keys
from gatepost.host.custody import Custody
from gatepost.host.entropy import SystemEntropy
from gatepost.host.kit import read_kit, show_kit

NOW = 1_700_000_000_000


class Lock:
    """Says whether it was let go."""

    free = True

    def release(self) -> None:
        self.free = True


class House:
    """One node's keys, and the kits it has shown."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.lock = Lock()
        made, kit = keys.create(
            directory, endpoints=("127.0.0.1:7443",), now=NOW, random=SystemEntropy().bytes
        )
        self.record = made.record
        self.kits = [kit]

    def _hold(self) -> Lock:
        self.lock.free = False
        return self.lock

    @property
    def custody(self) -> Custody:
        return Custody(self.directory, self._hold, SystemEntropy().bytes, lambda: NOW + 1)

    def succeed(self, kit: str = "", *, lost: bool = False, tls: bool = False) -> KeysView | None:
        def seen(new: str) -> bool:
            self.kits.append(new)
            return True

        return self.custody.succeed(kit or self.kits[-1], seen, lost=lost, tls=tls)


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path / "keys")


def code(house: House, kit: str, *, lost: bool = False) -> str:
    with pytest.raises(GatepostError) as raised:
        house.succeed(kit, lost=lost)
    assert house.lock.free
    return raised.value.code


def test_the_next_key_is_the_one_promised_and_peers_take_it(house: House) -> None:
    for generation in (1, 2, 3):
        before = keys.load(house.directory)
        after = house.succeed()
        assert after is not None
        loaded = keys.load(house.directory)
        assert (loaded.node, after.node, after.generation) == (before.node, before.node, generation)
        taken = identity.accept_successor(before.record, loaded.record)
        assert isinstance(taken, identity.Accepted)
        assert taken.rotated
        assert signing.verify(loaded.record.key_bytes, loaded.sign(b"x"), b"x")
        assert loaded.record.seal != before.record.seal
        assert loaded.record.tls == before.record.tls, "diallers still find it"
        assert loaded.record.endpoints == before.record.endpoints
    assert isinstance(
        identity.accept_successor(house.record, keys.load(house.directory).record),
        identity.Accepted,
    ), "who was away for three keys follows at once"
    assert len(set(house.kits)) == 4


@pytest.mark.requirement("T11")
def test_a_thief_of_everything_on_the_machine_cannot_rotate(house: House, tmp_path: Path) -> None:
    loot = tmp_path / "loot"
    shutil.copytree(house.directory, loot)
    house.succeed(lost=True)
    stolen, owner = keys.load(loot), keys.load(house.directory)
    back = identity.accept_successor(owner.record, stolen.record)
    assert back == identity.Refused("rollback")
    seeds = [bytes.fromhex((loot / name).read_text()) for name in ("node.key", "seal.key")]
    for seed in (*seeds, os.urandom(32)):
        with pytest.raises(GatepostError) as raised:
            Custody(loot, Lock, SystemEntropy().bytes, lambda: NOW).succeed(
                show_kit(seed), lambda kit: True
            )
        assert raised.value.code == "kit.other"


@pytest.mark.parametrize("gone", ["node.key", "seal.key", "tls.key", "tls.pem", "all but record"])
def test_lost_keys_come_back_with_the_kit_and_the_record(house: House, gone: str) -> None:
    for path in house.directory.iterdir():
        if path.name == gone or (gone == "all but record" and path.name != "record"):
            path.unlink()
    with pytest.raises(GatepostError) as raised:
        keys.load(house.directory)
    assert (raised.value.code, raised.value.fix) == ("keys.damaged", "gatepost keys recover")
    after = house.succeed(lost=True)
    loaded = keys.load(house.directory)
    assert after is not None
    assert loaded.node == house.record.node
    kept = gone in ("node.key", "seal.key")
    assert (loaded.record.tls == house.record.tls) is kept


def test_damaged_keys_come_back_too(house: House) -> None:
    (house.directory / "node.key").write_text("garbage")
    (house.directory / "tls.key").write_bytes(b"\0" * 9)
    house.succeed(lost=True)
    assert keys.load(house.directory).node == house.record.node


def test_without_the_record_nothing_can_be_recovered_and_it_says_so(house: House) -> None:
    (house.directory / "record").unlink()
    assert code(house, house.kits[0], lost=True) == "keys.damaged"


def test_a_new_tls_key_is_made_when_it_is_asked_for(house: House) -> None:
    house.succeed(tls=True)
    assert keys.load(house.directory).record.tls != house.record.tls


def test_a_used_kit_and_a_kit_of_another_node_are_refused(house: House, tmp_path: Path) -> None:
    other = House(tmp_path / "other")
    assert code(house, other.kits[0]) == "kit.other"
    house.succeed()
    with pytest.raises(GatepostError) as raised:
        house.succeed(house.kits[0])
    assert (raised.value.code, raised.value.why) == ("kit.other", "it was used already")
    assert keys.load(house.directory).record.seq == 2


def test_a_kit_is_read_as_people_type_it(house: House) -> None:
    kit = house.kits[0]
    seed = read_kit(kit)
    assert show_kit(seed) == kit
    for typed in (
        kit.upper(),
        kit.replace("-", " "),
        f"  {kit}\n",
        "gpr1" + kit[5:].replace("-", ""),
    ):
        assert read_kit(typed) == seed


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda kit: kit[:-1] + ("a" if kit[-1] != "a" else "b"), "mistyped"),
        (lambda kit: kit[:-1], "letters and digits"),
        (lambda kit: kit + "a", "letters and digits"),
        (lambda kit: kit[:8] + "0" + kit[9:], "`0` stands in no kit"),
        (lambda kit: "", "begins with gpr1-"),
        (lambda kit: "gp1-" + kit[5:], "begins with gpr1-"),
        (lambda kit: kit[:8] + "é" + kit[9:], "stands in no kit"),
        (lambda kit: kit[:8] + kit[9] + kit[8] + kit[10:], "mistyped"),
    ],
)
def test_a_kit_that_is_none_says_what_is_wrong(change: Callable[[str], str], why: str) -> None:
    with pytest.raises(GatepostError) as raised:
        read_kit(change(show_kit(bytes(range(32)))))
    assert raised.value.code == "kit.invalid"
    assert why in raised.value.why


def test_nothing_changes_until_the_new_kit_was_seen(house: House) -> None:
    shown: list[str] = []
    assert house.custody.succeed(house.kits[0], lambda kit: bool(shown.append(kit))) is None
    assert len(shown) == 1
    assert keys.load(house.directory).record == house.record
    assert house.lock.free


def test_keys_do_not_change_under_a_running_node(house: House) -> None:
    def busy() -> Lock:
        raise GatepostError("node.already_running", why="process 7 holds it")

    asleep = Custody(house.directory, busy, SystemEntropy().bytes, lambda: NOW)
    with pytest.raises(GatepostError) as raised:
        asleep.succeed(house.kits[0], lambda kit: True)
    assert raised.value.code == "keys.in_use"
    assert asleep.show().seq == 1, "looking is allowed"


class Crash(BaseException):
    """The machine stops."""


@pytest.mark.parametrize("tls", [False, True])
def test_a_crash_at_any_point_leaves_the_old_keys_or_the_new_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tls: bool
) -> None:
    seen: set[int] = set()
    at = 0
    for at in range(40):
        house = House(tmp_path / f"keys {at}")
        steps = 0

        def step(real, at=at):
            def call(*given: object) -> object:
                nonlocal steps
                steps += 1
                if steps == at:
                    raise Crash
                return real(*given)

            return call

        with monkeypatch.context() as patched:
            for module, name in (
                (custody, "write_new"),
                (custody, "sync_directory"),
                (os, "replace"),
            ):
                patched.setattr(module, name, step(getattr(module, name)))
            try:
                house.succeed(tls=tls)
            except Crash:
                pass
            else:
                if at:
                    break
        loaded = keys.load(house.directory)
        seen.add(loaded.record.seq)
        assert not (house.directory / "next").exists()
        assert loaded.record.seq == 1 or loaded.record.past
        house.kits = house.kits if loaded.record.seq == 2 else house.kits[:1]
        house.succeed()
        assert keys.load(house.directory).record.seq == loaded.record.seq + 1
    assert seen == {1, 2}
    assert at > 8
