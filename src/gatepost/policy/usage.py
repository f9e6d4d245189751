"""How much has been used: rate counters, one number each.

Each counter is a bucket that holds `count` and refills evenly over `per` milliseconds. Instead of
a level and a time it keeps one number, the moment at which the bucket will be full again: taking
moves it on, time lets it fall behind. Looking takes nothing; the caller takes once it has decided.
When the clock is set back, all counters go on from where they were. Their number is bounded: full
buckets are forgotten first, for they are like new.
"""

from collections.abc import Mapping

import msgspec

from gatepost.policy.limits import Rate

_MOST = 20_000


class Charge(msgspec.Struct, frozen=True):
    """One counter a request draws on: of rule `rule` ("" for the default limits), for `peer`.

    `kind` is "rate" (one per message) or "tokens" (spent when a run ends).
    """

    rule: str
    peer: str
    kind: str
    rate: Rate
    key: str
    step: float

    @classmethod
    def of(cls, rule: str, peer: str, kind: str, rate: Rate) -> "Charge":
        """The counter with its derived parts: one key, and the milliseconds that refill one."""
        # A limit that was changed counts anew: raised, it lets through at once what it refused.
        key = f"{kind} {rule} {peer} {rate}"
        return cls(rule, peer, kind, rate, key, rate.per / rate.count)


class Usage:
    """All rate counters of a node. Mutable; times are handed in, in ms."""

    def __init__(self) -> None:
        self._full_at: dict[str, float] = {}
        self._latest = 0
        self._set_back = 0

    def wait(self, charge: Charge, now: int, amount: int = 1) -> int:
        """0 when the bucket has room for `amount` now, else the ms until it has."""
        now = self._onward(now)
        full_at = self._full_at.get(charge.key)
        if full_at is None or full_at <= now:
            return 0
        per = charge.rate.per
        # A rate made smaller must not close the door for longer than a period.
        missing = min(full_at - now, per)
        over = missing + min(amount * charge.step, per) - per
        return 0 if over <= 0 else int(over) + 1

    def take(
        self, charges: tuple[Charge, ...], now: int, amount: int = 1, kind: str = "rate"
    ) -> None:
        """Take `amount` out of each bucket of `kind`. A bucket may be overdrawn by one taking."""
        self._latest = max(now, self._latest)
        now = self._onward(now)
        for charge in charges:
            if charge.kind != kind:
                continue
            full_at = self._full_at.get(charge.key, 0.0)
            full_at = max(now, min(full_at, now + charge.rate.per)) + amount * charge.step
            if len(self._full_at) >= _MOST and charge.key not in self._full_at:
                self._forget(now)
            self._full_at[charge.key] = full_at

    def kept(self, kind: str) -> dict[str, int]:
        """The counters of a kind that are not full, to be kept: when each will be, ms."""
        now = self._latest + self._set_back
        used = ((key, at) for key, at in self._full_at.items() if key.startswith(f"{kind} "))
        return {key: int(at) - self._set_back for key, at in used if at > now}

    def restore(self, kept: Mapping[str, int]) -> None:
        """Take up counters that were kept."""
        self._full_at.update(kept)

    def _onward(self, now: int) -> int:
        """The time by which counters go: it never goes back."""
        if now < self._latest:
            self._set_back += self._latest - now
            self._latest = now
        return now + self._set_back

    def _forget(self, now: int) -> None:
        kept = {key: at for key, at in self._full_at.items() if at > now}
        if len(kept) >= _MOST:
            # All are in use. Those nearest to full lose least; half go, so that this stays rare.
            by_use = sorted(kept, key=kept.__getitem__)
            kept = {key: kept[key] for key in by_use[len(by_use) // 2 :]}
        self._full_at = kept

    def __len__(self) -> int:
        return len(self._full_at)
