"""Set-up steps for measuring: two services that answer after BENCH_ANSWER seconds."""

import os
import time

ANSWER = float(os.environ.get("BENCH_ANSWER", "0"))


def first_service(account, key):
    time.sleep(ANSWER)
    return key


def second_service(account, key):
    time.sleep(ANSWER)
    return key
