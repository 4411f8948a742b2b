"""What is asked of the containers of an ECS task: the model's own, and those beside it."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Literal

from ..alb.spec import CONTAINER_PORT
from ..context import Context
from ..ecr.spec import VersionedImage
from ..iam.policy import Statement
from ..model.artifact import is_location
from ..model.environment import MDL24, MDL25
from ..rules import Problem, Rule, did_you_mean, rule
from ..secret import name_says_secret, secret_service, value_is_secret
from ..spec import ARN1, Aws, Between, Check, Many, ShortName, Spec

ECS21 = rule(
    "ECS21",
    refuses="a container health check outside AWS's ranges, or one that cannot be run",
    message="must be {expected}",
    source="Amazon ECS API reference, HealthCheck",
)
ECS35 = rule(
    "ECS35",
    refuses="one name for a secret and an environment variable",
    message="is a variable of {environment} too; leave it out there",
    source="botocore ecs RegisterTaskDefinition (unique names)",
)
ECS36 = rule(
    "ECS36",
    refuses="a stop timeout outside 2 to 120 seconds",
    message="must be from {low} to {high} seconds",
    source="Amazon ECS API reference, ContainerDefinition stopTimeout (Fargate's maximum)",
)
ECS37 = rule(
    "ECS37",
    refuses="a user that is root or not a user",
    message="must be a user id other than 0, or a user's name other than root, such as '10001'",
    source="Inferform: containers run without root; CIS Docker benchmark 4.1",
)
ECS42 = rule(
    "ECS42",
    refuses="an environment variable name that is none",
    message="must be letters, digits and _, not beginning with a digit",
    source="POSIX.1, environment variables",
)
ECS50 = rule(
    "ECS50",
    refuses="a container port outside 1 to 65,535",
    message="must be from {low} to {high}",
    source="botocore ecs PortMapping containerPort; RFC 6335, port numbers",
)
ECS51 = rule(
    "ECS51",
    refuses="a limit of a container that Fargate does not take",
    message="is not taken by Fargate{only}; use Ec2, or leave it out",
    source="botocore ecs LinuxParameters sharedMemorySize, ContainerDefinition ulimits",
)
ECS52 = rule(
    "ECS52",
    refuses="a side-car or volume with a name that the task has already",
    message="is the name of what Inferform makes itself; the names {taken} are taken",
    source="botocore ecs ContainerDefinition name (unique in a task)",
)
ECS53 = rule(
    "ECS53",
    refuses="a container that waits for one that is not there, or never gets where it waits for",
    message="{fault}",
    source="botocore ecs ContainerDependency condition",
)
ECS54 = rule(
    "ECS54",
    refuses="one port for two containers of a task",
    message="is the port of {other} too; containers of a task share one network interface",
    source="Amazon ECS developer guide, task networking with the awsvpc network mode",
)
ECS55 = rule(
    "ECS55",
    refuses="side-cars that leave the model no CPU or memory of the task",
    message="leaves the model nothing: side-cars have {sum} of the task's {has} {unit}",
    source="botocore ecs ContainerDefinition cpu, memory (together below the task's)",
)
ECS56 = rule(
    "ECS56",
    refuses="an EFS file system, access point or path that is none",
    message="must be {expected}",
    source="Amazon EFS API reference, FileSystemId and AccessPointId; botocore ecs MountPoint",
)
ECS57 = rule(
    "ECS57",
    refuses="a root directory beside an EFS access point",
    message="must be left out beside access_point, which has its own root",
    source="botocore ecs EFSVolumeConfiguration rootDirectory",
)
ECS58 = rule(
    "ECS58",
    refuses="a mount at a path that the container has already",
    message="is where {other} is mounted; give it another path",
    source="botocore ecs MountPoint containerPath",
)
ECS59 = rule(
    "ECS59",
    refuses="a limit of a process below 0, or a soft one above the hard one",
    message="must be {expected}",
    source="botocore ecs Ulimit; getrlimit(2)",
)
ECS60 = rule(
    "ECS60",
    refuses="CPU, memory or shared memory of a container below what Docker takes",
    message="must be from {low} to {high}",
    source="botocore ecs ContainerDefinition cpu, memory; LinuxParameters sharedMemorySize",
)

ECS62 = rule(
    "ECS62",
    refuses="an environment file that is no object of S3 whose name ends in .env",
    message="must be an object of S3 whose name ends in .env, as an s3:// URI or as a key in the "
    "environment's artifact bucket, such as fraud/prod.env",
    source="botocore ecs EnvironmentFile value; Amazon ECS developer guide, pass environment "
    "variables in a file (the extension .env)",
)
ECS63 = rule(
    "ECS63",
    refuses="more than 10 environment files, or one twice",
    message="must be at most 10 files, each once",
    source="Amazon ECS developer guide, pass environment variables in a file (10 in a task "
    "definition)",
)

ECS73 = rule(
    "ECS73",
    refuses="a restart of a container outside of what ECS takes",
    message="must be {expected}",
    source="Amazon ECS API reference, ContainerRestartPolicy",
)

CONTAINER = "model"
"""The name of the container that serves."""

MODEL_DIR = "/opt/ml/model"
"""Where the container finds its artifact."""

_OWN_CONTAINERS = (CONTAINER, "loader", "tmp")
_OWN_VOLUMES = ("model", "tmp")


def within(broken: Rule, low: int, high: int, unit: str = "") -> Check:
    """A number from `low` to `high`, with its unit in the message."""
    return Check(
        broken,
        lambda value: low <= value <= high,
        lambda _: {"expected": f"from {low:,} to {high:,}{unit}"},
    )


SecretArn = Annotated[
    str,
    Check(
        ARN1,
        lambda text: secret_service(text) is not None and len(text) <= 2048,
        lambda _: {
            "example": "arn:aws:secretsmanager:us-east-1:111122223333:secret:hub-token-AbCdEf"
        },
    ),
]
"""The ARN of a secret in Secrets Manager, behind which a JSON key and a version may stand, or of a parameter
of Systems Manager."""

VariableName = Annotated[
    str, Check(ECS42, lambda name: bool(re.fullmatch(r"[A-Za-z_]\w*", name, re.ASCII)))
]
Secrets = dict[
    Annotated[VariableName, Aws("ecs:Secret.name")],
    Annotated[SecretArn, Aws("ecs:Secret.valueFrom")],
]
Port = Annotated[int, Between(ECS50, 1, 65_535), Aws("ecs:PortMapping.containerPort")]
Words = Annotated[Many[str], Aws("ecs:ContainerDefinition.command")]
StopTimeout = Annotated[int, Between(ECS36, 2, 120), Aws("ecs:ContainerDefinition.stopTimeout")]
HelperImage = Annotated[VersionedImage, Aws("ecs:ContainerDefinition.image")]
"""The image of a container beside the model's: of the environment's registry, or by URI."""

EnvironmentFiles = Annotated[
    Many[
        Annotated[
            str,
            Check(ECS62, lambda value: is_location(value) and value.endswith(".env")),
            Aws("ecs:EnvironmentFile.value"),
        ]
    ],
    Check(ECS63, lambda files: len(files) == len(set(files)) <= 10),
]
"""Files of variables in S3."""

Dependencies = dict[
    Annotated[str, Aws("ecs:ContainerDependency.containerName")],
    Annotated[
        Literal["START", "COMPLETE", "SUCCESS", "HEALTHY"], Aws("ecs:ContainerDependency.condition")
    ],
]
UlimitName = Literal[
    "core",
    "cpu",
    "data",
    "fsize",
    "locks",
    "memlock",
    "msgqueue",
    "nice",
    "nofile",
    "nproc",
    "rss",
    "rtprio",
    "rttime",
    "sigpending",
    "stack",
]
MountPath = Annotated[
    str,
    Check(
        ECS56,
        lambda path: bool(re.fullmatch(r"(/[\w.-]+)+", path, re.ASCII)),
        lambda _: {"expected": "an absolute path in the container, such as /mnt/features"},
    ),
    Aws("ecs:MountPoint.containerPath"),
]


def _is_user(user: str) -> bool:
    name = user.partition(":")[0]
    known = re.fullmatch(r"[a-z_0-9][\w-]{0,31}(:[a-z_0-9][\w-]{0,31})?", user, re.ASCII)
    return bool(known) and name != "root" and not re.fullmatch(r"0+", name)


User = Annotated[str, Check(ECS37, _is_user), Aws("ecs:ContainerDefinition.user")]


_COMMAND = (
    "a program and its arguments, each by itself, such as ['python', 'ready.py'], or "
    "['CMD-SHELL', 'curl -f localhost:8080/ping'] for a shell"
)


class ContainerHealth(Spec):
    """A command in the container that says whether it is healthy."""

    command: Annotated[Many[str], Aws("ecs:HealthCheck.command")]
    """The command, such as `["python", "-c", "..."]`; exit status 0 is healthy. `["CMD-SHELL", "..."]`
    runs one text with the container's shell."""

    interval_seconds: Annotated[
        int, within(ECS21, 5, 300, " seconds"), Aws("ecs:HealthCheck.interval")
    ] = 30
    """Seconds between two runs. Default: 30."""

    timeout_seconds: Annotated[
        int, within(ECS21, 2, 60, " seconds"), Aws("ecs:HealthCheck.timeout")
    ] = 5
    """Seconds for one run. Default: 5."""

    retries: Annotated[int, within(ECS21, 1, 10), Aws("ecs:HealthCheck.retries")] = 3
    """Failures that make it unhealthy. Default: 3."""

    start_seconds: Annotated[
        int, within(ECS21, 0, 300, " seconds"), Aws("ecs:HealthCheck.startPeriod")
    ] = 60
    """Seconds after the start in which failures do not count. Default: 60."""

    def check(self) -> Iterator[Problem]:
        """There is a command, in a form that ECS runs."""
        form, *words = self.run
        alone = len(words) == 1
        fits = alone if form == "CMD-SHELL" else not alone or len(words[0].split()) == 1
        if not words or not words[0] or words[0] == "NONE" or not fits:
            yield ECS21.problem("command", got=[*self.command], expected=_COMMAND)

    @property
    def run(self) -> list[str]:
        """The command as ECS takes it, with how it is run: CMD, or CMD-SHELL for a shell."""
        if self.command and self.command[0] in ("CMD", "CMD-SHELL"):
            return [*self.command]
        return ["CMD", *self.command]


class Ulimit(Spec):
    """How much of something a process of the container may have."""

    soft: Annotated[int, Aws("ecs:Ulimit.softLimit")]
    """What a process starts with, and may raise up to `hard`. -1 is no limit."""

    hard: Annotated[int, Aws("ecs:Ulimit.hardLimit")]
    """The most. -1 is no limit."""

    def check(self) -> Iterator[Problem]:
        """No less than none, and in order."""
        for field, value in (("soft", self.soft), ("hard", self.hard)):
            if value < -1:
                yield ECS59.problem(field, got=value, expected="0 or more, or -1 for no limit")
        if self.hard >= 0 and (self.soft > self.hard or self.soft == -1):
            yield ECS59.problem("soft", got=self.soft, expected=f"at most hard ({self.hard})")


class Restart(Spec):
    """How ECS restarts a container that ends, without replacing its task."""

    attempt_period_seconds: Annotated[
        int,
        within(ECS73, 60, 1800, " seconds"),
        Aws("ecs:ContainerRestartPolicy.restartAttemptPeriod"),
    ] = 300
    """Seconds that the container must have run since its start; one that ends sooner is not
    restarted. From 60 to 1,800. Default: 300."""

    ignored_exit_codes: Annotated[
        Many[Annotated[int, Aws("ecs:ContainerRestartPolicy.ignoredExitCodes")]],
        Check(
            ECS73,
            lambda codes: len(codes) == len(set(codes)) <= 50,
            lambda _: {"expected": "at most 50 exit codes, each once"},
        ),
    ] = ()
    """Exit codes after which it is not restarted, at most 50. Default: none."""


class ContainerOptions(Spec):
    """How the model's container runs, where it is not as the container contract says."""

    command: Words | None = None
    """What is run, instead of `serve`; `[]` leaves the image's own. Default: `["serve"]`."""

    entry_point: Annotated[Many[str], Aws("ecs:ContainerDefinition.entryPoint")] | None = None
    """What `command` is given to. Default: the image's own."""

    port: Port = CONTAINER_PORT
    """The port that it listens on, from 1 to 65,535. Another than 8080 is opened in the
    security group of a load balancer that Inferform makes, too. A user other than root may not be able to listen below 1,024.
    Default: 8080."""

    depends_on: Dependencies = {}
    """What side-cars have to come to before it starts, by their names: START, HEALTHY (which
    needs their `health`), COMPLETE or SUCCESS (where they are not essential). Default: none."""

    ulimits: dict[
        Annotated[UlimitName, Aws("ecs:Ulimit.name")],
        Ulimit,
    ] = {}
    """Limits of its processes by name, such as `{"nofile": Ulimit(soft=65535, hard=65535)}`. On
    Fargate `nofile` alone. Default: those of the operating system."""

    shared_memory_mib: (
        Annotated[
            int,
            Between(ECS60, 1, 24 * 1024 * 1024),
            Aws("ecs:LinuxParameters.sharedMemorySize"),
        ]
        | None
    ) = None
    """The size of `/dev/shm` in MiB, which data loaders and several GPUs share tensors in. Not on
    Fargate. Default: Docker's 64."""

    init_process: Annotated[bool, Aws("ecs:LinuxParameters.initProcessEnabled")] = False
    """Whether an init process forwards signals and reaps the processes that workers leave.
    Default: False."""

    restart: Restart | None = None
    """How it is restarted when it ends. Default: it is not; the task is replaced."""

    secrets: Secrets = {}
    """Environment variables whose values are secrets or parameters, by ARN. Default: none."""

    environment_files: EnvironmentFiles = ()
    """Files of variables, `NAME=value` a line, which ECS reads from S3 when a task starts: `s3://`
    URIs, or keys in the environment's artifact bucket. At most 10; `model.environment` goes before
    them, and an earlier file before a later one. Default: none."""

    health: ContainerHealth | None = None
    """A health check inside the container. Default: none, the route's alone."""

    user: User | None = None
    """The user that the container runs as, never root. Default: 10001; the image's own for
    AWS's containers, which start as root."""

    read_only: bool | None = None
    """Whether the root file system is read-only; `/tmp` is always writable. Default: True;
    False for AWS's containers, which write their settings into `/etc` and the working folder."""

    stop_timeout_seconds: StopTimeout = 30
    """Seconds from SIGTERM to SIGKILL. Default: 30, as on SageMaker."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """How a container beside the model's is started."""

    user: str
    read_only: bool
    command: Sequence[str] | None = None
    entry_point: Sequence[str] | None = None
    environment: Mapping[str, str] = dataclasses.field(default_factory=dict)
    environment_files: Sequence[str] = ()
    ports: Sequence[int] = ()
    depends_on: Mapping[str, str] = dataclasses.field(default_factory=dict)
    stop_timeout_seconds: int = 30


class Agent(Spec):
    """What every container beside the model's has: see SideCar, FireLens and Adot."""

    image: HelperImage
    """Its image: of the environment's registry, or by URI."""

    essential: Annotated[bool, Aws("ecs:ContainerDefinition.essential")] = True
    """Whether the task stops, and is replaced, when it stops. Default: True."""

    environment: dict[
        Annotated[VariableName, Aws("ecs:KeyValuePair.name")],
        Annotated[str, Aws("ecs:KeyValuePair.value")],
    ] = {}
    """Its environment variables, which everyone who can describe the task can read. Default:
    none."""

    secrets: Secrets = {}
    """Environment variables whose values are secrets or parameters, by ARN. Default: none."""

    cpu: Annotated[int, Between(ECS60, 2, 196_608), Aws("ecs:ContainerDefinition.cpu")] | None = (
        None
    )
    """CPU units of the task that are kept for it. Default: none are."""

    memory_mib: (
        Annotated[int, Between(ECS60, 6, 24 * 1024 * 1024), Aws("ecs:ContainerDefinition.memory")]
        | None
    ) = None
    """The most memory in MiB of the task that it may use. Default: up to the task's."""

    health: ContainerHealth | None = None
    """A health check inside of it. Default: none."""

    def check(self) -> Iterator[Problem]:
        """No secret is written in plain, and no name given twice."""
        for name, value in self.environment.items():
            if name_says_secret(name, value):
                yield MDL24.problem("environment", name, instead="write its ARN in secrets")
            elif value_is_secret(value):
                yield MDL25.problem("environment", name, instead="write its ARN in secrets")
            if name in self.secrets:
                yield ECS35.problem("secrets", name, environment="environment")

    @property
    def started(self) -> Started:
        """How it is started."""
        raise NotImplementedError

    @property
    def ecs_secrets(self) -> Mapping[str, str]:
        """What ECS itself reads for it, by name. Default: `secrets`."""
        return self.secrets

    def statements(self, context: Context) -> list[Statement]:
        """What the task role may do for it. Default: nothing."""
        return []

    @property
    def calls_aws(self) -> bool:
        """Whether it needs the task role for `statements`. Default: False."""
        return False

    def endpoints(self) -> frozenset[str]:
        """The interface endpoints that it calls. Default: none that are known."""
        return frozenset()


class SideCar(Agent):
    """A container beside the model's: an agent for logs or traces, or an adapter.

    It shares the task's network interface, so that the model reaches it at `localhost`. As the
    model's, it has no capabilities.
    """

    command: Words | None = None
    """What is run. Default: the image's own."""

    entry_point: Annotated[Many[str], Aws("ecs:ContainerDefinition.entryPoint")] | None = None
    """What `command` is given to. Default: the image's own."""

    environment_files: EnvironmentFiles = ()
    """Files of variables, as those of `ContainerOptions`. Default: none."""

    ports: Many[Port] = ()
    """The ports that it listens on, for the task's other containers. Default: none."""

    depends_on: Dependencies = {}
    """What other containers have to come to before it starts, by their names; the model's is
    `model`. Default: none."""

    user: User = "10001"
    """The user that it runs as, never root. Default: 10001."""

    read_only: Annotated[bool, Aws("ecs:ContainerDefinition.readonlyRootFilesystem")] = True
    """Whether its root file system is read-only, `/tmp` too. Default: True."""

    stop_timeout_seconds: StopTimeout = 30
    """Seconds from SIGTERM to SIGKILL. Default: 30."""

    @property
    def started(self) -> Started:
        """As its fields say."""
        return Started(
            user=self.user,
            read_only=self.read_only,
            command=self.command,
            entry_point=self.entry_point,
            environment=self.environment,
            environment_files=self.environment_files,
            ports=self.ports,
            depends_on=self.depends_on,
            stop_timeout_seconds=self.stop_timeout_seconds,
        )


class EfsVolume(Spec):
    """A file system of Amazon EFS that exists, mounted into containers of the task.

    It is encrypted in transit. Its mount targets must stand in the service's subnets, and their
    security group must let NFS (TCP 2049) in from the tasks.
    """

    file_system: Annotated[
        str,
        Check(
            ECS56,
            lambda value: bool(
                re.fullmatch(
                    r"(arn:aws[\w-]*:elasticfilesystem:[\w-]+:\d{12}:file-system/)?fs-[0-9a-f]{8,40}",
                    value,
                    re.ASCII,
                )
            ),
            lambda _: {"expected": "the id of a file system, such as fs-0123456789abcdef0"},
        ),
        Aws("ecs:EFSVolumeConfiguration.fileSystemId"),
    ]
    """Its id, such as `fs-0123456789abcdef0`, or its ARN."""

    path: MountPath
    """Where it is mounted in the containers, such as `/mnt/features`."""

    access_point: (
        Annotated[
            str,
            Check(
                ECS56,
                lambda value: bool(re.fullmatch(r"fsap-[0-9a-f]{8,40}", value, re.ASCII)),
                lambda _: {"expected": "the id of an access point, such as fsap-0123456789abcdef0"},
            ),
            Aws("ecs:EFSAuthorizationConfig.accessPointId"),
        ]
        | None
    ) = None
    """The id of the access point to go through, which sets user and root directory. Default:
    none; files are accessed as the container's user."""

    root: (
        Annotated[
            str,
            Check(
                ECS56,
                lambda path: bool(re.fullmatch(r"/[\w./-]*", path, re.ASCII)),
                lambda _: {"expected": "a directory of the file system, such as /models"},
            ),
            Aws("ecs:EFSVolumeConfiguration.rootDirectory"),
        ]
        | None
    ) = None
    """The directory of the file system to mount. Default: its root, or the access point's."""

    read_only: Annotated[bool, Aws("ecs:MountPoint.readOnly")] = True
    """Whether containers may only read; else the task role may write too. Default: True."""

    iam: bool = True
    """Whether the task mounts it by its task role, which then may. Default: True; False for a
    file system whose policy asks for no role."""

    containers: Many[Annotated[str, Aws("ecs:ContainerDefinition.name")]] = (CONTAINER,)
    """The containers that it is mounted into: `model`, or names of side-cars. Default: `model`."""

    def check(self) -> Iterator[Problem]:
        """An access point has a root of its own."""
        if self.access_point is not None and self.root not in (None, "/"):
            yield ECS57.problem("root", got=self.root)

    @property
    def file_system_id(self) -> str:
        """Its id."""
        return self.file_system.rpartition("/")[2]


class Containers(Spec):
    """What a service says of the containers of its task."""

    container: ContainerOptions = ContainerOptions()
    """Command, port, user, secrets, health check and limits of the model's container. Default:
    those of the container contract."""

    sidecars: dict[ShortName, Agent] = {}
    """Containers beside the model's, by short name: a SideCar, or AWS's own FireLens (logs) and
    Adot (traces and metrics). Default: none."""

    volumes: dict[ShortName, EfsVolume] = {}
    """File systems of Amazon EFS by short name. Default: none."""

    def container_problems(
        self, *, cpu: int | None, memory_mib: int, on_fargate: bool, has_artifact: bool
    ) -> Iterator[Problem]:
        """What does not go together in one task."""
        for field, names, own in (
            ("sidecars", self.sidecars, _OWN_CONTAINERS),
            ("volumes", self.volumes, _OWN_VOLUMES),
        ):
            for name in set(names) & {*own}:
                yield ECS52.problem(field, name, taken=", ".join(own))
        if on_fargate:
            if self.container.shared_memory_mib is not None:
                yield ECS51.problem("container", "shared_memory_mib", only="")
            for name in self.container.ulimits:
                if name != "nofile":
                    yield ECS51.problem("container", "ulimits", name, only=", only nofile is")
        yield from self._dependency_problems()
        yield from self._port_problems()
        yield from self._size_problems(cpu, memory_mib)
        yield from self._mount_problems(has_artifact=has_artifact)

    def _dependency_problems(self) -> Iterator[Problem]:
        asked = {CONTAINER: self.container.depends_on} | {
            name: sidecar.started.depends_on for name, sidecar in self.sidecars.items()
        }
        for name, dependencies in asked.items():
            path = ("container",) if name == CONTAINER else ("sidecars", name)
            for other, condition in dependencies.items():
                fault = self._dependency_fault(name, other, condition, asked)
                if fault:
                    yield ECS53.problem(*path, "depends_on", other, fault=fault)

    def _dependency_fault(
        self, name: str, other: str, condition: str, asked: Mapping[str, Mapping[str, str]]
    ) -> str:
        if other not in asked:
            return f"is no container of the task{did_you_mean(other, asked)}"
        if _leads_to(asked, other, name):
            return f"waits for {name} itself, so that neither starts; leave one of them out"
        sidecar = self.sidecars.get(other)
        if condition in ("COMPLETE", "SUCCESS") and (sidecar is None or sidecar.essential):
            instead = "wait for START or HEALTHY"
            if sidecar is not None:
                instead += f", or set essential=False in {other}"
            return f"is essential, and so never ends well; {instead}"
        if condition == "HEALTHY" and (sidecar or self.container).health is None:
            return "has no health check, so that it is never healthy; give it health"
        return ""

    def _port_problems(self) -> Iterator[Problem]:
        taken = {self.container.port: CONTAINER}
        for name, sidecar in self.sidecars.items():
            for index, port in enumerate(sidecar.started.ports):
                if port in taken:
                    yield ECS54.problem(
                        "sidecars", name, "ports", index, got=port, other=taken[port]
                    )
                taken.setdefault(port, name)

    def _size_problems(self, cpu: int | None, memory_mib: int) -> Iterator[Problem]:
        units = sum(sidecar.cpu or 0 for sidecar in self.sidecars.values())
        memory = sum(sidecar.memory_mib or 0 for sidecar in self.sidecars.values())
        if cpu is not None and units >= cpu:
            yield ECS55.problem("sidecars", sum=units, has=cpu, unit="CPU units")
        if memory >= memory_mib:
            yield ECS55.problem("sidecars", sum=memory, has=memory_mib, unit="MiB")

    def _mount_problems(self, *, has_artifact: bool) -> Iterator[Problem]:
        known = [CONTAINER, *self.sidecars]
        taken: dict[tuple[str, str], str] = {(CONTAINER, "/tmp"): "/tmp"}
        if has_artifact:
            taken[CONTAINER, MODEL_DIR] = "the artifact"
        for name, volume in self.volumes.items():
            for index, container in enumerate(volume.containers):
                if container not in known:
                    fault = f"is no container of the task{did_you_mean(container, known)}"
                    yield ECS53.problem(
                        "volumes", name, "containers", index, got=container, fault=fault
                    )
                elif (place := (container, volume.path)) in taken:
                    yield ECS58.problem(
                        "volumes", name, "path", got=volume.path, other=taken[place]
                    )
                else:
                    taken[place] = name

    @property
    def secret_arns(self) -> list[str]:
        """The secrets and parameters that ECS itself reads for the task, each once."""
        beside = (sidecar.ecs_secrets for sidecar in self.sidecars.values())
        every = [self.container.secrets, *beside]
        return sorted({arn for secrets in every for arn in secrets.values()})


def _leads_to(asked: Mapping[str, Mapping[str, str]], start: str, end: str) -> bool:
    """Whether a container waits for another, by whatever many between."""
    seen: set[str] = set()
    waiting = [start]
    while waiting:
        name = waiting.pop()
        if name == end:
            return True
        if name not in seen:
            seen.add(name)
            waiting += asked.get(name, ())
    return False
