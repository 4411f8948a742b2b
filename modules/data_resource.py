"""`terraform_data`, Terraform's built-in resource that only holds values."""

from __future__ import annotations

from typing import Any

from .cdk import Construct, TerraformResource


class TerraformData(TerraformResource):
    """A `terraform_data` that other resources can be replaced with, or that keeps a value.

    With `keeps_input` a new value is taken only when `triggers_replace` changes.

    cdktf's own class runs `terraform version` for each one at synthesis, a tenth of a second a
    time, and fails where Terraform is not installed.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        input: Any = None,
        triggers_replace: Any = None,
        keeps_input: bool = False,
    ) -> None:
        super().__init__(scope, id, terraform_resource_type="terraform_data")
        if input is not None:
            self.add_override("input", input)
        if triggers_replace is not None:
            self.add_override("triggers_replace", triggers_replace)
        if keeps_input:
            self.add_override("lifecycle.ignore_changes", ["input"])

    @property
    def output(self) -> str:
        """What its input was when it was made or, without `keeps_input`, is."""
        return f"${{{self.address}.output}}"

    @property
    def address(self) -> str:
        """The plain address, which `replace_triggered_by` takes."""
        return f"terraform_data.{self.friendly_unique_id}"
