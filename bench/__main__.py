"""Runner of all benchmarks, or of those named: each in a process of its own, one after another.

python -m bench [rates drain latency sweep recovery scale …]
"""

import subprocess
import sys
from importlib.util import find_spec

NAMES = [
    *("rates", "drain", "latency", "sweep", "audit", "recovery", "signup", "scale", "sockets"),
    *("enumeration", "desk", "desk_simulation"),
]


def main(names: list[str]) -> int:
    present = [name for name in names or NAMES if find_spec(f"bench.{name}")]
    if missing := set(names) - set(present):
        sys.exit(f"No benchmark is called {', '.join(sorted(missing))}; there are {', '.join(NAMES)}.")
    failed = [name for name in present if subprocess.run([sys.executable, *how(name)]).returncode]
    if failed:
        print(f"\nBroke: {', '.join(failed)}")
    return len(failed)


def how(name: str) -> list[str]:
    """Enumeration is measured inside a test, on the throw-away servers that tests have."""
    return ["-m", "pytest", "-q", f"bench/{name}.py"] if name == "enumeration" else ["-m", f"bench.{name}"]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
