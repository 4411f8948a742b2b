"""Several environments at a time: a failure leaves what stands on it, a kill leaves what recover repairs."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterator, Mapping

import pytest

from inferform_emulator.process import Emulator
from ops.errors import OperatorError
from ops.state import States
from tests.provider import OWN
from tests.waiting import wait_until

from .inventory import Account, recorded
from .program import LASTING, Life

pytestmark = pytest.mark.story("each test begins with the stacks that the one before it left")

TEXT = """
from inferform import *

def environment(stage, account, vpc="vpc-1", subnet="subnet-1"):
    return Environment(
        context=Context(organization="acme", stage=stage, account=account, region="us-east-1", owner="ml",
            deploy_role="inferform-deploy"),
        network=NetworkOutputs(vpc_id=vpc, vpc_cidr="10.0.0.0/16", private_subnet_ids=[subnet],
            public_subnet_ids=[], s3_prefix_list_id="pl-1"),
        registry=Registry(repositories={"fraud": Repository()}),
        inference=Inference(endpoints={"fraud": ServerlessEndpoint(
            model=Model(image=Image(repository="fraud", tag="1")), memory_mib=2048, max_concurrency=2)}),
    )

"""
ACCOUNTS = {"red": "111122223333", "green": "222233334444", "blue": "333344445555"}
KEYS = tuple(f"{stage}-use1" for stage in ACCOUNTS)
STACKS = [f"{key}-{layer}" for key in KEYS for layer in ("registry", "inference")]
STRUCK = {"account": ACCOUNTS["green"], "count": LASTING}


def text(made: Mapping[str, tuple[str, ...]]) -> str:
    """The environments in the networks that were made for them."""
    lines = [
        f"{stage} = environment(*{(stage, ACCOUNTS[stage], *network)})"
        for stage, network in made.items()
    ]
    return "\n".join([TEXT, *lines])


class Several(Life):
    """Three environments, each of two stacks in an account of its own."""

    def held(self, stack: str) -> bool:
        """Whether a stack has something, all of which its account has too."""
        key, layer = stack.rsplit("-", 1)
        state = States(self.aws(key)).read(layer)
        found = set() if state is None else recorded(state)
        assert found <= Account(self.aws(key)).held()
        return bool(found)

    def locked(self) -> list[str]:
        """The stacks whose states are locked."""
        return [
            f"{key}-{layer}"
            for key in KEYS
            for layer in ("registry", "inference")
            if States(self.aws(key)).lock(layer)
        ]

    def killed(self, work: Callable[[], object]) -> None:
        """Work in a process group that is killed, whole, while the last fault holds it up."""
        sys.stdout.flush()
        pid = os.fork()
        if not pid:
            os.setsid()
            quiet = os.open(os.devnull, os.O_RDWR)
            for descriptor in (0, 1, 2):
                os.dup2(quiet, descriptor)
            # A provider of its own, that dies with it, and attempts for as long as it takes.
            os.environ.update(OWN | {"AWS_MAX_ATTEMPTS": "99"})
            work()
            os._exit(0)
        assert wait_until(lambda: bool(self.hits()[-1]))
        os.killpg(pid, signal.SIGKILL)
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == -signal.SIGKILL


@pytest.fixture(scope="module")
def life(emulator: Emulator, tmp_path_factory: pytest.TempPathFactory) -> Several:
    life = Several(tmp_path_factory.mktemp("several"), emulator)
    made: dict[str, tuple[str, ...]] = dict.fromkeys(ACCOUNTS, ())
    life.write(text(made), "all")
    for key, stage in zip(KEYS, ACCOUNTS, strict=True):
        life.bootstrap(key)
        ec2 = Account(life.aws(key)).client("ec2")
        vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.0.0/24")["Subnet"]["SubnetId"]
        made[stage] = (vpc, subnet)
    life.write(text(made), "all")
    return life


@pytest.fixture(autouse=True)
def mended(life: Several) -> Iterator[None]:
    yield
    life.mend()


def test_a_deploy_that_fails_in_one_environment_goes_on_in_the_others(life: Several) -> None:
    life.fault(kind="access-denied", operation="CreateRepository", **STRUCK)
    with pytest.raises(OperatorError) as caught:
        life.deploy("*")
    said = str(caught.value)
    assert "green-use1-registry: failed" in said
    assert "green-use1-inference: not started" in said
    for key in ("red-use1", "blue-use1"):
        assert f"{key}-registry: applied" in said
        assert f"{key}-inference: applied" in said
    assert "inferform deploy green-use1-registry green-use1-inference --emulator" in said
    assert [stack for stack in STACKS if not life.held(stack)] == ["green-use1-inference"]
    life.mend()
    assert {run.name: run.status for run in life.deploy("green-*").stacks} == {
        "green-use1-registry": "applied",
        "green-use1-inference": "applied",
    }
    assert life.locked() == []
    assert {stack: life.plan_status(stack) for stack in STACKS} == dict.fromkeys(STACKS, 0)


def test_a_destroy_that_fails_in_one_environment_goes_on_in_the_others(life: Several) -> None:
    life.fault(kind="access-denied", operation="DeleteEndpoint", **STRUCK)
    with pytest.raises(OperatorError) as caught:
        life.destroy("*")
    said = str(caught.value)
    assert "green-use1-inference was not destroyed" in said
    assert "DeleteEndpoint" in said
    assert "green-use1-registry was not" not in said
    assert [stack for stack in STACKS if life.held(stack)] == [
        "green-use1-registry",
        "green-use1-inference",
    ]
    life.mend()
    left = {stack for stack in STACKS if stack.startswith("green")}
    assert left <= {*life.destroy("*")}
    assert [stack for stack in STACKS if life.held(stack)] == []


@pytest.mark.parametrize("work", ["deploy", "destroy"])
def test_every_state_of_a_run_that_was_killed_can_be_repaired(life: Several, work: str) -> None:
    operation = {"deploy": "CreateModel", "destroy": "DeleteModel"}[work]
    if work == "deploy":
        life.stack(STACKS[0])
    # AWS does what is asked for, and Terraform does not hear of it.
    life.fault(kind="drop-answer", operation=operation, count=3)
    life.fault(kind="throttle", operation=operation, count=LASTING)
    again = life.deploy if work == "deploy" else life.destroy
    life.killed(lambda: again("*"))
    life.mend()
    assert life.locked()
    life.recover("*")
    assert life.locked() == []
    again("*")
    held = [stack for stack in STACKS if life.held(stack)]
    assert held == ([] if work == "destroy" else STACKS)
    if work == "deploy":
        assert {stack: life.plan_status(stack) for stack in STACKS} == dict.fromkeys(STACKS, 0)
