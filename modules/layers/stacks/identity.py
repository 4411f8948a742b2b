"""The identity layer."""

from __future__ import annotations

from ...cdk import Construct
from ...context import Context
from ...identity.construct import Roles
from ...identity.spec import Identity
from ...layer import Layer
from ...target import Target


class IdentityLayer(Layer):
    """The roles that every other layer is deployed and planned with.

    It makes the roles, so it cannot assume them: it works with the caller's credentials.
    """

    def __init__(
        self, scope: Construct, *, context: Context, spec: Identity, target: Target
    ) -> None:
        super().__init__(scope, "identity", context=context, target=target, assume=False)
        self.roles = Roles(self, "roles", context=context, spec=spec)
