"""APIs: what is changed stays changed, and calls are answered as AWS documents."""

from __future__ import annotations

import base64
import json
import urllib.error
import urllib.request
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from inferform.api.deployment import deployment_template
from inferform_emulator.process import Emulator

Client = Callable[..., Any]


def signed(
    region: str = "us-east-1",
    service: str = "execute-api",
    end: str = "aws4_request",
    rest: str = ", SignedHeaders=host;x-amz-date, Signature=0a1b",
) -> dict[str, str]:
    scope = f"AKIA/20260101/{region}/{service}/{end}"
    return {"Authorization": f"AWS4-HMAC-SHA256 Credential={scope}{rest}"}


SIGNED = signed()
POOL = "us-east-1_Ab12Cd34E"
ISSUER = f"https://cognito-idp.us-east-1.amazonaws.com/{POOL}"


def token(**claims: Any) -> dict[str, str]:
    given = {"iss": ISSUER, "client_id": "app", "exp": 4_000_000_000, **claims}
    middle = base64.urlsafe_b64encode(json.dumps(given).encode()).decode().rstrip("=")
    return {"Authorization": f"Bearer x.{middle}.y"}


class Rest:
    """A REST API in front of an endpoint."""

    def __init__(self, client: Client, emulator: Emulator, account: str) -> None:
        self.client, self.emulator, self.account = client("apigateway"), emulator, account
        made = self.client.create_rest_api(name="models", binaryMediaTypes=["image/*"])
        self.id, root = made["id"], made["rootResourceId"]
        self.resource = self.client.create_resource(
            restApiId=self.id, parentId=root, pathPart="fraud"
        )["id"]
        self.where = {"restApiId": self.id, "resourceId": self.resource, "httpMethod": "POST"}

    def serve(self, *, key: bool = False, **method: Any) -> None:
        given = {"authorizationType": "AWS_IAM", "apiKeyRequired": key, **method}
        api = self.client
        api.put_method(**self.where, **given)
        api.put_integration(
            **self.where,
            type="AWS",
            integrationHttpMethod="POST",
            uri="arn:aws:apigateway:us-east-1:runtime.sagemaker:path/endpoints/fraud/invocations",
            timeoutInMillis=29_000,
            requestParameters={
                "integration.request.header.Content-Type": "method.request.header.Content-Type"
            },
        )
        for status, pattern in (("200", ""), ("400", r"4\d{2}")):
            api.put_method_response(**self.where, statusCode=status)
            api.put_integration_response(**self.where, statusCode=status, selectionPattern=pattern)
        deployment = api.create_deployment(restApiId=self.id)["id"]
        api.create_stage(restApiId=self.id, stageName="live", deploymentId=deployment)

    def endpoint(self, client: Client) -> None:
        sagemaker = client("sagemaker")
        role = f"arn:aws:iam::{self.account}:role/r"
        image = f"{self.account}.dkr.ecr.us-east-1.amazonaws.com/fraud:1"
        sagemaker.create_model(
            ModelName="m", ExecutionRoleArn=role, PrimaryContainer={"Image": image}
        )
        variant = {"VariantName": "v", "ModelName": "m", "InstanceType": "ml.m5.large"}
        sagemaker.create_endpoint_config(
            EndpointConfigName="c", ProductionVariants=[{**variant, "InitialInstanceCount": 1}]
        )
        sagemaker.create_endpoint(EndpointName="fraud", EndpointConfigName="c")

    def call(
        self,
        headers: dict[str, str] | None = None,
        body: bytes = b"{}",
        path: str = "/live/fraud",
    ) -> tuple[int, dict[str, Any]]:
        return call(
            self.emulator,
            f"{self.id}.execute-api.us-east-1.amazonaws.com",
            path,
            body,
            headers or {},
        )


def call(
    emulator: Emulator, host: str, path: str, body: bytes, headers: dict[str, str]
) -> tuple[int, dict[str, Any]]:
    named = {"Content-Type": "application/json"}
    named |= headers
    request = urllib.request.Request(
        f"{emulator.url}/inferform-emulator/api/{host}{path}", body, named, method="POST"
    )
    try:
        with urllib.request.urlopen(request) as answer:
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read())


@pytest.fixture
def rest(client: Client, emulator: Emulator, account: str) -> Rest:
    return Rest(client, emulator, account)


def test_a_call_reaches_the_endpoint_and_says_so(rest: Rest, client: Client) -> None:
    rest.serve()
    assert rest.call(SIGNED)[0] == 400  # there is none yet
    rest.endpoint(client)
    status, said = rest.call(SIGNED, b'{"amount": 1}')
    assert status == 200
    assert said["endpoint"] == "fraud"


def test_who_may_not_call_is_refused(rest: Rest, client: Client) -> None:
    rest.serve()
    missing = {"message": "Missing Authentication Token"}
    assert rest.call() == (403, missing)
    assert rest.call(SIGNED, path="/live/other") == (403, missing)
    wrong = {
        "not 'eu-west-1'": signed(region="eu-west-1"),
        "correct service: 'execute-api'": signed(service="sagemaker"),
        "valid terminator: 'aws4_request'": signed(end="aws4"),
        "exactly 5": signed(end="aws4_request/more"),
        "requires 'Signature'": signed(rest=", SignedHeaders=host"),
        "requires 'SignedHeaders'": signed(rest=", Signature=0a1b"),
        "'Host' must be a 'SignedHeader'": signed(rest=", SignedHeaders=x-amz-date, Signature=0a"),
    }
    for words, headers in wrong.items():
        status, said = rest.call(headers)
        assert status == 403, words
        assert words in said["message"]
    assert rest.call(SIGNED, path="/dev/fraud") == (403, {"message": "Forbidden"})
    assert rest.call(SIGNED, b"x" * 10_000_001) == (413, {"message": "Request Too Long"})


def test_a_longer_timeout_is_taken_with_the_quota_of_the_account(
    rest: Rest, client: Client
) -> None:
    rest.serve()
    longer = [{"op": "replace", "path": "/timeoutInMillis", "value": "60000"}]
    with pytest.raises(ClientError, match="between 50 ms and 29000 ms"):
        rest.client.update_integration(**rest.where, patchOperations=longer)
    quotas = client("service-quotas")
    (quota,) = quotas.list_service_quotas(ServiceCode="apigateway")["Quotas"]
    quotas.request_service_quota_increase(
        ServiceCode="apigateway", QuotaCode=quota["QuotaCode"], DesiredValue=60_000
    )
    kept = rest.client.update_integration(**rest.where, patchOperations=longer)
    assert kept["timeoutInMillis"] == 60_000
    with pytest.raises(ClientError, match="between 50 ms and 60000 ms"):
        rest.client.put_integration(**rest.where, type="MOCK", timeoutInMillis=60_001)


def test_a_token_is_of_the_pool_and_has_a_scope(rest: Rest, client: Client) -> None:
    rest.endpoint(client)
    arn = f"arn:aws:cognito-idp:us-east-1:{rest.account}:userpool/{POOL}"
    authorizer = rest.client.create_authorizer(
        restApiId=rest.id, name="tokens", type="COGNITO_USER_POOLS", providerARNs=[arn]
    )["id"]
    rest.serve(
        authorizationType="COGNITO_USER_POOLS", authorizerId=authorizer, authorizationScopes=["a"]
    )
    refused = (401, {"message": "Unauthorized"})
    assert rest.call() == refused
    assert rest.call(token(iss="https://elsewhere.test", scope="a")) == refused
    assert rest.call(token(exp=1, scope="a")) == refused
    assert rest.call(token(scope="b")) == refused
    assert rest.call(token(scope="b a"))[0] == 200


def test_a_key_is_of_a_plan_and_counts_against_its_quota(rest: Rest, client: Client) -> None:
    rest.endpoint(client)
    rest.serve(key=True)
    plan = rest.client.create_usage_plan(
        name="gold",
        apiStages=[{"apiId": rest.id, "stage": "live"}],
        quota={"limit": 2, "period": "DAY"},
    )["id"]
    key = rest.client.create_api_key(name="partner", enabled=True)
    refused = (403, {"message": "Forbidden"})
    assert rest.call(SIGNED) == refused
    assert rest.call(SIGNED | {"X-API-Key": key["value"]}) == refused  # of no plan yet
    rest.client.create_usage_plan_key(usagePlanId=plan, keyId=key["id"], keyType="API_KEY")
    answers = [rest.call(SIGNED | {"X-API-Key": key["value"]})[0] for _ in range(3)]
    assert answers == [200, 200, 429]
    rest.client.delete_api_key(apiKey=key["id"])
    assert rest.client.get_usage_plan_keys(usagePlanId=plan)["items"] == []
    assert rest.call(SIGNED | {"X-API-Key": key["value"]}) == refused


def test_throttles_and_timeouts_come_when_they_are_planned(rest: Rest, client: Client) -> None:
    rest.endpoint(client)
    rest.serve()
    for outcome, status in (("throttled", 429), ("timeout", 504)):
        rest.emulator.control("POST", "api/outcome", {"api": rest.id, "outcome": outcome})
        assert rest.call(SIGNED)[0] == status
        assert rest.call(SIGNED)[0] == 200
    nothing = {"op": "replace", "path": "/*/*/throttling/rateLimit", "value": "0"}
    rest.client.update_stage(restApiId=rest.id, stageName="live", patchOperations=[nothing])
    assert rest.call(SIGNED) == (429, {"message": "Too Many Requests"})


def test_a_body_is_checked_by_its_schema(rest: Rest, client: Client) -> None:
    rest.endpoint(client)
    api = rest.client
    schema = json.dumps({"type": "object", "required": ["amount"]})
    api.create_model(restApiId=rest.id, name="Body", contentType="application/json", schema=schema)
    validator = api.create_request_validator(
        restApiId=rest.id, name="bodies", validateRequestBody=True
    )["id"]
    rest.serve(requestValidatorId=validator, requestModels={"application/json": "Body"})
    assert rest.call(SIGNED, b"{}") == (400, {"message": "Invalid request body"})
    assert rest.call(SIGNED, b'{"amount": 1}')[0] == 200
    looser = {"op": "replace", "path": "/schema", "value": json.dumps({"type": "object"})}
    api.update_model(restApiId=rest.id, modelName="Body", patchOperations=[looser])
    # What is deployed stays as it was, until it is deployed again.
    assert rest.call(SIGNED, b"{}")[0] == 400
    before = api.get_stage(restApiId=rest.id, stageName="live")["deploymentId"]
    with pytest.raises(ClientError, match="Active stages pointing to this deployment"):
        api.delete_deployment(restApiId=rest.id, deploymentId=before)
    again = api.create_deployment(restApiId=rest.id)["id"]
    move = {"op": "replace", "path": "/deploymentId", "value": again}
    api.update_stage(restApiId=rest.id, stageName="live", patchOperations=[move])
    assert rest.call(SIGNED, b"{}")[0] == 200
    api.delete_deployment(restApiId=rest.id, deploymentId=before)


def test_patches_of_rest_apis_are_kept(rest: Rest) -> None:
    """RFC 6901: `~1` is a slash in a part of a path."""
    api = rest.client
    rest.serve()
    assert api.get_rest_api(restApiId=rest.id)["binaryMediaTypes"] == ["image/*"]
    operations: list[dict[str, str]] = [
        {"op": "add", "path": "/binaryMediaTypes/application~1x-npy"},
        {"op": "remove", "path": "/binaryMediaTypes/image~1*"},
        {"op": "replace", "path": "/policy", "value": '{"Version": "2012-10-17"}'},
        {"op": "replace", "path": "/endpointConfiguration/types/0", "value": "PRIVATE"},
        *(
            {"op": op, "path": "/endpointConfiguration/vpcEndpointIds", "value": endpoint}
            for op, endpoint in (("add", "vpce-a"), ("add", "vpce-b"), ("remove", "vpce-a"))
        ),
    ]
    changed = api.update_rest_api(restApiId=rest.id, patchOperations=operations)
    assert changed["binaryMediaTypes"] == ["application/x-npy"]
    assert changed["endpointConfiguration"]["types"] == ["PRIVATE"]
    assert changed["endpointConfiguration"]["vpcEndpointIds"] == ["vpce-b"]
    assert json.loads(f'"{changed["policy"]}"') == '{"Version": "2012-10-17"}'
    header = "integration.request.header.Accept"
    operations = [
        {"op": "replace", "path": "/timeoutInMillis", "value": "5000"},
        {"op": "add", "path": f"/requestParameters/{header}", "value": "'*/*'"},
    ]
    changed = api.update_integration(**rest.where, patchOperations=operations)
    assert changed["timeoutInMillis"] == 5000
    assert changed["requestParameters"][header] == "'*/*'"
    operations = [{"op": "replace", "path": "/timeoutInMillis", "value": "29001"}]
    with pytest.raises(ClientError, match="between 50 ms and 29000 ms"):
        api.update_integration(**rest.where, patchOperations=operations)
    with pytest.raises(ClientError, match="Invalid patch path"):
        api.update_integration(
            **rest.where, patchOperations=[{"op": "replace", "path": "/nothing", "value": "x"}]
        )


def test_a_usage_plan_answers_numbers_and_throttles_of_routes(rest: Rest) -> None:
    api = rest.client
    rest.serve()
    plan = api.create_usage_plan(name="gold", quota={"limit": 5, "period": "DAY"})["id"]
    stage = f"{rest.id}:live"
    operations = [
        {"op": "replace", "path": "/quota/limit", "value": "7"},
        {"op": "add", "path": "/apiStages", "value": stage},
        {
            "op": "replace",
            "path": f"/apiStages/{stage}/throttle/~1fraud/POST/rateLimit",
            "value": "3",
        },
        {
            "op": "replace",
            "path": f"/apiStages/{stage}/throttle/~1fraud/POST/burstLimit",
            "value": "2",
        },
    ]
    changed = api.update_usage_plan(usagePlanId=plan, patchOperations=operations)
    assert changed["quota"]["limit"] == 7
    (held,) = changed["apiStages"]
    assert held["throttle"] == {"/fraud/POST": {"rateLimit": 3.0, "burstLimit": 2}}
    operations = [{"op": "remove", "path": "/apiStages", "value": stage}]
    assert api.update_usage_plan(usagePlanId=plan, patchOperations=operations)["apiStages"] == []


def test_http_apis_change_their_stages_and_refuse_what_they_do_not_take(client: Client) -> None:
    api = client("apigatewayv2")
    made = api.create_api(Name="front", ProtocolType="HTTP")["ApiId"]
    api.create_stage(ApiId=made, StageName="$default", AutoDeploy=True)
    limits = {"ThrottlingRateLimit": 3.0, "ThrottlingBurstLimit": 2}
    api.update_stage(ApiId=made, StageName="$default", DefaultRouteSettings=limits)
    held = api.get_stage(ApiId=made, StageName="$default")
    assert held["DefaultRouteSettings"].items() >= limits.items()
    assert held["AutoDeploy"] is True
    api.update_stage(
        ApiId=made, StageName="$default", RouteSettings={"POST /a": limits, "POST /b": limits}
    )
    api.delete_route_settings(ApiId=made, StageName="$default", RouteKey="POST /a")
    assert api.get_stage(ApiId=made, StageName="$default")["RouteSettings"].keys() == {"POST /b"}
    # A limit that is left out beside another one is 0.
    api.update_stage(
        ApiId=made, StageName="$default", DefaultRouteSettings={"ThrottlingBurstLimit": 2}
    )
    held = api.get_stage(ApiId=made, StageName="$default")["DefaultRouteSettings"]
    assert held["ThrottlingRateLimit"] == 0
    for given, words in (
        ({"IntegrationType": "HTTP_PROXY", "TimeoutInMillis": 30_001}, "30000"),
        ({"IntegrationType": "AWS"}, "Invalid integration type"),
    ):
        with pytest.raises(ClientError, match=words):
            api.create_integration(ApiId=made, **given)


def test_a_domain_leads_to_apis_by_their_base_paths(rest: Rest, client: Client) -> None:
    rest.endpoint(client)
    rest.serve()
    api, name = client("apigatewayv2"), f"api-{rest.account}.acme.test"
    config = {
        "CertificateArn": f"arn:aws:acm:us-east-1:{rest.account}:certificate/1",
        "EndpointType": "REGIONAL",
        "SecurityPolicy": "TLS_1_2",
    }
    made = api.create_domain_name(DomainName=name, DomainNameConfigurations=[config])
    (address,) = made["DomainNameConfigurations"]
    assert address["DomainNameStatus"] == "AVAILABLE"
    assert address["ApiGatewayDomainName"].endswith(".execute-api.us-east-1.amazonaws.com")
    api.create_api_mapping(DomainName=name, ApiId=rest.id, Stage="live", ApiMappingKey="models")
    assert call(rest.emulator, name, "/models/fraud", b"{}", SIGNED)[0] == 200
    assert call(rest.emulator, name, "/fraud", b"{}", SIGNED)[0] == 403
    taken = {"DomainName": name, "ApiId": rest.id, "Stage": "live", "ApiMappingKey": "models"}
    with pytest.raises(ClientError, match="ApiMapping key already exists for this domain name"):
        api.create_api_mapping(**taken)
    (held,) = api.get_api_mappings(DomainName=name)["Items"]
    found = {"DomainName": name, "ApiMappingId": held["ApiMappingId"]}
    api.update_api_mapping(**found, ApiId=rest.id, ApiMappingKey="v1", Stage="live")
    assert call(rest.emulator, name, "/v1/fraud", b"{}", SIGNED)[0] == 200
    off = [{"op": "replace", "path": "/disableExecuteApiEndpoint", "value": "true"}]
    rest.client.update_rest_api(restApiId=rest.id, patchOperations=off)
    # "After you disable the default endpoint, you must deploy your API for the change to take effect."
    assert rest.call(SIGNED)[0] == 200
    later = rest.client.create_deployment(restApiId=rest.id)["id"]
    to = [{"op": "replace", "path": "/deploymentId", "value": later}]
    rest.client.update_stage(restApiId=rest.id, stageName="live", patchOperations=to)
    assert rest.call(SIGNED) == (403, {"message": "Forbidden"})


class Behind:
    """An ECS service behind load balancers, which is called `score`."""

    def __init__(self, client: Client) -> None:
        ec2, self.elb = client("ec2"), client("elbv2")
        self.vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        subnets = [
            ec2.create_subnet(VpcId=self.vpc, CidrBlock=f"10.0.{index}.0/24", AvailabilityZone=zone)
            for index, zone in enumerate(("us-east-1a", "us-east-1b"))
        ]
        self._subnets = [each["Subnet"]["SubnetId"] for each in subnets]
        self.security_group = ec2.create_security_group(
            GroupName="g", Description="g", VpcId=self.vpc
        )["GroupId"]
        self.group = self.elb.create_target_group(
            Name="score", Protocol="HTTP", Port=8080, VpcId=self.vpc, TargetType="ip"
        )["TargetGroups"][0]["TargetGroupArn"]
        ecs = client("ecs")
        ecs.create_cluster(clusterName="x")
        container = {"name": "model", "image": "fraud", "memory": 128}
        ecs.register_task_definition(family="score", containerDefinitions=[container])
        held = {"targetGroupArn": self.group, "containerName": "model", "containerPort": 8080}
        ecs.create_service(
            cluster="x",
            serviceName="score",
            taskDefinition="score",
            desiredCount=1,
            loadBalancers=[held],
        )

    def balancer(self, name: str, **given: Any) -> str:
        made = self.elb.create_load_balancer(Name=name, Subnets=self._subnets, **given)
        return str(made["LoadBalancers"][0]["LoadBalancerArn"])

    def listen(self, balancer: str, protocol: str, port: int, **action: Any) -> str:
        made = self.elb.create_listener(
            LoadBalancerArn=balancer, Protocol=protocol, Port=port, DefaultActions=[action]
        )
        return str(made["Listeners"][0]["ListenerArn"])


def test_an_http_api_reaches_the_service_behind_a_listener(
    client: Client, emulator: Emulator, account: str
) -> None:
    behind = Behind(client)
    listener = behind.listen(
        behind.balancer("shared"),
        "HTTP",
        80,
        Type="fixed-response",
        FixedResponseConfig={"StatusCode": "404", "MessageBody": '{"by": "default"}'},
    )
    behind.elb.create_rule(
        ListenerArn=listener,
        Priority=5,
        Conditions=[{"Field": "host-header", "HostHeaderConfig": {"Values": ["score.acme.test"]}}],
        Actions=[
            {
                "Type": "forward",
                "ForwardConfig": {"TargetGroups": [{"TargetGroupArn": behind.group}]},
            }
        ],
    )
    api = client("apigatewayv2")
    front = api.create_api(Name="front", ProtocolType="HTTP")["ApiId"]
    authorizer = api.create_authorizer(
        ApiId=front,
        Name="tokens",
        AuthorizerType="JWT",
        IdentitySource=["$request.header.Authorization"],
        JwtConfiguration={"Issuer": ISSUER, "Audience": ["app"]},
    )["AuthorizerId"]
    for path, host in (("/score", "score.acme.test"), ("/other", "other.acme.test")):
        integration = api.create_integration(
            ApiId=front,
            IntegrationType="HTTP_PROXY",
            IntegrationMethod="POST",
            IntegrationUri=listener,
            ConnectionType="VPC_LINK",
            ConnectionId="link",
            PayloadFormatVersion="1.0",
            RequestParameters={"overwrite:path": "/invocations", "overwrite:header.Host": host},
        )["IntegrationId"]
        api.create_route(
            ApiId=front,
            RouteKey=f"POST {path}",
            Target=f"integrations/{integration}",
            AuthorizationType="JWT",
            AuthorizerId=authorizer,
            AuthorizationScopes=["write"],
        )
    api.create_stage(ApiId=front, StageName="$default", AutoDeploy=True)
    url = f"{front}.execute-api.us-east-1.amazonaws.com"

    def answered(path: str, headers: dict[str, str]) -> tuple[int, dict[str, Any]]:
        return call(emulator, url, path, b"{}", headers)

    may = token(scope="write")
    status, said = answered("/score", may)
    assert (status, said["service"], said["path"]) == (200, "score", "/invocations")
    assert answered("/other", may) == (404, {"by": "default"})
    assert answered("/nothing", may) == (404, {"message": "Not Found"})
    assert answered("/score", {}) == (401, {"message": "Unauthorized"})
    assert answered("/score", token(client_id="other")) == (401, {"message": "Unauthorized"})
    assert answered("/score", token(scope="read")) == (403, {"message": "Forbidden"})
    emulator.control("POST", "api/outcome", {"api": front, "outcome": "timeout"})
    assert answered("/score", may) == (503, {"message": "Service Unavailable"})
    api.update_stage(
        ApiId=front, StageName="$default", DefaultRouteSettings={"ThrottlingBurstLimit": 5}
    )
    assert answered("/score", may) == (429, {"message": "Too Many Requests"})


def test_a_stage_that_deploys_by_itself_has_a_deployment(client: Client) -> None:
    http = client("apigatewayv2")
    api = http.create_api(Name="front", ProtocolType="HTTP")["ApiId"]
    http.create_stage(ApiId=api, StageName="$default", AutoDeploy=True)
    (failed,) = http.get_deployments(ApiId=api)["Items"]
    assert failed["DeploymentStatus"] == "FAILED"
    assert failed["DeploymentStatusMessage"].endswith("at least one route is required in this API")
    http.create_route(ApiId=api, RouteKey="POST /fraud")
    (made,) = http.get_deployments(ApiId=api)["Items"]
    assert made["DeploymentStatus"] == "DEPLOYED"
    assert made["AutoDeployed"]
    assert made["DeploymentId"] != failed["DeploymentId"]


def test_authorizers_of_an_http_api_are_listed(client: Client) -> None:
    http = client("apigatewayv2")
    api = http.create_api(Name="front", ProtocolType="HTTP")["ApiId"]
    made = http.create_authorizer(
        ApiId=api,
        Name="tokens",
        AuthorizerType="JWT",
        IdentitySource=["$request.header.Authorization"],
        JwtConfiguration={"Issuer": ISSUER, "Audience": ["app"]},
    )
    (found,) = http.get_authorizers(ApiId=api)["Items"]
    assert (found["AuthorizerId"], found["Name"]) == (made["AuthorizerId"], "tokens")


class ByLink:
    """A REST API before ports of a Network Load Balancer: API Gateway developer guide, private integrations
    (VPC links V1), and what issues report of AWS."""

    def __init__(self, rest: Rest, client: Client) -> None:
        self.rest, self.behind, api = rest, Behind(client), rest.client
        groups = {"SecurityGroups": [self.behind.security_group]}
        self.let_in = {"EnforceSecurityGroupInboundRulesOnPrivateLinkTraffic": "off", **groups}
        self.network = self.behind.balancer("ports", Type="network", **groups)
        self.other = self.behind.balancer("other")
        for protocol, port in (("TCP", 9001), ("TLS", 9002)):
            group = {"Type": "forward", "TargetGroupArn": self.behind.group}
            self.behind.listen(self.network, protocol, port, **group)
        self.failed = api.create_vpc_link(name="alb", targetArns=[self.other])["id"]
        self.link = api.create_vpc_link(name="link", targetArns=[self.network])["id"]
        api.put_method(**rest.where, authorizationType="AWS_IAM")
        given = {"type": "HTTP_PROXY", "integrationHttpMethod": "POST"}
        made = api.put_integration(
            **rest.where,
            **given,
            connectionType="VPC_LINK",
            connectionId=self.link,
            uri="http://ports.acme.test:9001/invocations",
        )
        assert made["connectionId"] == self.link

    def deployed(self, **changes: str) -> tuple[int, dict[str, Any]]:
        """The answer to a call once changes of the integration are deployed."""
        rest, api = self.rest, self.rest.client
        patches = [
            {"op": "replace", "path": f"/{name}", "value": value} for name, value in changes.items()
        ]
        api.update_integration(**rest.where, patchOperations=patches)
        made = api.create_deployment(restApiId=rest.id)["id"]
        if api.get_stages(restApiId=rest.id)["item"]:
            move = [{"op": "replace", "path": "/deploymentId", "value": made}]
            api.update_stage(restApiId=rest.id, stageName="live", patchOperations=move)
        else:
            api.create_stage(restApiId=rest.id, stageName="live", deploymentId=made)
        return rest.call(SIGNED)


def test_a_rest_api_reaches_a_port_of_a_network_load_balancer_by_its_link(
    rest: Rest, client: Client
) -> None:
    way = ByLink(rest, client)
    elb, fails = way.behind.elb, (500, {"message": "Internal server error"})
    # Security groups judge what comes by PrivateLink, unless they are told not to.
    assert way.deployed() == fails
    elb.set_security_groups(LoadBalancerArn=way.network, **way.let_in)
    (told,) = elb.describe_load_balancers(LoadBalancerArns=[way.network])["LoadBalancers"]
    assert told["EnforceSecurityGroupInboundRulesOnPrivateLinkTraffic"] == "off"
    status, said = rest.call(SIGNED)
    assert (status, said["service"], said["path"]) == (200, "score", "/invocations")
    assert said["host"] == "ports.acme.test"
    assert way.deployed(uri="http://ports.acme.test:9003/invocations") == fails
    assert way.deployed(uri="http://ports.acme.test:9002/invocations") == fails
    assert way.deployed(uri="https://ports.acme.test:9002/ping")[1]["path"] == "/ping"
    assert way.deployed(connectionId=way.failed) == fails
    assert way.deployed(connectionId=way.link)[0] == 200


def test_a_link_leads_to_one_network_load_balancer(rest: Rest, client: Client) -> None:
    way, api = ByLink(rest, client), rest.client
    with pytest.raises(ClientError, match="More than one target arn specified for vpc link"):
        api.create_vpc_link(name="link", targetArns=[way.network, way.other])
    assert ":loadbalancer/net/ports/" in way.network
    assert ":loadbalancer/app/other/" in way.other
    assert api.get_vpc_link(vpcLinkId=way.link)["status"] == "AVAILABLE"
    failed = api.get_vpc_link(vpcLinkId=way.failed)
    assert (failed["status"], failed["statusMessage"]) == ("FAILED", "NLB ARN is malformed")


def test_links_and_load_balancers_in_use_stay(rest: Rest, client: Client) -> None:
    way = ByLink(rest, client)
    api, link, network, other = rest.client, way.link, way.network, way.other
    way.deployed(connectionId=link)
    where = f"{rest.id}:POST:{rest.resource}:live"
    with pytest.raises(ClientError, match=f"is referenced in .{where}. in format of"):
        api.delete_vpc_link(vpcLinkId=link)
    with pytest.raises(ClientError, match="currently associated with another service"):
        way.behind.elb.delete_load_balancer(LoadBalancerArn=network)
    target = {"op": "replace", "path": "/targetArns", "value": other}
    with pytest.raises(ClientError, match="Target arns are not allowed to be changed"):
        api.update_vpc_link(vpcLinkId=link, patchOperations=[target])
    name = {"op": "replace", "path": "/name", "value": "renamed"}
    assert api.update_vpc_link(vpcLinkId=link, patchOperations=[name])["name"] == "renamed"
    # A stage serves what was deployed, whatever is changed since.
    refer = {"op": "replace", "path": "/connectionId", "value": way.failed}
    api.update_integration(**rest.where, patchOperations=[refer])
    with pytest.raises(ClientError, match="is referenced in"):
        api.delete_vpc_link(vpcLinkId=link)
    way.deployed(connectionId=way.failed)
    api.delete_vpc_link(vpcLinkId=link)
    way.behind.elb.delete_load_balancer(LoadBalancerArn=network)
    with pytest.raises(ClientError, match="Network Load Balancers alone"):
        way.behind.elb.set_security_groups(LoadBalancerArn=other, **way.let_in)


def test_tags_of_what_has_an_arn_are_added_and_taken_away(rest: Rest) -> None:
    api = rest.client
    rest.serve()
    plan = api.create_usage_plan(name="gold")["id"]
    link = api.create_vpc_link(name="link", targetArns=["arn"], tags={"a": "1"})["id"]
    for end, before in (
        (f"restapis/{rest.id}", {}),
        (f"restapis/{rest.id}/stages/live", {}),
        (f"usageplans/{plan}", {}),
        (f"vpclinks/{link}", {"a": "1"}),
    ):
        arn = f"arn:aws:apigateway:us-east-1::/{end}"
        api.tag_resource(resourceArn=arn, tags={"b": "2", "c": "3"})
        assert api.get_tags(resourceArn=arn)["tags"] == {**before, "b": "2", "c": "3"}
        api.untag_resource(resourceArn=arn, tagKeys=["b"])
        assert api.get_tags(resourceArn=arn)["tags"] == {**before, "c": "3"}
    assert api.get_vpc_link(vpcLinkId=link)["tags"] == {"a": "1", "c": "3"}
    assert api.get_rest_api(restApiId=rest.id)["tags"] == {"c": "3"}
    with pytest.raises(ClientError, match="Invalid resource identifier"):
        api.get_tags(resourceArn="arn:aws:apigateway:us-east-1::/usageplans/none")


def test_tags_of_stages_and_domains_of_http_apis_change(client: Client, account: str) -> None:
    api, name = client("apigatewayv2"), f"tags-{account}.acme.test"
    made = api.create_api(Name="front", ProtocolType="HTTP", Tags={"a": "1"})["ApiId"]
    api.create_stage(ApiId=made, StageName="$default", AutoDeploy=True, Tags={"a": "1"})
    config = {"CertificateArn": f"arn:aws:acm:us-east-1:{account}:certificate/1"}
    api.create_domain_name(DomainName=name, DomainNameConfigurations=[config], Tags={"a": "1"})
    begin = "arn:aws:apigateway:us-east-1::"
    for end in (f"apis/{made}", f"apis/{made}/stages/$default", f"domainnames/{name}"):
        arn = f"{begin}/{end}"
        api.tag_resource(ResourceArn=arn, Tags={"b": "2", "c": "3"})
        api.untag_resource(ResourceArn=arn, TagKeys=["b"])
        assert api.get_tags(ResourceArn=arn)["Tags"] == {"a": "1", "c": "3"}
    changed = {"a": "1", "c": "3"}
    assert api.get_stage(ApiId=made, StageName="$default")["Tags"] == changed
    assert api.get_domain_name(DomainName=name)["Tags"] == changed


def test_user_pools_of_an_authorizer_are_added_and_taken_away(rest: Rest) -> None:
    pools = [f"arn:aws:cognito-idp:us-east-1:{rest.account}:userpool/us-east-1_{x}" for x in "ab"]
    made = rest.client.create_authorizer(
        restApiId=rest.id, name="tokens", type="COGNITO_USER_POOLS", providerARNs=pools[:1]
    )["id"]
    patches = [
        {"op": "add", "path": "/providerARNs", "value": pools[1]},
        {"op": "remove", "path": "/providerARNs", "value": pools[0]},
    ]
    rest.client.update_authorizer(restApiId=rest.id, authorizerId=made, patchOperations=patches)
    kept = rest.client.get_authorizer(restApiId=rest.id, authorizerId=made)
    assert kept["providerARNs"] == pools[1:]


def test_scopes_of_a_method_and_cors_of_an_api_go(rest: Rest, client: Client) -> None:
    rest.serve(authorizationScopes=["a"])
    scopes = [
        {"op": "add", "path": "/authorizationScopes", "value": "b"},
        {"op": "remove", "path": "/authorizationScopes", "value": "a"},
    ]
    changed = rest.client.update_method(**rest.where, patchOperations=scopes)
    assert changed["authorizationScopes"] == ["b"]
    api = client("apigatewayv2")
    cors = {"AllowOrigins": ["*"]}
    made = api.create_api(Name="front", ProtocolType="HTTP", CorsConfiguration=cors)["ApiId"]
    assert api.get_api(ApiId=made)["CorsConfiguration"] == cors
    api.delete_cors_configuration(ApiId=made)
    assert "CorsConfiguration" not in api.get_api(ApiId=made)


class DeployedByStack:
    """A stack that deploys a REST API, one deployment for each content."""

    def __init__(self, rest: Rest, client: Client) -> None:
        self.rest, self.stacks = rest, client("cloudformation")

    def given(self, content: str, **more: Any) -> dict[str, Any]:
        return {
            "StackName": "deployment",
            "TemplateBody": json.dumps(deployment_template(content)),
            "Parameters": [{"ParameterKey": "Api", "ParameterValue": self.rest.id}],
            **more,
        }

    def create(self, content: str, **more: Any) -> None:
        self.stacks.create_stack(**self.given(content, **more))

    def update(self, content: str, **more: Any) -> None:
        self.stacks.update_stack(**self.given(content, **more))

    def ended(self) -> tuple[str, str]:
        """The status of the stack, and the deployment that it answers."""
        (found,) = self.stacks.describe_stacks(StackName="deployment")["Stacks"]
        (output,) = found["Outputs"]
        return found["StackStatus"], output["OutputValue"]

    def kept(self) -> set[str]:
        held = self.rest.client.get_deployments(restApiId=self.rest.id)["items"]
        return {each["id"] for each in held}


def test_a_stack_deploys_an_api_and_keeps_the_deployments_of_before(
    rest: Rest, client: Client
) -> None:
    rest.serve()
    stack = DeployedByStack(rest, client)
    (first,) = stack.kept()
    stack.create("One")
    status, one = stack.ended()
    assert (status, stack.kept()) == ("CREATE_COMPLETE", {first, one})
    rest.client.delete_resource(restApiId=rest.id, resourceId=rest.resource)
    empty = "The REST API doesn't contain any methods"
    stack.update("Two")
    # What fails goes back, and the output is that of before.
    assert stack.ended() == ("UPDATE_ROLLBACK_COMPLETE", one)
    events = stack.stacks.describe_stack_events(StackName="deployment")["StackEvents"]
    assert any(empty in each.get("ResourceStatusReason", "") for each in events)
    # "DeletionPolicy: Retain": what is taken out of a template stays, and with the stack too.
    rest.resource = rest.client.create_resource(
        restApiId=rest.id,
        parentId=rest.client.get_resources(restApiId=rest.id)["items"][0]["id"],
        pathPart="fraud",
    )["id"]
    rest.where["resourceId"] = rest.resource
    rest.client.put_method(**rest.where, authorizationType="AWS_IAM")
    rest.client.put_integration(**rest.where, type="MOCK")
    stack.update("Three")
    status, three = stack.ended()
    assert (status, stack.kept()) == ("UPDATE_COMPLETE", {first, one, three})
    stack.stacks.delete_stack(StackName="deployment")
    assert stack.kept() == {first, one, three}


def test_a_stack_takes_other_tags_alone_and_deploys_nothing(rest: Rest, client: Client) -> None:
    rest.serve()
    stack = DeployedByStack(rest, client)
    stack.create("One", Tags=[{"Key": "team", "Value": "a"}])
    before = stack.kept()
    with pytest.raises(ClientError, match="No updates are to be performed"):
        stack.update("One", Tags=[{"Key": "team", "Value": "a"}])
    stack.update("One", Tags=[{"Key": "team", "Value": "b"}])
    assert stack.ended()[0] == "UPDATE_COMPLETE"
    (found,) = stack.stacks.describe_stacks(StackName="deployment")["Stacks"]
    assert found["Tags"] == [{"Key": "team", "Value": "b"}]
    assert stack.kept() == before


def test_a_stack_of_an_api_that_cannot_be_deployed_is_deleted(rest: Rest, client: Client) -> None:
    stack = DeployedByStack(rest, client)
    stack.create("One", OnFailure="DELETE")
    with pytest.raises(ClientError, match="does not exist"):
        stack.ended()


def test_what_a_method_or_a_domain_names_is_not_deleted(rest: Rest, client: Client) -> None:
    api = rest.client
    tokens = api.create_authorizer(
        restApiId=rest.id,
        name="tokens",
        type="COGNITO_USER_POOLS",
        providerARNs=[f"arn:aws:cognito-idp:us-east-1:{rest.account}:userpool/{POOL}"],
        identitySource="method.request.header.Authorization",
    )["id"]
    api.create_model(restApiId=rest.id, name="Body", contentType="application/json", schema="{}")
    rest.serve(
        authorizationType="COGNITO_USER_POOLS",
        authorizerId=tokens,
        requestModels={"$default": "Body"},
    )
    # hashicorp/terraform-provider-aws #14812, amazon-archives/aws-apigateway-importer #144
    with pytest.raises(ClientError, match="'tokens', is referenced in method: POST//fraud"):
        api.delete_authorizer(restApiId=rest.id, authorizerId=tokens)
    with pytest.raises(ClientError, match="'Body', is referenced in method request: /fraud/POST"):
        api.delete_model(restApiId=rest.id, modelName="Body")
    api.delete_method(**rest.where)
    api.delete_authorizer(restApiId=rest.id, authorizerId=tokens)
    api.delete_model(restApiId=rest.id, modelName="Body")
    domains, name = client("apigatewayv2"), f"stage-{rest.account}.acme.test"
    config = {
        "CertificateArn": f"arn:aws:acm:us-east-1:{rest.account}:certificate/1",
        "EndpointType": "REGIONAL",
        "SecurityPolicy": "TLS_1_2",
    }
    domains.create_domain_name(DomainName=name, DomainNameConfigurations=[config])
    held = domains.create_api_mapping(DomainName=name, ApiId=rest.id, Stage="live")
    # serverless/serverless #6251
    with pytest.raises(ClientError, match=f"remove all base path mappings .*: {name}"):
        api.delete_stage(restApiId=rest.id, stageName="live")
    domains.delete_api_mapping(DomainName=name, ApiMappingId=held["ApiMappingId"])
    api.delete_stage(restApiId=rest.id, stageName="live")
