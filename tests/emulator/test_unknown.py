"""What the emulator does not have is refused at once, in words, and in the form that a client reads."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

Client = Callable[..., Any]


@pytest.mark.parametrize(
    ("service", "operation", "says"),
    [
        ("devicefarm", "list_projects", "the service devicefarm"),  # JSON
        ("amplify", "list_apps", "the service amplify"),  # JSON by routes
        ("cloudsearch", "list_domain_names", "the service cloudsearch"),  # forms and XML
        ("lambda", "list_code_signing_configs", "lambda ListCodeSigningConfigs"),
        ("greengrass", "get_service_role_for_account", "greengrass GetServiceRoleForAccount"),
        ("mwaa", "create_cli_token", "mwaa CreateCliToken"),
        ("greengrassv2", "get_service_role_for_account", "GetServiceRoleForAccount"),
    ],
)
def test_a_service_or_an_operation_without_a_route_is_refused(
    client: Client, service: str, operation: str, says: str
) -> None:
    given = {"Name": "fraud"} if service == "mwaa" else {}
    with pytest.raises(ClientError) as error:
        getattr(client(service), operation)(**given)
    answer = error.value.response
    assert answer["Error"]["Code"] == "UnknownOperationException"
    assert says in answer["Error"]["Message"]
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 400


def test_what_is_missing_in_a_service_that_is_there_stays_a_404(client: Client) -> None:
    with pytest.raises(ClientError) as error:
        client("lambda").get_function(FunctionName="nothing")
    assert error.value.response["Error"]["Code"] == "ResourceNotFoundException"
