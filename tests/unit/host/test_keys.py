import base64
import hashlib
import os
import stat
import subprocess
import sys
from pathlib import Path

import nacl.bindings
import pytest

import gatepost
from gatepost import ports
from gatepost.core import identity, signing
from gatepost.errors import GatepostError
from gatepost.host import keys as k
from gatepost.host.entropy import SystemEntropy
from tests.seeded import SeededEntropy, SeededKeys

NOW = 1_700_000_000_000
ENDPOINTS = ("127.0.0.1:7443",)
FILES = {"node.key", "seal.key", "tls.key", "tls.pem", "record"}


def create(directory: Path) -> tuple[k.HostKeys, str]:
    return k.create(directory, endpoints=ENDPOINTS, now=NOW, random=SystemEntropy().bytes)


def code(directory: Path) -> str:
    with pytest.raises(GatepostError) as caught:
        k.load(directory)
    return caught.value.code


def test_keys_made_once_are_the_same_after_a_restart(tmp_path: Path) -> None:
    made, _ = create(tmp_path / "keys")
    loaded: ports.Keys = k.load(tmp_path / "keys")
    assert loaded.record == made.record == identity.verify_record(loaded.record_bytes)
    assert (loaded.record.seq, loaded.record.issued) == (1, NOW)
    assert loaded.record.endpoints == ENDPOINTS
    assert loaded.node == made.node
    assert loaded.sign(b"x") == made.sign(b"x")
    assert signing.verify(made.record.key_bytes, loaded.sign(b"x"), b"x")


def test_two_nodes_never_share_an_identity(tmp_path: Path) -> None:
    one, _ = create(tmp_path / "one")
    other, _ = create(tmp_path / "other")
    for field in ("node", "key", "next", "seal", "tls"):
        assert getattr(one.record, field) != getattr(other.record, field)


def test_only_the_owner_can_read_what_init_writes(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        create(tmp_path / "keys")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "keys").stat().st_mode) == 0o700
    found = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "keys").iterdir()}
    assert found == dict.fromkeys(FILES, 0o600)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o666])
@pytest.mark.parametrize("name", sorted(FILES))
def test_a_node_does_not_start_when_others_can_read_a_key(
    tmp_path: Path, name: str, mode: int
) -> None:
    create(tmp_path / "keys")
    (tmp_path / "keys" / name).chmod(mode)
    assert code(tmp_path / "keys") == "home.exposed"


@pytest.mark.parametrize("mode", [0o750, 0o705, 0o711])
def test_a_node_does_not_start_when_others_can_enter_its_keys(tmp_path: Path, mode: int) -> None:
    create(tmp_path / "keys")
    (tmp_path / "keys").chmod(mode)
    assert code(tmp_path / "keys") == "home.exposed"


def test_keys_are_not_made_where_others_can_read(tmp_path: Path) -> None:
    (tmp_path / "keys").mkdir(mode=0o755)
    (tmp_path / "keys").chmod(0o755)
    with pytest.raises(GatepostError) as caught:
        create(tmp_path / "keys")
    assert caught.value.code == "home.exposed"
    assert str(tmp_path / "keys") in caught.value.fix
    assert list((tmp_path / "keys").iterdir()) == []


def test_keys_are_never_overwritten(tmp_path: Path) -> None:
    made, _ = create(tmp_path / "keys")
    with pytest.raises(GatepostError) as caught:
        create(tmp_path / "keys")
    assert caught.value.code == "home.exists"
    assert k.load(tmp_path / "keys").node == made.node


def test_an_init_that_was_interrupted_is_done_again(tmp_path: Path) -> None:
    create(tmp_path / "keys")
    (tmp_path / "keys" / "record").unlink()
    assert code(tmp_path / "keys") == "home.missing"
    made, _ = create(tmp_path / "keys")
    assert k.load(tmp_path / "keys").node == made.node


def test_a_home_without_keys_is_missing(tmp_path: Path) -> None:
    assert code(tmp_path / "nowhere") == "home.missing"


@pytest.mark.parametrize("name", sorted(FILES - {"tls.pem"}))
@pytest.mark.parametrize("content", [b"", b"\xff", b"00\n", b"{}", bytes(200)])
def test_a_damaged_key_file_is_named_as_such(tmp_path: Path, name: str, content: bytes) -> None:
    create(tmp_path / "keys")
    (tmp_path / "keys" / name).write_bytes(content)
    assert code(tmp_path / "keys") == "keys.damaged"


@pytest.mark.parametrize("name", sorted(FILES - {"record"}))
def test_a_lost_key_file_is_named_as_such(tmp_path: Path, name: str) -> None:
    create(tmp_path / "keys")
    (tmp_path / "keys" / name).unlink()
    assert code(tmp_path / "keys") == "keys.damaged"


@pytest.mark.parametrize("name", sorted(FILES - {"tls.pem"}))
def test_files_of_two_nodes_do_not_make_one(tmp_path: Path, name: str) -> None:
    create(tmp_path / "keys")
    create(tmp_path / "other")
    (tmp_path / "other" / name).replace(tmp_path / "keys" / name)
    assert code(tmp_path / "keys") == "keys.damaged"


def test_a_directory_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(GatepostError) as caught:
        create(tmp_path / "file" / "keys")
    assert caught.value.code == "home.unwritable"


@pytest.mark.requirement("T11")
def test_the_recovery_kit_is_the_promised_next_key_and_is_kept_nowhere(tmp_path: Path) -> None:
    made, kit = create(tmp_path / "keys")
    text = kit.removeprefix("gpr1-").replace("-", "").upper()
    data = base64.b32decode(text + "=" * (-len(text) % 8))
    seed, check = data[:32], data[32:]
    assert check == hashlib.sha256(signing.transcript("recovery", seed)).digest()[:5]
    public, _ = nacl.bindings.crypto_sign_seed_keypair(seed)
    assert hashlib.sha256(public).hexdigest() == made.record.next
    for path in (tmp_path / "keys").iterdir():
        kept = path.read_bytes()
        assert seed not in kept
        assert seed.hex().encode() not in kept
        assert public.hex().encode() not in kept


def test_new_endpoints_make_one_new_record_that_survives_a_restart(tmp_path: Path) -> None:
    made, _ = create(tmp_path / "keys")
    first = made.record
    assert made.announce(ENDPOINTS, NOW + 1) == first
    second = made.announce(("lab.example:7443",), NOW + 1)
    assert (second.seq, second.issued, second.endpoints) == (2, NOW + 1, ("lab.example:7443",))
    assert identity.accept_successor(first, second) == identity.Accepted(second, changed=True)
    loaded = k.load(tmp_path / "keys")
    assert loaded.record == second == identity.verify_record(loaded.record_bytes)
    assert {path.name for path in (tmp_path / "keys").iterdir()} == FILES


def test_a_leftover_of_an_interrupted_announcement_is_in_nobodys_way(tmp_path: Path) -> None:
    made, _ = create(tmp_path / "keys")
    (tmp_path / "keys" / "record.new").write_bytes(b"half")
    made.announce(("lab.example:7443",), NOW + 1)
    assert k.load(tmp_path / "keys").record.seq == 2


def test_a_content_key_opens_at_its_recipient_only(tmp_path: Path) -> None:
    home, _ = create(tmp_path / "home")
    lab, _ = create(tmp_path / "lab")
    wrapped = home.wrap(lab.record.seal_bytes, b"info", b"k" * 32)
    assert lab.unwrap(b"info", wrapped) == b"k" * 32
    for keys, info, data in (
        (home, b"info", wrapped),
        (lab, b"other", wrapped),
        (lab, b"info", wrapped[:-1]),
        (lab, b"info", bytes(80)),
        (lab, b"info", b""),
    ):
        with pytest.raises(ValueError, match="not sealed"):
            keys.unwrap(info, data)


def test_seeded_keys_and_real_ones_open_each_others_seals(tmp_path: Path) -> None:
    lab, _ = create(tmp_path / "lab")
    seeded = SeededKeys("home")
    assert lab.unwrap(b"i", seeded.wrap(lab.record.seal_bytes, b"i", b"k" * 32)) == b"k" * 32
    assert seeded.unwrap(b"i", lab.wrap(seeded.record.seal_bytes, b"i", b"k" * 32)) == b"k" * 32


def test_a_seal_key_that_hides_nothing_is_not_sealed_to(tmp_path: Path) -> None:
    home, _ = create(tmp_path / "home")
    with pytest.raises(ValueError):
        home.wrap(bytes(32), b"info", b"k" * 32)


def test_the_certificate_holds_the_key_the_record_pins(tmp_path: Path) -> None:
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    made, _ = k.create(
        tmp_path / "keys", endpoints=(), now=NOW, random=SeededEntropy("certificate").bytes
    )
    certificate = x509.load_pem_x509_certificate(made.tls_certificate.read_bytes())
    spki = certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    assert hashlib.sha256(spki).digest() == made.record.tls_bytes
    assert certificate.not_valid_after_utc.year == 9999
    certificate.verify_directly_issued_by(certificate)


def test_a_node_that_starts_does_not_load_the_certificate_library(tmp_path: Path) -> None:
    create(tmp_path / "keys")
    script = (
        "import sys; from pathlib import Path; from gatepost.host import keys;"
        f"keys.load(Path({str(tmp_path / 'keys')!r})); print('cryptography.x509' in sys.modules)"
    )
    run = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
        env={"PYTHONPATH": str(Path(gatepost.__file__).parents[1])},
    )
    assert run.stdout == "False\n"
