"""What the node is told once, at its start: names, times and limits, already read and checked."""

import msgspec


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """Settings of one node. Times in seconds unless the name says ms."""

    name: str
    version: str = ""
    home: str = ""
    listen: str = ""
    pid: int = 0
    expires_ms: int = 72 * 3600 * 1000
    horizon_ms: int = 7 * 24 * 3600 * 1000
    ack_delay: float = 0.025
    working_delay: float = 0.05
    resend_after: float = 10.0
    resend_cap: float = 300.0
    dial_first: float = 1.0
    dial_cap: float = 300.0
    answer_wait: float = 10.0
    queue_in_memory: int = 2048
    updates_per_message: int = 1000
