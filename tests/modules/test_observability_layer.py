"""The observability layer in Terraform's JSON."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest

from inferform import (
    AnomalyAlarm,
    Apis,
    Audit,
    Budget,
    Canary,
    CompositeAlarm,
    Context,
    CostAnomalies,
    EcsCluster,
    EcsService,
    Environment,
    Fargate,
    HttpApi,
    HttpRoute,
    Image,
    Inference,
    LambdaFunction,
    LoadBalancer,
    Model,
    Network,
    Notify,
    Observability,
    RealtimeEndpoint,
    Registry,
    Repository,
    Rolling,
    Route,
    SlackChannel,
    Slo,
    TeamsChannel,
    Throttle,
)

from ..conftest import Synthesized

pytestmark = pytest.mark.long

CONTEXT = Context(
    organization="acme", stage="dev", account="111122223333", region="us-east-1", owner="ml"
)
MODEL = Model(image=Image(repository="fraud", tag="1.4.2"))
FRAUD = RealtimeEndpoint(model=MODEL, instance_type="ml.m5.large")
TEAM = TeamsChannel(
    tenant="0a1b2c3d-1111-2222-3333-444455556666",
    team="1a1b2c3d-1111-2222-3333-444455556666",
    channel="19%3A0123456789abcdef%40thread.tacv2",
)
CERTIFICATE = "arn:aws:acm:us-east-1:111122223333:certificate/12345678-1234-1234-1234-123456789012"

Synthesize = Callable[..., Synthesized]


def environment(spec: Observability | None, **more: Any) -> Environment:
    return Environment(
        **{
            "context": CONTEXT,
            "network": Network(cidr="10.20.0.0/16"),
            "registry": Registry(repositories={"fraud": Repository()}),
            "inference": Inference(endpoints={"fraud": FRAUD}),
            "observability": spec,
            **more,
        }
    )


def by_name(stack: Any, type_: str, name: str) -> list[dict[str, Any]]:
    return sorted(stack["resource"].get(type_, {}).values(), key=lambda each: str(each[name]))


@pytest.fixture
def stack(synthesize: Synthesize) -> Any:
    spec = Observability(
        notify=Notify(
            emails=["a@example.com"],
            https=["https://example.com/page"],
            slack={"ops": SlackChannel(workspace="T07EA123LEP", channel="C07EZ1ABC23")},
            teams={"ops": TEAM},
        ),
        anomalies={"traffic": AnomalyAlarm(of="fraud", metric="Invocations", outside="below")},
        slos={"up": Slo(of="fraud", objective_percent=99.5, ticket=False)},
        composites={
            "all": CompositeAlarm(
                alarms=["*/memory", "*/disk"],
                unless=["anomaly/*"],
                muted_by="maintenance",
                alone=True,
            )
        },
    )
    return synthesize(environment(spec))["dev-use1-observability"]


def test_the_layer_alone_watches_and_tells(synthesize: Synthesize) -> None:
    without = synthesize(environment(None))
    stacks = synthesize(environment(Observability()))
    # It changes nothing in the layers below.
    assert {name: each for name, each in stacks.items() if "observability" not in name} == without
    resources = stacks["dev-use1-observability"]["resource"]
    (topic,) = resources["aws_sns_topic"].values()
    assert topic["name"] == "acme-dev-use1-alerts"
    alarms = resources["aws_cloudwatch_metric_alarm"]
    assert len(alarms) == 5
    for alarm in alarms.values():
        (action,) = alarm["alarm_actions"]
        assert action.startswith("${aws_sns_topic.")
        assert alarm["ok_actions"] == [action]
    (target,) = resources["aws_cloudwatch_event_target"].values()
    assert target["arn"] == action


def test_an_alarm_says_of_what_it_is_what_it_means_and_what_to_do(stack: Any) -> None:
    alarms = by_name(stack, "aws_cloudwatch_metric_alarm", "alarm_name")
    (errors,) = [each for each in alarms if each["alarm_name"].endswith("server-errors")]
    assert errors["alarm_description"] == (
        "endpoint/fraud: 5XX answers above 1 % of requests. First: read the log for tracebacks, and roll "
        "the last release back if it began with that."
    )
    assert errors["dimensions"] == {
        "EndpointName": "acme-dev-use1-fraud",
        "VariantName": "primary",
    }
    (overhead,) = [each for each in alarms if each["alarm_name"].endswith("overhead")]
    assert overhead["extended_statistic"] == "p99"
    assert overhead["evaluate_low_sample_count_percentiles"] == "ignore"


def test_an_anomaly_alarm_has_a_band_and_no_threshold(stack: Any) -> None:
    alarms = by_name(stack, "aws_cloudwatch_metric_alarm", "alarm_name")
    (anomaly,) = [each for each in alarms if "anomaly" in each["alarm_name"]]
    assert anomaly["threshold_metric_id"] == "band"
    assert "threshold" not in anomaly
    assert anomaly["comparison_operator"] == "LessThanLowerThreshold"
    band, metric = anomaly["metric_query"]
    assert band["expression"] == "ANOMALY_DETECTION_BAND(value, 2)"
    assert metric["metric"]["period"] == 300
    assert metric["return_data"] is True


def test_composite_alarms_refer_to_their_alarms_which_are_deleted_after_them(stack: Any) -> None:
    composites = by_name(stack, "aws_cloudwatch_composite_alarm", "alarm_name")
    every, fast, _ = composites
    assert [each["alarm_name"] for each in composites] == [
        "acme-dev-use1-composite-all",
        "acme-dev-use1-slo-up-fast",
        "acme-dev-use1-slo-up-slow",
    ]
    assert every["alarm_rule"].count("${aws_cloudwatch_metric_alarm.") == 3
    assert ") AND NOT (" in every["alarm_rule"]
    assert every["actions_suppressor"] == {
        "alarm": "maintenance",
        "extension_period": 120,
        "wait_period": 120,
    }
    assert fast["alarm_rule"].count(" AND ") == 1
    for alarm in stack["resource"]["aws_cloudwatch_metric_alarm"].values():
        assert alarm["lifecycle"]["create_before_destroy"] is True


def test_what_a_composite_alarm_tells_its_alarms_do_not(stack: Any) -> None:
    alarms = by_name(stack, "aws_cloudwatch_metric_alarm", "alarm_name")
    silent = [
        each["alarm_name"].rpartition("-")[2] for each in alarms if "alarm_actions" not in each
    ]
    assert sorted(silent) == ["disk", "long", "long", "memory", "short", "short"]
    for composite in stack["resource"]["aws_cloudwatch_composite_alarm"].values():
        assert composite["alarm_actions"]


def test_everybody_hears_by_one_topic(stack: Any) -> None:
    subscribed = by_name(stack, "aws_sns_topic_subscription", "protocol")
    assert [(each["protocol"], each["endpoint"]) for each in subscribed] == [
        ("email", "a@example.com"),
        ("https", "https://example.com/page"),
    ]
    (slack,) = stack["resource"]["aws_chatbot_slack_channel_configuration"].values()
    assert slack["slack_team_id"] == "T07EA123LEP"
    (teams,) = stack["resource"]["aws_chatbot_teams_channel_configuration"].values()
    assert (teams["team_id"], teams["tenant_id"]) == (TEAM.team, TEAM.tenant)
    assert slack["configuration_name"] != teams["configuration_name"]
    for chat in (slack, teams):
        assert chat["sns_topic_arns"] == [subscribed[0]["topic_arn"]]
        assert chat["guardrail_policy_arns"] == ["arn:aws:iam::aws:policy/ReadOnlyAccess"]


def test_a_receiver_keeps_its_subscription_whatever_its_place(synthesize: Synthesize) -> None:
    """SNS gives a subscription that exists, so that by their numbers the one that moves up is lost."""
    first, second = (
        synthesize(environment(Observability(notify=Notify(emails=emails))))[
            "dev-use1-observability"
        ]["resource"]["aws_sns_topic_subscription"]
        for emails in (["a@example.com", "b@example.com"], ["b@example.com"])
    )
    assert second.items() <= first.items()
    assert len(first) == 2


def test_a_channel_is_the_same_whatever_it_is_called(synthesize: Synthesize) -> None:
    """By its key, a renamed one would be made before the old one is gone, which AWS Chatbot refuses."""
    channel = SlackChannel(workspace="T07EA123LEP", channel="C07EZ1ABC23")
    first, second = (
        synthesize(
            environment(Observability(notify=Notify(slack={name: channel}, teams={name: TEAM})))
        )["dev-use1-observability"]["resource"]
        for name in ("ops", "oncall")
    )
    assert first == second
    elsewhere = channel.replace(workspace="T07EA999999")
    both = Observability(notify=Notify(slack={"ops": channel, "shared": elsewhere}))
    resources = synthesize(environment(both))["dev-use1-observability"]["resource"]
    made = resources["aws_chatbot_slack_channel_configuration"].values()
    assert len({each["configuration_name"] for each in made}) == 2


@pytest.mark.parametrize(
    ("notify", "in_chats"),
    [
        (Notify(emails=["a@example.com"]), False),
        (Notify(slack={"ops": SlackChannel(workspace="T1", channel="C1")}), True),
        (Notify(teams={"ops": TEAM}), True),
    ],
)
def test_what_chats_hear_of_a_rollback_is_in_the_form_that_aws_chatbot_shows(
    synthesize: Synthesize, notify: Notify, in_chats: bool
) -> None:
    spec = Observability(notify=notify)
    resources = synthesize(environment(spec))["dev-use1-observability"]["resource"]
    (target,) = resources["aws_cloudwatch_event_target"].values()
    transformer = target["input_transformer"]
    template = json.loads(transformer["input_template"])
    if not in_chats:
        assert template.startswith("SageMaker endpoint <endpoint> is <status>")
        return
    # Amazon Q Developer in chat applications, "Custom notifications": what is required, and no more.
    assert set(template) == {"version", "source", "content"}
    assert (template["version"], template["source"]) == ("1.0", "custom")
    assert set(template["content"]) == {"textType", "title", "description"}
    assert template["content"]["textType"] == "client-markdown"
    assert template["content"]["description"].startswith("SageMaker endpoint <endpoint> is")
    for text in template["content"].values():
        assert set(re.findall(r"<(\w+)>", text)) <= set(transformer["input_paths"])


def test_the_services_that_tell_may_use_the_topic_and_its_key(stack: Any) -> None:
    (policy,) = stack["resource"]["aws_sns_topic_policy"].values()
    (key,) = stack["resource"]["aws_kms_key"].values()
    published = json.loads(policy["policy"])["Statement"]
    used = json.loads(key["policy"])["Statement"][1]
    services = {
        name
        for each in published
        if each["Effect"] == "Allow"
        for name in ([each["Principal"]["Service"]], each["Principal"]["Service"])[
            isinstance(each["Principal"]["Service"], list)
        ]
    }
    assert services == set(used["Principal"]["Service"])
    assert {"cloudwatch.amazonaws.com", "events.amazonaws.com"} <= services


def test_a_topic_that_exists_is_told_and_nothing_is_made_of_it(synthesize: Synthesize) -> None:
    arn = "arn:aws:sns:us-east-1:999988887777:alerts"
    stacks = synthesize(environment(Observability(notify=Notify(topic=arn, ok=False))))
    resources = stacks["dev-use1-observability"]["resource"]
    assert not {"aws_sns_topic", "aws_sns_topic_policy", "aws_kms_key"} & set(resources)
    for alarm in resources["aws_cloudwatch_metric_alarm"].values():
        assert alarm["alarm_actions"] == [arn]
        assert "ok_actions" not in alarm


def test_a_budget_counts_by_the_environments_tag_whatever_its_key(synthesize: Synthesize) -> None:
    context = CONTEXT.replace(tag_keys={"environment": "env"})
    spec = Observability(
        budget=Budget(usd_per_month=1234.5, warn_at_percent=[80], emails=["f@example.com"])
    )
    resources = synthesize(environment(spec, context=context))["dev-use1-observability"]["resource"]
    (budget,) = resources["aws_budgets_budget"].values()
    assert budget["limit_amount"] == "1234.5"
    assert budget["cost_filter"] == [{"name": "TagKeyValue", "values": ["user:env$dev-use1"]}]
    assert [
        (each["notification_type"], each["threshold"], each["subscriber_email_addresses"])
        for each in budget["notification"]
    ] == [("ACTUAL", 80, ["f@example.com"]), ("FORECASTED", 100, ["f@example.com"])]


def test_a_budget_that_nobody_wrote_adjusts_itself(synthesize: Synthesize) -> None:
    def budgets(spec: Observability) -> list[Any]:
        stack = synthesize(environment(spec))["dev-use1-observability"]
        return list(stack["resource"].get("aws_budgets_budget", {}).values())

    (budget,) = budgets(Observability())
    assert "limit_amount" not in budget
    assert budget["auto_adjust_data"] == {
        "auto_adjust_type": "HISTORICAL",
        "historical_options": {"budget_adjustment_period": 3},
    }
    assert budget["cost_filter"] == [
        {"name": "TagKeyValue", "values": ["user:environment$dev-use1"]}
    ]
    told = [(each["notification_type"], each["threshold"]) for each in budget["notification"]]
    assert told == [("ACTUAL", 120), ("FORECASTED", 120)]
    for each in budget["notification"]:
        (topic,) = each["subscriber_sns_topic_arns"]
        assert topic.startswith("${aws_sns_topic.")
    # A fixed amount keeps its name.
    (fixed,) = budgets(Observability(budget=Budget(usd_per_month=5)))
    assert fixed["name"] == budget["name"] == "acme-dev-use1-month"
    assert "auto_adjust_data" not in fixed
    assert budgets(Observability(budget=None)) == []


def test_queries_are_saved_over_the_logs_of_every_service(synthesize: Synthesize) -> None:
    function = LambdaFunction(model=MODEL)
    endpoints = {f"fraud-{index}": FRAUD for index in range(51)}
    inference = Inference(endpoints=endpoints, functions={"quick": function})
    stacks = synthesize(environment(Observability(), inference=inference))
    made = by_name(stacks["dev-use1-observability"], "aws_cloudwatch_query_definition", "name")
    groups = {each["name"]: each["log_group_names"] for each in made}
    assert groups["inferform/dev-use1/cold-starts"] == ["/inferform/dev-use1/lambda/quick"]
    pages = groups["inferform/dev-use1/errors"], groups["inferform/dev-use1/errors-2"]
    assert [len(page) for page in pages] == [50, 2]
    assert pages[0][0] == "/aws/sagemaker/Endpoints/acme-dev-use1-fraud-0"
    for each in made:
        assert len(each["query_string"]) <= 10_000


@pytest.mark.parametrize("rollout", [None, Canary()], ids=["one", "colors"])
def test_target_groups_are_handed_up(synthesize: Synthesize, rollout: Canary | None) -> None:
    service = EcsService(
        model=MODEL,
        compute=Fargate(cpu=1024, memory_mib=2048),
        route=Route(load_balancer="internal", paths=["/fraud/*"], grace_seconds=120),
        rollout=rollout or Rolling(),
    )
    stacks = synthesize(
        environment(
            Observability(),
            inference={"risk": Inference(services={"fraud": service})},
            ecs=EcsCluster(load_balancers={"internal": LoadBalancer(certificate=CERTIFICATE)}),
        )
    )
    handed = stacks["dev-use1-inference-risk"]["output"]["target_group_suffixes"]["value"]
    assert set(handed) == ({"fraud-blue", "fraud-green"} if rollout else {"fraud"})
    stack = stacks["dev-use1-observability"]
    assert set(stack["data"]["terraform_remote_state"]) == {"ecs", "inference-risk"}
    unhealthy = [
        alarm
        for alarm in stack["resource"]["aws_cloudwatch_metric_alarm"].values()
        if alarm.get("metric_name") == "UnHealthyHostCount"
    ]
    groups = {stack["locals"][_local(each["dimensions"]["TargetGroup"])] for each in unhealthy}
    assert groups == {
        f'${{data.terraform_remote_state.inference-risk.outputs.target_group_suffixes["{key}"]}}'
        for key in handed
    }


def test_the_ids_of_http_apis_are_handed_up_to_what_watches_them(synthesize: Synthesize) -> None:
    slow = Throttle(requests_per_second=10, burst=20)
    api = HttpApi(routes={"/invocations": HttpRoute(service="quick")}, throttle=slow)
    inference = Inference(functions={"quick": LambdaFunction(model=MODEL, timeout_seconds=25)})
    given = {"inference": inference, "apis": Apis(http={"front": api})}
    alone = synthesize(environment(None, **given))["dev-use1-apis"]
    stacks = synthesize(environment(Observability(), **given))
    assert "output" not in alone
    (handed,) = stacks["dev-use1-apis"]["output"]["http_ids"]["value"].values()
    assert handed.startswith("${aws_apigatewayv2_api.")
    stack = stacks["dev-use1-observability"]
    errors = [
        alarm
        for alarm in stack["resource"]["aws_cloudwatch_metric_alarm"].values()
        if alarm["alarm_name"] == "acme-dev-use1-front-http-api-server-errors"
    ]
    (dimensions,) = [
        query["metric"]["dimensions"]
        for query in errors[0]["metric_query"]
        if query["id"] == "value"
    ]
    assert dimensions["Stage"] == "$default"
    read = stack["locals"][_local(dimensions["ApiId"])]
    assert read == '${data.terraform_remote_state.apis.outputs.http_ids["front"]}'


def test_who_may_read_the_trail_of_calls(synthesize: Synthesize) -> None:
    reader = "arn:aws:iam::111122223333:role/auditor"
    spec = Observability(audit=Audit(of=["fraud"], readers=[reader], keep_days=90))
    two = Inference(endpoints={"fraud": FRAUD, "other": FRAUD})
    resources = synthesize(environment(spec, inference=two))["dev-use1-observability"]["resource"]
    (trail,) = resources["aws_cloudtrail"].values()
    fields = {
        each["field"]: each["equals"]
        for each in trail["advanced_event_selector"][0]["field_selector"]
    }
    assert fields == {
        "eventCategory": ["Data"],
        "resources.type": ["AWS::SageMaker::Endpoint"],
        "resources.ARN": ["arn:aws:sagemaker:us-east-1:111122223333:endpoint/acme-dev-use1-fraud"],
    }
    (policy,) = resources["aws_s3_bucket_policy"].values()
    assert trail["depends_on"] == [
        f"aws_s3_bucket_policy.{next(iter(resources['aws_s3_bucket_policy']))}"
    ]
    statements = {each.get("Sid"): each for each in json.loads(policy["policy"])["Statement"]}
    own = "arn:aws:cloudtrail:us-east-1:111122223333:trail/acme-dev-use1-audit"
    assert statements["TrailWrites"]["Condition"]["StringEquals"]["aws:SourceArn"] == [own]
    assert statements["NobodyElseReads"]["Effect"] == "Deny"
    assert statements["NobodyElseReads"]["Condition"] == {
        "ArnNotLike": {"aws:PrincipalArn": [reader]}
    }
    keys = [json.loads(each["policy"]) for each in resources["aws_kms_key"].values()]
    decrypting = [
        each["Principal"]
        for key in keys
        for each in key["Statement"]
        if each["Action"] == "kms:Decrypt"
    ]
    assert decrypting == [{"AWS": [reader]}]
    (rules,) = resources["aws_s3_bucket_lifecycle_configuration"].values()
    assert 90 in [each["expiration"][0]["days"] for each in rules["rule"] if "expiration" in each]
    # Nobody is shut out who is not named.
    anybody = synthesize(environment(Observability(audit=Audit())))["dev-use1-observability"]
    (policy,) = anybody["resource"]["aws_s3_bucket_policy"].values()
    assert "NobodyElseReads" not in policy["policy"]


def test_unusual_spending_is_that_of_the_environments_tag(synthesize: Synthesize) -> None:
    context = CONTEXT.replace(tag_keys={"environment": "env"})
    cases: tuple[tuple[Any, list[str], list[str]], ...] = (
        ("immediate", [], ["SNS"]),
        ("weekly", ["a@example.com", "b@example.com"], ["EMAIL", "EMAIL"]),
    )
    for often, emails, subscribed in cases:
        spec = Observability(cost_anomalies=CostAnomalies(usd=12.5, often=often, emails=emails))
        stack = synthesize(environment(spec, context=context))["dev-use1-observability"]
        (monitor,) = stack["resource"]["aws_ce_anomaly_monitor"].values()
        assert json.loads(monitor["monitor_specification"])["Tags"] == {
            "Key": "env",
            "MatchOptions": None,
            "Values": ["dev-use1"],
        }
        (subscription,) = stack["resource"]["aws_ce_anomaly_subscription"].values()
        assert [each["type"] for each in subscription["subscriber"]] == subscribed
        assert subscription["threshold_expression"]["dimension"]["values"] == ["12.5"]


def _local(reference: str) -> str:
    return reference.removeprefix("${local.").removesuffix("}")


def test_alarms_grow_with_services_and_with_nothing_else(synthesize: Synthesize) -> None:
    counts = []
    for many in (1, 2, 12):
        endpoints = {f"fraud-{index}": FRAUD for index in range(many)}
        stacks = synthesize(environment(Observability(), inference=Inference(endpoints=endpoints)))
        resources = stacks["dev-use1-observability"]["resource"]
        counts.append(sum(map(len, resources.values())))
    one, two, twelve = counts
    assert twelve - one == 11 * (two - one)
