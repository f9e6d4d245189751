"""Randomness for names a client gives itself; the one place of the SDK that draws it."""

import secrets


def new_name() -> str:
    """A name nobody else has, 26 characters."""
    return secrets.token_urlsafe(19)


def new_seed() -> bytes:
    """32 bytes for a key that serves one connection."""
    return secrets.token_bytes(32)
