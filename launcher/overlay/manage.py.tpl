#!/usr/bin/env python
"""Every command of Arrivals, with Acme's settings: manage.py up, web, worker, beat, migrate, …"""

import os
import runpy
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
ARRIVALS = Path(os.environ.get("ARRIVALS_CHECKOUT", "@arrivals@"))


def main() -> None:
    """Run the manage.py of the Arrivals that this overlay lies on; what that starts has these settings, too."""
    if not (ARRIVALS / "config" / "settings.py").exists():
        sys.exit(f"There is no Arrivals in {ARRIVALS}: name its folder as ARRIVALS_CHECKOUT.")
    os.environ["DJANGO_SETTINGS_MODULE"] = "acme.settings"
    paths = [str(HERE), str(ARRIVALS), *filter(None, [os.environ.get("PYTHONPATH")])]
    os.environ["PYTHONPATH"] = os.pathsep.join(dict.fromkeys(paths))
    sys.path[:0] = [str(HERE), str(ARRIVALS)]
    runpy.run_path(str(ARRIVALS / "manage.py"), run_name="__main__")


if __name__ == "__main__":
    main()
