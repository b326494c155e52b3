"""One seeded storm in the lab, and one line of figures. Ends with 1 if it lost, doubled or broke anything.

python -m tests.hosts [--seed 1] [--seconds 40] [--rate 4] [--long] [--old CHECKOUT]
python -m tests.hosts --only database_read_only,database_read_only --stretch 2 --rate 8
"""

import os
import shutil
import signal
import sys
import tempfile
import time
from argparse import ArgumentParser, Namespace
from pathlib import Path

from stage.processes import wait_until
from tests.hosts.crowd import Crowd
from tests.hosts.figures import arrived, figures, missing
from tests.hosts.lab import Lab
from tests.hosts.network import NoLab
from tests.hosts.storm import drawn, named, play

PATIENCE = 120.0  # seconds after the storm in which everybody must have arrived


def main(asked: Namespace) -> int:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    os.environ["no_proxy"] = "*"  # there is nobody between these hosts
    folder = Path(tempfile.mkdtemp(prefix="arrivals-hosts-"))
    held = False
    try:
        held = storm(Lab(folder, asked.old), asked)
    except NoLab as problem:
        sys.exit(str(problem))
    finally:
        if held or not asked.keep:
            shutil.rmtree(folder, ignore_errors=True)
        else:
            print(f"What each host said is in {folder}")
    return 0 if held else 1


def storm(lab: Lab, asked: Namespace) -> bool:
    faults = named(asked.only) if asked.only else drawn(asked.seed, asked.seconds, asked.long, bool(asked.old))
    with lab.running():
        crowd = Crowd([lab.site("web1"), lab.site("web2")], asked.rate)
        with crowd.coming():
            play(lab, asked.seed, faults, asked.stretch)
        seconds = calm(lab, crowd)
        found = figures(lab, crowd)
        names = ", ".join(fault.__name__.replace("_", " ") for fault in faults)
        print(f"seed {asked.seed}: {found}; all done {seconds:.1f} s after the storm; {names}", flush=True)
        for words in [*missing(lab, crowd), *(f"500 at {page.path}: {page.text[:200]}" for page in crowd.broken)]:
            print(f"  {words}")
        lab.close()
    return found.hold()


def calm(lab: Lab, crowd: Crowd) -> float:
    """Until everybody who was promised it has arrived, or patience ends: the figures say which."""
    began = time.monotonic()
    try:
        wait_until(lambda: arrived(lab, crowd) == len(crowd.promised), PATIENCE, "everybody")
    except TimeoutError:
        print(f"Not everybody had arrived after {PATIENCE:.0f} s.")
    return time.monotonic() - began


def words() -> Namespace:
    parser = ArgumentParser(prog="python -m tests.hosts", description=__doc__)
    parser.add_argument("--seed", default="1", help="decides which faults, in which order, on whom, for how long")
    parser.add_argument("--seconds", type=float, default=40, help="about so long the storm lasts")
    parser.add_argument("--rate", type=float, default=4, help="people a second")
    parser.add_argument("--long", action="store_true", help="every fault there is, in some three minutes")
    parser.add_argument("--only", default="", help="these faults, separated by commas, in this order")
    parser.add_argument("--stretch", type=float, default=1.0, help="how much longer than usual each lasts")
    parser.add_argument("--old", type=Path, help="a checkout of an older release, run by half of the hosts at first")
    parser.add_argument("--keep", action="store_true", help="keeps what the hosts said where something was wrong")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main(words()))
