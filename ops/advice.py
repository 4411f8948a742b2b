"""What to do about failures of AWS and Terraform that every operator meets."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionClosedError,
    ConnectTimeoutError,
    EndpointConnectionError,
    NoCredentialsError,
    ReadTimeoutError,
)

from inferform import Context, Environment
from inferform_emulator.process import running

from .errors import NotBootstrappedError, OperatorError
from .faults import faults_of
from .masking import mask_text
from .terraform import EMULATOR_FOLDER, Stack
from .untrusted import visible

_SIGN_IN = "sign in (for instance aws sso login) or set AWS_PROFILE"
_EXPIRED = "the credentials have expired; sign in again and repeat: what was done is kept"
_THROTTLED = (
    "AWS throttles this account's requests; wait a minute and repeat: what was done is kept"
)
_UNREACHABLE = (
    "AWS cannot be reached; check the network, the proxy (HTTPS_PROXY) and the Region, and repeat"
)
_NO_BUCKET = "inferform bootstrap {environment} makes it"
_INTERNAL = "AWS had an error of its own; repeat: what was done is kept"
_DENIED = (
    "the role may not do this; compare with modules/identity/README.md, or ask an administrator "
    "of account {account}"
)
_LOCKED = "another run holds the lock of this state; wait for it. If it was killed: {recover}"
_TAKEN = (
    "if a killed deploy of this stack created it, or one whose connection was cut, or a rollout that "
    "failed has kept it, take it back: {recover}. If it is somebody else's, choose another name"
)
_QUOTA = (
    "a quota of account {account} is reached: inferform preflight {environment} compares them; ask "
    "for more in Service Quotas, or take less"
)
_REFUSED = (
    "AWS takes no such value: correct it in the environment's file; inferform preflight "
    "{environment} finds more of the kind"
)
_PROTECTED = (
    "it is protected, as Context.protected is set; to destroy it on purpose, set protected=False "
    "for {environment}, deploy, and repeat"
)

_IMPORTED = (
    "what Environment.imported names is never destroyed or replaced{forced}: write the Spec so that it says "
    "what is there, or leave it where it is and use it (docs/existing.md); to destroy it on purpose, take it "
    "out of imported, and repeat"
)

_NOT_BELOW = (
    "a layer below is not deployed, or not wholly; inferform deploy '{environment}-*' deploys all "
    "in order"
)

_LONGEST = 400
_NOT_DESTROYED = "Instance cannot be destroyed"
_GAP = r"[\s│╷╵]+"
_KEPT = re.compile(
    rf"Resource{_GAP}(?P<address>[\w.-]+)\S*{_GAP}(?:\([^)]*\){_GAP})?has{_GAP}lifecycle\.prevent_destroy"
)
_FORCING = re.compile(r"^[\s│]*[-+~/]+ (\w+) .*# forces replacement", re.MULTILINE)
_NO_OUTPUT = re.compile(r"data\.terraform_remote_state\.(\w+)\.outputs[.\w]* is ")

_HAS_VERSIONS = (
    "SageMaker keeps a group that has versions: aws sagemaker list-model-packages lists them, "
    "aws sagemaker delete-model-package deletes one; delete them, and repeat"
)
_NOT_EMPTY = "AWS deletes none that holds something: empty it, and repeat"

# What Terraform prints, in the order in which they are looked for: the first that fits is said.
_TERRAFORM = (
    (r"Error acquiring the state lock(?=(?s:.*)(PreconditionFailed|ConditionalRequest))", _LOCKED),
    (r"ExpiredToken|RequestExpired|token included in the request is expired", _EXPIRED),
    (r"No valid credential sources", _SIGN_IN),
    (r"Unable to find remote state|terraform_remote_state\.\w+\.outputs[.\w]* is ", _NOT_BELOW),
    (r"NoSuchBucket|S3 bucket (?:\"[^\"]*\" )?does not exist", f"the state bucket: {_NO_BUCKET}"),
    (rf"lifecycle\.prevent_destroy set|{_NOT_DESTROYED}", _PROTECTED),
    (r"Cannot delete ModelPackageGroup|DeleteModelPackageGroup.*ConflictException", _HAS_VERSIONS),
    (r"BucketNotEmpty|RepositoryNotEmpty|bucket you tried to delete is not empty", _NOT_EMPTY),
    (r"Throttling|TooManyRequests|RequestLimitExceeded|SlowDown|Rate exceeded", _THROTTLED),
    (r"AccessDenied|UnauthorizedOperation|is not authorized to perform", _DENIED),
    (r"LimitExceeded|QuotaExceeded|\bTooMany[A-Z]\w*|Insufficient\w*Capacity", _QUOTA),
    (r"StatusCode: 5\d\d|InternalFailure|InternalError|ServiceUnavailable", _INTERNAL),
    (
        r"no such host|connection refused|dial tcp|i/o timeout|EOF|request send failed"
        r"|connection reset",
        _UNREACHABLE,
    ),
    (
        r"(?i)already.?(exist|associated|ownedbyyou)|\.(duplicate|conflict)\b|priorityinuse"
        r"|duplicate(loadbalancer|targetgroup|listener)|not idempotent",
        _TAKEN,
    ),
    (
        r"api error (?:Validation|InvalidParameter|InvalidInput|Invalid\w*(?:Value|Combination))",
        _REFUSED,
    ),
)

# What a run can leave behind, whatever its cause was; it comes before any other run.
_LEFT = (
    (
        r"errored\.tfstate|Failed to (save|persist) state",
        "{recover} writes the state, which Terraform kept in errored.tfstate in the stack's folder "
        "on this machine, and clears the lock",
    ),
    (r"Error releasing the state lock", "{recover} clears the lock that was left"),
)

_CODES = (
    (("ExpiredToken", "ExpiredTokenException", "RequestExpired"), _EXPIRED),
    (
        ("Throttling", "ThrottlingException", "TooManyRequestsException", "SlowDown"),
        _THROTTLED,
    ),
    (("RequestLimitExceeded",), _THROTTLED),
    (("AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "403"), _DENIED),
)
_CONNECTION_ERRORS = (
    ConnectTimeoutError,
    ConnectionClosedError,
    EndpointConnectionError,
    ReadTimeoutError,
)


def about_terraform(output: str, context: Context, layer: str, *, emulated: bool = False) -> str:
    """What to do about an error that Terraform printed; empty where only its own words help."""

    def said(table: tuple[tuple[str, str], ...]) -> str:
        for pattern, advice in table:
            if re.search(pattern, output):
                return _filled(advice, context, layer, emulated=emulated)
        return ""

    cause, left = said(_TERRAFORM), said(_LEFT)
    if cause and left:
        return f"{cause}. Before you repeat: {left}"
    return cause or left


def about_stack(
    output: str, stack: Stack, environment: Environment | None, *, emulated: bool = False
) -> str:
    """What to do about an error that Terraform printed for a stack; empty where only its own words
    help, and for a stack of no environment."""
    if environment is None:
        return ""
    if lost_imports(output, stack, environment):
        forcing = ", ".join(dict.fromkeys(_FORCING.findall(output)))
        return _IMPORTED.format(forced=f" ({forcing} would)" if forcing else "")
    return about_terraform(output, environment.context, stack.layer, emulated=emulated)


def lost_imports(output: str, stack: Stack, environment: Environment) -> list[str]:
    """The addresses in `Environment.imported` that Terraform would have destroyed or replaced, and so
    ended a plan."""
    imported = {each.partition("[")[0] for each in environment.imported.get(stack.layer, {})}
    found = dict.fromkeys(match["address"] for match in _KEPT.finditer(output))
    return [address for address in found if address in imported]


def is_saved(output: str) -> bool:
    """Whether a plan that failed was saved all the same and can be read, as it ended only at what may not
    be destroyed. What depends on that is not in it, and nobody can apply it."""
    found = faults_of(output)
    return bool(found) and all(fault.heading == _NOT_DESTROYED for fault in found)


def lacking(output: str) -> list[str]:
    """The layers below whose states lack what a plan reads from them, by what Terraform says."""
    return list(dict.fromkeys(_NO_OUTPUT.findall(output)))


def errors_of(output: str, limit: int = 12) -> list[str]:
    """The lines of the errors in what Terraform printed, without frames and secrets; long ones are
    cut."""
    lines = [
        visible(re.sub(r"\x1b\[[0-9;]*m", "", line).strip("│╷╵ ").rstrip())
        for line in mask_text(output).splitlines()
    ]
    starts = [index for index, line in enumerate(lines) if line.startswith("Error: ")]
    shown = [_cut(line) for line in lines[starts[0] if starts else 0 :] if line]
    return shown[:limit] if starts else shown[-limit:]


def _cut(line: str) -> str:
    return line if len(line) <= _LONGEST else f"{line[:_LONGEST]} …"


@contextmanager
def explained(context: Context, layer: str = "") -> Iterator[None]:
    """Turn a failed request to AWS into an OperatorError that says what to do."""
    try:
        yield
    except (BotoCoreError, ClientError) as error:
        if isinstance(error, ClientError) and error.response["Error"]["Code"] == "NoSuchBucket":
            raise NotBootstrappedError(
                f"there is no state bucket {context.state_bucket}",
                _filled(_NO_BUCKET, context, layer),
            ) from error
        raise OperatorError(str(error), about_request(error, context, layer)) from error


def about_request(error: BotoCoreError | ClientError, context: Context, layer: str = "") -> str:
    """What to do about a failed request to AWS; empty where only its own words help."""
    if isinstance(error, ClientError):
        code = error.response["Error"]["Code"]
        said = (advice for codes, advice in _CODES if code in codes)
        return _filled(next(said, ""), context, layer)
    if isinstance(error, NoCredentialsError):
        return _sign_in()
    return _UNREACHABLE if isinstance(error, _CONNECTION_ERRORS) else ""


def about_sign_in(error: BotoCoreError | ClientError, context: Context) -> str:
    """What to do where an account's credentials cannot be got."""
    said = about_request(error, context)
    return said if said in (_EXPIRED, _THROTTLED, _UNREACHABLE) else _sign_in()


def _sign_in() -> str:
    """How to get credentials; where the project's emulator runs, that it may have been meant."""
    meant = running(EMULATOR_FOLDER) is not None
    return f"{_SIGN_IN}; or ask the emulator, which runs: --emulator" if meant else _SIGN_IN


def _filled(advice: str, context: Context, layer: str, *, emulated: bool = False) -> str:
    layer = layer or "LAYER"
    option = " --emulator" if emulated else ""
    return advice.format(
        environment=context.key,
        layer=layer,
        account=context.account,
        recover=f"inferform recover {context.key}-{layer}{option}",
    )
