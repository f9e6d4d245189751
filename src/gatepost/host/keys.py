"""The node's private keys: made once at `init`, read at `start`, never outside this module.

    keys/            0700, all files 0600
      node.key       seed of the Ed25519 key, hex
      seal.key       X25519 key, hex
      tls.key        P-256 key, PEM        tls.pem   its self-signed certificate
      record         the signed node record

The next node key is made too, but only its hash is kept, in the record: the key itself goes into
the recovery kit, which is shown once and belongs off this machine (`custody` reads it). A node
whose keys others can read does not start.
"""

import errno
import hashlib
import os
import stat
from collections.abc import Callable, Iterable
from pathlib import Path

import msgspec
import nacl.bindings
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hpke
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey

from gatepost.core import identity, signing
from gatepost.core.identity import NodeRecord
from gatepost.errors import GatepostError
from gatepost.host import certificate
from gatepost.host.custody import CERTIFICATE, NODE, RECORD, SEAL, TLS, finish
from gatepost.host.durable import sync_directory, write_new
from gatepost.host.kit import show_kit

_SUITE = hpke.Suite(hpke.KEM.X25519, hpke.KDF.HKDF_SHA256, hpke.AEAD.CHACHA20_POLY1305)


class HostKeys:
    """The port Keys over the files of one directory."""

    def __init__(self, directory: Path, seed: bytes, seal: bytes, signed: bytes) -> None:
        self._directory = directory
        self._public, self._secret = nacl.bindings.crypto_sign_seed_keypair(seed)
        self._seal = X25519PrivateKey.from_private_bytes(seal)
        self._record_bytes = signed
        self._record = identity.verify_record(signed)

    @property
    def node(self) -> str:
        """This node's id."""
        return self._record.node

    @property
    def record(self) -> NodeRecord:
        """This node's current record."""
        return self._record

    @property
    def record_bytes(self) -> bytes:
        """The signed bytes of the record."""
        return self._record_bytes

    @property
    def tls_key(self) -> Path:
        """The file of the TLS key, for the listener."""
        return self._directory / TLS

    @property
    def tls_certificate(self) -> Path:
        """The file of the TLS certificate, for the listener."""
        return self._directory / CERTIFICATE

    def sign(self, data: bytes) -> bytes:
        """Ed25519 over `data`, 64 bytes."""
        return nacl.bindings.crypto_sign(data, self._secret)[: signing.SIGNATURE_BYTES]

    def wrap(self, seal_public: bytes, info: bytes, content_key: bytes) -> bytes:
        """HPKE-seal a content key to a peer's X25519 key.

        Raises ValueError for a key that hides nothing.
        """
        return _SUITE.encrypt(content_key, X25519PublicKey.from_public_bytes(seal_public), info)

    def unwrap(self, info: bytes, wrapped: bytes) -> bytes:
        """Open a content key sealed to this node. Raises ValueError when it does not open."""
        try:
            return _SUITE.decrypt(wrapped, self._seal, info)
        except InvalidTag:
            raise ValueError("the content key was not sealed to this node") from None

    def announce(self, endpoints: tuple[str, ...], now: int) -> NodeRecord:
        """Name these endpoints in the record: a new one, durable on return, if they changed."""
        if endpoints != self._record.endpoints:
            record = msgspec.structs.replace(
                self._record, seq=self._record.seq + 1, endpoints=endpoints, issued=now
            )
            signed = identity.sign_record(record, self.sign)
            _replace(self._directory / RECORD, signed)
            self._record, self._record_bytes = record, signed
        return self._record


def create(
    directory: Path, *, endpoints: tuple[str, ...], now: int, random: Callable[[int], bytes]
) -> tuple[HostKeys, str]:
    """Make a node's keys in `directory` (new, or without a node); returns them and a recovery kit.

    The kit is the next node key as one string; it is kept nowhere. `now` in ms. Raises
    `home.exists`, `home.exposed` or `home.unwritable`.
    """
    seed, next_seed, seal = random(32), random(32), random(32)
    tls = certificate.make_tls_key()
    record = _first_record(seed, next_seed, seal, certificate.spki_hash(tls), endpoints, now)
    _, secret = nacl.bindings.crypto_sign_seed_keypair(seed)
    signed = identity.sign_record(
        record, lambda data: nacl.bindings.crypto_sign(data, secret)[: signing.SIGNATURE_BYTES]
    )
    files = {
        NODE: seed.hex().encode() + b"\n",
        SEAL: seal.hex().encode() + b"\n",
        TLS: tls,
        CERTIFICATE: certificate.make_certificate(tls, int.from_bytes(random(16), "big") | 1),
        RECORD: signed,  # last: a directory with a record is whole
    }
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        _check_private(directory)
        _clear_unfinished(directory, files)
        for name, data in files.items():
            write_new(directory / name, data)
        sync_directory(directory)
    except FileExistsError as error:
        raise GatepostError("home.exists", what=f"`{error.filename}` exists already") from None
    except OSError as error:
        raise _unwritable(directory, error) from None
    return HostKeys(directory, seed, seal, signed), show_kit(next_seed)


def load(directory: Path) -> HostKeys:
    """Read a node's keys. Raises `home.missing`, `home.exposed` or `keys.damaged`."""
    _end_succession(directory)
    if not (directory / RECORD).exists():
        raise GatepostError("home.missing", why=f"`{directory}` holds no node record")
    try:
        _check_private(directory)
        for name in (NODE, SEAL, TLS, CERTIFICATE, RECORD):
            _check_private(directory / name)
        seed, seal = (_read_hex(directory / name) for name in (NODE, SEAL))
        keys = HostKeys(directory, seed, seal, (directory / RECORD).read_bytes())
        tls = certificate.spki_hash((directory / TLS).read_bytes())
        public, _ = nacl.bindings.crypto_sign_seed_keypair(seed)
        ours = (public, nacl.bindings.crypto_scalarmult_base(seal), tls)
        record = keys.record
        if ours != (record.key_bytes, record.seal_bytes, record.tls_bytes):
            raise ValueError("the keys are not those the record names")
    except (OSError, ValueError) as error:
        raise GatepostError("keys.damaged", why=str(error), where=str(directory)) from None
    return keys


def load_existing(directory: Path) -> HostKeys:
    """Read the keys of a node that is there, so it had some. Raises as `load`, none missing."""
    try:
        return load(directory)
    except GatepostError as error:
        if error.code != "home.missing":
            raise
        raise GatepostError("keys.damaged", why=error.why, where=str(directory)) from error


def _end_succession(directory: Path) -> None:
    try:
        finish(directory)
    except OSError as error:
        raise _unwritable(directory, error) from None


def _first_record(
    seed: bytes, next_seed: bytes, seal: bytes, tls: bytes, endpoints: tuple[str, ...], now: int
) -> NodeRecord:
    public, _ = nacl.bindings.crypto_sign_seed_keypair(seed)
    next_public, _ = nacl.bindings.crypto_sign_seed_keypair(next_seed)
    promised = hashlib.sha256(next_public).digest()
    return NodeRecord(
        node=identity.node_id(public, promised),
        seq=1,
        key=public.hex(),
        next=promised.hex(),
        seal=nacl.bindings.crypto_scalarmult_base(seal).hex(),
        tls=tls.hex(),
        endpoints=endpoints,
        issued=now,
    )


def _clear_unfinished(directory: Path, files: Iterable[str]) -> None:
    """Remove what an interrupted `init` left: without a record nobody ever knew those keys."""
    if (directory / RECORD).exists():
        raise FileExistsError(errno.EEXIST, "a node's keys are there", str(directory))
    for name in files:
        (directory / name).unlink(missing_ok=True)


def _check_private(path: Path) -> None:
    found = path.stat()
    if stat.S_IMODE(found.st_mode) & 0o077 or found.st_uid != os.geteuid():
        raise GatepostError(
            "home.exposed",
            what=f"others can read `{path}`",
            why=f"mode {stat.S_IMODE(found.st_mode):04o}, owner {found.st_uid}",
            home=str(path.parent if path.is_file() else path),
        )


def _replace(path: Path, data: bytes) -> None:
    new = path.with_name(path.name + ".new")
    try:
        new.unlink(missing_ok=True)
        write_new(new, data)
        new.replace(path)
        sync_directory(path.parent)
    except OSError as error:
        raise _unwritable(path.parent, error) from None


def _read_hex(path: Path) -> bytes:
    data = bytes.fromhex(path.read_text(encoding="ascii"))
    if len(data) != 32:
        raise ValueError(f"`{path.name}` is not 32 bytes")
    return data


def _unwritable(directory: Path, error: OSError) -> GatepostError:
    return GatepostError("home.unwritable", why=str(error), home=str(directory))
