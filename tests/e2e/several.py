"""Environments of several accounts, which are deployed and destroyed side by side."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from inferform_emulator.process import Emulator
from ops.state import States
from tests.provider import OWN
from tests.waiting import gone, wait_until

from .inventory import Account, Thing, recorded
from .program import Life

LAYERS = ("registry", "inference")

_TEXT = """
from inferform import *

def environment(stage, account, vpc="vpc-1", subnet="subnet-1"):
    return Environment(
        context=Context(organization="acme", stage=stage, account=account, region="us-east-1", owner="ml",
            deploy_role="inferform-deploy"),
        network=NetworkOutputs(vpc_id=vpc, vpc_cidr="10.0.0.0/16", private_subnet_ids=[subnet],
            public_subnet_ids=[], s3_prefix_list_id="pl-1"),
        registry=Registry(repositories={"fraud": Repository()}),
        inference=Inference(endpoints={"fraud": ServerlessEndpoint(
            model=Model(image=Image(repository="fraud", tag="1")), memory_mib=MEMORY, max_concurrency=2)}),
    )

"""


class Several(Life):
    """Environments of two stacks each, in an account of its own each."""

    def __init__(self, folder: Path, emulator: Emulator, accounts: Mapping[str, str]) -> None:
        """Make their state buckets, and the networks that they stand in; `accounts` come by stage."""
        super().__init__(folder, emulator)
        self._accounts = accounts
        self.keys = tuple(f"{stage}-use1" for stage in accounts)
        self.stacks = [f"{key}-{layer}" for key in self.keys for layer in LAYERS]
        self._networks: dict[str, tuple[str, ...]] = dict.fromkeys(accounts, ())
        self.release()
        for key, stage in zip(self.keys, accounts, strict=True):
            self.bootstrap(key)
            ec2 = Account(self.aws(key)).client("ec2")
            vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
            subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.0.0/24")["Subnet"]["SubnetId"]
            self._networks[stage] = (vpc, subnet)
        self.release()
        self._before = {key: self._in_account(key) for key in self.keys}

    def release(self, memory_mib: int = 2048) -> None:
        """Write all environments with endpoints of this size."""
        lines = [
            f"{stage} = environment(*{(stage, self._accounts[stage], *network)})"
            for stage, network in self._networks.items()
        ]
        text = _TEXT.replace("MEMORY", str(memory_mib))
        self.write("\n".join([text, *lines]), "all")

    def held(self, stack: str) -> bool:
        """Whether a stack has something, all of which its account has too."""
        key, layer = stack.rsplit("-", 1)
        found = recorded(States(self.aws(key)).read(layer))
        assert found <= self._in_account(key)
        return bool(found)

    def locked(self) -> list[str]:
        """The stacks whose states are locked."""
        return [
            f"{key}-{layer}"
            for key in self.keys
            for layer in LAYERS
            if States(self.aws(key)).lock(layer)
        ]

    def settled(self, keys: Sequence[str] = ()) -> None:
        """Prove that the states of environments have what exists, that nothing else does, and that
        nothing holds them."""
        for key in keys or self.keys:
            states = States(self.aws(key))
            known = set[Thing]().union(*(recorded(states.read(layer)) for layer in LAYERS))
            there = self._in_account(key) - self._before[key]
            assert known == there, f"{key}: over {there - known}, missing {known - there}"
            assert not {f"{key}-{layer}" for layer in LAYERS} & {*self.locked()}

    def _in_account(self, key: str) -> set[Thing]:
        return Account(self.aws(key)).held()

    def killed(self, work: Callable[[], object]) -> bool:
        """Work in processes that are killed, all of them, once the last fault has struck; whether they were."""
        sys.stdout.flush()
        pid = os.fork()
        if not pid:
            try:
                os.setsid()
                quiet = os.open(os.devnull, os.O_RDWR)
                for descriptor in (0, 1, 2):
                    os.dup2(quiet, descriptor)
                # A provider of its own, that dies with it, and attempts for as long as it takes.
                os.environ.update(OWN | {"AWS_MAX_ATTEMPTS": "99"})
                work()
                os._exit(0)
            finally:
                # Whatever work has raised, this is no second run of the tests.
                os._exit(1)
        assert wait_until(lambda: bool(self.hits()[-1]) or gone(pid))
        os.killpg(pid, signal.SIGKILL)
        killed = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == -signal.SIGKILL
        # What has a terminal of its own, as Terraform by way of cdktf, ends with that a moment later.
        variables = self.program.terraform_environment()
        made = [self.stack(name) for name in self.stacks]
        assert wait_until(lambda: not any(stack.is_at_work(variables) for stack in made))
        return killed
