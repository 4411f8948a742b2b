"""Training: what is asked of the layer of training."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from ..names import Name
from ..overrides import Overridable
from ..service import Named, Place
from ..spec import Aws, Cidrs, OneOf, ShortName
from .drift import DriftMonitor
from .model_monitor import ModelMonitor
from .pipeline import Pipeline, PipelineFile
from .workflow import Retraining

TRAINING = "training"
"""The security group of jobs, in its name."""


class Training(Overridable, Named):
    """What trains models, and watches them."""

    retrainings: dict[ShortName, Retraining] = {}
    """Retrainings by short name. Default: none."""

    monitors: dict[ShortName, DriftMonitor] = {}
    """Drift monitors of endpoints by short name. Default: none."""

    model_monitors: dict[ShortName, ModelMonitor] = {}
    """Monitors of SageMaker's Model Monitor by short name, which is closed to new customers. Default:
    none."""

    pipelines: dict[ShortName, Annotated[Pipeline | PipelineFile, OneOf()]] = {}
    """Pipelines of SageMaker by short name. Default: none."""

    egress_cidrs: Annotated[Cidrs, Aws("ec2:IpRange.CidrIp")] = ()
    """Where the containers of jobs in the VPC may open HTTPS connections beside AWS services, unless they
    are isolated. Default: nowhere."""

    @property
    def has_jobs(self) -> bool:
        """Whether anything of it runs jobs in the VPC."""
        watching = [each.vpc for each in self.monitors.values()]
        watching += [each.vpc for each in self.model_monitors.values()]
        return any(watching) or any(each.in_vpc for each in self._running())

    def _running(self) -> Iterator[Retraining | Pipeline]:
        """What has jobs that are known here."""
        yield from self.retrainings.values()
        for each in self.pipelines.values():
            if isinstance(each, Pipeline):
                yield each

    @property
    def trains_together(self) -> bool:
        """Whether several instances of one job talk to each other."""
        jobs = (job for each in self._running() for job in each.jobs.values())
        return any(getattr(job, "instance_count", 1) > 1 for job in jobs)

    def names(self, place: Place) -> Iterator[Name]:
        """Of the security group of its jobs."""
        if self.has_jobs:
            parts = filter(None, [TRAINING, place.group])
            yield Name("aws_security_group", place.environment.context.name(*parts))
