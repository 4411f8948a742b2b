"""AWS Chatbot, by the service's own model and by Terraform."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

Client = Callable[..., Any]

ROLE = "arn:aws:iam::111122223333:role/chat"
SLACK: dict[str, Any] = {
    "SlackTeamId": "T07EA123LEP",
    "SlackChannelId": "C07EZ1ABC23",
    "IamRoleArn": ROLE,
    "ConfigurationName": "oncall",
}
TEAMS: dict[str, Any] = {
    "TenantId": "0a1b2c3d-1111-2222-3333-444455556666",
    "TeamId": "1a1b2c3d-1111-2222-3333-444455556666",
    "ChannelId": "19%3Aabc%40thread.tacv2",
    "IamRoleArn": ROLE,
    "ConfigurationName": "oncall",
}
SORTS = {
    "slack": ("slack_channel_configuration", SLACK, "SlackChannelId", "C2", "C-2"),
    "teams": (
        "microsoft_teams_channel_configuration",
        TEAMS,
        "ChannelId",
        "19%3Adef%40thread.tacv2",
        "19:def@thread.tacv2",
    ),
}


@pytest.mark.parametrize("sort", SORTS)
def test_a_channel_is_made_changed_found_and_deleted(
    client: Client, account: str, sort: str
) -> None:
    chatbot = client("chatbot")
    name, given, channel, other, _ = SORTS[sort]
    made = getattr(chatbot, f"create_{name}")(**given)["ChannelConfiguration"]
    kind = "slack-channel" if sort == "slack" else "microsoft-teams-channel"
    arn = f"arn:aws:chatbot::{account}:chat-configuration/{kind}/oncall"
    assert made["ChatConfigurationArn"] == arn
    # What AWS's documentation says of what is left out.
    assert made["GuardrailPolicyArns"] == ["arn:aws:iam::aws:policy/AdministratorAccess"]
    topics = [f"arn:aws:sns:us-east-1:{account}:alerts"]
    getattr(chatbot, f"update_{name}")(
        ChatConfigurationArn=arn, SnsTopicArns=topics, **{channel: other}
    )

    def found() -> list[dict[str, Any]]:
        if sort == "slack":
            answer = chatbot.describe_slack_channel_configurations(ChatConfigurationArn=arn)
            return list(answer["SlackChannelConfigurations"])
        team = TEAMS["TeamId"]
        answer = chatbot.list_microsoft_teams_channel_configurations(TeamId=team)
        read = chatbot.get_microsoft_teams_channel_configuration(ChatConfigurationArn=arn)
        assert [read.get("ChannelConfiguration")] == (answer["TeamChannelConfigurations"] or [None])
        return list(answer["TeamChannelConfigurations"])

    (read,) = found()
    assert (read[channel], read["SnsTopicArns"], read["ConfigurationName"]) == (
        other,
        topics,
        "oncall",
    )
    getattr(chatbot, f"delete_{name}")(ChatConfigurationArn=arn)
    assert found() == []


@pytest.mark.parametrize("sort", SORTS)
def test_a_name_and_a_channel_are_there_once_in_an_account(client: Client, sort: str) -> None:
    chatbot = client("chatbot")
    name, given, channel, other, bad = SORTS[sort]
    create = getattr(chatbot, f"create_{name}")
    first = create(**given)["ChannelConfiguration"]["ChatConfigurationArn"]
    with pytest.raises(ClientError) as refused:
        create(**{**given, channel: other})
    assert refused.value.response["Error"]["Code"] == "ConflictException"
    with pytest.raises(chatbot.exceptions.InvalidRequestException, match="already been configured"):
        create(**{**given, "ConfigurationName": "second"})
    with pytest.raises(chatbot.exceptions.InvalidParameterException, match="regular expression"):
        create(**{**given, "ConfigurationName": "second", channel: bad})
    second = create(**{**given, "ConfigurationName": "second", channel: other})
    arn = second["ChannelConfiguration"]["ChatConfigurationArn"]
    update = getattr(chatbot, f"update_{name}")
    with pytest.raises(chatbot.exceptions.InvalidRequestException):
        update(ChatConfigurationArn=arn, **{channel: given[channel]})
    update(ChatConfigurationArn=first, **{channel: given[channel]})


@pytest.mark.parametrize("sort", SORTS)
def test_what_is_not_there_is_not_found(client: Client, account: str, sort: str) -> None:
    chatbot = client("chatbot")
    name, _, channel, other, _ = SORTS[sort]
    arn = f"arn:aws:chatbot::{account}:chat-configuration/slack-channel/none"
    asked: dict[str, dict[str, Any]] = {
        f"update_{name}": {"ChatConfigurationArn": arn, channel: other},
        f"delete_{name}": {"ChatConfigurationArn": arn},
        "list_tags_for_resource": {"ResourceARN": arn},
        "tag_resource": {"ResourceARN": arn, "Tags": []},
        "untag_resource": {"ResourceARN": arn, "TagKeys": []},
    }
    for method, given in asked.items():
        with pytest.raises(chatbot.exceptions.ResourceNotFoundException):
            getattr(chatbot, method)(**given)


def test_a_channel_has_tags_fifty_at_most(client: Client) -> None:
    chatbot = client("chatbot")
    tags = [{"TagKey": f"key-{index}", "TagValue": ""} for index in range(51)]
    with pytest.raises(chatbot.exceptions.ClientError, match="too many tags"):
        chatbot.create_slack_channel_configuration(**SLACK, Tags=tags)
    made = chatbot.create_slack_channel_configuration(**SLACK, Tags=tags[:50])
    arn = made["ChannelConfiguration"]["ChatConfigurationArn"]
    with pytest.raises(chatbot.exceptions.TooManyTagsException):
        chatbot.tag_resource(ResourceARN=arn, Tags=tags[50:])
    chatbot.tag_resource(ResourceARN=arn, Tags=[{"TagKey": "key-1", "TagValue": "new"}])
    chatbot.untag_resource(ResourceARN=arn, TagKeys=["key-0", "none"])
    found = chatbot.list_tags_for_resource(ResourceARN=arn)["Tags"]
    assert [each["TagValue"] for each in found if each["TagKey"] == "key-1"] == ["new"]
    assert len(found) == 49


def test_a_workspace_is_authorized_by_a_person(
    client: Client, control: Callable[..., dict[str, Any]]
) -> None:
    chatbot = client("chatbot")

    def known() -> tuple[list[str], list[str]]:
        slack = chatbot.describe_slack_workspaces()["SlackWorkspaces"]
        teams = chatbot.list_microsoft_teams_configured_teams()["ConfiguredTeams"]
        return [each["SlackTeamId"] for each in slack], [each["TeamId"] for each in teams]

    # Nothing was told: each is taken as given, and known once it has a channel.
    assert known() == ([], [])
    chatbot.create_slack_channel_configuration(**SLACK)
    assert known() == ([SLACK["SlackTeamId"]], [])
    tenants = {TEAMS["TeamId"]: TEAMS["TenantId"]}
    control("chatbot/authorized", workspaces=["T2"], teams=tenants)
    assert known() == (["T2"], [TEAMS["TeamId"]])
    refused = chatbot.exceptions.InvalidRequestException
    with pytest.raises(refused, match=f"{SLACK['SlackTeamId']} is not authorized"):
        chatbot.create_slack_channel_configuration(
            **{**SLACK, "ConfigurationName": "second", "SlackChannelId": "C2"}
        )
    chatbot.create_slack_channel_configuration(
        **{**SLACK, "ConfigurationName": "second", "SlackTeamId": "T2"}
    )
    chatbot.create_microsoft_teams_channel_configuration(**TEAMS)
    control("chatbot/authorized", workspaces=[], teams={})
    with pytest.raises(refused, match="not authorized"):
        chatbot.create_microsoft_teams_channel_configuration(
            **{**TEAMS, "ConfigurationName": "second", "ChannelId": "19%3Adef%40thread.tacv2"}
        )


def test_accounts_are_kept_apart_and_regions_are_not(client_of: Callable[[str], Client]) -> None:
    ours, theirs = client_of("100000009001"), client_of("100000009002")
    ours("chatbot").create_slack_channel_configuration(**SLACK)
    theirs("chatbot").create_slack_channel_configuration(**SLACK)
    elsewhere = ours("chatbot", region_name="us-east-2")
    assert len(elsewhere.describe_slack_channel_configurations()["SlackChannelConfigurations"]) == 1


def test_an_operation_that_it_lacks_is_refused_at_once(client: Client) -> None:
    with pytest.raises(ClientError, match="does not have chatbot GetAccountPreferences"):
        client("chatbot").get_account_preferences()
