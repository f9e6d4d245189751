"""What the node is told: names, times and limits, already read and checked.

Most of it is said once, at the start. What may change under a running node stands first and is read
whenever it is needed; only whoever composes the node changes it.
"""

import msgspec

from gatepost.config.schema import Settings as Configured


class Settings(msgspec.Struct, kw_only=True):
    """Settings of one node. Times in seconds unless the name says ms; `keep_free` in bytes."""

    expires_ms: int = 72 * 3600 * 1000
    horizon_ms: int = 7 * 24 * 3600 * 1000
    keep_ms: int = 30 * 24 * 3600 * 1000
    keep_free: int = 0

    name: str
    version: str = ""
    home: str = ""
    listen: str = ""
    pid: int = 0
    ack_delay: float = 0.025
    working_delay: float = 0.05
    resend_after: float = 10.0
    resend_cap: float = 300.0
    dial_first: float = 1.0
    dial_cap: float = 300.0
    answer_wait: float = 10.0
    queue_in_memory: int = 2048
    updates_per_message: int = 1000

    def tune(self, configured: Configured) -> None:
        """Take up what applies to a running node."""
        self.expires_ms = configured.delivery.expires
        self.horizon_ms = configured.delivery.horizon
        self.keep_ms = configured.store.keep_messages
        self.keep_free = configured.store.keep_free
