"""Custody of a node's keys: showing what they are, and letting the next ones take their place.

Planned rotation, loss and theft are one operation: the recovery kit reveals the next node key, to
which the current record is committed, and a record signed by it names a new seal key, a new promise
and, where the old one is gone or shall go, a new TLS key. Peers accept it because it follows from
what they know; nobody without the kit can make it. The new kit is shown before anything changes,
for without it there would never be another succession.

    keys/next/     the new files; `record` is written last and makes the succession true

From then on `finish` (called at every load) moves them into place, `record` again last, so a crash
at any point leaves either the old keys or the new ones.
"""

import hashlib
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import msgspec
import nacl.bindings

from gatepost.core import identity
from gatepost.core.identity import PAST_MAX, NodeRecord
from gatepost.core.views import KeysView
from gatepost.errors import GatepostError
from gatepost.host import certificate
from gatepost.host.durable import sync_directory, write_new
from gatepost.host.kit import read_kit, show_kit

NODE, SEAL, TLS, CERTIFICATE, RECORD = "node.key", "seal.key", "tls.key", "tls.pem", "record"
_NEXT = "next"
_ORDER = (NODE, SEAL, TLS, CERTIFICATE, RECORD)


class Held(Protocol):
    """What keeps a node from starting meanwhile."""

    def release(self) -> None:
        """Let it start."""
        ...


class Succession(msgspec.Struct, frozen=True):
    """New keys, ready and written nowhere. `kit` is the recovery kit that comes with them."""

    kit: str
    record: NodeRecord
    files: dict[str, bytes]


class Custody:
    """The keys in `directory`. `hold` raises `keys.in_use` while a node runs with them."""

    def __init__(
        self,
        directory: Path,
        hold: Callable[[], Held],
        random: Callable[[int], bytes],
        now: Callable[[], int],
    ) -> None:
        self._directory = directory
        self._hold = hold
        self._random = random
        self._now = now

    def show(self) -> KeysView:
        """What the node says of itself. No private key is read."""
        record = read_record(self._directory)
        return KeysView(
            node=record.node,
            seq=record.seq,
            generation=len(record.past),
            key=record.key,
            promised=record.next,
            seal=record.seal,
            tls=record.tls,
            issued=record.issued,
            endpoints=record.endpoints,
            record=str(self._directory / RECORD),
        )

    def succeed(
        self, kit: str, seen: Callable[[str], bool], *, lost: bool = False, tls: bool = False
    ) -> KeysView | None:
        """Let the key of `kit` take over. `seen` is shown the new kit; when it says no, nothing is.

        `lost`: the keys may be damaged or gone, the record alone must be whole. `tls` makes a new
        TLS key too. Raises `keys.in_use`, `keys.damaged`, `kit.invalid`, `kit.other`.
        """
        held = self._held()
        try:
            finish(self._directory)
            made = self._prepare(read_kit(kit), lost=lost, tls=tls)
            if not seen(made.kit):
                return None
            commit(self._directory, made)
            finish(self._directory)
        except OSError as error:
            raise GatepostError(
                "home.unwritable", why=str(error), home=str(self._directory)
            ) from None
        finally:
            held.release()
        return self.show()

    def _held(self) -> Held:
        try:
            return self._hold()
        except GatepostError as error:
            raise GatepostError("keys.in_use", why=error.why) from None

    def _prepare(self, seed: bytes, *, lost: bool, tls: bool) -> Succession:
        before = read_record(self._directory)
        public, secret = nacl.bindings.crypto_sign_seed_keypair(seed)
        if hashlib.sha256(public).digest().hex() != before.next:
            spent = public.hex() == before.key
            why = "it was used already" if spent else "it belongs to another node, or to older keys"
            raise GatepostError("kit.other", why=why)
        if len(before.past) >= PAST_MAX:
            raise GatepostError(
                "keys.damaged", why=f"it has had {PAST_MAX} keys, there are no more"
            )
        keep = not tls and (not lost or _tls_is_whole(self._directory, before))
        next_seed, seal = self._random(32), self._random(32)
        promised, _ = nacl.bindings.crypto_sign_seed_keypair(next_seed)
        files = {NODE: _hex(seed), SEAL: _hex(seal)}
        if not keep:
            files[TLS] = key = certificate.make_tls_key()
            serial = int.from_bytes(self._random(16), "big") | 1
            files[CERTIFICATE] = certificate.make_certificate(key, serial)
        record = msgspec.structs.replace(
            before,
            seq=before.seq + 1,
            key=public.hex(),
            next=hashlib.sha256(promised).hexdigest(),
            seal=nacl.bindings.crypto_scalarmult_base(seal).hex(),
            tls=before.tls if keep else certificate.spki_hash(files[TLS]).hex(),
            issued=self._now(),
            past=(*before.past, (before.key, before.next)),
        )
        files[RECORD] = identity.sign_record(
            record, lambda data: nacl.bindings.crypto_sign(data, secret)[:64]
        )
        return Succession(show_kit(next_seed), record, files)


def read_record(directory: Path) -> NodeRecord:
    """The record of a node's keys, checked. Raises `keys.damaged`."""
    for path in (directory / _NEXT / RECORD, directory / RECORD):
        if path.exists():
            try:
                return identity.verify_record(path.read_bytes())
            except (OSError, ValueError) as error:
                raise GatepostError("keys.damaged", why=str(error), where=str(path)) from None
    why = f"`{directory / RECORD}` is gone; it is no secret, and stands in every backup of keys/"
    raise GatepostError("keys.damaged", why=why, where=str(directory))


def commit(directory: Path, made: Succession) -> None:
    """Write the new keys; once the last file is there they are the node's."""
    new = directory / _NEXT
    shutil.rmtree(new, ignore_errors=True)
    new.mkdir(mode=0o700)
    for name in _ORDER[:-1]:
        if name in made.files:
            write_new(new / name, made.files[name])
    sync_directory(new)
    write_new(new / RECORD, made.files[RECORD])
    sync_directory(new)
    sync_directory(directory)


def finish(directory: Path) -> None:
    """Bring a succession that has begun to its end; what never became true is dropped."""
    new = directory / _NEXT
    if not new.is_dir():
        return
    if (new / RECORD).exists():
        for name in _ORDER:
            if (new / name).exists():
                os.replace(new / name, directory / name)
                sync_directory(directory)
    shutil.rmtree(new, ignore_errors=True)
    sync_directory(directory)


def _tls_is_whole(directory: Path, record: NodeRecord) -> bool:
    try:
        (directory / CERTIFICATE).read_bytes()
        return certificate.spki_hash((directory / TLS).read_bytes()) == record.tls_bytes
    except (OSError, ValueError):
        return False


def _hex(data: bytes) -> bytes:
    return data.hex().encode() + b"\n"
