"""The parts of pipelines: where code is, what builds it, who approves, and where it is deployed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import timedelta
from pathlib import PurePosixPath
from typing import Annotated, Literal

from ..alarms.spec import AlarmName, StandardTopic, topic_problems
from ..context import AccountId, Context, PathedRole, is_one_role
from ..image_uri import parse_image
from ..rules import Problem, did_you_mean, rule
from ..scaling.schedule import Cron, is_zone, zone_names
from ..secret import name_says_secret, secret_arn, secret_service, value_is_secret
from ..service import Platform
from ..spec import Aws, Between, Check, Many, ShortName, Spec, arn_of

CPL10 = rule(
    "CPL10",
    refuses="an environment in the account of its pipeline, with another account or other roles than it has, or "
    "with one role to plan and to deploy",
    message="{wrong}",
    source="Inferform: a deploy role could change the pipelines and artifacts of its account, and so deploy "
    "elsewhere",
)
CPL12 = rule(
    "CPL12",
    refuses="a wait for an approval outside 5 minutes to 60 days",
    message="must be from {low} to {high} minutes",
    source="botocore codepipeline ActionTimeout",
)
CPL14 = rule(
    "CPL14",
    refuses="a deployment window that is no cron expression of six or seven fields, beginning with seconds",
    message="{wrong}",
    source="AWS CodePipeline user guide, DeploymentWindow rule (Cron; seconds are not used)",
)
CPL15 = rule(
    "CPL15",
    refuses="a repository that is not owner/name, or what git takes for no branch",
    message="must be {expected}",
    source="AWS CodePipeline user guide, CodeStarSourceConnection (FullRepositoryId; GitLab has groups; "
    "BranchName)",
)
CPL16 = rule(
    "CPL16",
    refuses="pipelines in a Region where CodePipeline takes no commits by a connection",
    message="fetches by a connection, which AWS does not name for {region}; keep the pipelines in another Region, "
    "from where they deploy into any",
    source="AWS CodePipeline user guide, CodeStarSourceConnection (Regions without it); botocore's endpoints of "
    "codepipeline and codestar-connections, as of 2026-11",
    severity="warning",
)
CPL18 = rule(
    "CPL18",
    refuses="more alarms than a condition has rules for, or one twice",
    message="must be at most {limit} alarms, each once{hint}",
    source="botocore codepipeline RuleDeclarationList (5 rules), with one of the window",
)
CPL19 = rule(
    "CPL19",
    refuses="fewer than 1 or more than 6 rounds of an environment",
    message="must be from {low} to {high}",
    source="Inferform: a round applies one level of stacks, and no environment has more levels",
)
CPL20 = rule(
    "CPL20",
    refuses="no command where one is needed, an empty one, or one of several lines",
    message="must be {low} or more commands of one line each, such as make test",
    source="AWS CodeBuild user guide, buildspec reference (each command runs in one shell instance)",
)
CPL21 = rule(
    "CPL21",
    refuses="a link of an approval that is no https URL, or too long",
    message="must be an https URL of at most 2,048 characters, such as https://wiki.acme.test/releases",
    source="AWS CodePipeline user guide, manual approval (ExternalEntityLink)",
)
CPL27 = rule(
    "CPL27",
    refuses="a time zone of a window that is none, or in a form that CodePipeline does not take",
    message="must be a time zone such as Europe/Berlin, UTC or UTC+05:30{hint}",
    source="AWS CodePipeline user guide, DeploymentWindow rule (TimeZone)",
)
CPL28 = rule(
    "CPL28",
    refuses="a time zone of a window in three parts, whose form CodePipeline's guide does not name",
    message="has three parts, and the guide of CodePipeline names Region/City alone; write a zone of two with the same "
    "time, or its distance, such as UTC-03:00",
    source="AWS CodePipeline user guide, DeploymentWindow rule (TimeZone)",
    severity="warning",
)
CON1 = rule(
    "CON1",
    refuses="a connection that exists beside what one is made of, or a host beside a provider",
    message="cannot go with {other}; {remedy}",
    source="AWS CodeConnections API reference, CreateConnection (ProviderType or HostArn)",
)
CON2 = rule(
    "CON2",
    refuses="a connection in another partition than the pipelines, or a host in another Region",
    message="is in {where}, but the pipelines are in {here}; name one of there",
    source="Developer Tools console user guide, global resources in AWS CodeConnections (a connection is used "
    "in every Region, a host in its own)",
)
CBD1 = rule(
    "CBD1",
    refuses="a time for builds outside AWS's limits",
    message="must be from {low} to {high} minutes",
    source="botocore codebuild BuildTimeOut, TimeOut",
)
CBD5 = rule(
    "CBD5",
    refuses="builds in private subnets that no NAT and no link leads out of",
    message="runs builds in subnets without a way to the internet, where they reach neither the registry of "
    "Terraform's providers nor the APIs of every Region and service that they deploy; set network.nat, or leave out "
    "private",
    source="AWS CodeBuild user guide, use CodeBuild with a VPC (a NAT for what is on the internet)",
)
CBD6 = rule(
    "CBD6",
    refuses="an image that is built for another architecture than a service that runs those of its repository",
    message="is built for {built}, but {service} of {environment} runs images of it on {runs}, where a new one "
    "would not start; build it for that, or move the service first",
    source="Open Container Initiative image specification, image configuration (architecture)",
    severity="warning",
)
CBD7 = rule(
    "CBD7",
    refuses="a variable, a command or a link of builds that looks like a secret in plain text",
    message="looks like a secret by its {part}, and {remedy}",
    source="botocore codebuild EnvironmentVariable (PLAINTEXT shows in the console and in the API)",
)
CBD13 = rule(
    "CBD13",
    refuses="an ARN of a secret or a parameter by which no build finds one",
    message="{wrong}",
    source="botocore codebuild EnvironmentVariable (a parameter by its name, which its own account and Region "
    "give); AWS CodeBuild user guide, buildspec reference (env/secrets-manager: an ARN, with a JSON key and a "
    "version)",
)
CBD14 = rule(
    "CBD14",
    refuses="a secret of another Region, of which AWS does not say that builds fetch it",
    message="is a secret of {there}, and AWS does not say that a build in {here} fetches it; replicate it, and write "
    "the ARN of the replica",
    source="AWS CodeBuild user guide, buildspec reference (env/secrets-manager names other accounts alone); AWS "
    "Secrets Manager user guide, replicate secrets across Regions",
    severity="warning",
)
CBD15 = rule(
    "CBD15",
    refuses="a wait for the scan of an image that nobody scans",
    message="waits for a scan of {repository}, which nothing scans: {remedy}, or write scan_severity=None",
    source="Amazon ECR user guide, image scanning (filters of the registry take the place of what repositories say)",
)
CBD8 = rule(
    "CBD8",
    refuses="a name of a variable that builds do not take, that AWS or Inferform sets, or that changes how every "
    "command is found and run",
    message="must be letters, digits and _, and {own}",
    source="AWS CodeBuild user guide, environment variables in build environments; Inferform: its commands "
    "read the others",
)
CBD9 = rule(
    "CBD9",
    refuses="a secret for the builds of pull requests",
    message="is a secret, which the code of any pull request could print; leave it out",
    source="Inferform: whoever opens a pull request writes what its build runs",
)
CBD10 = rule(
    "CBD10",
    refuses="a path out of the repository",
    message="must be a path in the repository, such as {example}",
    source="Inferform: an image is built from a commit",
)
CBD11 = rule(
    "CBD11",
    refuses="an image to build in that is in another Region's registry, or in none of Amazon ECR's",
    message="must be an image of Amazon ECR in {region}, such as {example}, or left out",
    source="Inferform: the role of a build pulls its image from ECR of the same Region",
)
CBD12 = rule(
    "CBD12",
    refuses="a sample that is no file of rows or of a JSON body",
    message="must end in .csv or .json",
    source="Inferform: check-container sends it as what its name says",
)

WITHOUT_CONNECTIONS = frozenset(
    (
        *("af-south-1", "ap-east-1", "ap-east-2", "ap-northeast-3", "ap-south-2", "ap-southeast-3"),
        *("ap-southeast-4", "ap-southeast-7", "ca-west-1", "cn-north-1", "cn-northwest-1"),
        *("eu-central-2", "eu-south-2", "il-central-1", "me-central-1", "me-south-1"),
        *("mx-central-1", "us-gov-west-1"),
    )
)
"""Regions for which neither names a connection of CodePipeline: its user guide and botocore's endpoints."""

MOST_RULES = 5
"""The most rules of one condition before a stage."""

_OWN = re.compile(r"(AWS|CODEBUILD|TF|INFERFORM|CDKTF)_.*")
_MACHINE = re.compile(r"LD_.*|BASH_.*|ENV|HOME|IFS|PATH|PWD|SHELL")
TOLD = (
    *(
        "PLANS",
        "LEFT",
        "CHANGES",
        "CREATED",
        "UPDATED",
        "REPLACED",
        "DELETED",
        "INTERRUPTED",
        "RISKS",
    ),
    *("WORST", "COST", "DIGEST", "URL"),
)
"""The variables that a plan tells the stages after it: those of `inferform review --export`, and where its
build is."""

_TAKEN = frozenset({*TOLD, "EXECUTION", "ROUND", "SCAN", "TAG", "THERE"})


def _name_wrong(name: str) -> str:
    """What a name of a variable of builds must be and is not; empty where nothing is wrong."""
    if not re.fullmatch(r"[A-Za-z_]\w*", name, re.ASCII):
        return "begin with no digit"
    if _OWN.fullmatch(name):
        return "none of AWS's or Inferform's own: AWS_, CODEBUILD_, TF_, INFERFORM_, CDKTF_"
    if name in _TAKEN:
        return f"none that Inferform's buildspecs set themselves: {', '.join(sorted(_TAKEN))}"
    if _MACHINE.fullmatch(name):
        return (
            "none by which the machine finds and runs every command, as PATH or LD_PRELOAD: a build takes it "
            "as it is written, and puts nothing in for $PATH; export it in setup"
        )
    return ""


_TOOLS = "aws/codebuild/amazonlinux-{machine}-standard:{version}"


def _is_command(text: str) -> bool:
    return bool(text.strip()) and not re.search(r"[\r\n]", text)


def _are_commands(low: int) -> Check:
    def fit(commands: tuple[str, ...]) -> bool:
        return len(commands) >= low and all(map(_is_command, commands))

    return Check(CPL20, fit, lambda _: {"low": low})


Commands = Annotated[Many[str], _are_commands(1)]
"""Commands of a shell, at least one."""

Command = Annotated[str, Check(CPL20, _is_command, lambda _: {"low": 1})]
"""One command of a shell."""

MoreCommands = Annotated[Many[str], _are_commands(0)]
"""Commands of a shell, or none."""


def command_problems(**commands: str | Iterable[str]) -> Iterator[Problem]:
    """Commands that hold a secret, which stay out of the messages, by the field that has one or several."""
    for field, given in commands.items():
        if isinstance(given, str):
            if value_is_secret(given):
                yield CBD7.problem(field, part="value", remedy=_COMMAND)
            continue
        for index, text in enumerate(given):
            if value_is_secret(text):
                yield CBD7.problem(field, index, part="value", remedy=_COMMAND)


def _is_path(text: str) -> bool:
    path = PurePosixPath(text)
    return bool(text.strip()) and not path.is_absolute() and ".." not in path.parts


def _path(example: str) -> Check:
    return Check(CBD10, _is_path, lambda _: {"example": example})


def _is_branch(text: str) -> bool:
    """Whether git takes the name of a branch: git-check-ref-format."""
    parts = text.split("/")
    return (
        1 <= len(text) <= 255
        and text.isprintable()
        and not re.search(r"[ ~^:?*\[\\]|\.\.|@\{", text)
        and parts[0] != "refs"
        and text not in ("@", "HEAD")
        and not text.startswith("-")
        and not text.endswith(".")
        and all(part and part[0] != "." and not part.endswith(".lock") for part in parts)
    )


class GitSource(Spec):
    """The repository whose commits the pipelines review and deploy."""

    repository: Annotated[
        str,
        Check(
            CPL15,
            lambda text: bool(re.fullmatch(r"[\w.-]+(/[\w.-]+){1,20}", text, re.ASCII)),
            lambda _: {"expected": "a repository as owner/name, such as acme/inference"},
        ),
    ]
    """`owner/name`; on GitLab with its groups."""

    default_branch: Annotated[
        str,
        Check(
            CPL15,
            _is_branch,
            lambda _: {
                "expected": "the name of a branch as git has it, without refs/heads/, such as main"
            },
        ),
    ] = "main"
    """The branch whose newest commit an execution takes that a person starts without a commit, where the trigger
    names no branch alone: so it does for tags. Default: main."""

    connection: (
        Annotated[
            str,
            arn_of(
                "(codeconnections|codestar-connections)",
                "arn:aws:codeconnections:us-east-1:111122223333:connection/aEXAMPLE-8aad-4d5d",
                r"connection/[\w-]+",
                longest=256,
            ),
        ]
        | None
    ) = None
    """The ARN of a connection that exists. Default: None, one is made, which a person finishes in the console
    before the first execution."""

    provider: Annotated[
        Literal["Bitbucket", "GitHub", "GitLab"],
        Aws("codeconnections:CreateConnectionInput.ProviderType"),
    ] = "GitHub"
    """Who hosts the repository, for the connection that is made. Default: GitHub."""

    host: (
        Annotated[
            str,
            arn_of(
                "(codeconnections|codestar-connections)",
                "arn:aws:codeconnections:us-east-1:111122223333:host/ghes/28aef605",
                r"host/[\w/-]+",
                longest=256,
            ),
            Aws("codeconnections:CreateConnectionInput.HostArn"),
        ]
        | None
    ) = None
    """The ARN of the host of a server of your own (GitHub Enterprise Server, GitLab), for the connection that
    is made. Default: None."""

    def check(self) -> Iterator[Problem]:
        """There is one way to the repository."""
        given = [name for name in ("provider", "host") if name in self.model_fields_set]
        if self.connection is not None:
            for name in given:
                remedy = "leave it out, as the connection has it"
                yield CON1.problem(name, got=getattr(self, name), other="connection", remedy=remedy)
        elif len(given) == 2 and self.host is not None:
            remedy = "leave provider out, as the host has it"
            yield CON1.problem("provider", got=self.provider, other="host", remedy=remedy)
        elif self.host is None and self.provider != "GitLab" and self.repository.count("/") > 1:
            expected = (
                f'owner/name, as {self.provider} has no groups; write provider="GitLab" for those'
            )
            yield CPL15.problem("repository", got=self.repository, expected=expected)

    def check_in(self, context: Context) -> Iterator[Problem]:
        """The connection can be used where the pipelines are."""
        yield from super().check_in(context)
        if context.region in WITHOUT_CONNECTIONS:
            yield CPL16.problem(region=context.region)
        for name in ("connection", "host"):
            arn = getattr(self, name)
            if arn is None:
                continue
            _, partition, _, region, *_ = arn.split(":")
            if partition != context.partition:
                where, here = f"the partition {partition}", context.partition
                yield CON2.problem(name, got=arn, where=where, here=here)
            elif name == "host" and region != context.region:
                yield CON2.problem(name, got=arn, where=region, here=context.region)


_OF_SECRETS = re.compile(r"arn:[^:]*:(?:secretsmanager|ssm):")
_SECRET = "arn:aws:secretsmanager:us-east-1:111122223333:secret:index-AbCdEf"
_STORE = (
    "everyone who can describe the project can read it; store it in Secrets Manager or SSM Parameter Store, and "
    "write its ARN here"
)
_COMMAND = (
    "everyone who can describe the project can read it; store it in Secrets Manager, write its ARN into "
    "compute.variables, and name the variable in the command"
)
_LEAVE_OUT = "an argument stays in the image for whoever may pull it; leave it out"


def _unfetched(context: Context, name: str, value: str) -> Iterator[Problem]:
    """Why a build here does not find the secret or parameter of a variable."""
    _, partition, service, region, account, *_ = value.split(":")
    if partition != context.partition:
        wrong = f"is in the partition {partition}, but the builds are in {context.partition}; write one of there"
        yield CBD13.problem("variables", name, got=value, wrong=wrong)
    elif service == "secretsmanager" and region != context.region:
        yield CBD14.problem("variables", name, got=value, there=region, here=context.region)
    elif service == "ssm" and (account, region) != (context.account, context.region):
        wrong = (
            f"is a parameter of account {account} in {region}, and a build finds those of its own account and Region "
            f"alone, {context.account} in {context.region}; keep it there, or in Secrets Manager"
        )
        yield CBD13.problem("variables", name, got=value, wrong=wrong)
    elif service == "ssm" and secret_arn(value) != value:
        wrong = f"names a version of a parameter, and a build is given the newest; write {secret_arn(value)}"
        yield CBD13.problem("variables", name, got=value, wrong=wrong)


class BuildCompute(Spec):
    """The machines that builds run on."""

    size: Annotated[
        Literal["SMALL", "MEDIUM", "LARGE", "XLARGE", "2XLARGE"],
        Aws("codebuild:ProjectEnvironment.computeType"),
    ] = "MEDIUM"
    """The size of CodeBuild's machine: SMALL has 2 vCPUs and 4 GiB, MEDIUM 4 and 8, LARGE 8 and 16, XLARGE
    36 and 72, 2XLARGE 72 and 144. Default: MEDIUM."""

    architecture: Literal["X86_64", "ARM64"] = "X86_64"
    """`X86_64` or `ARM64`. Default: X86_64."""

    image: str | None = None
    """An image of your own in Amazon ECR, with Python, Node.js, Git and, for images, Docker. Default: None,
    CodeBuild's Amazon Linux."""

    timeout_minutes: Annotated[
        int, Between(CBD1, 5, 2_160), Aws("codebuild:CreateProjectInput.timeoutInMinutes")
    ] = 180
    """How long a build may take, in minutes; a plan waits a quarter of it for the execution before it. An apply
    that it ends may leave its lock, which `inferform recover` clears. Default: 180."""

    queued_minutes: Annotated[
        int, Between(CBD1, 5, 480), Aws("codebuild:CreateProjectInput.queuedTimeoutInMinutes")
    ] = 60
    """How long a build may wait for a machine, in minutes. Default: 60."""

    private: bool = False
    """Whether builds run in the private subnets of the pipelines' own network, and so reach what is there: an
    index of packages or a Git server. They send HTTPS alone. Default: False, they run outside of VPCs."""

    variables: dict[str, str] = {}
    """Environment variables of the builds. The ARN of a secret of Secrets Manager stands for its value, and with
    `:` and a key of its JSON for that key's; so does the ARN of a parameter of SSM of the pipelines' own account
    and Region. One of another account has to have a key of its own, whose policy lets that account use it, as
    has the secret's. Default: none."""

    def check(self) -> Iterator[Problem]:
        """Variables that builds take, and no secret in plain text; the values stay out of the messages."""
        for name, value in self.variables.items():
            if own := _name_wrong(name):
                yield CBD8.problem("variables", name, own=own)
            elif secret_service(value):
                continue
            elif _OF_SECRETS.match(value):
                wrong = f"is no ARN of a secret or a parameter; write one such as {_SECRET}, or with a key of its JSON, {_SECRET}:token"
                yield CBD13.problem("variables", name, got=value, wrong=wrong)
            elif name_says_secret(name, value):
                yield CBD7.problem("variables", name, part="name", remedy=_STORE)
            elif value_is_secret(value):
                yield CBD7.problem("variables", name, part="value", remedy=_STORE)

    def check_in(self, context: Context) -> Iterator[Problem]:
        """The image can be pulled, and secrets can be fetched."""
        yield from super().check_in(context)
        for name, value in self.secrets.items():
            yield from _unfetched(context, name, value)
        if self.image is None:
            return
        found = parse_image(self.image)
        if found is None or found["region"] != context.region:
            example = f"{context.account}.dkr.ecr.{context.region}.{context.dns_suffix}/builds:1"
            yield CBD11.problem("image", got=self.image, region=context.region, example=example)

    @property
    def secrets(self) -> dict[str, str]:
        """The variables whose values are secrets, by name."""
        return {name: v for name, v in self.variables.items() if secret_service(v)}

    @property
    def environment_type(self) -> str:
        """CodeBuild's name of the kind of machine."""
        return "ARM_CONTAINER" if self.architecture == "ARM64" else "LINUX_CONTAINER"

    @property
    def compute_type(self) -> str:
        """CodeBuild's name of the size."""
        return f"BUILD_GENERAL1_{self.size}"

    @property
    def build_image(self) -> str:
        """The image that builds run in."""
        if self.image is not None:
            return self.image
        arm = self.architecture == "ARM64"
        return _TOOLS.format(
            machine="aarch64" if arm else "x86_64", version="3.0" if arm else "5.0"
        )


class ImageBuild(Spec):
    """An image that a pipeline builds from its commit, and pushes under the commit's first 12 digits.

    One whose tag is there already is not built again. An environment runs it once its file names that tag:
    no pipeline writes a tag into an environment by itself.
    """

    repository: ShortName
    """The repository, of `registry.repositories` of the pipelines' environment."""

    directory: Annotated[str, _path("models/fraud")] = "."
    """The folder that it is built in. Default: that of the repository."""

    dockerfile: Annotated[str, _path("Dockerfile")] = "Dockerfile"
    """The Dockerfile, from that folder. Default: Dockerfile."""

    architecture: Literal["X86_64", "ARM64"] = "X86_64"
    """What it is built for, on a machine of the same kind. Default: X86_64."""

    build_args: dict[str, str] = {}
    """Arguments of the Dockerfile, which stay in the image. Default: none."""

    check_contract: bool = True
    """Whether it is started and `inferform check-container` has to pass before it is pushed. Default: True."""

    sample: (
        Annotated[
            str,
            _path("samples/fraud.csv"),
            Check(CBD12, lambda text: text.endswith((".csv", ".json"))),
        ]
        | None
    ) = None
    """Rows or a JSON body that the model accepts, for that check: a file that ends in `.csv` or `.json`.
    Default: None, no prediction is asked for."""

    scan_severity: Literal["CRITICAL", "HIGH", "MEDIUM", "LOW"] | None = "CRITICAL"
    """The least severity of a finding of ECR's scan, basic or enhanced, that stops the pipeline; it waits ten
    minutes for one, which the repository or the registry has to make. None waits for none. Default: CRITICAL."""

    size: Annotated[
        Literal["SMALL", "MEDIUM", "LARGE", "XLARGE", "2XLARGE"],
        Aws("codebuild:ProjectEnvironment.computeType"),
    ] = "LARGE"
    """The size of the machine, as `BuildCompute.size`. Default: LARGE."""

    def check(self) -> Iterator[Problem]:
        """Arguments are no secrets, which would stay in the image; their values stay out of the messages."""
        for name, value in self.build_args.items():
            if not re.fullmatch(r"[A-Za-z_]\w*", name, re.ASCII):
                yield CBD8.problem("build_args", name, own="begin with no digit")
            elif name_says_secret(name, value):
                yield CBD7.problem("build_args", name, part="name", remedy=_LEAVE_OUT)
            elif value_is_secret(value):
                yield CBD7.problem("build_args", name, part="value", remedy=_LEAVE_OUT)

    @property
    def job(self) -> str:
        """The project that builds it."""
        return f"image-{self.repository}"

    @property
    def platform(self) -> Platform:
        """What it is built for, by Docker's name."""
        return "linux/arm64" if self.architecture == "ARM64" else "linux/amd64"


class ManualApproval(Spec):
    """A person's approval of what a plan shows: counts, risks, cost, and a link."""

    timeout_minutes: Annotated[
        int, Between(CPL12, 5, 86_400), Aws("codepipeline:ActionDeclaration.timeoutInMinutes")
    ] = 10_080
    """How long it is waited for, in minutes; nothing is applied afterwards. Default: 10,080, a week."""

    topic: StandardTopic | None = None
    """The ARN of a standard SNS topic that is asked, in the same Region. The policy of an encrypted topic's
    key must leave it to IAM, as that of an observability layer does, or name the pipeline's role. Default: None,
    nobody is notified."""

    link: (
        Annotated[
            str,
            Check(
                CPL21,
                lambda text: bool(re.fullmatch(r"https://[!-~]+", text)) and len(text) <= 2048,
            ),
        ]
        | None
    ) = None
    """Where to look before an answer. Default: None, the build that planned it, whose log has the review."""

    def check(self) -> Iterator[Problem]:
        """The link is for everyone who is asked."""
        if self.link is not None and value_is_secret(self.link):
            remedy = "everyone who is asked can read it; write a link without it"
            yield CBD7.problem("link", part="value", remedy=remedy)

    def check_in(self, context: Context) -> Iterator[Problem]:
        """The topic is of the same Region."""
        yield from super().check_in(context)
        yield from topic_problems(context, topic=[self.topic] if self.topic else [])


MOST_WAIT_MINUTES = 86_400
"""The longest that a rule waits, 60 days. Source: botocore codepipeline RuleTimeout."""


def _window(text: str) -> Cron:
    """The expression of a window without its seconds. Raises ValueError saying what is wrong."""
    words = text.upper().split()
    return Cron.parse(" ".join([*words[1:6], *(words[6:] or ["*"])]), from_last=True)


def _window_wrong(text: str) -> str:
    """What is wrong with the expression of a window; empty where nothing is."""
    words = text.split()
    if text != " ".join(words):
        return "has more than single spaces between its fields; write one such as * * 9-16 ? * MON-THU *"
    if len(words) not in (6, 7):
        return (
            f"has {len(words)} fields; write six (seconds, minutes, hours, day of month, month, day of week) "
            "and, if at all, the year, such as * * 9-16 ? * MON-THU *"
        )
    if words[0] != "*":
        return "has seconds, which are not used; begin with *, such as * * 9-16 ? * MON-THU *"
    try:
        pause = _window(text).longest_pause()
    except ValueError as error:
        # Its fields are those of a schedule behind the seconds.
        said = str(error).replace("0 8 ? * MON-FRI *", "* * 9-16 ? * MON-THU *")
        return said.replace("0 8 1 * ? *", "* * 9-16 1-7 * ? *")
    if pause > timedelta(minutes=MOST_WAIT_MINUTES):
        return f"stays shut for up to {pause.days:,} days, and a pipeline waits for it for 60; open it more often"
    return ""


def _is_window_zone(text: str) -> bool:
    return bool(re.fullmatch(r"UTC[+-](0[0-9]|1[0-4]):[0-5][0-9]", text)) or (
        is_zone(text) and bool(re.fullmatch(r"\w+(/[\w+-]+)+|[A-Z]{3,5}", text, re.ASCII))
    )


class DeploymentWindow(Spec):
    """When an environment may be changed. Outside of it an apply waits, for as long as CodePipeline lets a rule
    wait: 60 days at most, and AWS does not say how long by itself."""

    cron: Annotated[
        str,
        Check(
            CPL14, lambda text: not _window_wrong(text), lambda text: {"wrong": _window_wrong(text)}
        ),
    ]
    """The minutes in which an apply may begin, beginning with seconds: `* * 9-16 ? * MON-THU *`."""

    timezone: Annotated[
        str, Check(CPL27, _is_window_zone, lambda text: {"hint": did_you_mean(text, zone_names())})
    ] = "UTC"
    """The time zone: `Europe/Berlin`, or `UTC+05:30`. Default: UTC."""

    def check(self) -> Iterator[Problem]:
        """A time zone of the forms that CodePipeline names."""
        if self.timezone.count("/") > 1:
            yield CPL28.problem("timezone", got=self.timezone)

    @property
    def longest_wait_minutes(self) -> int:
        """The longest that it stays shut, in minutes of its time zone."""
        return _window(self.cron).longest_pause() // timedelta(minutes=1)


class TargetEnvironment(Spec):
    """An environment that pipelines plan or deploy: its key, its account and the roles there.

    Its identity layer has to let the builds in: their roles stand in `Identity.operators`, those that plan
    alone in `Identity.planners`.
    """

    key: Annotated[
        str,
        Check(
            CPL10,
            lambda text: bool(re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)+", text)) and len(text) <= 24,
            lambda _: {"wrong": "must be the key of an environment, such as prod-euw1"},
        ),
    ]
    """The environment's key: `prod-euw1`."""

    account: AccountId
    """Its account, which is not that of the pipelines."""

    deploy_role: PathedRole = "inferform-deploy"
    """Its `Context.deploy_role`. Default: inferform-deploy."""

    plan_role: PathedRole = "inferform-plan"
    """Its `Context.plan_role`. Default: inferform-plan."""

    def check(self) -> Iterator[Problem]:
        """What reviews cannot apply."""
        if is_one_role(self.plan_role, self.deploy_role):
            wrong = (
                "is deploy_role too, so that builds of pull requests could deploy; write the plan role of the "
                "environment's Context"
            )
            yield CPL10.problem("plan_role", got=self.plan_role, wrong=wrong)

    def check_in(self, context: Context) -> Iterator[Problem]:
        """It is in another account."""
        yield from super().check_in(context)
        if self.account == context.account:
            wrong = (
                "is the account of the pipelines, whose artifacts its deploy role could write; keep delivery in "
                "an account of its own"
            )
            yield CPL10.problem("account", got=self.account, wrong=wrong)

    def role_arn(self, context: Context, role: str) -> str:
        """The ARN of a role there."""
        return f"arn:{context.partition}:iam::{self.account}:role/{role}"


class Promotion(Spec):
    """An environment that a pipeline deploys, and what it asks before."""

    environment: TargetEnvironment
    """The environment."""

    approval: ManualApproval | None = None
    """Who approves each plan. Default: None, nobody is asked."""

    window: DeploymentWindow | None = None
    """When it may be changed. Default: None, always."""

    entry_alarms: Annotated[
        Many[AlarmName],
        Check(
            CPL18,
            lambda names: len(names) <= MOST_RULES and len(set(names)) == len(names),
            lambda _: {"limit": MOST_RULES, "hint": ""},
        ),
    ] = ()
    """Alarms of CloudWatch in the pipelines' account and Region, none of which may fire when an apply
    begins. Default: none."""

    smoke_tests: MoreCommands = ()
    """Commands that run after `inferform verify` and have to succeed, in the repository, with the environment's
    deploy role. Default: none."""

    rounds: Annotated[int, Between(CPL19, 1, 6)] = 3
    """How many levels of stacks one execution applies, each with a plan and an approval of its own: a stack is
    planned once what it depends on is applied. A change of one level needs one round; what is left after the
    last one fails the pipeline. Default: 3."""

    def check(self) -> Iterator[Problem]:
        """A condition has room for all rules, and no command is a secret."""
        yield from command_problems(smoke_tests=self.smoke_tests)
        limit = MOST_RULES - 1
        if self.window is not None and len(self.entry_alarms) > limit:
            yield CPL18.problem("entry_alarms", limit=limit, hint=" beside a window")
