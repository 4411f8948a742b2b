"""Training: what is asked of the layer of training."""

from __future__ import annotations

from typing import Annotated

from ..overrides import Overridable
from ..spec import Aws, Cidrs

TRAINING = "training"
"""The security group of jobs, in its name."""


class Training(Overridable):
    """What trains models, and watches them."""

    egress_cidrs: Annotated[Cidrs, Aws("ec2:IpRange.CidrIp")] = ()
    """Where the containers of jobs in the VPC may open HTTPS connections beside AWS services, unless they
    are isolated. Default: nowhere."""
