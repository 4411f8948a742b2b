"""What is asked of environments of Managed Workflows for Apache Airflow (MWAA)."""

from __future__ import annotations

import ast
import io
import re
import sys
import zipfile
from collections.abc import Iterator, Mapping
from typing import Annotated, ClassVar, Literal

from ..context import Context
from ..ecr.spec import Image
from ..model.hub import is_led_out
from ..names import Name, role
from ..rules import Problem, rule
from ..service import Needs, Place, Platform, Service
from ..spec import Aws, Between, Check, Cidrs, Listed, Matches, ShortName, Spec
from ..usage import Usage, between, by_use, exactly
from ..vpc.flow_logs import RetentionDays
from . import names as named
from .dags import file_name
from .secrets import MWA17, option_holds_secret, script_secrets, secret_lines
from .starts import TrainingDag

MWA2 = rule(
    "MWA2",
    refuses="what is no version of Airflow",
    message="must be a version such as 2.11.0",
    source="botocore mwaa AirflowVersion; Amazon MWAA user guide, Apache Airflow versions",
)
MWA4 = rule(
    "MWA4",
    refuses="a number of workers outside 1 to 50",
    message="must be from {low} to {high} workers",
    source="botocore mwaa MinWorkers, MaxWorkers (1 at least); Amazon MWAA user guide, service quotas "
    "(25 unless raised; Inferform takes 50)",
)
MWA5 = rule(
    "MWA5",
    refuses="more schedulers or web servers than the class has, or fewer",
    message="must be {wanted} with {environment_class}",
    source="botocore mwaa CreateEnvironmentInput.Schedulers, MinWebservers, MaxWebservers",
)
MWA6 = rule(
    "MWA6",
    refuses="an environment without private subnets in two zones",
    message="needs two private subnets in two zones: {remedy}",
    source="botocore mwaa SubnetList (exactly 2); Amazon MWAA user guide, about networking",
)
MWA7 = rule(
    "MWA7",
    refuses="an environment in subnets with no NAT and not every endpoint that its workers need",
    message="cannot start: its workers find no way to {missing}, which shows after an hour or two. Give "
    "the network a NAT gateway, add the endpoints, or set network.auto_endpoints=True",
    source="Amazon MWAA user guide, creating the required VPC service endpoints; github.com/hashicorp/"
    "terraform-provider-aws #20861, #32869",
)
MWA8 = rule(
    "MWA8",
    refuses="a maintenance window that MWAA does not take",
    message="must be a day and a time in UTC at a full or half hour, such as SUN:03:30",
    source="botocore mwaa WeeklyMaintenanceWindowStart",
)
MWA9 = rule(
    "MWA9",
    refuses="a file whose name is no path below its folder",
    message="must be a path below its folder, such as fraud/daily.py: without s3://, .. or a slash in front",
    source="botocore mwaa RelativePath; Amazon S3 user guide, object key naming",
)
MWA10 = rule(
    "MWA10",
    refuses="an option of Airflow's that MWAA sets itself",
    message="is set by MWAA, whatever is written here; leave it out",
    source="github.com/aws/amazon-mwaa-docker-images, images/airflow/2.11.0, get_essential_airflow_config",
)
MWA11 = rule(
    "MWA11",
    refuses="a web server on the internet in a protected environment",
    message="lets the internet reach the sign-in page of a protected environment; PRIVATE_ONLY is reached "
    "from the VPC alone",
    source="Amazon MWAA user guide, Apache Airflow access modes",
    severity="warning",
)
MWA12 = rule(
    "MWA12",
    refuses="requirements that the next worker may install otherwise",
    message="{wrong}; each new worker installs them again",
    source="Amazon MWAA user guide, installing Python dependencies (constraints); pip documentation, "
    "requirements file format",
    severity="warning",
)
MWA14 = rule(
    "MWA14",
    refuses="requirements from the internet in subnets without a way there",
    message="are installed from PyPI, and the network has no NAT; give it one, or begin them with --no-index "
    "and --find-links /usr/local/airflow/plugins, where plugins lie",
    source="Amazon MWAA user guide, managing Python dependencies in requirements.txt (private network)",
)
MWA15 = rule(
    "MWA15",
    refuses="a file that Python cannot read",
    message="is no Python: {wrong}",
    source="Apache Airflow documentation, Dag file processing (a file that cannot be imported has no DAGs)",
)
MWA16 = rule(
    "MWA16",
    refuses="a startup script with line ends of Windows",
    message="has line ends of Windows (\\r), which bash takes for a part of its commands; end lines with \\n alone",
    source="Amazon MWAA user guide, using a startup script (run by bash)",
)
MWA23 = rule(
    "MWA23",
    refuses="an option of Airflow's without its section, or over 64 characters",
    message="must be a section and an option of at most 64 characters together, such as core.parallelism",
    source="botocore mwaa ConfigKey; Amazon MWAA user guide, using Apache Airflow configuration options",
)
MWA24 = rule(
    "MWA24",
    refuses="more workers than the quota of an environment",
    message="is above 25, the quota of an environment unless AWS has raised it",
    source="Amazon MWAA user guide, service quotas (workers for each environment: 25)",
    severity="warning",
)
MWA25 = rule(
    "MWA25",
    refuses="a maximum below its minimum",
    message="is below {other} ({least})",
    source="Amazon MWAA API reference, CreateEnvironment",
)
MWA26 = rule(
    "MWA26",
    refuses="a file that the Python of this synthesis cannot read, where Airflow has a newer one",
    message="is no Python {here}: {wrong}; Airflow {version} has Python {there}, which may read it",
    source="Amazon MWAA user guide, Apache Airflow versions (Python version)",
    severity="warning",
)
MWA27 = rule(
    "MWA27",
    refuses="a file with the name of one that Inferform writes",
    message="is the file of {dag}, which Inferform writes; give it another name",
    source="Inferform: a file has one content",
)
MWA28 = rule(
    "MWA28",
    refuses="subnets of an environment that are not two",
    message="must be two subnets in two zones for an Airflow environment",
    source="botocore mwaa SubnetList (exactly 2)",
)
MWA29 = rule(
    "MWA29",
    refuses="a number of schedulers or web servers outside 1 to 5",
    message="must be from {low} to {high}",
    source="botocore mwaa CreateEnvironmentInput.Schedulers; Amazon MWAA user guide, environment class (2 to "
    "5, or 1 with mw1.micro)",
)

MWA30 = rule(
    "MWA30",
    refuses="a value of an option that MWAA does not take",
    message="must be 1 to 65,536 printable characters of ASCII; leave the option out for Airflow's own value",
    source="botocore mwaa ConfigValue",
)

MWA31 = rule(
    "MWA31",
    refuses="requirements for another version of Airflow or Python than the environment has",
    message="{wrong}; Airflow {version} on MWAA has Python {python}, and installs nothing of the file where pip finds "
    "a conflict: write constraints-{version}/constraints-{python}.txt, and no version of apache-airflow",
    source="Amazon MWAA user guide, Apache Airflow versions (constraints, Python version); github.com/aws/"
    "amazon-mwaa-docker-images, user_requirements.py (packages whose version cannot be overridden)",
    severity="warning",
)

PYTHONS: Mapping[str, tuple[int, int]] = {
    **dict.fromkeys(("2.7.2", "2.8.1", "2.9.2", "2.10.1", "2.10.3"), (3, 11)),
    **dict.fromkeys(("2.11.0", "3.0.6"), (3, 12)),
}
"""The Python of each version of Airflow that MWAA has.

Source: botocore 1.44.5, documentation of mwaa CreateEnvironmentInput.AirflowVersion (2026-11); Amazon MWAA user
guide, Apache Airflow versions; github.com/aws/amazon-mwaa-docker-images, Dockerfile.base (PYTHON_VERSION)."""

VERSIONS = frozenset(PYTHONS)
"""The versions of Airflow that MWAA has."""

ENDPOINTS = frozenset(
    {
        *("airflow.api", "airflow.env", "airflow.ops", "ecr.api", "ecr.dkr", "kms", "logs"),
        *("monitoring", "sqs"),
    }
)
"""What workers reach beside S3. Source: Amazon MWAA user guide, creating the required VPC service
endpoints."""

OWNED = frozenset(
    {
        "celery.broker_url",
        "celery.celery_config_options",
        "celery.result_backend",
        "celery.worker_enable_remote_control",
        "celery_broker_transport_options.visibility_timeout",
        "core.executor",
        "core.fernet_key",
        "core.load_examples",
        "core.sql_alchemy_conn",
        "database.sql_alchemy_conn",
        "database.sql_alchemy_connect_args",
        "logging.logging_config_class",
        "metrics.statsd_host",
        "metrics.statsd_port",
        "metrics.statsd_prefix",
        "operators.default_queue",
        "scheduler.standalone_dag_processor",
        "webserver.base_url",
        "webserver.config_file",
        "webserver.cookie_secure",
        "webserver.secret_key",
    }
)
"""Options that MWAA sets after those of an environment.

Source: github.com/aws/amazon-mwaa-docker-images, images/airflow/2.11.0/python/mwaa/config."""

_WORKER_QUOTA = 25

FileName = Annotated[
    str,
    Matches(MWA9, r"(?!.*\.\.)[\w.-][\w.-]*(/[\w.-]+)*"),
    Check(MWA9, lambda name: len(name) <= 512),
]
"""The path of a file below its folder."""

EnvironmentClass = Literal[
    "mw1.micro", "mw1.small", "mw1.medium", "mw1.large", "mw1.xlarge", "mw1.2xlarge"
]

MICRO: EnvironmentClass = "mw1.micro"
"""The class with one scheduler and one web server."""

Workers = Annotated[int, Between(MWA4, 1, 50)]
Count = Annotated[int, Between(MWA29, 1, 5)]


class AirflowCapacity(Spec):
    """How many workers, schedulers and web servers an environment has."""

    min_workers: Annotated[Workers, Aws("mwaa:CreateEnvironmentInput.MinWorkers")] = 1
    """Workers that are always there, 1 to 50. Default: 1, which the price of the environment includes."""

    max_workers: Annotated[Workers, Aws("mwaa:CreateEnvironmentInput.MaxWorkers")] = 5
    """Workers under load, 1 to 50; above 25 AWS has to raise the quota. Default: 5."""

    schedulers: Annotated[Count, Aws("mwaa:CreateEnvironmentInput.Schedulers")] | None = None
    """Schedulers: 2 to 5, or 1 with mw1.micro. Default: the fewest that the class has."""

    min_webservers: Annotated[Count, Aws("mwaa:CreateEnvironmentInput.MinWebservers")] | None = None
    """Web servers that are always there: 2 to 5, or 1 with mw1.micro. Default: the fewest that the
    class has."""

    max_webservers: Annotated[Count, Aws("mwaa:CreateEnvironmentInput.MaxWebservers")] | None = None
    """Web servers under load: 2 to 5, or 1 with mw1.micro. Default: as many as `min_webservers`."""

    def check(self) -> Iterator[Problem]:
        """A maximum is no less than its minimum, and within the quota."""
        if self.max_workers < self.min_workers:
            least = self.min_workers
            yield MWA25.problem(
                "max_workers", got=self.max_workers, other="min_workers", least=least
            )
        if self.max_workers > _WORKER_QUOTA:
            yield MWA24.problem("max_workers", got=self.max_workers)


class AirflowEnvironment(Service):
    """An environment of Airflow, with the bucket of its files and its rights.

    It is billed by the hour from the apply that makes it, used or not, and cannot be paused. Retrainings
    and pipelines need none: they have schedules and events of their own.
    """

    airflow_version: Annotated[
        str,
        Listed(MWA2, "a version of Airflow", lambda: VERSIONS, r"\d+\.\d+\.\d+"),
        Aws("mwaa:CreateEnvironmentInput.AirflowVersion"),
    ]
    """The version of Airflow, such as `2.11.0`. A minor version is upgraded in place; Airflow 3 from
    2.11 alone."""

    environment_class: Annotated[
        EnvironmentClass, Aws("mwaa:CreateEnvironmentInput.EnvironmentClass")
    ] = "mw1.small"
    """The size of schedulers, workers and the metadata database. Default: mw1.small."""

    capacity: AirflowCapacity = AirflowCapacity()
    """How many workers, schedulers and web servers. Default: the fewest, and 5 workers at most."""

    training_dags: dict[ShortName, TrainingDag] = {}
    """DAGs that Inferform writes, by `dag_id`: they start what the training layer makes. Default: none."""

    dags: dict[FileName, str] = {}
    """Files of the folder of DAGs by their path: `{"daily.py": (Path(__file__).parent / "daily.py")
    .read_text()}`. Files that something else puts into the folder stay there. Default: none."""

    requirements: str | None = None
    """The text of `requirements.txt`: what Airflow installs beside its own packages. A change restarts
    the environment. Default: None, nothing."""

    plugins: dict[FileName, str] = {}
    """Files of `plugins.zip` by their path, which become Python modules. A change restarts the
    environment. Default: none."""

    startup_script: Annotated[str, Check(MWA16, lambda text: "\r" not in text)] | None = None
    """The text of a script that bash runs before Airflow starts. A change restarts the environment.
    Default: None, nothing."""

    configuration: dict[
        Annotated[str, Matches(MWA23, r"(?=.{3,64}\Z)[a-z][a-z0-9_]*\.[a-z0-9_]+")],
        Annotated[str, Matches(MWA30, r"[ -~]{1,65536}")],
    ] = {}
    """Options of Airflow's by section and name: `{"core.parallelism": "32"}`. Default: Airflow's, as
    MWAA has them."""

    webserver_access: Annotated[
        Literal["PRIVATE_ONLY", "PUBLIC_ONLY"],
        Aws("mwaa:CreateEnvironmentInput.WebserverAccessMode"),
    ] = "PRIVATE_ONLY"
    """Who reaches the web server: the VPC, or the internet. Both sign in by IAM. Default: the VPC."""

    maintenance_window: Annotated[
        str,
        Matches(MWA8, r"(MON|TUE|WED|THU|FRI|SAT|SUN):([01]\d|2[0-3]):(00|30)"),
        Aws("mwaa:CreateEnvironmentInput.WeeklyMaintenanceWindowStart"),
    ] = "SUN:03:30"
    """When AWS may update the environment, in UTC. Default: SUN:03:30."""

    log_level: Annotated[
        Literal["CRITICAL", "ERROR", "WARNING", "INFO", "DEBUG"],
        Aws("mwaa:ModuleLoggingConfigurationInput.LogLevel"),
    ] = "INFO"
    """From which level on tasks are logged; everything else is from WARNING on. Default: INFO."""

    log_retention_days: RetentionDays = 30
    """Days that its log groups keep events. Default: 30."""

    egress_cidrs: Annotated[Cidrs, Aws("ec2:IpRange.CidrIp")] | None = None
    """Where its workers may open HTTPS connections beside AWS services of the VPC's endpoints. Default:
    None, everywhere; nowhere in a network without NAT."""

    sort = "airflow"
    words = "Airflow environment"
    not_simulated = "nothing here knows how many tasks its DAGs have at a time"
    unreached = MWA7
    unreached_internet = MWA14
    not_existing: ClassVar[Mapping[str, str]] = {
        "task_role": "write execution_role, which Airflow and its tasks share",
        "log_group": "MWAA names its log groups itself",
    }

    def check(self) -> Iterator[Problem]:
        """Counts fit the class, files can be read, options are the environment's own."""
        yield from self._check_counts()
        yield from self._check_files()
        for name, value in self.configuration.items():
            if name in OWNED:
                yield MWA10.problem("configuration", name)
            elif option_holds_secret(name, value):
                remedy = "keep it in Secrets Manager and set secrets.backend"
                yield MWA17.problem("configuration", name, where="", remedy=remedy)
        if self.requirements is not None:
            yield from self._check_requirements(self.requirements)
        if self.existing.subnets and len(self.existing.subnets) != 2:
            yield MWA28.problem("existing", "subnets", got=self.existing.subnets)

    def _check_counts(self) -> Iterator[Problem]:
        low, high = self._bounds
        wanted = "1" if low == high else f"from {low} to {high}"
        found = False
        for name in ("schedulers", "min_webservers", "max_webservers"):
            given = getattr(self.capacity, name)
            if given is not None and not low <= given <= high:
                found = True
                yield MWA5.problem(
                    "capacity",
                    name,
                    got=given,
                    wanted=wanted,
                    environment_class=self.environment_class,
                )
        if not found and self.max_webservers < self.min_webservers:
            yield MWA25.problem(
                "capacity",
                "max_webservers",
                got=self.max_webservers,
                other="min_webservers",
                least=self.min_webservers,
            )

    def _check_files(self) -> Iterator[Problem]:
        written = {file_name(name): name for name in self.training_dags}
        for field in ("dags", "plugins"):
            for name, text in getattr(self, field).items():
                if name.endswith(".py"):
                    yield from self._check_python(text, field, name)
                if field == "dags" and name in written:
                    yield MWA27.problem(field, name, dag=f"training_dags.{written[name]}")
                for line in secret_lines(text):
                    remedy = (
                        "keep it in Secrets Manager, and let the code fetch it or take a connection"
                    )
                    yield _in_file(line, remedy, field, name)
        for line in secret_lines(self.requirements or ""):
            remedy = (
                "keep it in Secrets Manager, let startup_script export it, and write the name of its variable, such "
                "as ${INDEX_TOKEN}"
            )
            yield _in_file(line, remedy, "requirements")
        for line in script_secrets(self.startup_script or ""):
            remedy = "keep it in Secrets Manager, and let the script fetch it: aws secretsmanager get-secret-value"
            yield _in_file(line, remedy, "startup_script")

    def _check_python(self, text: str, *path: str) -> Iterator[Problem]:
        """Airflow's Python reads a file, as far as the one here can tell."""
        here, there = sys.version_info[:2], self.python
        wrong = _unreadable(text, min(here, there))
        if wrong and here < there:
            told = {"here": _dotted(here), "there": _dotted(there), "version": self.airflow_version}
            yield MWA26.problem(*path, wrong=wrong, **told)
        elif wrong:
            yield MWA15.problem(*path, wrong=wrong)

    def _check_requirements(self, text: str) -> Iterator[Problem]:
        lines = [line.partition("#")[0].strip() for line in text.splitlines()]
        packages = [line for line in lines if line and not line.startswith("-")]
        loose = [line for line in packages if "==" not in line and "@" not in line]
        if loose:
            wrong = f"name no version of {', '.join(loose)}: write {loose[0]}==…"
            yield MWA12.problem("requirements", wrong=wrong)
        if packages and not any(re.match(r"(-c|--constraint)\b", line) for line in lines):
            wrong = "have no --constraint line, for which MWAA then takes Airflow's own"
            yield MWA12.problem("requirements", wrong=wrong)
        own, python = self.airflow_version, _dotted(self.python)
        for line in lines:
            constraints, airflow = _CONSTRAINTS.search(line), _AIRFLOW.fullmatch(line)
            if (constraints and constraints.groups() != (own, python)) or (
                airflow and airflow[1] != own
            ):
                named = (constraints or airflow or [""])[0]
                wrong = f"name another version: {named}"
                yield MWA31.problem("requirements", wrong=wrong, version=own, python=python)

    def check_in(self, context: Context) -> Iterator[Problem]:
        """What is protected is not on the internet."""
        yield from super().check_in(context)
        if context.protected and self.webserver_access == "PUBLIC_ONLY":
            yield MWA11.problem("webserver_access", got=self.webserver_access)

    # What it consists of

    @property
    def python(self) -> tuple[int, int]:
        """The version of its Python."""
        return PYTHONS[self.airflow_version]

    @property
    def _bounds(self) -> tuple[int, int]:
        return (1, 1) if self.environment_class == MICRO else (2, 5)

    @property
    def schedulers(self) -> int:
        """How many schedulers there are."""
        given = self.capacity.schedulers
        return self._bounds[0] if given is None else given

    @property
    def min_webservers(self) -> int:
        """The fewest web servers."""
        given = self.capacity.min_webservers
        return self._bounds[0] if given is None else given

    @property
    def max_webservers(self) -> int:
        """The most web servers."""
        given = self.capacity.max_webservers
        return self.min_webservers if given is None else given

    @property
    def size(self) -> str:
        """Its class in price keys: `small`."""
        return self.environment_class.partition(".")[2]

    @property
    def plugins_zip(self) -> bytes:
        """`plugins.zip`, the same bytes for the same files."""
        made = io.BytesIO()
        with zipfile.ZipFile(made, "w", zipfile.ZIP_STORED) as archive:
            for name, text in sorted(self.plugins.items()):
                entry = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
                entry.external_attr, entry.create_system = 0o644 << 16, 3
                archive.writestr(entry, text)
        return made.getvalue()

    @property
    def fetches_packages(self) -> bool:
        """Whether its requirements are installed from the internet."""
        lines = [line.strip() for line in (self.requirements or "").splitlines()]
        packages = [line for line in lines if line and not line.startswith(("#", "-"))]
        return bool(packages) and "--no-index" not in lines

    # What it is, for the rest

    def resource(self, place: Place) -> tuple[str, str]:
        """The environment."""
        name = named.environment_name(place.environment.context, place.name)
        return "aws_mwaa_environment", name

    def names(self, place: Place) -> Iterator[Name]:
        """Its own, and of its bucket, role, logs and security group."""
        context, short = place.environment.context, place.name
        yield Name("aws_mwaa_environment", named.environment_name(context, short))
        yield Name("aws_s3_bucket", context.bucket(*named.files_bucket(short)))
        for log in named.LOGS:
            yield Name("aws_cloudwatch_log_group", named.log_group(context, short, log))
        if self.existing.execution_role is None:
            yield Name("aws_iam_role", role(context, named.execution_role(short)))
        if not self.existing.security_groups:
            yield Name("aws_security_group", named.security_group(context, short))

    def images(self) -> Iterator[Image | str]:
        """MWAA's own alone."""
        yield from ()

    def loads(self) -> Iterator[str]:
        """No artifact: what it starts does."""
        yield from ()

    def platform(self, place: Place) -> Platform | None:
        """It runs no image of yours."""
        return None

    def is_led_out(self, place: Place) -> bool:
        """Unless `egress_cidrs` keeps it in."""
        return self.egress_cidrs is None or is_led_out(self.egress_cidrs)

    def needs(self, place: Place) -> Needs:
        """What its workers need to start, and where packages come from."""
        internet = (("requirements",),) if self.fetches_packages else ()
        return Needs(ENDPOINTS, s3=True, internet=internet, through_nat=self.is_led_out(place))

    def log_groups(self, place: Place) -> Iterator[str]:
        """Those of tasks, workers, schedulers, web servers and of what reads DAGs."""
        context = place.environment.context
        yield from (named.log_group(context, place.name, log) for log in named.LOGS)

    def uses(self, place: Place) -> Iterator[Usage]:
        """The environment with what its price includes, and what is more than that, by the hour."""
        name, size = place.name, self.size
        yield Usage(name, f"mwaa/environment/{size}", exactly(1))
        low, high = self.capacity.min_workers - 1, self.capacity.max_workers - 1
        if high:
            yield Usage(name, f"mwaa/worker/{size}", between(low, high))
        fewest = self._bounds[0]
        if self.schedulers > fewest:
            yield Usage(name, f"mwaa/scheduler/{size}", exactly(self.schedulers - fewest))
        if self.max_webservers > fewest:
            more = between(self.min_webservers - fewest, self.max_webservers - fewest)
            yield Usage(name, f"mwaa/webserver/{size}", more)
        yield by_use(name, "mwaa/storage")


def _in_file(line: int, remedy: str, *path: str) -> Problem:
    return MWA17.problem(*path, where=f" in line {line}", remedy=remedy)


# constraints-2.11.0/constraints-3.12.txt, as Airflow publishes them, and Airflow itself among the packages.
_CONSTRAINTS = re.compile(r"constraints-(\d+\.\d+\.\d+)/constraints-(?:[a-z-]+-)?(\d+\.\d+)\.txt")
_AIRFLOW = re.compile(r"apache-airflow(?:\[[^\]]*\])? ?== ?([\d.]+)")


def _dotted(version: tuple[int, int]) -> str:
    return ".".join(map(str, version))


def _unreadable(text: str, python: tuple[int, int]) -> str:
    """Why a version of Python that is no newer than this one cannot read a file; empty where it can, or where this
    one does not know better."""
    try:
        ast.parse(text, feature_version=python)
    except (SyntaxError, ValueError) as error:
        line = getattr(error, "lineno", None)
        return f"{getattr(error, 'msg', error)}" + (f" (line {line})" if line else "")
    return ""


class Orchestration(Spec):
    """What runs workflows beside the schedules and events of the training layer."""

    airflow: dict[ShortName, AirflowEnvironment] = {}
    """Environments of Airflow by short name. Default: none."""
