"""Every field of APIs that can be changed is changed by the real Terraform, once there and once back.

What the APIs lead to is only named, or made by hand: nothing of it changes.
"""

from __future__ import annotations

import json
from functools import cached_property
from typing import Any

import pytest

from inferform import ApiDomain, Apis, HttpApi, RestApi
from inferform_emulator.process import Emulator

from ..ops.certificates import issued
from .changed import changed, fields_of
from .program import Life, actions

pytestmark = pytest.mark.story("one layer is changed there and back")

STACK = "dev-use1-apis"

TEXT = """
from inferform import *

V = {values!r}


def slow(n):
    return Throttle(requests_per_second=n, burst=n)


def port(n):
    return NetworkRoute(load_balancer="ports", port=n)


def with_key(**given):
    return RestApi(routes={{"/fraud": RestRoute(service="fraud", api_key=True)}}, throttle=slow(9), **given)


context = Context(
    organization="acme", stage="dev", account="123456789012", region="us-east-1", owner="ml"
)
model = Model(image=Image(repository="fraud", tag="1"))
endpoint = RealtimeEndpoint(model=model, instance_type="ml.m5.large")
task = EcsService(model=model, compute=Fargate(cpu=256, memory_mib=512))
dev = Environment(
    context=context,
    network=NetworkOutputs(
        vpc_id=V["vpc"], vpc_cidr="10.0.0.0/16", private_subnet_ids=V["subnets"],
        public_subnet_ids=[], s3_prefix_list_id="pl-1",
    ),
    registry=RegistryOutputs(
        artifact_bucket="acme-artifacts", kms_key_arn=context.arn("kms", "key/1234abcd"),
    ),
    ecs=EcsOutputs(
        cluster_name="theirs", capacity_providers={{}},
        listener_arns={{"shared": V["listener"]}},
        load_balancer_suffixes=V["suffixes"],
        load_balancer_groups={{"shared": "sg-0a1b2c3d", "ports": "sg-0a1b2c3d"}},
    ),
    inference=Inference(
        endpoints={{
            "fraud": endpoint, "other": endpoint,
            "parts": InferenceComponentEndpoint(instance_type="ml.g5.xlarge"),
        }},
        services={{
            "score": task.replace(route=Route(load_balancer="shared", hosts=["*.acme.test"])),
            "one": task.replace(route=port(9001)),
            "two": task.replace(route=port(9002)),
        }},
        functions={{
            name: LambdaFunction(model=model, timeout_seconds=5) for name in ("light", "heavy")
        }},
    ),
    apis=Apis({apis}),
)
"""

FIRST = """
        domains={
            "a.acme.test": ApiDomain(certificate=V["certificates"][0]),
            "b.acme.test": ApiDomain(certificate=V["certificates"][0]),
        },
        http={
            "front": HttpApi(
                routes={
                    "/score": HttpRoute(
                        service="score", method="POST", path="/v1", host="a.acme.test",
                        timeout_ms=9_000, throttle=slow(1), scopes=["a"],
                    ),
                    "/gone": HttpRoute(service="score", host="a.acme.test", throttle=slow(1)),
                },
                throttle=slow(2),
                authorization=JwtAuthorization(
                    issuer="https://a.acme.test/", audiences=["a"], scopes=["all"]
                ),
                domain="a.acme.test", base_path="v1",
                cors=Cors(
                    origins=["https://a.test"], headers=["x-a"], credentials=True, max_age_seconds=60
                ),
                log_retention_days=7, tags={"cost": "a"}, overrides={"api": {"description": "a"}},
            ),
            "bare": HttpApi(
                routes={"/invocations": HttpRoute(service="light")}, throttle=slow(3)
            ),
        },
        rest={
            "models": RestApi(
                routes={
                    "/fraud": RestRoute(
                        service="fraud", timeout_ms=9_000, throttle=slow(1), scopes=["a"],
                        request_schema={"type": "object", "required": ["a"]},
                    ),
                    "/one": RestRoute(service="one", path="/v1", host="a.acme.test"),
                    "/parts": RestRoute(service="parts", component="a"),
                    "/gone": RestRoute(service="fraud"),
                },
                throttle=slow(2),
                authorization=CognitoAuthorization(user_pools=[V["pool"] + "a"], scopes=["all"]),
                source_cidrs=["203.0.113.0/24"],
                domain="b.acme.test", base_path="v1",
                cors=Cors(origins=["https://a.test"]),
                firewall=Firewall(
                    groups=["AWSManagedRulesCommonRuleSet"], requests_per_5_minutes=1_000
                ),
                binary_types=["image/*"], log_retention_days=7, tracing=True,
                tags={"cost": "a"}, overrides={"api": {"description": "a"}},
                permissions={"role": Permissions(statements=[PolicyStatement(
                    actions=["sqs:SendMessage"], resources=[V["queue"] + "a"])])},
            ),
            "keyed": with_key(
                plans={"gold": UsagePlan(
                    throttle=slow(1), quota=Quota(limit=100, period="DAY"), routes=["/fraud"],
                )},
                firewall=Firewall(web_acl=V["acls"][0]),
                domain="b.acme.test", base_path="keyed",
            ),
            "renamed": RestApi(
                routes={"/fraud": RestRoute(service="fraud")}, throttle=slow(9), stage="live",
                domain="a.acme.test", base_path="renamed",
            ),
            "inside": RestApi(
                routes={"/invocations": RestRoute(service="light")}, throttle=slow(9),
                private=PrivateAccess(vpc_ids=["vpc-0000000a"]),
            ),
            "narrow": RestApi(
                routes={"/fraud": RestRoute(service="fraud")}, throttle=slow(9),
                private=PrivateAccess(endpoint_ids=["vpce-0000000a"]),
            ),
            "bare": RestApi(
                routes={
                    "/fraud": RestRoute(service="fraud"),
                    "/two": RestRoute(service="two"),
                },
                throttle=slow(9),
            ),
        },
        tags={"team": "a"}, overrides={"account/logs/role": {"description": "a"}},
        permissions={"account/logs": Permissions(statements=[PolicyStatement(
            actions=["sqs:SendMessage"], resources=[V["queue"] + "a"])])},
"""
SECOND = """
        domains={
            "a.acme.test": ApiDomain(
                certificate=V["certificates"][1], zone=HostedZone(id=V["zone"], private=False)
            ),
            "b.acme.test": ApiDomain(certificate=V["certificates"][0]),
        },
        http={
            "front": HttpApi(
                routes={
                    "/score": HttpRoute(
                        service="score", method="PUT", path="/v2", host="b.acme.test",
                        timeout_ms=8_000, throttle=slow(2), scopes=["b"],
                    ),
                    "/new": HttpRoute(service="score", host="a.acme.test", throttle=slow(1)),
                },
                throttle=slow(3),
                authorization=JwtAuthorization(
                    issuer="https://b.acme.test/", audiences=["a", "b"], scopes=["some"]
                ),
                domain="b.acme.test", base_path="v2",
                cors=Cors(
                    origins=["https://b.test"], headers=["x-b"], credentials=False, max_age_seconds=90
                ),
                log_retention_days=30, tags={"cost": "b"}, overrides={"api": {"description": "b"}},
            ),
            "bare": HttpApi(
                routes={"/invocations": HttpRoute(service="heavy")}, throttle=slow(3),
                authorization=JwtAuthorization(issuer="https://a.acme.test/", audiences=["a"]),
                domain="a.acme.test", cors=Cors(origins=["*"]),
            ),
        },
        rest={
            "models": RestApi(
                routes={
                    "/fraud": RestRoute(
                        service="other", timeout_ms=8_000, throttle=slow(2), scopes=["b"],
                        request_schema={"type": "object", "required": ["b"]},
                    ),
                    "/one": RestRoute(service="two", path="/v2", host="b.acme.test"),
                    "/parts": RestRoute(service="parts", component="b"),
                    "/new": RestRoute(service="fraud"),
                },
                throttle=slow(3),
                authorization=CognitoAuthorization(user_pools=[V["pool"] + "b"], scopes=["some"]),
                source_cidrs=["198.51.100.0/24"],
                domain="a.acme.test", base_path="v1",
                cors=Cors(origins=["https://b.test"]),
                firewall=Firewall(
                    groups=["AWSManagedRulesSQLiRuleSet"], requests_per_5_minutes=2_000
                ),
                binary_types=["application/x-npy"], log_retention_days=30, tracing=False,
                tags={"cost": "b"}, overrides={"api": {"description": "b"}},
                permissions={"role": Permissions(statements=[PolicyStatement(
                    actions=["sqs:SendMessage"], resources=[V["queue"] + "b"])])},
            ),
            "keyed": with_key(
                plans={"gold": UsagePlan(
                    throttle=slow(2), quota=Quota(limit=200, period="WEEK", offset=3), routes=[],
                )},
                firewall=Firewall(web_acl=V["acls"][1]),
                domain="b.acme.test", base_path="v1",
            ),
            "renamed": RestApi(
                routes={"/fraud": RestRoute(service="fraud")}, throttle=slow(9), stage="v2",
                domain="a.acme.test", base_path="renamed",
            ),
            "inside": RestApi(
                routes={"/invocations": RestRoute(service="heavy")}, throttle=slow(9),
                private=PrivateAccess(vpc_ids=["vpc-0000000b"]),
            ),
            "narrow": RestApi(
                routes={"/fraud": RestRoute(service="fraud")}, throttle=slow(9),
                private=PrivateAccess(endpoint_ids=["vpce-0000000b"]),
            ),
            "bare": with_key(
                authorization=CognitoAuthorization(user_pools=[V["pool"] + "a"]),
                plans={"gold": UsagePlan(throttle=slow(1))},
                private=PrivateAccess(), cors=Cors(origins=["*"]),
            ),
        },
        log_role=False, tags={"team": "b"},
"""
LEFT_OUT = {
    "HttpApi.permissions": "an HTTP API has no role, as it lets callers into what it calls (PRM4)",
}
"""The fields that cannot be changed, with the reason."""

REPLACED = {
    "aws_api_gateway_method_settings": "the path of a method is its key in the stage",
    "aws_apigatewayv2_api_mapping": "another API is another mapping of its place",
    "aws_lambda_permission": "a statement of a policy is added and removed, and never changed",
    "aws_api_gateway_stage": "its name is its key in the API, and stands in the URL",
    "aws_wafv2_web_acl_association": "a stage is associated with one web ACL, which is its key",
}
"""The types that are replaced in the change, with the reason; all else is changed as it is."""


class Updates(Life):
    """A layer of APIs in front of what is named alone."""

    def begin(self) -> None:
        """Make what the layer depends on."""
        self._values: dict[str, Any] = {
            "vpc": "vpc-00000001",
            "subnets": ["subnet-00000001", "subnet-00000002"],
            "listener": "arn:aws:elasticloadbalancing:us-east-1:123456789012:listener/app/a/1/2",
            "suffixes": {"shared": "app/a/1", "ports": "net/b/2"},
            "pool": "arn:aws:cognito-idp:us-east-1:123456789012:userpool/us-east-1_A",
            "queue": "arn:aws:sqs:us-east-1:123456789012:",
            "zone": "Z1",
            "acls": [
                f"arn:aws:wafv2:us-east-1:123456789012:regional/webacl/{each}/1234abcd"
                for each in "ab"
            ],
            "certificates": [
                f"arn:aws:acm:us-east-1:123456789012:certificate/12345678-1234-1234-1234-{n:012}"
                for n in (1, 2)
            ],
        }
        self.release(FIRST)
        self.bootstrap()
        self._make_network()
        self._make_rest()
        self.release(FIRST)

    def _make_network(self) -> None:
        ec2, elb = (self.aws().any_client(each) for each in ("ec2", "elbv2"))
        vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        subnets = [
            ec2.create_subnet(
                VpcId=vpc, CidrBlock=f"10.0.{n}.0/24", AvailabilityZone=f"us-east-1{zone}"
            )["Subnet"]["SubnetId"]
            for n, zone in enumerate("ab")
        ]
        arns = {
            name: elb.create_load_balancer(Name=name, Type=kind, Subnets=subnets)["LoadBalancers"][
                0
            ]["LoadBalancerArn"]
            for name, kind in (("shared", "application"), ("ports", "network"))
        }
        answer = {"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "404"}}
        listener = elb.create_listener(
            LoadBalancerArn=arns["shared"], Protocol="HTTP", Port=80, DefaultActions=[answer]
        )["Listeners"][0]["ListenerArn"]
        suffixes = {name: arn.partition("loadbalancer/")[2] for name, arn in arns.items()}
        self._values |= {"vpc": vpc, "subnets": subnets}
        self._values |= {"listener": listener, "suffixes": suffixes}

    def _make_rest(self) -> None:
        waf, acm, route53 = (self.aws().any_client(each) for each in ("wafv2", "acm", "route53"))
        seen = {"SampledRequestsEnabled": False, "CloudWatchMetricsEnabled": False}
        self._values["acls"] = [
            waf.create_web_acl(
                Name=name,
                Scope="REGIONAL",
                DefaultAction={"Allow": {}},
                VisibilityConfig={**seen, "MetricName": name},
            )["Summary"]["ARN"]
            for name in ("a", "b")
        ]
        certificates = [
            acm.import_certificate(Certificate=certificate, PrivateKey=key)["CertificateArn"]
            for certificate, key in (issued(), issued())
        ]
        zone = route53.create_hosted_zone(Name="acme.test", CallerReference="a")["HostedZone"]
        self._values |= {"certificates": certificates, "zone": zone["Id"].rpartition("/")[2]}
        for name in ("light", "heavy"):
            self._make_function(f"acme-dev-use1-{name}")

    def _make_function(self, name: str) -> None:
        functions, iam = self.aws().any_client("lambda"), self.aws().client("iam")
        trust = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}}
        policy = {"Version": "2012-10-17", "Statement": [{**trust, "Action": "sts:AssumeRole"}]}
        role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(policy))["Role"]
        functions.create_function(
            FunctionName=name,
            Role=role["Arn"],
            PackageType="Image",
            Code={"ImageUri": "123456789012.dkr.ecr.us-east-1.amazonaws.com/fraud:1"},
            Publish=True,
        )
        functions.create_alias(FunctionName=name, Name="live", FunctionVersion="1")

    def release(self, apis: str) -> None:
        """Write a release."""
        self.write(TEXT.format(values=self._values, apis=apis))

    @cached_property
    def fields(self) -> set[str]:
        """The fields that differ between the releases; the second is written last."""
        self.release(FIRST)
        before = self.environment()
        self.release(SECOND)
        return changed(before.apis, self.environment().apis)


@pytest.fixture(scope="module")
def life(emulator: Emulator, tmp_path_factory: pytest.TempPathFactory) -> Updates:
    found = Updates(tmp_path_factory.mktemp("updates"), emulator)
    found.begin()
    return found


def test_every_field_has_a_change(life: Updates) -> None:
    every = fields_of(Apis, HttpApi, RestApi, ApiDomain)
    assert every - life.fields == {*LEFT_OUT}


def test_every_field_is_changed_and_changed_back(life: Updates) -> None:
    life.release(FIRST)
    life.apply(STACK)
    assert actions(life.plan(STACK)) == {}
    life.release(SECOND)
    changes = life.plan(STACK)["resource_changes"]
    replaced = {each["type"] for each in changes if len(each["change"]["actions"]) == 2}
    assert replaced == {*REPLACED}
    life.apply(STACK)
    assert actions(life.plan(STACK)) == {}
    life.release(FIRST)
    life.apply(STACK)
    assert actions(life.plan(STACK)) == {}
    # Two APIs reach the load balancer by one link.
    assert len(life.aws().any_client("apigateway").get_vpc_links()["items"]) == 1
    life.destroy(STACK)
