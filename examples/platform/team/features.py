"""A kind of Lark's own: a table of features that models look up."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from inferform.names import Name
from inferform.own import OwnService, OwnSurroundings
from inferform.service import Place

if TYPE_CHECKING:
    from inferform.cdk import Construct


class FeatureTable(OwnService):
    """A table of DynamoDB, encrypted by the environment's key."""

    key: str
    """The attribute that rows are looked up by."""

    sort = "features"
    words = "feature table"

    def resource(self, place: Place) -> tuple[str, str]:
        """The table."""
        return "aws_dynamodb_table", place.environment.context.name(place.name)

    def names(self, place: Place) -> Iterator[Name]:
        """Its own."""
        yield Name("aws_dynamodb_table", place.environment.context.name(place.name))

    def build(self, scope: Construct, name: str, surroundings: OwnSurroundings) -> None:
        """The table, which refuses to be destroyed in production."""
        from cdktf_cdktf_provider_aws.dynamodb_table import (
            DynamodbTable,
            DynamodbTableAttribute,
            DynamodbTablePointInTimeRecovery,
            DynamodbTableServerSideEncryption,
        )

        DynamodbTable(
            scope,
            "table",
            name=surroundings.context.name(name),
            billing_mode="PAY_PER_REQUEST",
            hash_key=self.key,
            attribute=[DynamodbTableAttribute(name=self.key, type="S")],
            point_in_time_recovery=DynamodbTablePointInTimeRecovery(enabled=True),
            server_side_encryption=DynamodbTableServerSideEncryption(
                enabled=True, kms_key_arn=surroundings.registry.kms_key_arn
            ),
            deletion_protection_enabled=surroundings.context.protected,
        )
