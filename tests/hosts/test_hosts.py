"""A short storm over many hosts, whole; `make hosts` plays more of them, and `--long` every fault there is."""

import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from stage import Process
from stage.processes import wait_until
from tests.hosts.network import impossible

A_RUN = 330.0  # seconds, most of them for a machine that has other things to do
SOMEBODY_SERVES = """
import os, sys, time
from pathlib import Path
from tests.hosts.network import Network
from stage import Process
network = Network()
with network.host("one").inside():
    Process(["sleep", "600"], Path(os.devnull)).start()
    print("here", os.readlink("/proc/thread-self/ns/net"), flush=True)
time.sleep(600)
"""
CUT_AND_MENDED = """
import socket
from tests.hosts.network import Network
network = Network()
one, other = network.host("one"), network.host("other")
with other.inside():
    door = socket.create_server((other.address, 7000))

def try_it(patience):
    with one.inside():
        try:
            socket.create_connection((other.address, 7000), patience).close()
            print("reached")
        except TimeoutError:
            print("silence")

try_it(30)
for cut in (network.dark(one, other), network.unplugged(other)):
    with cut:
        try_it(1)
    try_it(30)
"""


@pytest.fixture(scope="module", autouse=True)
def a_lab_is_possible():
    if problem := impossible():
        pytest.skip(problem)


def cards() -> set[str]:
    return {line.split(":")[1] for line in subprocess.check_output(["ip", "-o", "link"], text=True).splitlines()}


def who_is_on(namespace: str) -> list[str]:
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            found += [process.name] * (os.readlink(process / "ns/net") == namespace)
    return found


def test_a_short_storm_loses_nobody(tmp_path):
    command = [sys.executable, "-m", "tests.hosts", "--seed", "ci", "--seconds", "26", "--rate", "2"]
    with Process(command, tmp_path / "hosts.log") as run:
        assert run.wait(A_RUN) == 0, run.output
    assert " 0 lost, 0 workspaces twice" in run.output


def test_a_cable_that_is_cut_says_nothing_and_can_be_mended(tmp_path):
    with Process([sys.executable, "-c", CUT_AND_MENDED], tmp_path / "cut.log") as lab:
        assert lab.wait(60) == 0, lab.output
    assert lab.output.split() == ["reached", "silence", "reached", "silence", "reached"]


def test_a_lab_that_is_killed_leaves_nothing(tmp_path):
    with Process([sys.executable, "-c", SOMEBODY_SERVES], tmp_path / "killed.log") as lab:
        namespace = lab.wait_for_line("here", 60).split()[1]
        assert who_is_on(namespace)
        assert not {"bridge", "one"} & {card.strip().partition("@")[0] for card in cards()}
        lab.kill9()
    wait_until(lambda: not who_is_on(namespace), 10, "the host to be empty")
