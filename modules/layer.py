"""Layer: one Terraform stack with its own state, provider and Outputs."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import MISSING, fields, replace
from pathlib import Path
from typing import Any, TypeVar

from .cdk import (
    Construct,
    DataTerraformRemoteStateS3,
    S3Backend,
    TerraformOutput,
    TerraformResource,
    TerraformStack,
    Token,
)
from .context import Context
from .names import logical_id
from .outputs import Outputs
from .target import Target

from cdktf_cdktf_provider_aws.iam_instance_profile import IamInstanceProfile
from cdktf_cdktf_provider_aws.iam_role import IamRole
from cdktf_cdktf_provider_aws.provider import (
    AwsProvider,
    AwsProviderAssumeRole,
    AwsProviderDefaultTags,
)

O = TypeVar("O", bound=Outputs)  # noqa: E741

TERRAFORM_VERSION = ">= 1.11.0"
"""The first version whose S3 backend locks without DynamoDB (`use_lockfile`) for good."""

OPENTOFU_VERSION = ">= 1.10.0"
"""That of OpenTofu, where TERRAFORM_BINARY_NAME names it."""


def _required_version() -> str:
    binary = Path(os.environ.get("TERRAFORM_BINARY_NAME", "")).name
    return OPENTOFU_VERSION if binary.startswith("tofu") else TERRAFORM_VERSION


def label(stack: TerraformStack, *, environment: str, layer: str) -> None:
    """Write into a stack's own metadata which environment and layer it is.

    The operator's commands read it; Terraform does not.
    """
    stack.add_override("//.metadata.inferform", {"environment": environment, "layer": layer})


class Layer(TerraformStack):
    """One stack: `{environment}-{layer}`, its state in the environment's state bucket."""

    def __init__(
        self,
        scope: Construct,
        layer: str,
        *,
        context: Context,
        target: Target,
        assume: bool = True,
    ) -> None:
        """`assume=False` works with the caller's credentials instead of a role."""
        super().__init__(scope, f"{context.key}-{layer}")
        self.context = context
        self.target = target
        self.layer = layer
        self._reads: set[str] = set()
        self._moves: dict[str, str] = {}
        self._role = target.role_arn(context) if assume else target.caller_arn(context)
        label(self, environment=context.key, layer=layer)
        self._keep_state()
        AwsProvider(
            self,
            "aws",
            region=context.region,
            allowed_account_ids=[context.account],
            assume_role=[AwsProviderAssumeRole(role_arn=self._role, session_name="inferform")]
            if self._role
            else None,
            default_tags=[AwsProviderDefaultTags(tags=context.default_tags(layer))],
        )
        for name, value in target.provider.items():
            self.add_override(f"provider.aws.0.{name}", value)
        self.add_override("terraform.required_version", _required_version())
        self.add_override("terraform.required_providers.aws.version", target.provider_version)

    def prepare_stack(self) -> None:
        """Nothing. cdktf looks for references to other stacks here, which takes as long as writing
        the stack; but values cross stacks through Outputs only."""

    def hand_up(self, outputs: Outputs) -> None:
        """Make each field of `outputs` a Terraform output of the same name, but what is not there."""
        for field in fields(outputs):
            value, empty = getattr(outputs, field.name), field.default_factory
            if value == field.default or (empty is not MISSING and value == empty()):
                continue
            TerraformOutput(self, field.name, value=value)

    def _keep_state(self) -> None:
        """The backend of the layer's own state."""
        context, backend = self.context, self.context.other_backend
        if backend is None:
            S3Backend(self, **_state(context, self.layer))
            for name, value in {**_state_overrides(self._role), **self.target.backend}.items():
                self.add_override(f"terraform.backend.s3.{name}", value)
            return
        arguments = backend.arguments(context.key, self.layer)
        place = "cloud" if backend.kind == "cloud" else f"backend.{backend.kind}"
        self.add_override(f"terraform.{place}", arguments)

    def _read_state(self, layer: str) -> None:
        """A data source of another layer's state."""
        backend = self.context.other_backend
        if backend is None:
            remote = DataTerraformRemoteStateS3(self, layer, **_state(self.context, layer))
            for name, value in {**_state_overrides(self._role), **self.target.backend}.items():
                remote.add_override(f"config.{name}", value)
            return
        kind, arguments = backend.read(self.context.key, layer)
        self.add_override(
            f"data.terraform_remote_state.{layer}", {"backend": kind, "config": arguments}
        )

    def bound_roles(self) -> None:
        """Put every role and instance profile of the layer under the Context's path, and every role
        under the Context's permissions boundary."""
        boundary = self.context.boundary_arn
        for construct in self.node.find_all():
            if isinstance(construct, IamRole) and boundary is not None:
                construct.permissions_boundary = boundary
            if isinstance(construct, IamRole | IamInstanceProfile):
                construct.path = self.context.naming.role_path

    def move(self, moves: Mapping[str, str]) -> None:
        """Make resources of the state known under other addresses: old address to new."""
        self._moves |= moves
        blocks = [{"from": old, "to": new} for old, new in self._moves.items()]
        if blocks:
            self.add_override("moved", blocks)

    def take_over(self, imports: Mapping[str, str]) -> None:
        """Take what exists into the state: the id of each by its address.

        Terraform refuses every plan that would destroy or replace one of them: the first plan of what
        somebody else made is where that happens.
        """
        blocks = [{"to": address, "id": identifier} for address, identifier in imports.items()]
        if not blocks:
            return
        self.add_override("import", blocks)
        kept = {address.partition("[")[0] for address in imports}
        for construct in self.node.find_all():
            if isinstance(construct, TerraformResource) and _address(construct) in kept:
                construct.add_override("lifecycle.prevent_destroy", True)

    def below(self, layer: str, outputs: type[O], given: O | None, **literals: Any) -> O:
        """The Outputs of a layer below: those `given`, or what its state holds beside `literals`,
        which are known before."""
        return given or replace(self.read(layer, outputs), **literals)

    def read(self, layer: str, outputs: type[O]) -> O:
        """The Outputs of a layer below, as references into its state."""
        if layer not in self._reads:
            self._reads.add(layer)
            self._read_state(layer)
        values: dict[str, Any] = {}
        for field in fields(outputs):
            # How many there are must be known when resources are made of each.
            if field.metadata.get("is_literal"):
                continue
            reference = f"data.terraform_remote_state.{layer}.outputs.{field.name}"
            kind = str(field.type).partition("[")[0]
            if kind == "Mapping":
                values[field.name] = _Entries(reference)
            else:
                whole = f"${{{reference}}}"
                values[field.name] = Token.as_list(whole) if kind == "list" else whole
        return outputs(**values)


class _Entries(dict[str, str]):
    """A map in another layer's state: each key that is asked for is a reference of its own."""

    def __init__(self, reference: str) -> None:
        super().__init__()
        self._reference = reference

    def __missing__(self, key: str) -> str:
        return f'${{{self._reference}["{key}"]}}'


def _state(context: Context, layer: str) -> dict[str, Any]:
    return {
        "bucket": context.state_bucket,
        "key": context.state_key(layer),
        "region": context.state_region,
        "encrypt": True,
        **(context.states.encryption if context.states else {}),
    }


def _state_overrides(role: str | None) -> dict[str, Any]:
    """What cdktf's S3Backend has no argument for."""
    overrides: dict[str, Any] = {"use_lockfile": True}
    if role:
        overrides["assume_role"] = {"role_arn": role, "session_name": "inferform"}
    return overrides


def known_beside(entries: Mapping[str, str], values: Mapping[str, str]) -> dict[str, str]:
    """Entries of a map in another layer's state, of which some are known before that."""
    made = _Entries(entries._reference) if isinstance(entries, _Entries) else dict(entries)
    made.update(values)
    return made


def was(resource: TerraformResource, id: str) -> None:
    """Say under which id a resource stood in its construct before, so that a state keeps it."""
    stack = TerraformStack.of(resource)
    if isinstance(stack, Layer):
        path = resource.node.path.removeprefix(f"{stack.node.path}/").split("/")
        old = logical_id([*path[:-1], id])
        stack.move({f"{resource.terraform_resource_type}.{old}": _address(resource)})


def _address(resource: TerraformResource) -> str:
    return f"{resource.terraform_resource_type}.{resource.friendly_unique_id}"
