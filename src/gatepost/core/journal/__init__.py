"""The journal: everything durable two nodes say to each other, one numbered sequence per direction.

It replaces acknowledgements per message, dedupe tables and receipts by three things: a numbered
slot, a cursor, and a hash chain.

* The sender (`outgoing`) gives slots 1, 2, 3 … in a commit, only while the peer is in contact and
  within the credit it granted, and keeps an entry until the peer's cursor has passed it.
* The receiver (`incoming`) takes slots strictly in order, each once; what it decides and the cursor
  are one commit. A slot at or below the cursor is simply acknowledged again, so a replay is
  harmless for ever and needs no clock.
* An ack is `(cursor, H)`, where `H_n = hash(H_{n-1}, digest_n)` chains what was taken. A `void`
  keeps the digest of the message it withdraws, so the chain does not depend on which of the two
  arrived first.
* Lives (`contact`) tell a restarted peer from a restored or cloned one. What does not fit stops the
  pair; nothing is repaired silently.

All of it is pure state: no clock, no I/O. The node asks, does, and tells what became durable.
"""
