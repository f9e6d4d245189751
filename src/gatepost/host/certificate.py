"""The TLS certificate: self-signed, long-lived, a wrapping for its P-256 key and nothing more.

Peers pin the key (its SPKI hash, which the node record names), so nobody reads the names or dates
in it; they only have to satisfy TLS libraries.
"""

import datetime
import hashlib

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

_NAME = "gatepost"
_FROM = datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)
_UNTIL = datetime.datetime(9999, 12, 31, 23, 59, 59, tzinfo=datetime.UTC)  # RFC 5280: has no end


def make_tls_key() -> bytes:
    """A new P-256 private key as PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def spki_hash(key_pem: bytes) -> bytes:
    """SHA-256 of the public half (SPKI) of a private key, 32 bytes: the pin. Raises ValueError."""
    public = _load(key_pem).public_key()
    spki = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return hashlib.sha256(spki).digest()


def make_certificate(key_pem: bytes, serial: int) -> bytes:
    """A self-signed certificate of the key, as PEM. `serial` is positive and below 2^159."""
    # Imported here: only `init` makes a certificate, and the module costs 50 ms and memory.
    from cryptography import x509
    from cryptography.x509.oid import NameOID

    key = _load(key_pem)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, _NAME)])
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(serial)
        .not_valid_before(_FROM)
        .not_valid_after(_UNTIL)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(_NAME)]), critical=False)
    )
    return builder.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM)


def _load(key_pem: bytes) -> ec.EllipticCurvePrivateKey:
    key = load_pem_private_key(key_pem, None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise ValueError("the TLS key is not an elliptic curve key")
    return key
