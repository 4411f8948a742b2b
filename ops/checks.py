"""The checks of preflight, verify and check-container: their ids, and what each is for.

Plain data without heavy imports. What runs a check is elsewhere and names it by its record here;
`inferform explain ID` spells it out. A capability may define checks of its own beside its records
in `ops/kinds`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

Command = Literal["preflight", "verify", "check-container", "endpoints adopt"]


@dataclass(frozen=True, slots=True)
class Check:
    """One check of a command; its id never changes."""

    id: str

    title: str
    """What is looked at, in one or a few words: `state bucket`."""

    command: Command
    """The command of `inferform` that runs it."""

    why: str
    """What happens when it is not heeded."""

    fix: str
    """What to do when it fails."""

    source: str = "Inferform"
    """Who says so. Default: Inferform."""

    @property
    def label(self) -> str:
        """Id and title, as tables show it: `PRE3 state bucket`."""
        return f"{self.id} {self.title}"


CHECKS: Final[dict[str, Check]] = {}
"""Every check by its id."""


def check(
    id: str, title: str, *, command: Command, why: str, fix: str, source: str = "Inferform"
) -> Check:
    """Define a check. Raises ValueError when another has its id."""
    made = Check(id, title, command, why, fix, source)
    if CHECKS.setdefault(id, made) != made:
        raise ValueError(f"check {id} is defined twice")
    return made


CREDENTIALS = check(
    "PRE1",
    "credentials",
    command="preflight",
    why="without credentials for the environment's account nothing else can be checked",
    fix="sign in to the account, for example with AWS_PROFILE",
)
ROLE = check(
    "PRE2",
    "role",
    command="preflight",
    why="Terraform assumes the deploy role that the Context names; without it no apply starts",
    fix="deploy the identity layer, or name the caller in Identity.operators",
)
STATE_BUCKET = check(
    "PRE3",
    "state bucket",
    command="preflight",
    why="the bucket holds every state of the environment, and its versions are the only backup",
    fix="inferform bootstrap ENV creates it and turns versioning on",
)
IMAGE = check(
    "PRE4",
    "image",
    command="preflight",
    why="a service whose image cannot be pulled does not start, and its rollout is rolled back",
    fix="inferform push the image; for another account's repository add this account to pull_accounts",
)
ARTIFACT = check(
    "PRE5",
    "artifact",
    command="preflight",
    why="a service does not start whose model artifact is missing, may not be read, or is in a "
    "Region that it does not read",
    fix="upload the artifact; let the account read another account's bucket (read_accounts); copy "
    "it into the environment's Region",
)
QUOTA = check(
    "PRE6",
    "quota",
    command="preflight",
    why="at its maximum, and twice during a blue/green rollout, a service needs capacity that the "
    "account's quota does not allow",
    fix="ask for more in Service Quotas, or lower the maximum",
    source="AWS Service Quotas",
)
INSTANCE_TYPE = check(
    "PRE7",
    "instance type",
    command="preflight",
    why="EC2 does not offer every instance type in every Region",
    fix="choose a type that the Region has",
    source="Amazon EC2 API reference, DescribeInstanceTypeOfferings",
)
CERTIFICATE = check(
    "PRE8",
    "certificate",
    command="preflight",
    why="a listener takes only an issued certificate of its own Region",
    fix="write the ARN of an issued certificate of this account and Region",
    source="Elastic Load Balancing guide, HTTPS listeners",
)
KEY = check(
    "PRE9",
    "key",
    command="preflight",
    why="nothing can be encrypted or read with a key that is disabled, or whose policy does not let "
    "this account's roles in",
    fix="enable the key, or allow kms:* to the account in its policy, so that IAM policies decide; "
    "name the key of another bucket's artifacts in artifact_keys of the Context",
)
SUBNETS = check(
    "PRE10",
    "subnets",
    command="preflight",
    why="each instance takes addresses of the private subnets; when none is free, scaling stops",
    fix="add subnets to the VPC, or lower the maximum of the largest service",
)
NAME = check(
    "PRE11",
    "name",
    command="preflight",
    why="AWS refuses to create what exists already, in the middle of the apply",
    fix="import the resource, delete it, or choose another name",
)

READABLE = check(
    "PRE12",
    "readable",
    command="preflight",
    why="what AWS refuses to tell is not checked, and may fail in the middle of the apply",
    fix="give the plan role the permission that AWS names, or fix the network",
)
VERSION = check(
    "PRE13",
    "version",
    command="preflight",
    why="when the support of a Kubernetes version ends, EKS upgrades the cluster by itself, or asks a "
    "higher price",
    fix="raise eks.version by one minor at a time, or set support_type='EXTENDED'",
)

GIVEN_ROLE = check(
    "PRE20",
    "given role",
    command="preflight",
    why="Inferform gives a role that somebody else made no rights: what it lacks fails when the "
    "service starts",
    fix="let who looks after the role attach the policy that is printed",
)

ARTIFACT_BUCKET = check(
    "PRE21",
    "artifact bucket",
    command="preflight",
    why="Inferform changes nothing of a bucket that somebody else made: in another Region, under a "
    "key that no role may use, or with a policy that keeps them out, no service loads its model",
    fix="name a bucket of the environment's Region, its key in Context.artifact_keys, and let its "
    "owner change what its policy denies",
    source="Amazon S3 user guide, bucket policies, SSE-KMS, using EventBridge",
)

LOAD_BALANCER = check(
    "PRE22",
    "load balancer",
    command="preflight",
    why="Inferform adds a rule to a listener that somebody else made, and changes nothing else: a "
    "priority that is taken, another VPC or a closed security group fails or leaves services unreached",
    fix="name a listener in the environment's VPC, set route.priority, or let its owner open the group",
    source="Elastic Load Balancing API reference, CreateRule (PriorityInUse); Application Load Balancer "
    "guide, target groups (in the VPC of the load balancer)",
)

GIVEN_LOG = check(
    "PRE23",
    "given log group",
    command="preflight",
    why="a task whose log group does not exist is not started, and Inferform makes none that is given",
    fix="make the log group, or leave existing.log_group out",
    source="Amazon ECS developer guide, using the awslogs driver",
)
TOPIC = check(
    "PRE24",
    "topic",
    command="preflight",
    why="an alarm or an endpoint that may not publish to a topic says so to nobody",
    fix="name a topic that exists; encrypt it by a key that lets in CloudWatch, not by alias/aws/sns",
    source="CloudWatch user guide, using alarms; Amazon SNS developer guide, encryption at rest (AWS "
    "services as publishers)",
)

DEPLOYED = check(
    "VER1",
    "deployed",
    command="verify",
    why="a stack without a state was never applied, so nothing of it can be in service",
    fix="inferform deploy the stack",
)
CONFIGURATION = check(
    "VER2",
    "configuration",
    command="verify",
    why="AWS may have rolled an update back; then the old version runs and the state has the new "
    "one",
    fix="read the service's logs, events and alarms; fix the model or image; deploy again",
)
RUNNING_IMAGE = check(
    "VER3",
    "image",
    command="verify",
    why="the service runs another image than the one in the state",
    fix="look for a rollout that was rolled back, or a change by hand; deploy again",
)
HEALTH = check(
    "VER4",
    "health",
    command="verify",
    why="the service has too few instances or tasks, or its load balancer finds them unhealthy",
    fix="read the service's logs and events; fix the model or image; deploy again",
)
INVOCATION = check(
    "VER5",
    "invocation",
    command="verify",
    why="a service that is in service may still refuse or fail every request",
    fix="fix the sample where the status is 4xx, the model otherwise",
)

_CONTRACT = "container/CONTRACT.md, which names AWS's page for each limit"

STARTUP = check(
    "startup",
    "becomes healthy",
    command="check-container",
    why="a container that never answers GET /ping with 200 is stopped, and its rollout fails",
    fix="read the container's log; raise the wait where the model takes longer to load",
    source=_CONTRACT,
)
CONNECT = check(
    "connect",
    "accepts connections quickly",
    command="check-container",
    why="SageMaker gives a connection 250 ms, also under load",
    fix="accept in a process that does not run the model, such as nginx",
    source=_CONTRACT,
)
PING = check(
    "ping",
    "answers ping",
    command="check-container",
    why="a container whose ping takes longer than 2 s is taken for unhealthy and replaced",
    fix="answer GET /ping without running the model, from a thread or process kept for it",
    source=_CONTRACT,
)
PING_IDLE = check(
    "ping-idle",
    "answers ping while idle",
    command="check-container",
    why="a server that falls asleep or ends idle workers is taken for unhealthy and replaced",
    fix="keep a worker for GET /ping",
    source=_CONTRACT,
)
INVOKE_CSV = check(
    "invoke-csv",
    "answers the CSV sample",
    command="check-container",
    why="a prediction that takes longer than 60 s or is not 2xx is an error to its caller",
    fix="read the container's log; check the sample",
    source=_CONTRACT,
)
INVOKE_JSON = check(
    "invoke-json",
    "answers the JSON sample",
    command="check-container",
    why="a prediction that takes longer than 60 s or is not 2xx is an error to its caller",
    fix="read the container's log; check the sample",
    source=_CONTRACT,
)
BAD_PAYLOAD = check(
    "bad-payload",
    "blames the client for a broken body",
    command="check-container",
    why="alarms and rollouts count 5xx: with 5xx for a bad request a caller can roll a release back",
    fix="answer 4xx with a reason when the request is at fault",
    source=_CONTRACT,
)
UNKNOWN_TYPE = check(
    "unknown-type",
    "refuses an unknown Content-Type",
    command="check-container",
    why="a body that is read as another type gives a wrong prediction instead of an error",
    fix="answer 415 to a Content-Type that is not served",
    source=_CONTRACT,
)
LARGE_BODY = check(
    "large-body",
    "takes a 6 MB body",
    command="check-container",
    why="a real-time endpoint passes bodies of 6 MB and more on",
    fix="raise the server's body limit, or answer 413 when the body is too large",
    source=_CONTRACT,
)
LOAD = check(
    "load",
    "answers requests in parallel",
    command="check-container",
    why="SageMaker sends requests side by side; what is not served within 60 s is an error",
    fix="queue what cannot be served at once; look in the log for workers that died",
    source=_CONTRACT,
)
PING_LOAD = check(
    "ping-load",
    "answers ping under load",
    command="check-container",
    why="a ping that waits behind predictions has the busiest container replaced",
    fix="answer GET /ping without running the model, from a thread or process kept for it",
    source=_CONTRACT,
)
SIGTERM = check(
    "sigterm",
    "finishes requests and ends on SIGTERM",
    command="check-container",
    why="a container that ignores SIGTERM is killed after 30 s with the requests that it has",
    fix="use an exec-form ENTRYPOINT; on SIGTERM stop accepting, finish what was accepted, then end",
    source=_CONTRACT,
)

_UPDATE = "hashicorp/aws, aws_sagemaker_endpoint (a first auto_rollback_configuration replaces it)"
SAME_NAME = check(
    "ADO1",
    "the endpoint's name",
    command="endpoints adopt",
    why="an endpoint under another name is another endpoint: its callers would lose it",
    fix="choose a short name that the environment does not have, or the one that it has for this endpoint",
    source="hashicorp/aws, aws_sagemaker_endpoint (name replaces it)",
)
NOTHING_LOST = check(
    "ADO2",
    "nothing is destroyed",
    command="endpoints adopt",
    why="a plan that destroys or replaces what is taken over ends what serves",
    fix="deploy what is waiting first, or write the Spec so that it says what runs",
    source=_UPDATE,
)
SHARED_ROLE = check(
    "ADO3",
    "the endpoint's role",
    command="endpoints adopt",
    why="a role that notebooks and endpoints share may do more than the service needs",
    fix="leave existing.execution_role out, and deploy: the service gets a role with what it declares",
)
