"""Celery, sleeping by select(): libfaketime refuses Python's own sleep once the clock it shows was changed."""

import select
import sys
import time

from celery.__main__ import main


def sleep(seconds) -> None:
    select.select([], [], [], seconds)


if __name__ == "__main__":
    time.sleep = sleep
    sys.exit(main())
