"""What to do about failures of AWS and Terraform that every operator meets."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    NoCredentialsError,
    ReadTimeoutError,
)

from modules import Context

from .errors import NotBootstrappedError, OperatorError

_SIGN_IN = "sign in (for instance aws sso login) or set AWS_PROFILE"
_EXPIRED = "the credentials have expired; sign in again and repeat: what was done is kept"
_THROTTLED = (
    "AWS throttles this account's requests; wait a minute and repeat: what was done is kept"
)
_UNREACHABLE = (
    "AWS cannot be reached; check the network, the proxy (HTTPS_PROXY) and the Region, and repeat"
)
_NO_BUCKET = "inferra bootstrap {environment} makes it"
_DENIED = (
    "the role may not do this; compare with modules/identity/README.md, or ask an administrator "
    "of account {account}"
)
_LOCKED = (
    "another run holds the lock of this state; wait for it. If it was killed: "
    "inferra recover {environment}-{layer}"
)
_NOT_SAVED = (
    "what was made is not in the state yet; Terraform kept it in errored.tfstate in the stack's "
    "folder. Mend what is said above, then: terraform -chdir=FOLDER state push errored.tfstate"
)
_PROTECTED = (
    "it is protected, as Context.protected is set; to destroy it on purpose, set protected=False "
    "for {environment}, deploy, and repeat"
)

_NOT_BELOW = (
    "a layer below is not deployed, or not wholly; inferra deploy '{environment}-*' deploys all "
    "in order"
)

# What Terraform prints, in the order in which they are looked for: the first that fits is said.
_TERRAFORM = (
    (r"errored\.tfstate|Failed to (save|persist) state", _NOT_SAVED),
    (r"Error acquiring the state lock(?=(?s:.*)(PreconditionFailed|ConditionalRequest))", _LOCKED),
    (r"ExpiredToken|RequestExpired|token included in the request is expired", _EXPIRED),
    (r"No valid credential sources", _SIGN_IN),
    (r"Unable to find remote state|terraform_remote_state\.\w+\.outputs[.\w]* is ", _NOT_BELOW),
    (r"NoSuchBucket|S3 bucket \"[^\"]*\" does not exist", f"the state bucket: {_NO_BUCKET}"),
    (r"lifecycle\.prevent_destroy set|Instance cannot be destroyed", _PROTECTED),
    (r"Throttling|TooManyRequests|RequestLimitExceeded|SlowDown|Rate exceeded", _THROTTLED),
    (r"AccessDenied|UnauthorizedOperation|is not authorized to perform", _DENIED),
    (
        r"no such host|connection refused|dial tcp|i/o timeout|EOF|request send failed"
        r"|connection reset",
        _UNREACHABLE,
    ),
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


def about_terraform(output: str, context: Context, layer: str) -> str:
    """What to do about an error that Terraform printed; empty where only its own words help."""
    for pattern, advice in _TERRAFORM:
        if re.search(pattern, output):
            return _filled(advice, context, layer)
    return ""


def errors_of(output: str, limit: int = 12) -> list[str]:
    """The lines of the errors in what Terraform printed, without frames."""
    lines = [
        re.sub(r"\x1b\[[0-9;]*m", "", line).strip("│╷╵ ").rstrip() for line in output.splitlines()
    ]
    starts = [index for index, line in enumerate(lines) if line.startswith("Error: ")]
    if not starts:
        return [line for line in lines if line][-limit:]
    return [line for line in lines[starts[0] :] if line][:limit]


@contextmanager
def explained(context: Context, layer: str = "") -> Iterator[None]:
    """Turn a failed request to AWS into an OperatorError that says what to do."""
    try:
        yield
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if code == "NoSuchBucket":
            raise NotBootstrappedError(
                f"there is no state bucket {context.state_bucket}",
                _filled(_NO_BUCKET, context, layer),
            ) from error
        for codes, advice in _CODES:
            if code in codes:
                raise OperatorError(str(error), _filled(advice, context, layer)) from error
        raise OperatorError(str(error)) from error
    except (EndpointConnectionError, ConnectTimeoutError, ReadTimeoutError) as error:
        raise OperatorError(str(error), _UNREACHABLE) from error
    except NoCredentialsError as error:
        raise OperatorError(str(error), _SIGN_IN) from error
    except BotoCoreError as error:
        raise OperatorError(str(error)) from error


def _filled(advice: str, context: Context, layer: str) -> str:
    return advice.format(environment=context.key, layer=layer or "LAYER", account=context.account)
