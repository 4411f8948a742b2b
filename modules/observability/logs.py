"""What is done with the logs of services beside keeping them: metrics, anomalies, masks."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Literal

from ..rules import Problem, Rule, did_you_mean, rule
from ..service import Subject, meant
from ..spec import Aws, Between, Check, Many, ShortName, Spec
from .names import detector_name

if TYPE_CHECKING:
    from ..environment import Environment
    from .spec import Observability

MON9 = rule(
    "MON9",
    refuses="a filter of log events that CloudWatch Logs does not take",
    message="{wrong}",
    source="botocore logs FilterPattern, MetricTransformation; Amazon CloudWatch Logs user guide, filter "
    "pattern syntax (2 regular expressions in a pattern, 5 in the patterns of a log group) and "
    "quotas (100 metric filters of a log group)",
)
MON18 = rule(
    "MON18",
    refuses="a service whose logs are not in CloudWatch Logs",
    message="writes no log to CloudWatch Logs, so that nothing is found in it",
    source="Inferform: what nobody reads is refused",
)
MON19 = rule(
    "MON19",
    refuses="a mask of log events that CloudWatch Logs does not take",
    message="{wrong}",
    source="Amazon CloudWatch Logs user guide, custom data identifiers (10 of a policy, each of at "
    "most 200 characters, without parentheses)",
)
MON25 = rule(
    "MON25",
    refuses="an identifier of sensitive data that AWS is not known to have, or not for that country",
    message="is none of AWS's identifiers that are known{hint}; CloudWatch Logs refuses others in the apply, "
    "unless AWS has added it since",
    source="Amazon CloudWatch Logs user guide, types of data that you can protect; AWS CDK, aws-logs "
    "DataIdentifier; aws/aws-cdk #27388 (PhoneNumber is one with a country alone)",
    severity="warning",
)
MON20 = rule(
    "MON20",
    refuses="anomalies of logs shown for less than 7 or more than 90 days",
    message="must be from {low} to {high} days",
    source="botocore logs AnomalyVisibilityTime",
)

LOG_ANOMALIES = ("AWS/Logs", "AnomalyCount")
"""The namespace and name of what counts anomalies of logs. Source: Amazon CloudWatch Logs user guide,
metrics published by log anomaly detectors."""

METRIC_FILTERS = 100
"""The most metric filters of a log group."""

EXPRESSIONS = (2, 5)
"""The most regular expressions of a pattern, and of the patterns of a log group."""


def expressions(pattern: str) -> int:
    """How many regular expressions a filter pattern has: `%…%`, outside of quotes."""
    return len(re.findall(r"%[^%]+%", re.sub(r'"[^"]*"', "", pattern)))


def _pattern(pattern: str) -> bool:
    plain = re.sub(r'"(\\.|[^"\\])*"', "", pattern).strip()
    # Of events in JSON, or of columns: what begins with one bracket ends with the other.
    closed = all(plain.startswith(first) == plain.endswith(last) for first, last in ("{}", "[]"))
    if plain.startswith(("{", "[")):
        closed = closed and '"' not in plain
    return len(pattern) <= 1024 and expressions(pattern) <= EXPRESSIONS[0] and closed


def _form(given: Rule, pattern: str, wrong: str) -> Check:
    compiled = re.compile(pattern, re.ASCII)
    return Check(given, lambda text: bool(compiled.fullmatch(text)), lambda _: {"wrong": wrong})


_FIELD = _form(MON9, r"\$[\w.\[\]-]{1,254}", "must be a field of the event, such as $.model")

FilterPattern = Annotated[
    str,
    Check(
        MON9,
        _pattern,
        lambda _: {
            "wrong": "must be a filter pattern of at most 1,024 characters and 2 regular expressions, "
            "in which each { and [ is closed, such as { $.status >= 500 }"
        },
    ),
]
"""A filter pattern: `ERROR`, `?timeout ?refused`, `{ $.status >= 500 }`, `%5\\d\\d%`."""


class LogMetric(Spec):
    """A metric that is counted in log events: how often something is written, or a number in it."""

    pattern: Annotated[FilterPattern, Aws("logs:PutMetricFilterRequest.filterPattern")]
    """Which events count: `ERROR`, or of JSON `{ $.status >= 500 }`. Empty for all."""

    of: Many[str] = ()
    """Whose logs: services by name, as in `Slo.of`. Default: everything that has some."""

    value: Annotated[
        str,
        _form(
            MON9,
            r"\$[\w.\[\]-]{1,99}|-?\d{1,20}(\.\d{1,20})?",
            "must be a number, or a field of the event such as $.seconds",
        ),
        Aws("logs:MetricTransformation.metricValue"),
    ] = "1"
    """What an event counts: a number, or a field of it such as `$.seconds`. Default: 1."""

    default_value: Annotated[float, Aws("logs:MetricTransformation.defaultValue")] | None = None
    """The value of a minute in which something was logged and nothing matched. Default: None, no
    datapoint."""

    dimensions: Annotated[
        dict[
            Annotated[
                str,
                _form(
                    MON9,
                    r"[A-Za-z][\w.-]{0,254}",
                    "must be the name of a dimension, such as model",
                ),
            ],
            Annotated[str, _FIELD],
        ],
        Check(
            MON9,
            lambda given: len(given) <= 3,
            lambda _: {"wrong": "must be at most 3 dimensions"},
        ),
    ] = {}
    """Fields of the event that it is counted by: `{"model": "$.model"}`. Each value that is found is a
    metric of its own, which is billed: none that is different in each request. Default: none."""

    alarm_above: float | None = None
    """The sum of a minute above which an alarm fires, `minutes` of `of_minutes` as of the service's other
    alarms. Default: None, no alarm."""

    def check(self) -> Iterator[Problem]:
        """What excludes each other."""
        if self.dimensions and self.default_value is not None:
            wrong = "goes without dimensions alone; leave one of them out"
            yield MON9.problem("default_value", got=self.default_value, wrong=wrong)
        if self.dimensions and self.alarm_above is not None:
            wrong = "would be of no one metric, as each value of a dimension has one; leave one out"
            yield MON9.problem("alarm_above", got=self.alarm_above, wrong=wrong)


class LogAnomalies(Spec):
    """What is unusual in logs: patterns that are new, or come more often than CloudWatch Logs expects.

    It learns for about 15 minutes and on; billed is what it reads.
    """

    of: Many[str] = ()
    """Whose logs: services by name. Default: everything that has some."""

    minutes: Literal[1, 5, 10, 15, 30, 60] = 15
    """Every how many minutes it looks. Default: 15."""

    pattern: (
        Annotated[FilterPattern, Aws("logs:CreateLogAnomalyDetectorRequest.filterPattern")] | None
    ) = None
    """Which events it looks at. Default: None, all."""

    shown_days: Annotated[
        int,
        Between(MON20, 7, 90),
        Aws("logs:CreateLogAnomalyDetectorRequest.anomalyVisibilityTime"),
    ] = 21
    """Days after which something that is still there is usual. Default: 21."""

    tells: bool = True
    """Whether an alarm fires at anomalies of high priority. Default: True."""

    @property
    def frequency(self) -> str:
        """How CloudWatch Logs calls `minutes`."""
        return _FREQUENCIES[self.minutes]


_FREQUENCIES = {
    1: "ONE_MIN",
    5: "FIVE_MIN",
    10: "TEN_MIN",
    15: "FIFTEEN_MIN",
    30: "THIRTY_MIN",
    60: "ONE_HOUR",
}

_IN_EVERY_COUNTRY = """
    Address AwsSecretKey CreditCardExpiration CreditCardNumber CreditCardSecurityCode EmailAddress IpAddress
    LatLong Name OpenSshPrivateKey PgpPrivateKey PkcsPrivateKey PuttyPrivateKey VehicleIdentificationNumber
"""
_BY_COUNTRY = {
    "BankAccountNumber": "DE ES FR GB IT US",
    "CepCode": "BR",
    "Cnpj": "BR",
    "CpfCode": "BR",
    "DriversLicense": "AT AU BE BG CA CY CZ DE DK EE ES FI FR GB GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI "
    "SK US",
    "DrugEnforcementAgencyNumber": "US",
    "ElectoralRollNumber": "GB",
    "HealthInsuranceCardNumber": "EU",
    "HealthInsuranceClaimNumber": "US",
    "HealthInsuranceNumber": "FR",
    "HealthcareProcedureCode": "US",
    "IndividualTaxIdentificationNumber": "US",
    "InseeCode": "FR",
    "MedicareBeneficiaryNumber": "US",
    "NationalDrugCode": "US",
    "NationalIdentificationNumber": "DE ES IT",
    "NationalInsuranceNumber": "GB",
    "NationalProviderId": "US",
    "NhsNumber": "GB",
    "NieNumber": "ES",
    "NifNumber": "ES",
    "PassportNumber": "CA DE ES FR GB IT US",
    "PermanentResidenceNumber": "CA",
    "PersonalHealthNumber": "CA",
    "PhoneNumber": "BR DE ES FR GB IT US",
    "PostalCode": "CA",
    "RgNumber": "BR",
    "SocialInsuranceNumber": "CA",
    "Ssn": "ES US",
    "TaxId": "DE ES FR GB",
    "ZipCode": "US",
}
IDENTIFIERS = (
    *_IN_EVERY_COUNTRY.split(),
    *(f"{name}-{country}" for name, each in _BY_COUNTRY.items() for country in each.split()),
)
"""AWS's identifiers that are known, as AWS CDK has them, but PhoneNumber, which CloudWatch Logs
refuses without a country. Source: see MON25."""

Identifier = Annotated[
    str,
    _form(
        MON19,
        r"[A-Z][A-Za-z0-9]{1,63}(-[A-Z]{2})?",
        "must be one of AWS's identifiers, such as EmailAddress or PhoneNumber-DE",
    ),
]
"""A managed data identifier: `EmailAddress`, `CreditCardNumber`, `PhoneNumber-DE`."""


class DataProtection(Spec):
    """What is masked in logs: whoever reads them sees `*` in its place, unless IAM lets them `logs:Unmask`.

    It masks what is written from then on, and nothing that is there already.
    """

    of: Many[str] = ()
    """Whose logs: services by name. Default: everything that has some."""

    identifiers: Annotated[
        Many[Identifier],
        Check(
            MON19,
            lambda given: len(given) == len(set(given)),
            lambda _: {"wrong": "must name each identifier once"},
        ),
    ] = ("EmailAddress", "CreditCardNumber", "AwsSecretKey", "IpAddress", "Name", "Address")
    """AWS's identifiers of sensitive data, with the country behind some: `PhoneNumber-DE`. Default: those
    that people and accounts are known by, in every country."""

    own: Annotated[
        dict[
            Annotated[
                str,
                _form(
                    MON19,
                    r"[A-Za-z0-9_-]{1,128}",
                    "must be a name of letters, digits, - and _, such as CustomerId",
                ),
            ],
            Annotated[
                str,
                _form(
                    MON19,
                    r"[\w#=@/;, ^$?\[\]{}|\\*+.-]{1,200}",
                    "must be an expression of at most 200 characters without parentheses, such as C-[0-9]+",
                ),
            ],
        ],
        Check(
            MON19,
            lambda given: len(given) <= 10,
            lambda _: {"wrong": "must be at most 10 identifiers"},
        ),
    ] = {}
    """Identifiers of your own: regular expressions by name, `{"CustomerId": "C-[0-9]{8}"}`. Default:
    none."""

    findings: (
        Annotated[
            str,
            _form(MON19, r"[\w./#-]{1,512}", "must be the name of a log group"),
        ]
        | None
    ) = None
    """A log group that exists and gets a report of each event with something masked, without it. Default:
    None; the metric `LogEventsWithFindings` counts them."""

    def check(self) -> Iterator[Problem]:
        """Something is masked, by what AWS knows."""
        if not self.identifiers and not self.own:
            yield MON19.problem("identifiers", wrong="masks nothing; name an identifier, or own")
        for index, name in enumerate(self.identifiers):
            if name not in IDENTIFIERS:
                hint = did_you_mean(name, IDENTIFIERS)
                yield MON25.problem("identifiers", index, got=name, hint=hint)

    def document(self, partition: str) -> dict[str, Any]:
        """The policy, as CloudWatch Logs takes it."""
        names = [
            f"arn:{partition}:dataprotection::aws:data-identifier/{name}"
            for name in self.identifiers
        ]
        names += list(self.own)
        told = {"CloudWatchLogs": {"LogGroup": self.findings}} if self.findings else {}
        made: dict[str, Any] = {
            "Name": "inferform",
            "Version": "2021-06-01",
            "Statement": [
                {
                    "Sid": "count",
                    "DataIdentifier": names,
                    "Operation": {"Audit": {"FindingsDestination": told}},
                },
                {
                    "Sid": "mask",
                    "DataIdentifier": names,
                    "Operation": {"Deidentify": {"MaskConfig": {}}},
                },
            ],
        }
        if self.own:
            own = [{"Name": name, "Regex": text} for name, text in self.own.items()]
            made["Configuration"] = {"CustomDataIdentifier": own}
        return made


class Logs(Spec):
    """What is done with logs. How long they are kept is a field of each service."""

    metrics: dict[ShortName, LogMetric] = {}
    """Metrics counted in them. Default: none."""

    anomalies: LogAnomalies | None = None
    """What is unusual in them. Default: None, nobody looks."""

    protection: DataProtection | None = None
    """What is masked in them. Default: None, nothing."""


@dataclass(frozen=True, slots=True)
class Read:
    """One log group that is read for a service."""

    subject: Subject
    group: str

    @property
    def key(self) -> str:
        """What tells it from others, in Terraform: `endpoint_fraud`."""
        return self.subject.full_name.replace("/", "_")


@dataclass(frozen=True, slots=True)
class CountedLog:
    """One metric filter."""

    read: Read
    name: str
    spec: LogMetric

    @property
    def metric(self) -> str:
        """The name of its metric: `endpoint/fraud/timeouts`."""
        return f"{self.read.subject.full_name}/{self.name}"


def read_logs(environment: Environment, of: Sequence[str]) -> list[Read]:
    """The log groups that something reads, each once: one that several share is that of the first."""
    subjects = environment.subjects
    wanted = [each for name in of for each in meant(subjects, name)] if of else subjects
    found: dict[str, Read] = {}
    for each in wanted:
        for group in each.spec.log_groups(each.place):
            found.setdefault(group, Read(each, group))
    return list(found.values())


def counted(environment: Environment, spec: Observability) -> Iterator[CountedLog]:
    """Every metric filter of an environment."""
    for name, metric in spec.logs.metrics.items():
        for read in read_logs(environment, metric.of):
            yield CountedLog(read, name, metric)


def detectors(environment: Environment, spec: Observability) -> Iterator[tuple[Read, str]]:
    """The log groups in which anomalies are looked for, and the name of the detector of each."""
    anomalies = spec.logs.anomalies
    for read in read_logs(environment, anomalies.of) if anomalies else ():
        subject = read.subject
        yield read, detector_name(environment.context, subject.name, subject.spec.sort)


def log_problems(environment: Environment, spec: Observability) -> Iterator[Problem]:
    """What no Spec can see alone: services without logs, and more than a log group takes."""
    logs = spec.logs
    named: list[tuple[tuple[str, ...], Sequence[str]]] = [
        (("logs", "metrics", name), each.of) for name, each in logs.metrics.items()
    ]
    for field in ("anomalies", "protection"):
        found = getattr(logs, field)
        if found is not None:
            named.append((("logs", field), found.of))
    for path, of in named:
        for index, name in enumerate(of):
            # A name that means nothing, or several, is told by whoever looks it up.
            if not read_logs(environment, (name,)):
                yield MON18.problem(*path, "of", index, got=name)
    by_group: dict[str, list[CountedLog]] = {}
    for each in counted(environment, spec):
        by_group.setdefault(each.read.group, []).append(each)
    for group, filters in by_group.items():
        many = sum(expressions(each.spec.pattern) for each in filters)
        if len(filters) > METRIC_FILTERS or many > EXPRESSIONS[1]:
            wrong = (
                f"would make {len(filters)} filters with {many} regular expressions of the log group "
                f"{group}, which takes {METRIC_FILTERS} and {EXPRESSIONS[1]}; name services in of"
            )
            yield MON9.problem("logs", "metrics", wrong=wrong)
            return


def policy_text(spec: DataProtection, partition: str) -> str:
    """The policy as text that is the same each time."""
    return json.dumps(spec.document(partition))
