"""Protection of stateful resources from destruction."""

from __future__ import annotations

from .cdk import TerraformResourceLifecycle
from .context import Context


def lifecycle(context: Context, *create_only: str) -> TerraformResourceLifecycle | None:
    """`prevent_destroy` in a protected environment, nothing elsewhere.

    Changes of the arguments `create_only` are ignored: AWS takes them at the creation and tells
    nothing of them later, so that an import would replace the resource.
    """
    if not context.protected and not create_only:
        return None
    return TerraformResourceLifecycle(
        prevent_destroy=True if context.protected else None,
        ignore_changes=list(create_only) or None,
    )
