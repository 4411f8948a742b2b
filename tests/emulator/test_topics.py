"""SNS: who hears a topic."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

Client = Callable[..., Any]


def test_an_address_is_pending_until_somebody_confirms_it(
    client: Client, control: Callable[..., dict[str, Any]]
) -> None:
    sns = client("sns")
    topic = sns.create_topic(Name="alerts")["TopicArn"]

    def subscribe(protocol: str, endpoint: str) -> str:
        made = sns.subscribe(
            TopicArn=topic, Protocol=protocol, Endpoint=endpoint, ReturnSubscriptionArn=True
        )
        return str(made["SubscriptionArn"])

    def pending(arn: str) -> bool:
        found = sns.get_subscription_attributes(SubscriptionArn=arn)["Attributes"]
        return bool(found["PendingConfirmation"] == "true")

    def listed() -> list[str]:
        found = sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
        assert sns.list_subscriptions()["Subscriptions"] == found
        return [each["SubscriptionArn"] for each in found]

    address, pager = subscribe("email", "a@example.com"), subscribe("https", "https://a.test/b")
    assert (pending(address), pending(pager)) == (True, False)
    assert listed() == ["PendingConfirmation", pager]
    with pytest.raises(
        ClientError, match="Cannot unsubscribe a subscription that is pending"
    ) as no:
        sns.unsubscribe(SubscriptionArn=address)
    assert no.value.response["Error"]["Code"] == "InvalidParameter"
    control("sns/confirmed", topic="alerts", endpoint="a@example.com")
    # Whoever has confirmed is not asked again.
    assert subscribe("email", "a@example.com") == address
    assert not pending(address)
    assert listed() == [address, pager]
    sns.unsubscribe(SubscriptionArn=address)
    assert listed() == [pager]
    assert pending(subscribe("email", "a@example.com"))


def test_a_receiver_outside_of_aws_is_not_called_but_noted(
    client: Client, control: Callable[..., dict[str, Any]]
) -> None:
    sns = client("sns")
    topic = sns.create_topic(Name="alerts")["TopicArn"]
    url = "https://pager.invalid/enqueue"
    sns.subscribe(TopicArn=topic, Protocol="https", Endpoint=url)
    sns.publish(TopicArn=topic, Message="down")
    (call,) = control("events/calls")["calls"]
    assert (call["method"], call["url"], call["body"]) == ("POST", url, "down")
