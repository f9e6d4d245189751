"""TLS 1.3 for links, over memory: ciphertext in, plaintext out, no socket and no loop.

Who the other side is, is not decided by certificates: the dialler compares the server's public key
with its pin (`spki_hash`), the listener learns who dials from the signed hello. So neither context
trusts anyone, and none asks for a client certificate. Below TLS 1.3 there is nothing to negotiate.

Doing this on a plain TCP connection, and not in the event loop, lets the listener count and bound
connections before the first handshake is computed, and lets the dialler look at the server's key
before it sends its own last handshake message.
"""

import hashlib
import ssl
from pathlib import Path

from gatepost.errors import GatepostError

_RECORD = 16 * 1024  # no TLS record carries more


def server_context(certificate: Path, key: Path) -> ssl.SSLContext:
    """The listener's context: this node's self-signed certificate, no session tickets.

    Raises `keys.damaged`.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.num_tickets = 0
    try:
        context.load_cert_chain(certificate, key)
    except OSError as error:  # an SSLError is one
        raise GatepostError("keys.damaged", why=str(error), where=str(certificate)) from error
    return context


def client_context() -> ssl.SSLContext:
    """The dialler's context. It verifies nothing itself: whoever uses it compares the pin."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def spki_hash(certificate: bytes) -> bytes:
    """SHA-256 of the public key (SPKI) in a DER certificate. Raises ValueError when it has none."""
    # Imported at the first dial: it costs memory and time that a node without peers can spare.
    from cryptography import x509
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    try:
        key = x509.load_der_x509_certificate(certificate).public_key()
    except UnsupportedAlgorithm as error:
        raise ValueError(str(error)) from None
    spki = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return hashlib.sha256(spki).digest()


class Tls:
    """One TLS session. `secure` is True once the handshake is done on this side."""

    def __init__(self, context: ssl.SSLContext, *, server: bool) -> None:
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self._session = context.wrap_bio(self._incoming, self._outgoing, server_side=server)
        self.secure = False

    def handshake(self) -> None:
        """Go on with the handshake as far as what came allows. Raises ssl.SSLError."""
        try:
            self._session.do_handshake()
        except ssl.SSLWantReadError:
            return
        self.secure = True

    @property
    def certificate(self) -> bytes:
        """The other side's certificate as DER, unverified; empty when it sent none."""
        return self._session.getpeercert(binary_form=True) or b""

    def feed(self, data: memoryview | bytes) -> None:
        """Take ciphertext from the network."""
        self._incoming.write(data)

    def read(self) -> bytes:
        """All plaintext that is complete. Raises ssl.SSLError when the stream is damaged."""
        session, incoming = self._session, self._incoming
        out: list[bytes] = []
        # Asking only while something is there saves an exception for every read.
        while incoming.pending or session.pending():
            try:
                data = session.read(_RECORD)
            except (ssl.SSLWantReadError, ssl.SSLZeroReturnError):
                break
            if not data:  # the other side has said it sends no more
                break
            out.append(data)
        return out[0] if len(out) == 1 else b"".join(out)

    def write(self, data: bytes) -> None:
        """Encrypt; `due` then has what to send."""
        sent = self._session.write(data)
        if sent < len(data):
            view = memoryview(data)
            while sent < len(data):
                sent += self._session.write(view[sent:])

    def finish(self) -> None:
        """Say that no more will be sent; `due` then has the notice."""
        try:
            self._session.unwrap()
        except ssl.SSLError:
            pass  # the other side has not said so yet, or the stream is damaged: ours is written

    def due(self) -> bytes:
        """Ciphertext to send now; empty when there is none."""
        return self._outgoing.read() if self._outgoing.pending else b""
