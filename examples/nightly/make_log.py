"""Writes `nightly.log`: one night of a batch job, with one real cause for its failure.

The story in it: the price import at 02:10 took a file with decimal commas and no currency for 1,131
of its rows; nothing complained until the invoice step at 03:41 could not convert an empty amount,
after which every later step failed for want of its input. Same seed, same log.

    python examples/nightly/make_log.py > examples/nightly/nightly.log
"""

import random
from datetime import datetime, timedelta

STEPS = (
    ("fetch-orders", 14, "orders"),
    ("fetch-stock", 9, "items"),
    ("import-prices", 22, "prices"),
    ("match-customers", 31, "customers"),
    ("build-index", 18, "documents"),
    ("make-invoices", 26, "invoices"),
    ("render-pdf", 21, "files"),
    ("send-mail", 12, "letters"),
    ("archive", 7, "files"),
)


def main() -> None:
    """Print the log."""
    chance = random.Random(20261120)
    now = datetime(2026, 11, 20, 1, 55, 3)

    def say(level: str, step: str, text: str) -> None:
        nonlocal now
        now += timedelta(milliseconds=chance.randint(40, 9000))
        print(f"{now:%Y-%m-%d %H:%M:%S}.{now.microsecond // 1000:03} {level:<5} {step}: {text}")

    say("INFO", "nightly", "run 4711 starts, 9 steps")
    failed = ""
    for step, batches, things in STEPS:
        if failed:
            say("ERROR", step, f"skipped: input of step {failed} is missing")
            continue
        say("INFO", step, "begins")
        for batch in range(1, batches + 1):
            count = chance.randint(180, 420)
            say("INFO", step, f"batch {batch}/{batches}: {count} {things}")
            if chance.random() < 0.06:
                say(
                    "WARN",
                    step,
                    f"slow answer of storage, {chance.randint(900, 2400)} ms, retried once",
                )
            if step == "import-prices" and batch == 9:
                say(
                    "INFO",
                    step,
                    "opens supplier file prices-eu-20261120.csv, delimiter ; (guessed)",
                )
            if step == "import-prices" and batch == 11:
                say("WARN", step, "1131 rows have no currency, kept with empty amount")
            if step == "make-invoices" and batch == 17:
                say(
                    "ERROR",
                    step,
                    "cannot convert amount '' to decimal (order 88213, price row 40117)",
                )
                say(
                    "ERROR",
                    step,
                    "step failed after 16 of 26 batches, nothing of batch 17 was written",
                )
                failed = step
                break
        if not failed:
            say("INFO", step, "ends")
    say("ERROR", "nightly", "run 4711 failed: 1 step failed, 3 skipped")


if __name__ == "__main__":
    main()
