"""Where Terraform keeps the states of an environment, instead of the state bucket in S3.

Each Spec has the arguments of Terraform's backend by their own names. Credentials are no
arguments: each backend takes them from the variables that its documentation names.
"""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

from .places import KeyArn, Region
from .rules import rule
from .spec import Check, Matches, Spec, is_bucket_name, is_s3_key

BCK1 = rule(
    "BCK1",
    refuses="an argument of a backend that is empty or has white space",
    message="must be a name without white space",
    source="Terraform language, backends",
)
BCK2 = rule(
    "BCK2",
    refuses="the address of an http backend that is no URL, or holds credentials or a query",
    message="must be an https URL without credentials, such as "
    "https://gitlab.example.com/api/v4/projects/42/terraform/state",
    source="Terraform language, http backend; GitLab documentation, GitLab-managed Terraform state",
)

BCK3 = rule(
    "BCK3",
    refuses="a state bucket or a prefix of states that S3 does not take",
    message="must be {what}, such as {example}",
    source="Amazon S3 user guide, bucket naming rules, naming Amazon S3 objects",
)

BCK4 = rule(
    "BCK4",
    refuses="a state bucket in another partition, or a key of states in another Region than their bucket",
    message="is in {other}; {remedy}",
    source="AWS General Reference, Amazon Resource Names (credentials belong to one partition); Amazon S3 "
    "user guide, specifying server-side encryption with AWS KMS (key and bucket in one Region)",
)

_Word = Annotated[str, Check(BCK1, lambda text: bool(text) and not any(map(str.isspace, text)))]


class Backend(Spec):
    """A backend; `environment` is the key of an environment, `layer` the name of a layer."""

    kind: ClassVar[str]
    """Terraform's name of it: `gcs`."""

    def arguments(self, environment: str, layer: str) -> dict[str, Any]:
        """The arguments for the state of a layer."""
        raise NotImplementedError

    def read(self, environment: str, layer: str) -> tuple[str, dict[str, Any]]:
        """The backend by which other layers read that state, and its arguments."""
        return self.kind, self.arguments(environment, layer)

    def _given(self, *left_out: str) -> dict[str, Any]:
        """The fields that are set, as arguments."""
        fields = {name: getattr(self, name) for name in type(self).model_fields}
        return {
            name: value
            for name, value in fields.items()
            if value is not None and name not in left_out
        }


class S3Backend(Spec):
    """A bucket of states in S3 that somebody else made and looks after.

    `inferform bootstrap` leaves it alone, and preflight says what it lacks.
    """

    bucket: Annotated[
        str,
        Check(
            BCK3, is_bucket_name, lambda _: {"what": "a bucket's name", "example": "acme-terraform"}
        ),
    ]
    """The bucket's name. It may be another account's, whose policy lets the deploy and plan roles in."""

    prefix: Annotated[
        str,
        Check(
            BCK3,
            lambda text: (
                not text or (is_s3_key(text) and not text.endswith("/") and "*" not in text)
            ),
            lambda _: {
                "what": "the beginning of keys without a slash at its ends",
                "example": "ml",
            },
        ),
    ] = ""
    """What the keys of states begin with, before a slash: `ml` for
    `ml/dev-use1/network.tfstate`. Default: nothing."""

    region: Region | None = None
    """The bucket's Region. Default: None, the environment's own."""

    kms_key: KeyArn | None = None
    """The KMS key that encrypts states and locks, by ARN, in the bucket's Region. Name it where the bucket
    has such a key by default, or takes nothing else: Terraform asks for the encryption of each state by
    itself. Default: None, S3's own keys (SSE-S3)."""

    @property
    def encryption(self) -> dict[str, str]:
        """The argument of Terraform's backend that names the key, where there is one."""
        return {"kms_key_id": self.kms_key} if self.kms_key else {}


class CloudBackend(Backend):
    """HCP Terraform or Terraform Enterprise: a workspace for each layer, `dev-use1-registry`.

    Set each workspace to local execution: deploys run where the command runs. The token comes from
    `terraform login` or TF_TOKEN_app_terraform_io.
    """

    organization: _Word
    """The organization."""

    hostname: _Word | None = None
    """The host of Terraform Enterprise. Default: None, app.terraform.io."""

    project: _Word | None = None
    """The project of new workspaces. Default: None, the organization's default project."""

    kind = "cloud"

    def arguments(self, environment: str, layer: str) -> dict[str, Any]:
        """The `cloud` block."""
        workspaces = {"name": f"{environment}-{layer}"}
        if self.project is not None:
            workspaces["project"] = self.project
        return {**self._given("project"), "workspaces": workspaces}

    def read(self, environment: str, layer: str) -> tuple[str, dict[str, Any]]:
        """By the backend `remote`, as a cloud block has no remote state."""
        workspaces = {"name": f"{environment}-{layer}"}
        return "remote", {**self._given("project"), "workspaces": workspaces}


class GcsBackend(Backend):
    """A bucket of Google Cloud Storage: `{prefix}/{environment}/{layer}`."""

    bucket: _Word
    """The bucket."""

    prefix: _Word | None = None
    """The folder in it. Default: None, the bucket itself."""

    impersonate_service_account: _Word | None = None
    """The service account to act as. Default: None, the caller's own."""

    kms_encryption_key: _Word | None = None
    """The Cloud KMS key of the states. Default: None, the bucket's."""

    kind = "gcs"

    def arguments(self, environment: str, layer: str) -> dict[str, Any]:
        """Each state has a prefix of its own."""
        prefix = "/".join(filter(None, [self.prefix, environment, layer]))
        return {**self._given(), "prefix": prefix}


class AzurermBackend(Backend):
    """A container of Azure Blob Storage: `{environment}/{layer}.tfstate`."""

    resource_group_name: _Word
    """The resource group of the storage account."""

    storage_account_name: _Word
    """The storage account."""

    container_name: _Word
    """The container."""

    subscription_id: _Word | None = None
    """The subscription. Default: None, ARM_SUBSCRIPTION_ID."""

    tenant_id: _Word | None = None
    """The tenant. Default: None, ARM_TENANT_ID."""

    use_azuread_auth: bool | None = None
    """Whether Entra ID takes the place of the account's key. Default: None, ARM_USE_AZUREAD."""

    use_oidc: bool | None = None
    """Whether a token of a pipeline is used. Default: None, ARM_USE_OIDC."""

    kind = "azurerm"

    def arguments(self, environment: str, layer: str) -> dict[str, Any]:
        """Each state has a key of its own."""
        return {**self._given(), "key": f"{environment}/{layer}.tfstate"}


class HttpBackend(Backend):
    """A server of states by HTTP, such as GitLab's: `{address}/{environment}-{layer}`.

    User and password come from TF_HTTP_USERNAME and TF_HTTP_PASSWORD.
    """

    address: Annotated[str, Matches(BCK2, r"https://[\w.-]+(:\d+)?(/[\w.~%-]+)*")]
    """The URL under which the states are."""

    lock_method: _Word = "POST"
    """How a lock is taken, at `{state}/lock`. Default: POST, as GitLab has it."""

    unlock_method: _Word = "DELETE"
    """How it is given back. Default: DELETE, as GitLab has it."""

    retry_wait_min: int | None = None
    """Seconds between attempts at least. Default: None, Terraform's, 1."""

    kind = "http"

    def arguments(self, environment: str, layer: str) -> dict[str, Any]:
        """Each state has an address of its own, with its lock beside it."""
        address = f"{self.address}/{environment}-{layer}"
        lock = f"{address}/lock"
        return {
            **self._given(),
            "address": address,
            "lock_address": lock,
            "unlock_address": lock,
        }

    def read(self, environment: str, layer: str) -> tuple[str, dict[str, Any]]:
        """Without locks, which reading needs none of."""
        return self.kind, {"address": f"{self.address}/{environment}-{layer}"}


class LocalBackend(Backend):
    """Files on this machine: `{path}/{environment}/{layer}.tfstate`. For one person alone."""

    path: Annotated[str, Check(BCK1, bool)]
    """The folder, absolute or from the stack's folder, `cdktf.out/stacks/NAME`."""

    kind = "local"

    def arguments(self, environment: str, layer: str) -> dict[str, Any]:
        """Each state is a file of its own."""
        return {"path": f"{self.path.rstrip('/')}/{environment}/{layer}.tfstate"}
