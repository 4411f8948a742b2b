"""Finding what is in AWS where Terraform wants to create, and whose it is."""

from __future__ import annotations

import re

from botocore.exceptions import ClientError

from .advice import explained
from .aws import Aws
from .kinds import kinds
from .kinds.finding import NotKnownError
from .kinds.record import Existing, Not, Values

_ABSENT = re.compile(r"NotFound|NoSuch|DoesNotExist|NonExistent|Validation|^404$")


def existing(kind: str, values: Values, aws: Aws) -> list[Existing]:
    """What is there for a resource of the type `kind`; nothing where the type is not known.

    Raises OperatorError where AWS refuses to tell.
    """
    record = kinds().get(kind)
    if record is None or isinstance(record.find, Not):
        return []
    with explained(aws.context):
        try:
            return list(record.find(aws, values))
        except NotKnownError:
            return []
        except ClientError as error:
            if _ABSENT.search(error.response["Error"]["Code"]):
                return []
            raise
