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

    `read_accounts` may decrypt with it what they read from S3, `write_accounts` encrypt what they write
    there too.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        context: Context,
        purpose: str,
        read_accounts: Sequence[str] = (),
        write_accounts: Sequence[str] = (),
        given: str | None = None,
    ) -> None:
        """`given` is the ARN of a key that exists, which takes its place. Default: None."""
        super().__init__(scope, id)
        self.name = context.name(id)
        if given is not None:
            self.arn = given
            return
        logs = f"logs.{context.region}.{context.dns_suffix}"
        through_s3 = {
            "StringEquals": {"kms:ViaService": f"s3.{context.region}.{context.dns_suffix}"}
        }
        others = [
            allow(
                actions,
                "*",
                sid=f"Artifacts{does}ByNamedAccounts",
                principal={"AWS": context.account_roots(accounts)},
                conditions=through_s3,
            )
            for does, actions, accounts in (
                ("Read", ["kms:Decrypt", "kms:DescribeKey"], read_accounts),
                (
                    "Written",
                    ["kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey"],
                    write_accounts,
                ),
            )
            if accounts
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
                *others,
            ),
            lifecycle=lifecycle(context),
        )
        self.arn = resource.arn
        KmsAlias(self, "alias", name=f"alias/{self.name}", target_key_id=resource.key_id)
