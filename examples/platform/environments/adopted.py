"""An endpoint that a notebook made before all of this; its callers know its name.

`inferform endpoints adopt prod-use1 churn-2023-11-07 --as churn` wrote what is here.
"""

from inferform import Model, RealtimeEndpoint

from .company import PROD

NAME = "churn-2023-11-07"
CHURN = RealtimeEndpoint(
    model=Model(image=f"{PROD}.dkr.ecr.us-east-1.amazonaws.com/notebooks/churn:1"),
    instance_type="ml.m5.large",
    instance_count=2,
    variant="AllTraffic",
)
IMPORTED = {
    "aws_cloudwatch_log_group.endpoints_churn_logs_CA6307BA": f"/aws/sagemaker/Endpoints/{NAME}",
    "aws_sagemaker_endpoint.endpoints_churn_endpoint_CC2A4FE6": NAME,
}
