"""Runner of a peer's workload (Procrastinate, DBOS), in the environment that has it.

python -m bench.peer procrastinate fill 1000
python -m bench.peer procrastinate work
"""

import sys
from importlib import import_module

if __name__ == "__main__":
    name, act, *number = sys.argv[1:]
    getattr(import_module(f"bench.peer_{name}"), act)(*map(int, number))
