"""How to call a SageMaker endpoint: snippets for each client, with its names filled in.

A caller needs credentials whose role may `sagemaker:InvokeEndpoint` on what the snippets name.
"""

from __future__ import annotations

from dataclasses import dataclass

from inferform import AsyncEndpoint, Environment, InferenceComponentEndpoint, MultiModelEndpoint
from inferform.rules import did_you_mean, one_of
from inferform.sagemaker.endpoints.base import Endpoint
from inferform.service import Deployed

from .errors import BadInputError
from .services import find


@dataclass(frozen=True, slots=True)
class Snippet:
    """One way to call an endpoint."""

    key: str
    title: str
    language: str
    text: str


def snippets(environment: Environment, name: str, component: str = "") -> list[Snippet]:
    """Every way to call an endpoint; of one with inference components its first, or `component`.

    Raises BadInputError where there is no such endpoint or component.
    """
    found = find(
        environment, name, among=lambda each: isinstance(each.spec, Endpoint), what="endpoint"
    )
    called = _Called(found, component)
    if isinstance(found.spec, AsyncEndpoint):
        return [*called.asynchronous()]
    return [*called.real_time()]


class _Called:
    """The names by which an endpoint is called."""

    def __init__(self, found: Deployed, component: str) -> None:
        context = found.place.environment.context
        self._region = context.region
        self._name = context.name(found.name)
        self._host = f"https://runtime.sagemaker.{context.region}.{context.dns_suffix}"
        self._many = isinstance(found.spec, MultiModelEndpoint)
        self._component = _component(found, component)

    def real_time(self) -> list[Snippet]:
        """Of an endpoint that answers at once."""
        return [
            Snippet("boto3", "boto3", "python", self._boto3()),
            Snippet("sdk-v3", "SageMaker Python SDK 3", "python", self._v3()),
            Snippet("sdk-v2", "SageMaker Python SDK 2", "python", self._v2()),
            Snippet("curl", "curl, signed with SigV4", "sh", self._curl("invocations")),
            Snippet(
                "openai",
                "OpenAI's client, where the container has /v1/chat/completions",
                "python",
                self._openai(),
            ),
        ]

    def asynchronous(self) -> list[Snippet]:
        """Of one that takes requests from S3, and answers there."""
        uri = "s3://BUCKET/requests/sample.csv"
        made = f"""import boto3

runtime = boto3.client("sagemaker-runtime", region_name="{self._region}")
answer = runtime.invoke_endpoint_async(
    EndpointName="{self._name}",
    ContentType="text/csv",
    InputLocation="{uri}",
)
print(answer["OutputLocation"], answer["FailureLocation"])
"""
        newer = f"""import boto3
from sagemaker.core.resources import Endpoint

session = boto3.Session(region_name="{self._region}")
endpoint = Endpoint.get("{self._name}", session=session)
answer = endpoint.invoke_async(input_location="{uri}", content_type="text/csv")
print(answer.output_location)
"""
        older = f"""import boto3
import sagemaker
from sagemaker.predictor import Predictor
from sagemaker.predictor_async import AsyncPredictor

session = sagemaker.Session(boto3.Session(region_name="{self._region}"))
predictor = AsyncPredictor(Predictor("{self._name}", sagemaker_session=session))
answer = predictor.predict_async(input_path="{uri}", initial_args={{"ContentType": "text/csv"}})
print(answer.output_path)
"""
        header = f'-H "X-Amzn-SageMaker-InputLocation: {uri}"'
        return [
            Snippet("boto3", "boto3", "python", made),
            Snippet("sdk-v3", "SageMaker Python SDK 3", "python", newer),
            Snippet("sdk-v2", "SageMaker Python SDK 2", "python", older),
            Snippet(
                "curl",
                "curl, signed with SigV4",
                "sh",
                self._curl("async-invocations", header, body=False),
            ),
        ]

    def _boto3(self) -> str:
        more = f'    InferenceComponentName="{self._component}",\n' if self._component else ""
        more += '    TargetModel="MODEL.tar.gz",\n' if self._many else ""
        return f"""import boto3

runtime = boto3.client("sagemaker-runtime", region_name="{self._region}")
answer = runtime.invoke_endpoint(
    EndpointName="{self._name}",
{more}    ContentType="text/csv",
    Body=b"0.1,0.2,0.3",
)
print(answer["Body"].read().decode())
"""

    def _v3(self) -> str:
        more = f'    inference_component_name="{self._component}",\n' if self._component else ""
        more += '    target_model="MODEL.tar.gz",\n' if self._many else ""
        return f"""import boto3
from sagemaker.core.resources import Endpoint

session = boto3.Session(region_name="{self._region}")
endpoint = Endpoint.get("{self._name}", session=session)
answer = endpoint.invoke(
    body=b"0.1,0.2,0.3",
    content_type="text/csv",
{more}    session=session,
    region="{self._region}",
)
print(answer.body.read().decode())
"""

    def _v2(self) -> str:
        more = f', component_name="{self._component}"' if self._component else ""
        model = ', target_model="MODEL.tar.gz"' if self._many else ""
        return f"""import boto3
import sagemaker
from sagemaker.predictor import Predictor

session = sagemaker.Session(boto3.Session(region_name="{self._region}"))
predictor = Predictor("{self._name}", sagemaker_session=session{more})
answer = predictor.predict(
    b"0.1,0.2,0.3", initial_args={{"ContentType": "text/csv"}}{model}
)
print(answer.decode())
"""

    def _curl(self, path: str, header: str = "", *, body: bool = True) -> str:
        headers = ['-H "Content-Type: text/csv"', *([header] if header else [])]
        if self._component:
            headers.append(f'-H "X-Amzn-SageMaker-Inference-Component: {self._component}"')
        if self._many:
            headers.append('-H "X-Amzn-SageMaker-Target-Model: MODEL.tar.gz"')
        lines = [
            f'curl --fail-with-body --aws-sigv4 "aws:amz:{self._region}:sagemaker"',
            '  --user "$AWS_ACCESS_KEY_ID:$AWS_SECRET_ACCESS_KEY"',
            '  ${AWS_SESSION_TOKEN:+-H "x-amz-security-token: $AWS_SESSION_TOKEN"}',
            *(f"  {each}" for each in headers),
            '  --data-binary "0.1,0.2,0.3"' if body else '  --data ""',
            f'  "{self._host}/endpoints/{self._name}/{path}"',
        ]
        return " \\\n".join(lines) + "\n"

    def _openai(self) -> str:
        part = f"/inference-components/{self._component}" if self._component else ""
        return f"""from openai import OpenAI
from sagemaker.core.token_generator import generate_token

client = OpenAI(
    base_url="{self._host}/endpoints/{self._name}{part}/openai/v1",
    api_key=generate_token(region="{self._region}"),
)
answer = client.chat.completions.create(
    model="MODEL", messages=[{{"role": "user", "content": "Hello"}}]
)
print(answer.choices[0].message.content)
"""


def _component(found: Deployed, wanted: str) -> str:
    """The name in AWS of the component that is meant; empty for an endpoint with a model of its own."""
    spec, context = found.spec, found.place.environment.context
    if not isinstance(spec, InferenceComponentEndpoint):
        if wanted:
            raise BadInputError(
                f"{found.name} has no inference components", "leave --component out"
            )
        return ""
    known = {
        "-".join(parts[1:]): context.name(*parts) for _, parts in spec.named_components(found.name)
    }
    if not wanted:
        # Of components that are made elsewhere the caller knows the names.
        return next(iter(known.values()), "COMPONENT")
    if wanted not in known:
        hint = did_you_mean(wanted, known)
        raise BadInputError(
            f"{found.name} has no component {wanted}{hint}",
            f"its components are {one_of(known or ['none'])}",
        )
    return known[wanted]
