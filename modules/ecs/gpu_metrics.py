"""The CloudWatch agent that measures the GPUs of ECS container instances."""

from __future__ import annotations

import json

NAMESPACE = "CWAgent"
"""The agent's own namespace."""

_AGENT = "/opt/aws/amazon-cloudwatch-agent"
# Amazon CloudWatch user guide, "Collect NVIDIA GPU metrics" and "Manually create or edit the CloudWatch
# agent configuration file". The agent asks EC2 for the name of the group.
_CONFIGURATION = {
    "metrics": {
        "namespace": NAMESPACE,
        "append_dimensions": {"AutoScalingGroupName": "${aws:AutoScalingGroupName}"},
        "aggregation_dimensions": [["AutoScalingGroupName"]],
        "metrics_collected": {
            "nvidia_gpu": {
                "measurement": ["utilization_gpu", "memory_used", "memory_total"],
                "metrics_collection_interval": 60,
            }
        },
    }
}


def agent_script() -> list[str]:
    """The lines of user data that install the agent, from the repository of Amazon Linux in S3, and start
    it. An instance whose agent fails serves all the same."""
    return [
        "yum install -y amazon-cloudwatch-agent",
        f"cat >{_AGENT}/etc/gpu.json <<'END'",
        json.dumps(_CONFIGURATION, sort_keys=True),
        "END",
        f"{_AGENT}/bin/amazon-cloudwatch-agent-ctl -a fetch-config -m ec2 -s -c file:{_AGENT}/etc/gpu.json",
    ]
