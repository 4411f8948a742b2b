"""The environment's KMS key."""

from __future__ import annotations

from collections.abc import Sequence

from ..cdk import Construct
from ..context import Context
from ..iam.policy import allow, document
from ..protect import lifecycle

from cdktf_cdktf_provider_aws.kms_alias import KmsAlias
from cdktf_cdktf_provider_aws.kms_key import KmsKey


class Key(Construct):
    """A customer-managed key with yearly rotation, usable by the account and by its logs.

    `read_accounts` may decrypt with it what they read from S3.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        context: Context,
        purpose: str,
        read_accounts: Sequence[str] = (),
        given: str | None = None,
    ) -> None:
        """`given` is the ARN of a key that exists, which takes its place. Default: None."""
        super().__init__(scope, id)
        self.name = context.name(id)
        if given is not None:
            self.arn = given
            return
        logs = f"logs.{context.region}.{context.dns_suffix}"
        readers = [
            allow(
                ["kms:Decrypt", "kms:DescribeKey"],
                "*",
                sid="ArtifactsReadByNamedAccounts",
                principal={"AWS": context.account_roots(read_accounts)},
                conditions={
                    "StringEquals": {"kms:ViaService": f"s3.{context.region}.{context.dns_suffix}"}
                },
            )
        ]
        resource = KmsKey(
            self,
            "key",
            description=purpose,
            enable_key_rotation=True,
            deletion_window_in_days=30,
            policy=document(
                allow(
                    "kms:*",
                    "*",
                    sid="AccountAdministersByIam",
                    principal={"AWS": context.arn("iam", "root")},
                ),
                allow(
                    [
                        "kms:Decrypt*",
                        "kms:Describe*",
                        "kms:Encrypt*",
                        "kms:GenerateDataKey*",
                        "kms:ReEncrypt*",
                    ],
                    "*",
                    sid="LogGroupsOfThisAccount",
                    principal={"Service": logs},
                    conditions={
                        "ArnLike": {
                            "kms:EncryptionContext:aws:logs:arn": context.arn("logs", "log-group:*")
                        }
                    },
                ),
                *(readers if read_accounts else []),
            ),
            lifecycle=lifecycle(context),
        )
        self.arn = resource.arn
        KmsAlias(self, "alias", name=f"alias/{self.name}", target_key_id=resource.key_id)
