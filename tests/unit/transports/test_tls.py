"""TLS over memory, and the pin."""

import ssl
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatepost.host import certificate
from gatepost.transports.tls import Tls, client_context, server_context, spki_hash


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    directory = tmp_path_factory.mktemp("tls")
    key, pem = directory / "tls.key", directory / "tls.pem"
    key.write_bytes(certificate.make_tls_key())
    pem.write_bytes(certificate.make_certificate(key.read_bytes(), 1))
    return pem, key


def session(files: tuple[Path, Path]) -> tuple[Tls, Tls]:
    server, client = Tls(server_context(*files), server=True), Tls(client_context(), server=False)
    client.handshake()
    for _ in range(3):
        for one, other in ((client, server), (server, client)):
            other.feed(one.due())
            other.handshake()
    assert client.secure
    assert server.secure
    return client, server


def test_what_is_written_is_read_whatever_its_size_and_however_it_is_cut(
    files: tuple[Path, Path],
) -> None:
    client, server = session(files)
    for size in (1, 100, 16 * 1024, 16 * 1024 + 1, 600_000):
        for one, other in ((client, server), (server, client)):
            data = bytes(n % 251 for n in range(size))
            one.write(data)
            cipher = one.due()
            assert one.due() == b""
            got = b""
            for at in range(0, len(cipher), 5000):
                other.feed(cipher[at : at + 5000])
                got += other.read()
            assert got == data


def test_the_pin_is_the_hash_of_the_public_key_the_server_shows(files: tuple[Path, Path]) -> None:
    client, server = session(files)
    assert spki_hash(client.certificate) == certificate.spki_hash(files[1].read_bytes())
    assert server.certificate == b"", "a dialler shows none"


def test_the_pin_is_of_the_key_and_not_of_the_certificate(files: tuple[Path, Path]) -> None:
    key = files[1].read_bytes()
    made = {
        ssl.PEM_cert_to_DER_cert(certificate.make_certificate(key, serial).decode())
        for serial in (1, 2, 3)
    }
    assert len(made) == 3
    assert {spki_hash(der) for der in made} == {certificate.spki_hash(key)}


@given(st.binary(max_size=300))
def test_what_is_no_certificate_has_no_pin(data: bytes) -> None:
    with pytest.raises(ValueError):
        spki_hash(data)


def test_a_damaged_stream_is_an_error(files: tuple[Path, Path]) -> None:
    client, server = session(files)
    client.write(b"x" * 100)
    cipher = bytearray(client.due())
    cipher[50] ^= 1
    server.feed(bytes(cipher))
    with pytest.raises(ssl.SSLError):
        server.read()


def test_nothing_below_tls_1_3_is_spoken_and_nobody_is_trusted_or_asked(
    files: tuple[Path, Path],
) -> None:
    for context in (server_context(*files), client_context()):
        assert context.minimum_version is ssl.TLSVersion.TLSv1_3
        assert context.cert_store_stats()["x509"] == 0
        assert context.verify_mode is ssl.CERT_NONE


def test_the_end_is_said_and_read(files: tuple[Path, Path]) -> None:
    client, server = session(files)
    client.write(b"last")
    client.finish()
    server.feed(client.due())
    assert server.read() == b"last"
    assert server.read() == b""
    server.finish()
    client.feed(server.due())
    assert client.read() == b""
