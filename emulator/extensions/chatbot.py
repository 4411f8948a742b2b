"""AWS Chatbot, of which moto has nothing: chat channels that hear topics."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence, Sized
from typing import Any

from moto.core.responses import ActionResult, EmptyResult

from ..own import OwnError, OwnResponse
from .registry import Service

_GAP = "missing, as the whole service is"
_Kept = dict[str, dict[str, Any]]


class ChatbotResponse(OwnResponse):
    """What is asked of AWS Chatbot, which has no Regions: its channels are an account's."""

    name = "chatbot"
    invalid = "InvalidParameterException"


service = Service("chatbot", ChatbotResponse)


class InvalidRequestError(OwnError):
    """A channel that another configuration has."""

    code = "InvalidRequestException"


class ConflictError(OwnError):
    """The name of a configuration that exists."""

    code = "ConflictException"


class ResourceNotFoundError(OwnError):
    """An ARN that no configuration has."""

    code = "ResourceNotFoundException"


class TooManyTagsError(OwnError):
    """More than 50 tags."""

    code = "TooManyTagsException"


_channels: defaultdict[str, _Kept] = defaultdict(dict)
"""The configurations of each account by their ARNs."""

_authorized: dict[str, list[dict[str, str]]] = {}
"""The workspaces and teams that somebody has authorized in the console, by account; every one is in an
account of which nothing was told."""


def authorize(account: str, workspaces: Sequence[str], teams: Mapping[str, str]) -> None:
    """What a person does in the console: an account has these workspaces of Slack and these teams, each with
    its tenant, and no others.

    Raises ValueError for what is neither list nor map.
    """
    if not isinstance(workspaces, list) or not isinstance(teams, dict):
        raise ValueError("workspaces must be a list of ids, teams a map of teams to tenants")
    slack = [{"SlackTeamId": each} for each in workspaces]
    _authorized[account] = slack + [
        {"TeamId": team, "TenantId": tenant} for team, tenant in teams.items()
    ]


def _places(response: ChatbotResponse, keys: tuple[str, ...]) -> list[dict[str, str]]:
    """The workspaces or teams that are authorized, as far as the emulator knows of them."""
    held = _authorized.get(response.current_account, [*_known(response).values()])
    found = {tuple(each[key] for key in keys) for each in held if keys[0] in each}
    return [dict(zip(keys, each, strict=True)) for each in sorted(found)]


def _refuse_unauthorized(response: ChatbotResponse, sort: str) -> None:
    account, given = response.current_account, response.params
    keys = ("SlackTeamId",) if sort == SLACK else ("TeamId", "TenantId")
    if account in _authorized and {key: given[key] for key in keys} not in _places(response, keys):
        what = "Slack workspace" if sort == SLACK else "Microsoft Teams team"
        raise InvalidRequestError(
            f"Invalid request provided: {what} {given[keys[0]]} is not authorized with AWS account {account}"
        )


def _known(response: ChatbotResponse) -> _Kept:
    return _channels[response.current_account]


def _found(response: ChatbotResponse, given: dict[str, Any], sort: str = "") -> dict[str, Any]:
    arn = given.get("ChatConfigurationArn") or given.get("ResourceARN")
    channel = _known(response).get(str(arn))
    if channel is None or f"/{sort}" not in str(arn):
        raise ResourceNotFoundError(f"Unable to find the resource {arn}")
    return channel


def _created(response: ChatbotResponse, sort: str, place: tuple[str, ...]) -> ActionResult:
    given, known = dict(response.params), _known(response)
    account, name = response.current_account, given["ConfigurationName"]
    arn = f"arn:aws:chatbot::{account}:chat-configuration/{sort}/{name}"
    if arn in known:
        raise ConflictError(f"ConfigurationName {name} already exists")
    _refuse_unauthorized(response, sort)
    _refuse_taken(response, given, sort, place)
    _check_tags(given.get("Tags", ()))
    known[arn] = {
        "LoggingLevel": "NONE",
        "SnsTopicArns": [],
        "GuardrailPolicyArns": ["arn:aws:iam::aws:policy/AdministratorAccess"],
        "UserAuthorizationRequired": False,
        "Tags": [],
        **given,
        "ChatConfigurationArn": arn,
        "State": "ENABLED",
    }
    return _answered(known[arn])


def _answered(channel: dict[str, Any]) -> ActionResult:
    if "SlackTeamId" in channel:
        # AWS asks Slack for the names.
        channel["SlackTeamName"] = channel["SlackTeamId"]
        channel["SlackChannelName"] = channel["SlackChannelId"]
    return ActionResult({"ChannelConfiguration": channel})


def _refuse_taken(
    response: ChatbotResponse,
    given: dict[str, Any],
    sort: str,
    place: tuple[str, ...],
    own: str = "",
) -> None:
    wanted = [given[each] for each in place]
    for arn, channel in _known(response).items():
        if arn != own and f"/{sort}/" in arn and [channel[each] for each in place] == wanted:
            what = "Slack channel" if sort == SLACK else "Microsoft Teams channel"
            team = "Slack team" if sort == SLACK else "team"
            raise InvalidRequestError(
                f"Invalid request provided: {what} with ID {wanted[1]} in {team} {wanted[0]} has already "
                f"been configured for AWS account {response.current_account}"
            )


def _updated(response: ChatbotResponse, sort: str, place: tuple[str, ...]) -> ActionResult:
    given = dict(response.params)
    channel = _found(response, given, sort)
    _refuse_taken(response, {**channel, **given}, sort, place, own=channel["ChatConfigurationArn"])
    channel |= given
    return _answered(channel)


def _deleted(response: ChatbotResponse, sort: str) -> ActionResult:
    channel = _found(response, response.params, sort)
    del _known(response)[channel["ChatConfigurationArn"]]
    return EmptyResult()


def _listed(response: ChatbotResponse, sort: str) -> list[dict[str, Any]]:
    return [channel for arn, channel in _known(response).items() if f"/{sort}/" in arn]


def _check_tags(tags: Sized) -> None:
    if len(tags) > 50:
        raise TooManyTagsError("The supplied list of tags contains too many tags.")


SLACK, TEAMS = "slack-channel", "microsoft-teams-channel"
_IN_SLACK, _IN_TEAMS = ("SlackTeamId", "SlackChannelId"), ("TeamId", "ChannelId")


@service.adds("CreateSlackChannelConfiguration", gap=_GAP)
def create_slack_channel_configuration(response: ChatbotResponse) -> ActionResult:
    """AWS takes a channel of a workspace once in an account, and a name once.

    It takes workspaces that somebody has authorized in its console alone, for which there is no API: here
    every one is, until `authorize` says which. The code of the error is AWS's, its words are not known.
    """
    return _created(response, SLACK, _IN_SLACK)


@service.adds("DescribeSlackWorkspaces", gap=_GAP)
def describe_slack_workspaces(response: ChatbotResponse) -> ActionResult:
    """AWS answers the workspaces that are authorized."""
    found = _places(response, ("SlackTeamId",))
    # AWS asks Slack for the names.
    return ActionResult(
        {"SlackWorkspaces": [{**each, "SlackTeamName": each["SlackTeamId"]} for each in found]}
    )


@service.adds("ListMicrosoftTeamsConfiguredTeams", gap=_GAP)
def list_microsoft_teams_configured_teams(response: ChatbotResponse) -> ActionResult:
    """AWS answers the teams that are authorized."""
    return ActionResult({"ConfiguredTeams": _places(response, ("TeamId", "TenantId"))})


@service.adds("DescribeSlackChannelConfigurations", gap=_GAP)
def describe_slack_channel_configurations(response: ChatbotResponse) -> ActionResult:
    """AWS answers all, or that of an ARN."""
    wanted = response.params.get("ChatConfigurationArn")
    found = [
        each for each in _listed(response, SLACK) if wanted in (None, each["ChatConfigurationArn"])
    ]
    return ActionResult({"SlackChannelConfigurations": found})


@service.adds("UpdateSlackChannelConfiguration", gap=_GAP)
def update_slack_channel_configuration(response: ChatbotResponse) -> ActionResult:
    """AWS changes what is given; name and workspace stay."""
    return _updated(response, SLACK, _IN_SLACK)


@service.adds("DeleteSlackChannelConfiguration", gap=_GAP)
def delete_slack_channel_configuration(response: ChatbotResponse) -> ActionResult:
    """AWS refuses an ARN that it does not have."""
    return _deleted(response, SLACK)


@service.adds("CreateMicrosoftTeamsChannelConfiguration", gap=_GAP)
def create_microsoft_teams_channel_configuration(response: ChatbotResponse) -> ActionResult:
    """AWS takes a channel of a team once in an account, and a name once; of teams, as of workspaces."""
    return _created(response, TEAMS, _IN_TEAMS)


@service.adds("ListMicrosoftTeamsChannelConfigurations", gap=_GAP)
def list_microsoft_teams_channel_configurations(response: ChatbotResponse) -> ActionResult:
    """AWS answers all, or those of a team."""
    team = response.params.get("TeamId")
    found = [each for each in _listed(response, TEAMS) if team in (None, each["TeamId"])]
    return ActionResult({"TeamChannelConfigurations": found})


@service.adds("GetMicrosoftTeamsChannelConfiguration", gap=_GAP)
def get_microsoft_teams_channel_configuration(response: ChatbotResponse) -> ActionResult:
    """AWS answers nothing for an ARN that it does not have."""
    wanted = response.params["ChatConfigurationArn"]
    found = [each for each in _listed(response, TEAMS) if each["ChatConfigurationArn"] == wanted]
    return ActionResult({"ChannelConfiguration": found[0]} if found else {})


@service.adds("UpdateMicrosoftTeamsChannelConfiguration", gap=_GAP)
def update_microsoft_teams_channel_configuration(response: ChatbotResponse) -> ActionResult:
    """AWS changes what is given; name, team and tenant stay."""
    return _updated(response, TEAMS, _IN_TEAMS)


@service.adds("DeleteMicrosoftTeamsChannelConfiguration", gap=_GAP)
def delete_microsoft_teams_channel_configuration(response: ChatbotResponse) -> ActionResult:
    """AWS refuses an ARN that it does not have."""
    return _deleted(response, TEAMS)


@service.adds("ListTagsForResource", gap=_GAP)
def list_tags_for_resource(response: ChatbotResponse) -> ActionResult:
    """AWS answers the tags of a configuration."""
    return ActionResult({"Tags": _found(response, response.params)["Tags"]})


@service.adds("TagResource", gap=_GAP)
def tag_resource(response: ChatbotResponse) -> ActionResult:
    """AWS adds tags, and replaces the values of keys that exist."""
    given = response.params
    channel = _found(response, given)
    tags = {each["TagKey"]: each for each in (*channel["Tags"], *given["Tags"])}
    _check_tags(tags)
    channel["Tags"] = [*tags.values()]
    return EmptyResult()


@service.adds("UntagResource", gap=_GAP)
def untag_resource(response: ChatbotResponse) -> ActionResult:
    """AWS removes the keys, and ignores those that are not there."""
    given = response.params
    channel = _found(response, given)
    channel["Tags"] = [each for each in channel["Tags"] if each["TagKey"] not in given["TagKeys"]]
    return EmptyResult()
