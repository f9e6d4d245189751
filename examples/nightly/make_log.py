"""Writes `nightly.log`: one night of a batch job, with one real cause for its failure.

The story in it: the supplier's price file came without its header line, so `import-prices` guessed
the delimiter and kept 1,131 rows with an empty amount. Nothing complained for a quarter of an hour,
until `make-invoices` met the first of those rows. What fails afterwards only lacks its input. The
rest of the log is noise as every night has it: slow storage, a certificate that will expire, a
customer without a postcode.

    python examples/nightly/make_log.py > examples/nightly/nightly.log

Same seed, same log.
"""

import random
from datetime import datetime, timedelta

STEPS = (
    ("fetch-orders", 38, "orders"),
    ("fetch-stock", 24, "items"),
    ("import-prices", 46, "price rows"),
    ("match-customers", 52, "customers"),
    ("build-index", 33, "documents"),
    ("make-invoices", 48, "invoices"),
    ("render-pdf", 40, "files"),
    ("send-mail", 20, "letters"),
    ("archive", 12, "files"),
)
NOISE = (
    "slow answer of storage, {0} ms, retried once",
    "certificate of smtp.internal ends in 23 days",
    "customer {0} has no postcode, left as it is",
    "queue length {0}, above its usual 400",
)
PLANTED = {
    ("import-prices", 17): (
        ("INFO", "opens prices-eu-20261120.csv, 48210 rows"),
        ("WARN", "prices-eu-20261120.csv has no header line, delimiter ';' guessed"),
    ),
    ("import-prices", 21): (
        ("WARN", "1131 rows of prices-eu-20261120.csv have no currency, kept with empty amount"),
    ),
    ("make-invoices", 31): (
        ("ERROR", "cannot convert amount '' to decimal (order 88213, row 40117 of prices-eu)"),
        ("ERROR", "step failed after 30 of 48 batches, nothing of batch 31 was written"),
    ),
}


def main() -> None:
    """Print the log."""
    chance = random.Random(20261120)
    now = datetime(2026, 11, 20, 1, 55, 3)

    def say(level: str, step: str, text: str) -> None:
        nonlocal now
        now += timedelta(milliseconds=chance.randint(40, 9000))
        print(f"{now:%Y-%m-%d %H:%M:%S}.{now.microsecond // 1000:03} {level:<5} {step}: {text}")

    def run(step: str, batches: int, things: str) -> bool:
        say("INFO", step, "begins")
        for batch in range(1, batches + 1):
            for level, text in PLANTED.get((step, batch), ()):
                say(level, step, text)
            if (step, batch) == ("make-invoices", 31):
                return False
            count = chance.randint(180, 420)
            say("INFO", step, f"batch {batch}/{batches}: {count} {things}")
            if chance.random() < 0.07:
                say("WARN", step, chance.choice(NOISE).format(chance.randint(900, 2400)))
        say("INFO", step, "ends")
        return True

    say("INFO", "nightly", f"run 4711 starts, {len(STEPS)} steps")
    failed = ""
    for step, batches, things in STEPS:
        if failed:
            say("ERROR", step, f"skipped: input of step {failed} is missing")
        elif not run(step, batches, things):
            failed = step
    say("ERROR", "nightly", "run 4711 failed: 1 step failed, 3 skipped")


if __name__ == "__main__":
    main()
