"""The AWS services behind retrainings, pipelines and drift monitors."""

from __future__ import annotations

from ..access import Access

ACCESS = {
    "cloudwatch": Access(("Describe", "List"), roles=("PutMetricData",)),
    "sagemaker": Access(
        (),
        roles=(
            *("CreateModel", "CreateModelPackage", "DeleteModel", "DescribeModel"),
            *("DescribeModelPackage", "DescribeModelPackageGroup", "ListTags"),
            *("*HyperParameterTuningJob", "*ProcessingJob", "*TrainingJob"),
        ),
    ),
    "sns": Access((), deploys=False, roles=("Publish",)),
    "sqs": Access(("GetQueueAttributes", "List")),
}
