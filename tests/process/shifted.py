"""The command line of a node whose wall clock a test moves: GATEPOST's own, but for `host.clock`.

    python -m tests.process.shifted FILE --home DIR start

FILE holds the shift in milliseconds; it is looked at whenever the node asks for the time.
"""

import sys
from pathlib import Path

from gatepost.cli.app import main
from gatepost.host import clock

if __name__ == "__main__":
    shift, true_time = Path(sys.argv[1]), clock.wall
    clock.wall = lambda: true_time() + int(shift.read_text())
    clock.LoopClock.now = staticmethod(clock.wall)
    sys.exit(main(sys.argv[2:]))
