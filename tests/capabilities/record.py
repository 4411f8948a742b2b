"""Capability: what the tests of the whole project have to know of one capability.

Each file beside this one describes a capability by `CAPABILITY`, and is found by itself. It imports
no more than `inferform`, as the examples are synthesized without the packages of the tests too.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from inferform import Context

if TYPE_CHECKING:
    from inferform import Environment

Reasons = Mapping[str, tuple[str, ...]]
"""Names of fields or attributes, by the reason that holds for them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Capability:
    """What tests know of a capability; what is not given does not apply to it."""

    # What stands for it

    examples: Mapping[str, str] = field(default_factory=dict)
    """Environments with every field of its Specs, as arguments of `Environment` beside those of
    `BASE` in tests/specs/kinds.py."""

    environments: Mapping[str, Callable[[], Environment]] = field(default_factory=dict)
    """Environments to be synthesized, beside those that the README of its module has."""

    # Its Specs, compared with botocore: see tests/specs/test_fidelity.py

    not_aws: Reasons = field(default_factory=dict)
    """Fields that become no member of a request. Names within the Environment need no reason."""

    left_out: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """What a field does not offer of an enum: why, by a pattern."""

    stricter: Reasons = field(default_factory=dict)
    """Fields that refuse what the models take."""

    shorter: Reasons = field(default_factory=dict)
    """Fields whose text cannot be as long as the models take it."""

    sent: Mapping[str, Callable[[Any], Any]] = field(default_factory=dict)
    """What a field's value is sent as, where not as it is."""

    good: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Good values where no pattern says what they look like, by the rule of a field or its name."""

    # Its resources, compared with botocore: see tests/modules/test_terraform_fidelity.py

    requests: Mapping[str, str] = field(default_factory=dict)
    """The requests that make a resource of a type, or what they hold: an attribute belongs to the
    first that has a member of its name."""

    data_sources: Mapping[str, str] = field(default_factory=dict)
    """The request that reads a data source of a type."""

    elsewhere: Mapping[str, str] = field(default_factory=dict)
    """Attributes whose member has another name, or stands elsewhere."""

    own: Reasons = field(default_factory=dict)
    """Attributes that are no member of a request."""

    unnamed: Mapping[str, str] = field(default_factory=dict)
    """Why an argument `type.argument` that looks like a name is none of its own: see
    tests/names/test_taken.py."""

    # Its resources, judged: see tests/security

    checkov: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """Why checks of Checkov that fail are no fault, by their ids: for a resource type, or a pattern
    for `source-stack/type.name`."""

    cloudsplaining: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """Why what Cloudsplaining finds in a policy is no fault, by the patterns of a place
    `source-stack/type.name` and of an action or a service."""

    encrypted: Mapping[str, Callable[[dict[str, Any]], Any]] = field(default_factory=dict)
    """How each type that holds data shows that it is encrypted."""

    unencrypted: Mapping[str, str] = field(default_factory=dict)
    """Why something has not the environment's key, by the beginning of its `type.name`."""

    unversioned: Mapping[str, str] = field(default_factory=dict)
    """Why a bucket keeps no versions, by the beginning of its name in Terraform."""


ACCOUNT = "111122223333"
DEV = Context(organization="acme", stage="dev", account=ACCOUNT, region="us-east-1", owner="ml")

MODEL = (
    'Model(image=Image(repository="fraud", tag="1.4.2"), artifact="fraud/1/model.tar.gz", '
    'environment={"LEVEL": "info"})'
)
"""A model, as examples write it."""

CERTIFICATE = f"arn:aws:acm:us-east-1:{ACCOUNT}:certificate/12345678-1234-1234-1234-123456789012"

# Reasons that fields of several capabilities have.
PART_OF_A_NAME = "a part of an ARN, a URI or the name of a zone, service or parameter"
PART_OF_A_POLICY = "a part of a policy or of a rule, which the models hold as one text"
OTHER_UNIT = "said in a unit that people use, and calculated"
OWN_CHOICE = "a choice of Inferform's"
IN_KUBERNETES = "Kubernetes': no API of AWS sees it"
MORE_THAN_MODELS = "AWS's documentation says more than the models: ASCII, or a form"
NARROWER = "AWS's documentation has a narrower range than the models"
CLOSED_SET = "no name in the closed set is as long"
ALARM_PERIODS = "CloudWatch has alarms of 10, 20 and 30 seconds and of whole minutes"

# Reasons that attributes of several capabilities have.
TERRAFORMS = "says how Terraform creates, updates and destroys"
FLAG = "a flag that is sent as a word, as an attribute's text or by a request of its own"
