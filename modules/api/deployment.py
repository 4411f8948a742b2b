"""The CloudFormation template of a deployment of a REST API: a copy of what it is then. Pure."""

from __future__ import annotations

from typing import Any

API = "Api"
"""The parameter that has the id of the API."""

DEPLOYMENT = "Deployment"
"""The output that has the id of the deployment."""

KIND = "AWS::ApiGateway::Deployment"


def deployment_template(content: str) -> dict[str, Any]:
    """A template with one deployment, which another content makes another one.

    The one of before is kept: a stage serves it until Terraform leads it to the new one."""
    logical = f"{DEPLOYMENT}{content}"
    return {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Parameters": {API: {"Type": "String"}},
        "Resources": {
            logical: {
                "Type": KIND,
                "DeletionPolicy": "Retain",
                "Properties": {"RestApiId": {"Ref": API}},
            }
        },
        "Outputs": {DEPLOYMENT: {"Value": {"Ref": logical}}},
    }
