"""Evidence: what a peer signed about a message, checked again from the kept bytes alone.

The signed part of a frame (prelude, header, digests, signature) proves that the holder of a node's
key said every item whose digest it lists; the item is an entry or the control part, with its salt.
Nothing here opens a frame: evidence is clear, so it can be shown to a third party.
"""

import struct

from gatepost.core import canonical, signing
from gatepost.core.entry import SALT_BYTES, digest
from gatepost.core.frame import Header

_PRELUDE = struct.Struct(">2sBBHHI")
_DIGEST = 32


def flaw(signed: bytes, item: bytes, *, by: str, to: str, public: bytes) -> str:
    """Why evidence proves nothing; "" when `by` (node id, key `public`) said `item` to node `to`.

    `signed` is the clear part of a frame up to and with its signature, `item` salt and bytes.
    """
    try:
        _, _, count, length, _, _ = _PRELUDE.unpack_from(signed)
        raw = signed[_PRELUDE.size : _PRELUDE.size + length]
        header = canonical.decode(raw, Header)
    except (struct.error, canonical.NotCanonical):
        return "it is no frame"
    start = _PRELUDE.size + length
    digests, signature = signed[start : start + _DIGEST * count], signed[start + _DIGEST * count :]
    if (header.from_node, header.to_node) != (by, to):
        return "it is a frame between other nodes"
    if header.key != signing.key_id(public):
        return "it was signed with a key that is replaced"
    if not signing.verify(public, signature, signing.frame_input(header.key, raw, digests)):
        return "the signature does not hold"
    listed = {digests[at : at + _DIGEST] for at in range(0, len(digests), _DIGEST)}
    if digest(item[:SALT_BYTES], item[SALT_BYTES:]) not in listed:
        return "the frame does not list it"
    return ""
