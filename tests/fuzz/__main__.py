"""Spoils lists of every format and has them taken in, as `make fuzz` asks: `python -m fuzz --help`.

A file that ends in anything but a known code or rows is a finding: it is kept in build/fuzz with what became of it.
"""

from __future__ import annotations

import argparse
import secrets
import sys
import time
from collections import Counter
from functools import partial
from pathlib import Path

from fuzz.cases import Case, case
from fuzz.codes import known_codes
from fuzz.taking_in import take_in
from fuzz.watch import Limits, Verdict, Watch

_KEPT = Path(__file__).parents[2] / "build" / "fuzz"


def main() -> int:
    """Run for the time that was asked for; 1 when something was found."""
    options = _options()
    _say(f"seed {options.seed}: the same files come with --seed {options.seed}")
    ends = time.monotonic() + 60 * options.minutes
    outcomes: Counter[str] = Counter()
    findings = 0
    with Watch(partial(take_in, codes=known_codes()), Limits()) as watch:
        number = options.first
        while time.monotonic() < ends and number < options.first + options.files:
            file = case(options.seed, number)
            verdict = watch.judge(file)
            outcomes[verdict.what if verdict.ended_well else "FOUND"] += 1
            if not verdict.ended_well:
                findings += 1
                _keep(file, verdict)
            number += 1
    _say("\n".join(f"{times:>8,} {what}" for what, times in outcomes.most_common()))
    return min(findings, 1)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="make fuzz", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--minutes", type=float, default=10, help="how long (default: 10)")
    parser.add_argument("--seed", type=int, default=secrets.randbits(32), help="draws the files (default: any)")
    parser.add_argument("--first", type=int, default=0, help="the number of the first file (default: 0)")
    parser.add_argument("--files", type=int, default=sys.maxsize, help="how many at most")
    return parser.parse_args()


def _keep(file: Case, verdict: Verdict) -> None:
    _KEPT.mkdir(parents=True, exist_ok=True)
    (_KEPT / file.name).write_bytes(file.content)
    (_KEPT / f"{file.name}.txt").write_text(f"{file.options}\n\n{verdict.what}\n")
    _say(f"FOUND {_KEPT / file.name}: {verdict.what.strip().splitlines()[-1]}")


def _say(words: str) -> None:
    sys.stdout.write(f"{words}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
