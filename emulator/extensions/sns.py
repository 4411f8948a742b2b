"""SNS: addresses that nobody has confirmed, and receivers outside of AWS."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from moto.core.responses import ActionResult
from moto.sns.exceptions import SNSInvalidParameter
from moto.sns.models import SNSBackend, Subscription, sns_backends
from moto.sns.responses import SNSResponse

from ..delivery import calls
from .registry import Service

service = Service("sns", SNSResponse)

Original = Callable[..., Any]

_PENDING = "PendingConfirmation"


@service.corrects(
    "Subscribe", gap="takes an e-mail address that nobody has confirmed", owner=SNSBackend
)
def subscribe(
    original: Original, backend: SNSBackend, topic_arn: str, endpoint: str, protocol: str
) -> Subscription:
    """AWS waits for somebody at the address to confirm it. Receivers of HTTPS confirm by themselves: here
    each has done so at once."""
    known = {*backend.subscriptions}
    made: Subscription = original(backend, topic_arn, endpoint, protocol)
    if made.arn not in known and protocol.startswith("email"):
        made.attributes[_PENDING] = True
        made.attributes["ConfirmationWasAuthenticated"] = False
    return made


@service.corrects(
    "Publish",
    gap="calls receivers outside of AWS, and fails where one does not answer",
    owner=Subscription,
    method="publish",
)
def publish(
    original: Original, subscription: Subscription, message: str, message_id: str, **given: Any
) -> None:
    """AWS calls them, and tries again by itself; the emulator calls nobody and notes it."""
    if subscription.protocol not in ("http", "https"):
        original(subscription, message, message_id, **given)
        return
    region = subscription.topic.sns_backend.region_name
    calls(subscription.account_id, region).append(
        {
            "method": "POST",
            "url": subscription.endpoint,
            "headers": {"x-amz-sns-message-type": "Notification"},
            "body": message,
        }
    )


@service.corrects("Unsubscribe", gap="ends a subscription that nobody has confirmed")
def unsubscribe(original: Original, response: SNSResponse) -> ActionResult:
    """AWS keeps it for 48 hours, and then forgets it."""
    found = response.backend.subscriptions.get(response._get_param("SubscriptionArn"))
    if found is not None and found.attributes[_PENDING]:
        raise SNSInvalidParameter(
            "Invalid parameter: SubscriptionArn Reason: Cannot unsubscribe a subscription that is pending "
            "confirmation"
        )
    result = original(response)
    assert isinstance(result, ActionResult)
    return result


_NAMED = "answers ARNs of subscriptions that nobody has confirmed"


@service.corrects("ListSubscriptionsByTopic", gap=_NAMED)
def list_subscriptions_by_topic(original: Original, response: SNSResponse) -> ActionResult:
    """AWS answers PendingConfirmation instead of the ARN."""
    return _with_pending(original(response))


@service.corrects("ListSubscriptions", gap=_NAMED)
def list_subscriptions(original: Original, response: SNSResponse) -> ActionResult:
    """AWS lists all topics' subscriptions as it lists those of one."""
    return _with_pending(original(response))


def _with_pending(answer: ActionResult) -> ActionResult:
    answer.result["Subscriptions"] = [
        {
            "SubscriptionArn": _PENDING if each.attributes[_PENDING] else each.arn,
            "Owner": each.owner,
            "Protocol": each.protocol,
            "Endpoint": each.endpoint,
            "TopicArn": each.topic_arn,
        }
        for each in answer.result["Subscriptions"]
    ]
    return answer


def confirm(account: str, region: str, topic: str, endpoint: str) -> str:
    """What somebody does who clicks the link that AWS has sent to an address. Returns the subscription.

    Raises ValueError for an address that no topic of this name has.
    """
    for each in sns_backends[account][region].subscriptions.values():
        if each.topic.name == topic and each.endpoint == endpoint:
            each.attributes[_PENDING] = False
            each.attributes["ConfirmationWasAuthenticated"] = True
            return str(each.arn)
    raise ValueError(f"no subscription of {endpoint} to {topic}")
