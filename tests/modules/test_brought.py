"""What somebody else made beside Inferform's own: a bucket, log groups, topics, repositories and a
load balancer, in synthesized JSON."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from inferform import (
    AllAtOnce,
    Canary,
    ConfigurationError,
    ContainerOptions,
    DataCapture,
    EcsCluster,
    EcsOutputs,
    EcsService,
    EndpointAlarms,
    Environment,
    Existing,
    ExistingBucket,
    ExistingLoadBalancer,
    FargateProfile,
    Image,
    Inference,
    LoadBalancer,
    Model,
    Naming,
    Network,
    OnUpload,
    Permissions,
    PolicyStatement,
    RealtimeEndpoint,
    Registry,
    RegistryOutputs,
    Repository,
    Route,
    Scaling,
    SpecError,
)
from inferform.between import between
from inferform.iam.grants import pull_any
from ops.promote import copies
from ops.push import target
from tests.conftest import Synthesized
from tests.names.test_taken import BATCH, CERTIFICATE, CONTEXT, ENDPOINT, environment, service

from . import test_kubernetes_layer as eks

Synthesize = Callable[..., Synthesized]

KEY = "arn:aws:kms:us-east-1:444455556666:key/1234abcd-12ab-34cd-56ef-1234567890ab"
OTHER = KEY.replace("1234abcd", "abcd1234")


def stack_of(synthesize: Synthesize, made: Environment, layer: str = "inference") -> dict[str, Any]:
    return synthesize(made)[f"{made.key}-{layer}"]


# A bucket of artifacts

BUCKET = ExistingBucket(name="risk-artifacts", send_events=True)
BESIDE = Registry(repositories={"fraud": Repository()}, artifacts=BUCKET)


def test_a_bucket_that_exists_is_read_and_nothing_of_it_is_made(synthesize: Synthesize) -> None:
    made = environment(
        registry=BESIDE,
        inference=Inference(
            endpoints={"fraud": ENDPOINT.replace(data_capture=DataCapture())},
            services={"web": service("web")},
            batch={"score": BATCH.replace(trigger=OnUpload())},
        ),
    )
    assert made.artifact_bucket == "risk-artifacts"
    registry = stack_of(synthesize, made, "registry")
    assert not [kind for kind in registry["resource"] if kind.startswith("aws_s3_")]
    assert registry["output"]["artifact_bucket"]["value"] == "risk-artifacts"
    assert made.context.bucket("artifacts") not in {name.value for _, name in made.names}


@pytest.mark.parametrize(
    "registry",
    [RegistryOutputs(kms_key_arn=KEY, artifact_bucket=BUCKET.name), BESIDE.replace(kms_key=KEY)],
)
def test_the_key_of_a_bucket_that_exists_may_be_used_by_whoever_reads_it(
    synthesize: Synthesize, registry: Registry | RegistryOutputs
) -> None:
    made = environment(
        context=CONTEXT.replace(artifact_keys={BUCKET.name: OTHER}),
        registry=registry,
        inference=Inference(endpoints={"fraud": ENDPOINT}),
    )
    (policy,) = stack_of(synthesize, made)["resource"]["aws_iam_role_policy"].values()
    decrypt = [
        each
        for each in json.loads(policy["policy"])["Statement"]
        if "kms:Decrypt" in each["Action"]
    ]
    assert [each["Resource"] for each in decrypt] == [OTHER]


def test_a_transform_on_uploads_waits_for_what_the_owner_turns_on() -> None:
    silent = BESIDE.replace(artifacts=BUCKET.replace(send_events=False))
    with pytest.raises(SpecError, match=r"let its owner turn EventBridge on.*JOB11"):
        environment(
            registry=silent, inference=Inference(batch={"score": BATCH.replace(trigger=OnUpload())})
        )


# Endpoints that were there before


def test_an_endpoint_keeps_a_name_that_its_callers_know(synthesize: Synthesize) -> None:
    scaled = ENDPOINT.replace(scaling=Scaling(max_capacity=2))
    made = environment(
        context=CONTEXT.naming_endpoints({"fraud": "Fraud-2024-05-01"}),
        inference=Inference(endpoints={"fraud": scaled, "other": ENDPOINT}),
    )
    kinds = stack_of(synthesize, made)["resource"]
    names = {each["name"] for each in kinds["aws_sagemaker_endpoint"].values()}
    assert names == {"Fraud-2024-05-01", "acme-dev-use1-other"}
    groups = {each["name"] for each in kinds["aws_cloudwatch_log_group"].values()}
    assert "/aws/sagemaker/Endpoints/Fraud-2024-05-01" in groups
    (target,) = kinds["aws_appautoscaling_target"].values()
    assert (
        "endpoint.name}/variant/" in target["resource_id"] or "_endpoint_" in target["resource_id"]
    )
    watched = {
        query["metric"]["dimensions"]["EndpointName"]
        for alarm in kinds["aws_cloudwatch_metric_alarm"].values()
        for query in alarm.get("metric_query", [])
        if "metric" in query
    }
    assert watched == names
    # What Inferform makes beside it is named as ever.
    configurations = kinds["aws_sagemaker_endpoint_configuration"].values()
    assert all(each["name"].startswith("acme-dev-use1-") for each in configurations)
    assert made.context.naming_endpoints({"other": "X"}).endpoint("fraud") == "Fraud-2024-05-01"


# Repositories of any name

THEIRS = "444455556666.dkr.ecr.us-east-1.amazonaws.com/shared/base/fraud"
NAMED = CONTEXT.replace(naming=Naming(repositories={"fraud": "risk/fraud", "base": THEIRS}))


def serving(name: str) -> RealtimeEndpoint:
    model = Model(image=Image(repository=name, tag="1.4.2"), artifact="m.tar.gz")
    return RealtimeEndpoint(model=model, instance_type="ml.m5.large")


def test_a_repository_is_made_and_pulled_by_any_name_that_ecr_takes(
    synthesize: Synthesize,
) -> None:
    made = environment(
        context=NAMED,
        registry=Registry(repositories={"fraud": Repository(), "plain": Repository()}),
        inference=Inference(endpoints={name: serving(name) for name in ("fraud", "plain", "base")}),
    )
    stacks = synthesize(made)
    kinds = stacks["dev-use1-registry"]["resource"]
    assert {each["name"] for each in kinds["aws_ecr_repository"].values()} == {
        "risk/fraud",
        "acme-dev-use1-plain",
    }
    models = stacks["dev-use1-inference"]["resource"]["aws_sagemaker_model"].values()
    own = "111122223333.dkr.ecr.us-east-1.amazonaws.com"
    assert {each["primary_container"]["image"] for each in models} == {
        f"{own}/risk/fraud:1.4.2",
        f"{own}/acme-dev-use1-plain:1.4.2",
        f"{THEIRS}:1.4.2",
    }
    policies = stacks["dev-use1-inference"]["resource"]["aws_iam_role_policy"].values()
    pulled = {
        each["Resource"]
        for policy in policies
        for each in json.loads(policy["policy"])["Statement"]
        if each.get("Sid") == "PullImage"
    }
    assert "arn:aws:ecr:us-east-1:444455556666:repository/shared/base/fraud" in pulled
    assert "arn:aws:ecr:us-east-1:111122223333:repository/risk/fraud" in pulled


def test_components_may_pull_from_repositories_that_are_named(synthesize: Synthesize) -> None:
    statements = pull_any(NAMED)
    assert statements[1]["Resource"] == [
        "arn:aws:ecr:us-east-1:111122223333:repository/acme-dev-use1-*",
        "arn:aws:ecr:us-east-1:444455556666:repository/shared/base/fraud",
        "arn:aws:ecr:us-east-1:111122223333:repository/risk/fraud",
    ]
    assert isinstance(pull_any(CONTEXT)[1]["Resource"], str)


@pytest.mark.parametrize(
    "name",
    ["Risk/fraud", "risk//fraud", "/risk", "risk/", "a", "a" * 257, "risk/fraud:1", "a..b", "a.-b"],
)
def test_a_name_that_ecr_does_not_take_is_refused(name: str) -> None:
    with pytest.raises(SpecError, match="CTX13"):
        Naming(repositories={"fraud": name})


@pytest.mark.parametrize(
    ("repository", "rule"),
    [
        ("444455556666.dkr.ecr.eu-west-1.amazonaws.com/risk/fraud", r"naming\.repositories.*CTX14"),
        (THEIRS, r"registry\.repositories\.fraud.*ECR26"),
        ("acme-dev-use1-other", "NAME3"),
    ],
)
def test_a_repository_that_the_environment_cannot_make_is_refused(
    repository: str, rule: str
) -> None:
    with pytest.raises(SpecError, match=rule):
        environment(
            context=CONTEXT.replace(naming=Naming(repositories={"fraud": repository})),
            registry=Registry(repositories={"fraud": Repository(), "other": Repository()}),
        )


def test_the_uri_of_the_own_registry_names_an_own_repository() -> None:
    uri = "111122223333.dkr.ecr.us-east-1.amazonaws.com/risk/fraud"
    context = CONTEXT.replace(naming=Naming(repositories={"fraud": uri}))
    made = environment(context=context, registry=Registry(repositories={"fraud": Repository()}))
    assert "risk/fraud" in {name.value for _, name in made.names}


def test_an_image_of_a_repository_that_nobody_names_is_refused_still() -> None:
    with pytest.raises(SpecError, match=r"fraude.*did you mean fraud.*ECR8"):
        environment(context=NAMED, inference=Inference(endpoints={"fraud": serving("fraude")}))


def test_push_and_promote_speak_of_the_repository_that_is_named() -> None:
    inference = Inference(endpoints={"fraud": serving("fraud"), "base": serving("base")})
    dev = environment(context=NAMED, inference=inference)
    own, theirs = (target(dev, name, "2.0.0", None) for name in ("fraud", "base"))
    assert (own.name, own.account) == ("risk/fraud", "111122223333")
    assert (theirs.name, theirs.account) == ("shared/base/fraud", "444455556666")
    prod = environment(
        context=CONTEXT.replace(stage="prod"),
        inference=inference.replace(endpoints={"fraud": serving("fraud")}),
    )
    host = "111122223333.dkr.ecr.us-east-1.amazonaws.com"
    assert (
        f"skopeo copy --all --preserve-digests docker://{host}/risk/fraud:1.4.2 "
        f"docker://{host}/acme-prod-use1-fraud:1.4.2"
    ) in copies(dev, prod, "fraud")


# A load balancer

LISTENER = (
    "arn:aws:elasticloadbalancing:us-east-1:111122223333:"
    "listener/app/shared/1a2b3c4d5e6f7890/0a1b2c3d4e5f6789"
)
GIVEN = ExistingLoadBalancer(listener=LISTENER, security_group="sg-0a1b2c3d4e5f67890")
CLUSTER = EcsCluster(
    load_balancers={"shared": GIVEN, "internal": LoadBalancer(certificate=CERTIFICATE)}
)


def routed(balancer: str, **changes: Any) -> EcsService:
    return service("web", route=route(balancer), **changes)


def route(balancer: str, **changes: Any) -> Route:
    given = {"load_balancer": balancer, "paths": ["/web/*"], "grace_seconds": 120}
    return Route(**{**given, **changes})


def test_services_add_rules_to_a_listener_that_exists_beside_an_own_cluster(
    synthesize: Synthesize,
) -> None:
    made = environment(ecs=CLUSTER, inference=Inference(services={"web": routed("shared")}))
    stacks = synthesize(made)
    ecs = stacks["dev-use1-ecs"]
    assert [each["name"] for each in ecs["resource"]["aws_lb"].values()] == [
        "acme-dev-use1-internal"
    ]
    outputs = {name: each["value"] for name, each in ecs["output"].items()}
    assert outputs["listener_arns"]["shared"] == LISTENER
    assert outputs["load_balancer_suffixes"]["shared"] == "app/shared/1a2b3c4d5e6f7890"
    assert outputs["load_balancer_groups"]["shared"] == GIVEN.security_group
    (rule,) = stacks["dev-use1-inference"]["resource"]["aws_lb_listener_rule"].values()
    assert rule["listener_arn"] == LISTENER
    assert rule["priority"] == route("shared").rule_priority


@pytest.mark.parametrize(("balancer", "opened"), [("shared", False), ("internal", True)])
def test_the_security_group_of_a_load_balancer_that_exists_is_left_alone(
    synthesize: Synthesize, balancer: str, opened: bool
) -> None:
    web = routed(balancer, container=ContainerOptions(port=9000))
    made = environment(ecs=CLUSTER, inference=Inference(services={"web": web}))
    kinds = stack_of(synthesize, made)["resource"]
    out = [name for name in kinds["aws_vpc_security_group_egress_rule"] if "balancer" in name]
    assert bool(out) == opened


def test_two_names_of_one_listener_are_one() -> None:
    cluster = CLUSTER.replace(load_balancers={"shared": GIVEN, "again": GIVEN})
    services = {"web": routed("shared"), "other": routed("again")}
    with pytest.raises(SpecError, match=r"same hosts and paths as the service web.*ELB14"):
        environment(ecs=cluster, inference=Inference(services=services))


@pytest.mark.parametrize(
    "listener",
    [
        LISTENER.replace("us-east-1", "eu-west-1"),
        LISTENER.replace("111122223333", "444455556666"),
        LISTENER.replace("/app/", "/net/"),
        LISTENER.rpartition("/")[0].replace("listener", "loadbalancer"),
    ],
)
def test_a_listener_to_which_no_rule_can_be_added_is_refused(listener: str) -> None:
    with pytest.raises(SpecError, match="ELB30"):
        environment(ecs=EcsCluster(load_balancers={"shared": GIVEN.replace(listener=listener)}))


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({}, "hosts and paths"),
        ({"paths": ["/other/*"], "priority": 7}, "priority"),
        ({"paths": ["/other/*"]}, ""),
    ],
)
def test_environments_on_one_listener_do_not_take_each_others_rules(
    changes: dict[str, Any], rule: str
) -> None:
    def on(stage: str, cluster: EcsCluster | EcsOutputs, given: Route) -> Environment:
        return environment(
            context=CONTEXT.replace(stage=stage),
            network=Network(cidr="10.20.0.0/16", allow_overlap=True),
            ecs=cluster,
            inference=Inference(services={"web": service("web", route=given)}),
        )

    foreign = EcsOutputs(
        cluster_name="theirs",
        capacity_providers={},
        listener_arns={"shared": LISTENER},
        load_balancer_suffixes={"shared": GIVEN.suffix},
        load_balancer_groups={"shared": GIVEN.security_group},
    )
    dev = on("dev", CLUSTER, route("shared", priority=7))
    test = on("test", foreign, route("shared", **changes))
    found = [each for _, each in between({"dev-use1": dev, "test-use1": test})]
    assert [each.rule for each in found] == (["ELB31"] if rule else [])
    assert all(f"has the same {rule} as web of dev-use1" in str(each) for each in found)


# Log groups


def test_log_groups_that_exist_are_written_to_and_not_made(synthesize: Synthesize) -> None:
    prescribed = "/aws/sagemaker/Endpoints/acme-dev-use1-fraud"
    made = environment(
        inference=Inference(
            endpoints={"fraud": ENDPOINT.replace(existing=Existing(log_group=prescribed))},
            services={"web": service("web", existing=Existing(log_group="/risk/web"))},
            batch={"score": BATCH.replace(existing=Existing(log_group="/risk/batch"))},
        )
    )
    stack = stack_of(synthesize, made)
    kinds = stack["resource"]
    assert "aws_cloudwatch_log_group" not in kinds
    assert not [n for path, n in made.names if n.kind.endswith("log_group") and len(path) > 1]
    (definition,) = kinds["aws_ecs_task_definition"].values()
    assert '"awslogs-group": "/risk/web"' in json.dumps(
        json.loads(definition["container_definitions"])
    )
    (machine,) = kinds["aws_sfn_state_machine"].values()
    arn = "arn:aws:logs:us-east-1:111122223333:log-group:/risk/batch:*"
    assert machine["logging_configuration"]["log_destination"] == arn
    written = json.dumps([each["policy"] for each in kinds["aws_iam_role_policy"].values()])
    assert "log-group:/risk/web:*" in written
    assert f"log-group:{prescribed}:*" in written


@pytest.mark.parametrize("name", ["/risk/fraud", "aws/x", "a b", "a" * 513])
def test_a_log_group_that_an_endpoint_does_not_write_into_is_refused(name: str) -> None:
    def made() -> Environment:
        endpoint = ENDPOINT.replace(existing=Existing(log_group=name))
        return environment(inference=Inference(endpoints={"fraud": endpoint}))

    with pytest.raises(SpecError, match="EXI7"):
        made()


# Topics of alarms

TOPIC = "arn:aws:sns:us-east-1:444455556666:on-call"


def test_alarms_of_rollouts_tell_topics(synthesize: Synthesize) -> None:
    told: dict[str, Any] = {"alarm_topics": [TOPIC], "ok_topics": [f"{TOPIC}-over"]}
    endpoint = ENDPOINT.replace(rollout=Canary(alarms=EndpointAlarms(**told)))
    made = environment(
        inference=Inference(
            endpoints={"fraud": endpoint, "quiet": ENDPOINT},
            services={"web": service("web", rollout=AllAtOnce(**told))},
        )
    )
    alarms = stack_of(synthesize, made)["resource"]["aws_cloudwatch_metric_alarm"].values()
    assert len(alarms) == 6
    for alarm in alarms:
        topics = (None, None) if "quiet" in alarm["alarm_name"] else ([TOPIC], [f"{TOPIC}-over"])
        assert (alarm.get("alarm_actions"), alarm.get("ok_actions")) == topics


@pytest.mark.parametrize(
    ("made", "rule"),
    [
        (lambda: service("web", rollout=AllAtOnce(alarm_topics=[TOPIC, TOPIC])), "ALM13"),
        (lambda: ENDPOINT.replace(rollout=Canary(alarm_topics=[TOPIC])), "EndpointAlarms.*ROL3"),
        (
            lambda: service("web", rollout=AllAtOnce(ok_topics=[TOPIC.replace("-east", "-west")])),
            "ALM14",
        ),
    ],
)
def test_a_topic_that_no_alarm_tells_is_refused(made: Callable[[], Any], rule: str) -> None:
    def inference() -> Inference:
        spec = made()
        if isinstance(spec, EcsService):
            return Inference(services={"web": spec})
        return Inference(endpoints={"web": spec})

    with pytest.raises(SpecError, match=rule):
        environment(inference=inference())


# Roles of pods

PODS = "arn:aws:iam::111122223333:role/security/pods"


def pods(compute: Any) -> Environment:
    served = eks.OF_AWS.replace(existing=Existing(task_role=PODS))
    return eks.environment({"fraud": served}, compute)


def test_pods_get_a_role_that_exists_by_an_association_alone(synthesize: Synthesize) -> None:
    made = pods(eks.GROUPS)
    stack = synthesize(made)["dev-use1-kubernetes"]
    kinds = stack["resource"]
    assert not {kind for kind in kinds if kind.startswith("aws_iam_")}
    (association,) = kinds["aws_eks_pod_identity_association"].values()
    assert association["role_arn"] == PODS
    assert not [name for _, name in made.names if name.value == "acme-dev-use1-fraud-pods"]
    (said,) = stack["//"]["metadata"]["inferform"]["roles"].values()
    assert (said["arn"], said["service"]) == (PODS, "pods.eks.amazonaws.com")
    assert "s3:GetObject" in json.dumps(said["statements"])


def test_pods_on_fargate_name_a_role_that_exists(synthesize: Synthesize) -> None:
    made = pods(FargateProfile(namespaces=["plain"]))
    stack = synthesize(made)["dev-use1-kubernetes"]
    kinds = stack["resource"]
    assert not {kind for kind in kinds if kind.startswith("aws_")}
    accounts = [each["metadata"] for each in kinds["kubernetes_service_account_v1"].values()]
    assert [each["annotations"] for each in accounts] == [{"eks.amazonaws.com/role-arn": PODS}]
    (said,) = stack["//"]["metadata"]["inferform"]["roles"].values()
    assert said["service"].startswith("arn:aws:iam::111122223333:oidc-provider/")


def test_nothing_is_added_to_a_role_of_pods_that_exists(synthesize: Synthesize) -> None:
    more = Permissions(statements=[PolicyStatement(actions=["s3:GetObject"], resources=["*"])])
    served = eks.OF_AWS.replace(existing=Existing(task_role=PODS), permissions={"role": more})
    with pytest.raises(ConfigurationError, match="PRM4"):
        synthesize(eks.environment({"fraud": served}))


def test_a_promotion_copies_from_the_bucket_that_exists() -> None:
    inference = Inference(endpoints={"fraud": ENDPOINT})
    dev = environment(registry=BESIDE, inference=inference)
    prod = environment(context=CONTEXT.replace(stage="prod"), inference=inference)
    own = "s3://acme-prod-use1-artifacts-111122223333/fraud/1/model.tar.gz"
    assert f"aws s3 cp s3://risk-artifacts/fraud/1/model.tar.gz {own}" in copies(dev, prod, "fraud")
