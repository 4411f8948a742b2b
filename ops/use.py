"""How to call a SageMaker endpoint: snippets for each client, with its names filled in.

A caller needs credentials whose role may `sagemaker:InvokeEndpoint` on what the snippets name.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass

from inferform import (
    AsyncEndpoint,
    DirectEndpoint,
    Environment,
    FrameworkContainer,
    InferenceComponentEndpoint,
    MultiModel,
    MultiVariantEndpoint,
    ServerlessEndpoint,
)
from inferform.rules import did_you_mean, one_of
from inferform.s3_uri import bucket_and_key
from inferform.sagemaker.endpoints.base import Endpoint
from inferform.service import Deployed, Service

from .errors import BadInputError
from .kinds.sagemaker_async import entrance
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
        return [*called.asynchronous(entrance(found))]
    return [*called.real_time()]


@dataclass(frozen=True, slots=True)
class _Body:
    """A request as an example: what it is, and itself."""

    content_type: str
    text: str

    @property
    def python(self) -> str:
        """As bytes in Python."""
        quote = "'" if '"' in self.text else '"'
        return f"b{quote}{self.text}{quote}"

    @property
    def shell(self) -> str:
        """As one word of a shell."""
        return f"'{self.text}'" if '"' in self.text else f'"{self.text}"'


_ROWS = _Body("text/csv", "0.1,0.2,0.3")
_CHAT = _Body(
    "application/json", '{"messages": [{"role": "user", "content": "Hello"}], "max_tokens": 64}'
)
_TEXT = _Body("application/json", '{"inputs": "I like it"}')
_BODIES: Mapping[str, _Body] = {
    **dict.fromkeys(
        (
            "djl-lmi",
            "huggingface-llamacpp",
            "huggingface-sglang",
            "huggingface-vllm",
            "sglang",
            "vllm",
        ),
        _CHAT,
    ),
    **dict.fromkeys(("huggingface-pytorch", "huggingface-tei-cpu", "huggingface-tei-gpu"), _TEXT),
    "huggingface-tgi": _Body(
        "application/json", '{"inputs": "Hello", "parameters": {"max_new_tokens": 64}}'
    ),
    "tensorflow": _Body("application/json", '{"instances": [[0.1, 0.2, 0.3]]}'),
    "triton": _Body(
        "application/json",
        '{"inputs": [{"name": "INPUT", "shape": [1, 3], "datatype": "FP32", "data": [0.1, 0.2, 0.3]}]}',
    ),
}
"""What AWS's containers are asked, by framework; of any other image rows stand for what yours takes."""


@dataclass(frozen=True, slots=True)
class _Meant:
    """A part of an endpoint that each request names: in AWS's API, as a header, and in SDK 2."""

    member: str
    header: str
    value: str
    older: str = ""

    @property
    def newer(self) -> str:
        """Its name in SDK 3."""
        return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", self.member).lower()


class _Called:
    """The names by which an endpoint is called."""

    def __init__(self, found: Deployed, component: str) -> None:
        context = found.place.environment.context
        self._region = context.region
        self._name = context.name(found.name)
        self._host = f"https://runtime.sagemaker.{context.region}.{context.dns_suffix}"
        self._component = _component(found, component)
        self._meant = _meant(found.spec, self._component)
        self._body = _body(found, component)
        self._streams = not isinstance(found.spec, ServerlessEndpoint) and not any(
            each.member == "TargetModel" for each in self._meant
        )
        self._variants = (
            list(found.spec.variants) if isinstance(found.spec, MultiVariantEndpoint) else []
        )

    def real_time(self) -> list[Snippet]:
        """Of an endpoint that answers at once."""
        stream = Snippet(
            "stream", "boto3, where the container streams its answer", "python", self._stream()
        )
        return [
            Snippet("boto3", "boto3", "python", self._boto3()),
            *([stream] if self._streams else []),
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

    def asynchronous(self, below: str) -> list[Snippet]:
        """Of one that takes requests from S3, below a prefix, and answers there."""
        bucket, folder = bucket_and_key(below)
        uri, kind = f"{below}sample", self._body.content_type
        made = f"""import time

import boto3

s3 = boto3.client("s3", region_name="{self._region}")
runtime = boto3.client("sagemaker-runtime", region_name="{self._region}")
s3.upload_file("sample", "{bucket}", "{folder}sample")
queued = runtime.invoke_endpoint_async(
    EndpointName="{self._name}",
    ContentType="{kind}",
    InputLocation="{uri}",
    InvocationTimeoutSeconds=900,  # at most 3600
)


def read(uri):  # None as long as nothing is there
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    try:
        return s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    except s3.exceptions.ClientError as error:
        # Who may not list the bucket is told 403 of what is not there yet.
        if error.response["Error"]["Code"] not in ("NoSuchKey", "AccessDenied"):
            raise


while (answer := read(queued["OutputLocation"])) is None:
    if (failure := read(queued["FailureLocation"])) is not None:
        raise RuntimeError(failure.decode())
    time.sleep(5)
print(answer.decode())
"""
        newer = f"""import boto3
from sagemaker.core.resources import Endpoint

session = boto3.Session(region_name="{self._region}")
session.client("s3").upload_file("sample", "{bucket}", "{folder}sample")
endpoint = Endpoint.get("{self._name}", session=session)
answer = endpoint.invoke_async(input_location="{uri}", content_type="{kind}")
print(answer.output_location)
"""
        older = f"""import boto3
import sagemaker
from sagemaker.predictor import Predictor
from sagemaker.predictor_async import AsyncPredictor

session = sagemaker.Session(boto3.Session(region_name="{self._region}"))
session.boto_session.client("s3").upload_file("sample", "{bucket}", "{folder}sample")
predictor = AsyncPredictor(Predictor("{self._name}", sagemaker_session=session))
queued = predictor.predict_async(
    input_path="{uri}", initial_args={{"ContentType": "{kind}"}}
)
print(queued.output_path)
"""
        header = f'-H "X-Amzn-SageMaker-InputLocation: {uri}"'
        curl = self._curl("async-invocations", header, body=False)
        return [
            Snippet("boto3", "boto3", "python", made),
            Snippet("sdk-v3", "SageMaker Python SDK 3", "python", newer),
            Snippet("sdk-v2", "SageMaker Python SDK 2", "python", older),
            Snippet("curl", "curl, signed with SigV4", "sh", f"aws s3 cp sample {uri}\n{curl}"),
        ]

    def _boto3(self) -> str:
        return f"""import boto3

runtime = boto3.client("sagemaker-runtime", region_name="{self._region}")
answer = runtime.invoke_endpoint(
    EndpointName="{self._name}",
{self._named()}{self._other_variant()}    ContentType="{self._body.content_type}",
    Body={self._body.python},
)
print(answer["Body"].read().decode())
"""

    def _stream(self) -> str:
        # A stream may break within a character; and LLM containers stream where the request says so.
        body = self._body.text
        if '"max_' in body:
            body = body.removesuffix("}") + ', "stream": true}'
        return f"""import codecs

import boto3

runtime = boto3.client("sagemaker-runtime", region_name="{self._region}")
answer = runtime.invoke_endpoint_with_response_stream(
    EndpointName="{self._name}",
{self._named()}    ContentType="{self._body.content_type}",
    Body={_Body("", body).python},
)
decoder = codecs.getincrementaldecoder("utf-8")()
for event in answer["Body"]:
    if "PayloadPart" not in event:  # a ModelStreamError or an InternalStreamFailure
        raise RuntimeError(event)
    print(decoder.decode(event["PayloadPart"]["Bytes"]), end="", flush=True)
"""

    def _named(self) -> str:
        return "".join(f'    {each.member}="{each.value}",\n' for each in self._meant)

    def _other_variant(self) -> str:
        if len(self._variants) < 2:
            return ""
        return f'    # TargetVariant="{self._variants[-1]}" asks that variant alone, whatever the weights say.\n'

    def _v3(self) -> str:
        more = "".join(f'    {each.newer}="{each.value}",\n' for each in self._meant)
        return f"""import boto3
from sagemaker.core.resources import Endpoint

session = boto3.Session(region_name="{self._region}")
endpoint = Endpoint.get("{self._name}", session=session)
answer = endpoint.invoke(
    body={self._body.python},
    content_type="{self._body.content_type}",
{more}    session=session,
    region="{self._region}",
)
print(answer.body.read().decode())
"""

    def _v2(self) -> str:
        part = f', component_name="{self._component}"' if self._component else ""
        initial = {"ContentType": self._body.content_type}
        initial |= {
            each.member: each.value
            for each in self._meant
            if not each.older and not self._component
        }
        more = "".join(f', {each.older}="{each.value}"' for each in self._meant if each.older)
        return f"""import boto3
import sagemaker
from sagemaker.predictor import Predictor

session = sagemaker.Session(boto3.Session(region_name="{self._region}"))
predictor = Predictor("{self._name}", sagemaker_session=session{part})
answer = predictor.predict(
    {self._body.python}, initial_args={json.dumps(initial)}{more}
)
print(answer.decode())
"""

    def _curl(self, path: str, header: str = "", *, body: bool = True) -> str:
        headers = [
            f'-H "Content-Type: {self._body.content_type}"',
            *([header] if header else []),
            *(f'-H "{each.header}: {each.value}"' for each in self._meant),
        ]
        lines = [
            f'curl --fail-with-body --aws-sigv4 "aws:amz:{self._region}:sagemaker"',
            '  --user "$AWS_ACCESS_KEY_ID:$AWS_SECRET_ACCESS_KEY"',
            '  ${AWS_SESSION_TOKEN:+-H "x-amz-security-token: $AWS_SESSION_TOKEN"}',
            *(f"  {each}" for each in headers),
            f"  --data-binary {self._body.shell}" if body else '  --data ""',
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


def _meant(spec: Service, component: str) -> list[_Meant]:
    """What each request has to name of an endpoint beside its own name."""
    found = []
    if component:
        found.append(
            _Meant("InferenceComponentName", "X-Amzn-SageMaker-Inference-Component", component)
        )
    if isinstance(spec, DirectEndpoint):
        first = next(iter(spec.containers))
        found.append(
            _Meant("TargetContainerHostname", "X-Amzn-SageMaker-Target-Container-Hostname", first)
        )
    if isinstance(spec, Endpoint) and any(
        isinstance(source, MultiModel) for source in spec.sources()
    ):
        header = "X-Amzn-SageMaker-Target-Model"
        found.append(_Meant("TargetModel", header, "MODEL.tar.gz", "target_model"))
    return found


def _body(found: Deployed, component: str) -> _Body:
    """An example of a request: of the component that is meant, else of the first container."""
    spec = found.spec
    sources: list[object] = []
    if isinstance(spec, InferenceComponentEndpoint):
        name = component or next(iter(spec.components), "")
        sources = [
            spec.components[path[1]].model
            for path, parts in spec.named_components(found.name)
            if "-".join(parts[1:]) == name
        ]
    elif isinstance(spec, Endpoint):
        sources = [*spec.sources()]
    image = getattr(sources[0], "image", None) if sources else None
    return _BODIES.get(image.framework, _ROWS) if isinstance(image, FrameworkContainer) else _ROWS


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
