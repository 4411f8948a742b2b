"""AWS clients for an environment: the right account, region and endpoint."""

from __future__ import annotations

import os
import threading
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, overload

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from inferform import Context
from inferform.target import AWS, EMULATOR
from inferform_emulator.process import Emulator
from inferform_emulator.process import running as running_emulator

from .advice import about_sign_in
from .errors import OperatorError
from .terraform import EMULATOR_FOLDER

if TYPE_CHECKING:
    from mypy_boto3_acm import ACMClient
    from mypy_boto3_application_autoscaling import ApplicationAutoScalingClient
    from mypy_boto3_autoscaling import AutoScalingClient
    from mypy_boto3_cloudwatch import CloudWatchClient
    from mypy_boto3_codedeploy import CodeDeployClient
    from mypy_boto3_ec2 import EC2Client
    from mypy_boto3_ecr import ECRClient
    from mypy_boto3_ecs import ECSClient
    from mypy_boto3_eks import EKSClient
    from mypy_boto3_elbv2 import ElasticLoadBalancingv2Client
    from mypy_boto3_iam import IAMClient
    from mypy_boto3_kms import KMSClient
    from mypy_boto3_logs import CloudWatchLogsClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sagemaker import SageMakerClient
    from mypy_boto3_sagemaker_runtime import SageMakerRuntimeClient
    from mypy_boto3_service_quotas import ServiceQuotasClient
    from mypy_boto3_sts import STSClient


def emulator_in_use() -> Emulator:
    """The project's running emulator. Raises OperatorError when none runs."""
    found = running_emulator(EMULATOR_FOLDER)
    if found is None:
        raise OperatorError("no emulator runs", "inferform emulator start starts one")
    return found


class Aws:
    """Clients in an environment's account and region.

    The caller's credentials are used where they belong to the account, otherwise the
    environment's role is assumed. Raises OperatorError where neither works.
    """

    def __init__(
        self,
        context: Context,
        *,
        emulator: Emulator | None = None,
        role_arn: str | None = None,
    ) -> None:
        self.context = context
        self.emulator = emulator
        target = EMULATOR if emulator else AWS
        self.role_arn = role_arn or target.role_arn(context)
        self._clients: dict[tuple[str, str], Any] = {}
        self._making = threading.Lock()

    @property
    def _endpoint(self) -> str | None:
        return self.emulator.url if self.emulator else None

    @cached_property
    def _caller(self) -> boto3.Session:
        if self.emulator is None:
            return boto3.Session(region_name=self.context.region)
        settings = self.emulator.settings(region=self.context.region)
        return boto3.Session(
            aws_access_key_id=settings["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=settings["AWS_SECRET_ACCESS_KEY"],
            region_name=self.context.region,
        )

    @cached_property
    def session(self) -> boto3.Session:
        """A session whose credentials belong to the environment's account."""
        sts = self._caller.client("sts", endpoint_url=self._endpoint)
        try:
            account = sts.get_caller_identity()["Account"]
            if account == self.context.account:
                return self._caller
            if self.role_arn is None:
                raise OperatorError(
                    f"the credentials belong to account {account}, but {self.context.key} is "
                    f"account {self.context.account}",
                    "use a profile of that account (AWS_PROFILE), or give the Context a "
                    "deploy_role",
                )
            answer = sts.assume_role(RoleArn=self.role_arn, RoleSessionName="inferform")
        except (BotoCoreError, ClientError) as error:
            raise OperatorError(
                f"no credentials for account {self.context.account}: {error}",
                about_sign_in(error, self.context),
            ) from error
        credentials = answer["Credentials"]
        return boto3.Session(
            aws_access_key_id=credentials["AccessKeyId"],
            aws_secret_access_key=credentials["SecretAccessKey"],
            aws_session_token=credentials["SessionToken"],
            region_name=self.context.region,
        )

    def require_credentials(self) -> None:
        """Raise OperatorError unless there are credentials for the environment's account."""
        self.session  # noqa: B018 - it is made when it is first asked for

    def shell_variables(self) -> dict[str, str]:
        """The variables that direct a shell's `aws`, Terraform and boto3 here."""
        found = self.session.get_credentials()
        assert found is not None  # the session has asked for its account with them
        region = self.context.region
        variables = {
            "AWS_ACCESS_KEY_ID": str(found.access_key),
            "AWS_SECRET_ACCESS_KEY": str(found.secret_key),
            "AWS_SESSION_TOKEN": found.token or "",
            "AWS_REGION": region,
            "AWS_DEFAULT_REGION": region,
        }
        if self.emulator is None:
            return variables
        kept = {"NO_PROXY": os.environ["NO_PROXY"]} if "NO_PROXY" in os.environ else {}
        directed = self.emulator.environment(kept) | variables
        # A shell has more to ask of its proxy than what AWS's hosts are called.
        return {name: value for name, value in directed.items() if name.upper() != "HTTP_PROXY"}

    def any_client(self, service: str) -> Any:
        """A boto3 client of a service that one capability alone uses; its file states the type.

        A service that several use has its type in `client`.
        """
        client: Any = self.client
        return client(service)

    @overload
    def client(self, service: Literal["acm"]) -> ACMClient: ...
    @overload
    def client(
        self, service: Literal["application-autoscaling"]
    ) -> ApplicationAutoScalingClient: ...
    @overload
    def client(self, service: Literal["autoscaling"]) -> AutoScalingClient: ...
    @overload
    def client(self, service: Literal["cloudwatch"]) -> CloudWatchClient: ...
    @overload
    def client(self, service: Literal["codedeploy"]) -> CodeDeployClient: ...
    @overload
    def client(self, service: Literal["ec2"]) -> EC2Client: ...
    @overload
    def client(self, service: Literal["ecr"]) -> ECRClient: ...
    @overload
    def client(self, service: Literal["ecs"]) -> ECSClient: ...
    @overload
    def client(self, service: Literal["eks"]) -> EKSClient: ...
    @overload
    def client(self, service: Literal["elbv2"]) -> ElasticLoadBalancingv2Client: ...
    @overload
    def client(self, service: Literal["iam"]) -> IAMClient: ...
    @overload
    def client(self, service: Literal["kms"]) -> KMSClient: ...
    @overload
    def client(self, service: Literal["logs"]) -> CloudWatchLogsClient: ...
    @overload
    def client(self, service: Literal["s3"]) -> S3Client: ...
    @overload
    def client(self, service: Literal["sagemaker"]) -> SageMakerClient: ...
    @overload
    def client(self, service: Literal["sagemaker-runtime"]) -> SageMakerRuntimeClient: ...
    @overload
    def client(self, service: Literal["service-quotas"]) -> ServiceQuotasClient: ...
    @overload
    def client(self, service: Literal["sts"]) -> STSClient: ...
    def client(self, service: Any) -> Any:
        """A boto3 client of `service` in the environment's region.

        The types of a further service come from the extras of boto3-stubs-lite in the Pipfile.
        """
        return self._client(service, self.context.region)

    @property
    def state_store(self) -> S3Client:
        """A client of S3 in the Region of the state bucket."""
        made: S3Client = self._client("s3", self.context.state_region)
        return made

    def _client(self, service: Any, region: str) -> Any:
        session = self.session
        # Making a client is slow, and not safe in several threads; using one is.
        with self._making:
            if (service, region) not in self._clients:
                self._clients[service, region] = session.client(
                    service,
                    region_name=region,
                    endpoint_url=self._endpoint,
                    config=Config(
                        retries={"max_attempts": 5, "mode": "standard"},
                        inject_host_prefix=self.emulator is None,
                    ),
                )
            return self._clients[service, region]
