"""The one door to cdktf and constructs; importing it makes the provider bindings load fast.

Every construct imports this before any `cdktf_cdktf_provider_aws` submodule, an order that the
linter's import sections keep.
"""

from collections.abc import Sequence

from .bindings import install

install()

from cdktf import (  # noqa: E402 - only after install()
    App,
    DataTerraformRemoteStateS3,
    DefaultTokenResolver,
    Fn,
    ITerraformDependable,
    Postcondition,
    S3Backend,
    StringConcat,
    TerraformLocal,
    TerraformOutput,
    TerraformResource,
    TerraformResourceLifecycle,
    TerraformStack,
    Token,
    Tokenization,
)
from constructs import Construct  # noqa: E402

__all__ = [
    "App",
    "Construct",
    "DataTerraformRemoteStateS3",
    "Fn",
    "ITerraformDependable",
    "Postcondition",
    "S3Backend",
    "TerraformLocal",
    "TerraformOutput",
    "TerraformResource",
    "TerraformResourceLifecycle",
    "TerraformStack",
    "Token",
    "resolved",
]


def resolved(scope: Construct, texts: Sequence[str]) -> list[str]:
    """Texts with references in them as Terraform writes them."""
    found = Tokenization.resolve(
        [*texts],
        scope=scope,
        preparing=False,
        resolver=DefaultTokenResolver(StringConcat()),
    )
    return [*found]
