"""What a deploy and a plan do with Amazon API Gateway."""

from __future__ import annotations

from ..access import Access

# Its actions in IAM are the methods of its own REST API.
ACCESS = {
    # API Gateway makes the endpoint service of a VPC link as whoever makes the link: ec2
    # CreateVpcEndpointServiceConfiguration, DeleteVpcEndpointServiceConfigurations,
    # DescribeVpcEndpointServiceConfigurations and ModifyVpcEndpointServicePermissions.
    "ec2": Access(()),
    "apigateway": Access(("GET",), passes_to=("apigateway",)),
    # `inferform verify` sends each route a signed request.
    "execute-api": Access(()),
    # API Gateway tries these when it is given the role that writes the logs of REST APIs.
    "logs": Access((), roles=("FilterLogEvents", "GetLogEvents")),
}
