"""CodeConnections, a service that moto does not have."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

Client = Callable[..., Any]


@pytest.fixture
def connections(client: Client) -> Any:
    return client("codeconnections")


def made(connections: Any, **given: Any) -> str:
    asked = {"ConnectionName": "acme", "ProviderType": "GitHub", **given}
    return str(connections.create_connection(**asked)["ConnectionArn"])


def status_of(connections: Any, arn: str) -> str:
    found = connections.get_connection(ConnectionArn=arn)["Connection"]
    return str(found["ConnectionStatus"])


def test_a_connection_is_pending_until_a_person_finishes_it(
    connections: Any, control: Callable[..., Any], account: str
) -> None:
    arn = made(connections, Tags=[{"Key": "owner", "Value": "ml"}])
    assert arn.startswith(f"arn:aws:codeconnections:us-east-1:{account}:connection/")
    assert status_of(connections, arn) == "PENDING"
    control("codeconnections/status", arn=arn, status="AVAILABLE")
    assert status_of(connections, arn) == "AVAILABLE"
    assert connections.list_tags_for_resource(ResourceArn=arn)["Tags"] == [
        {"Key": "owner", "Value": "ml"}
    ]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"ConnectionName": "a" * 33}, "less than or equal to 32"),
        ({"HostArn": "arn:aws:codeconnections:us-east-1:111122223333:host/a"}, "and not both"),
        ({"ProviderType": "GitLabSelfManaged"}, "HostArn is required"),
    ],
)
def test_what_aws_refuses_of_a_connection(
    connections: Any, given: dict[str, str], said: str
) -> None:
    with pytest.raises(ClientError, match=said):
        made(connections, **given)


def test_a_connection_to_a_host_has_the_provider_of_the_host(connections: Any) -> None:
    host = connections.create_host(
        Name="git", ProviderType="GitLabSelfManaged", ProviderEndpoint="https://git.acme.com"
    )["HostArn"]
    arn = connections.create_connection(ConnectionName="acme", HostArn=host)["ConnectionArn"]
    described = connections.get_connection(ConnectionArn=arn)["Connection"]
    assert (described["ProviderType"], described["HostArn"]) == ("GitLabSelfManaged", host)
    with pytest.raises(ClientError, match="Connections use the host"):
        connections.delete_host(HostArn=host)
    connections.delete_connection(ConnectionArn=arn)
    connections.delete_host(HostArn=host)


@pytest.mark.parametrize("operation", ["get_connection", "delete_connection"])
def test_a_connection_that_is_gone_is_not_found(connections: Any, operation: str) -> None:
    arn = made(connections)
    connections.delete_connection(ConnectionArn=arn)
    with pytest.raises(connections.exceptions.ResourceNotFoundException):
        getattr(connections, operation)(ConnectionArn=arn)


def test_connections_are_those_of_one_account(
    connections: Any, client_of: Callable[[str], Client]
) -> None:
    arn = made(connections)
    listed = connections.list_connections()["Connections"]
    assert [each["ConnectionArn"] for each in listed] == [arn]
    assert client_of("999988887777")("codeconnections").list_connections()["Connections"] == []


def test_a_person_finishes_a_connection_of_any_region(
    client: Client, control: Callable[..., Any]
) -> None:
    elsewhere = client("codeconnections", region_name="eu-west-1")
    arn = made(elsewhere)
    control("codeconnections/status", arn=arn, status="AVAILABLE")
    assert status_of(elsewhere, arn) == "AVAILABLE"


def test_a_connection_is_seen_in_every_region_and_changed_in_its_own(
    connections: Any, client: Client
) -> None:
    arn = made(connections)
    elsewhere = client("codeconnections", region_name="eu-west-1")
    assert status_of(elsewhere, arn) == "PENDING"
    listed = elsewhere.list_connections()["Connections"]
    assert [each["ConnectionArn"] for each in listed] == [arn]
    with pytest.raises(elsewhere.exceptions.ResourceNotFoundException):
        elsewhere.delete_connection(ConnectionArn=arn)


def test_terraform_makes_changes_and_removes_a_connection(terraform: Any) -> None:
    def configuration(owner: str) -> dict[str, Any]:
        resource = {"name": "acme", "provider_type": "GitHub", "tags": {"owner": owner}}
        return {
            "terraform": {"required_providers": {"aws": {"source": "hashicorp/aws"}}},
            "provider": {"aws": {"region": "us-east-1", "skip_metadata_api_check": "true"}},
            "resource": {"aws_codeconnections_connection": {"git": resource}},
        }

    terraform.write(configuration("ml"))
    terraform.run("init", "-no-color")
    for owner in ("ml", "platform"):
        terraform.write(configuration(owner))
        terraform.apply()
        terraform.assert_unchanged()
    terraform.destroy()
    assert terraform.state() == []
