"""Makes tries by hand: ``python -m tests.chaos --tries 200 --seed 1``, or one of them again by its seed."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from tests.chaos.tries import FAULTS, Chaos


def main() -> int:
    """Make tries with consecutive seeds; 1 where one was lost."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--seed", type=int, default=1, help="of the first try; the others count on from it")
    parser.add_argument("--tries", type=int, default=50)
    parser.add_argument("--only", nargs="+", choices=FAULTS, default=[], help="only these faults")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="chaos-") as folder:
        tally = Chaos(Path(folder)).make(range(given.seed, given.seed + given.tries), given.only, report=True)
    print(tally.say())
    return 1 if tally.losses else 0


if __name__ == "__main__":
    sys.exit(main())
