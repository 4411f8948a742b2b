"""What tests/emulators.py promises: an emulator is as new, and is gone when its block ends."""

from __future__ import annotations

import subprocess
import sys

from inferform_emulator.process import Emulator
from tests import emulators
from tests.conftest import ROOT
from tests.e2e.hosting import client
from tests.waiting import gone, wait_until


def group(emulator: Emulator) -> str:
    """The id of a new security group."""
    made = client(emulator, "ec2").create_security_group(GroupName="a", Description="a")
    return str(made["GroupId"])


def test_two_at_once_know_nothing_of_each_other_and_the_next_one_has_an_address_again() -> None:
    with emulators.serve() as first, emulators.serve() as second:
        assert first.port != second.port
        assert first.control("GET", "health")["instance"] == first.instance
        assert second.control("GET", "health")["pid"] == second.pid
        client(first, "sqs").create_queue(QueueName="queue")
        assert "QueueUrls" not in client(second, "sqs").list_queues()
        assert group(first) != group(second)
        assert "CreateQueue" not in second.log.read_text("utf-8")
    assert gone(first.pid)
    assert gone(second.pid)
    with emulators.serve() as third:
        assert third.port in (first.port, second.port)
        assert third.instance not in (first.instance, second.instance)
        assert "QueueUrls" not in client(third, "sqs").list_queues()


def test_an_emulator_ends_with_a_process_of_tests_that_is_killed() -> None:
    serving = (
        "from tests import emulators; import sys\n"
        "with emulators.serve() as running: print(running.pid, flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", serving],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as killed:
        assert killed.stdout is not None
        pid = int(killed.stdout.readline())
        assert not gone(pid)
        killed.kill()
    assert wait_until(lambda: gone(pid))
