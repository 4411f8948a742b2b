"""Protection of stateful resources from destruction."""

from __future__ import annotations

from .cdk import TerraformResourceLifecycle
from .context import Context


def lifecycle(context: Context) -> TerraformResourceLifecycle | None:
    """`prevent_destroy` in a protected environment, nothing elsewhere."""
    return TerraformResourceLifecycle(prevent_destroy=True) if context.protected else None
