"""The rules of pipelines that deliver, on both sides of each."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import botocore.session
import pytest

from inferform import (
    BuildCompute,
    Context,
    DeliveryPipelines,
    DeploymentWindow,
    DeployPipeline,
    Environment,
    GitSource,
    Identity,
    Image,
    ImageBuild,
    ImageOwner,
    Inference,
    LambdaFunction,
    ManualApproval,
    Model,
    Network,
    OnPullRequest,
    OnPush,
    OnTag,
    Promotion,
    Registry,
    RegistrySettings,
    Repository,
    ReviewPipeline,
    Scanning,
    Spec,
    SpecError,
    TargetEnvironment,
)
from inferform.between import between
from inferform.delivery.parts import WITHOUT_CONNECTIONS
from inferform.rules import Problem
from inferform.spec import problems_of
from tests.tables.tables import PARTITIONS

TOOLS = Context(
    organization="acme", stage="shared", account="111122223333", region="us-east-1", owner="ml"
)
DEV_ACCOUNT, PROD_ACCOUNT = "222233334444", "444455556666"
DEV = TargetEnvironment(key="dev-use1", account=DEV_ACCOUNT)
PROD = TargetEnvironment(key="prod-use1", account=PROD_ACCOUNT)
WORD = "n0tForEyes77xyzzy"
SOURCE = GitSource(repository="acme/inference")
MAIN, REQUESTS = OnPush(branches=["main"]), OnPullRequest(branches=["main"])
SECRET = "arn:aws:secretsmanager:us-east-1:111122223333:secret:index-AbCdEf"
PARAMETER = "arn:aws:ssm:us-east-1:111122223333:parameter/builds/index"
HOST = "arn:aws:codeconnections:us-east-1:111122223333:host/ghes/28aef605"
CONNECTION = "arn:aws:codeconnections:us-east-1:111122223333:connection/aEXAMPLE-8aad"
TOPIC = "arn:aws:sns:us-east-1:111122223333:releases"
ROLES = "arn:aws:iam::111122223333:role/inferform/acme-shared-use1-delivery"


def made(kind: type[Spec], **fields: Any) -> Spec:
    """A Spec with what no type takes."""
    return kind(**fields)


def many(count: int) -> list[str]:
    return [f"release-{index}" for index in range(count)]


def promotion(environment: TargetEnvironment = DEV, **fields: Any) -> Promotion:
    return Promotion(environment=environment, **fields)


def deploy(*promotions: Promotion, **fields: Any) -> DeployPipeline:
    given = {"trigger": MAIN, "promotions": promotions or [promotion()], **fields}
    return DeployPipeline(**given)


def review(*environments: TargetEnvironment, **fields: Any) -> ReviewPipeline:
    return ReviewPipeline(**{"trigger": REQUESTS, "environments": environments or [DEV], **fields})


def delivery(source: GitSource = SOURCE, **pipelines: Any) -> DeliveryPipelines:
    return DeliveryPipelines(source=source, pipelines=pipelines or {"main": deploy()})


def tools(spec: DeliveryPipelines | None = None, **fields: Any) -> Environment:
    given = {"context": TOOLS, "delivery": spec or delivery(), **fields}
    return Environment(**given)


def window(cron: str, **fields: Any) -> DeploymentWindow:
    return DeploymentWindow(cron=cron, **fields)


# Open from Monday to Thursday, and so shut for 3 days and 16 hours.
WEEKDAYS = window("* * 9-16 ? * MON-THU *")


def reviewed(count: int) -> list[TargetEnvironment]:
    return [
        TargetEnvironment(key=f"dev{index}-use1", account=DEV_ACCOUNT) for index in range(count)
    ]


def full(name: str) -> Environment:
    """A pipeline with as many builds as its stages and actions may be."""
    promotions = [promotion(each, rounds=1) for each in reviewed(15)]
    images = [image(repository=f"r{index}") for index in range(34)]
    registry = Registry(repositories={f"r{index}": Repository() for index in range(34)})
    return tools(
        DeliveryPipelines(source=SOURCE, pipelines={name: deploy(*promotions, images=images)}),
        registry=registry,
    )


def image(**fields: Any) -> ImageBuild:
    return ImageBuild(**{"repository": "fraud", **fields})


def secret(arn: str) -> Environment:
    return tools(delivery(main=deploy(compute=BuildCompute(variables={"INDEX": arn}))))


PRIVATE = deploy(compute=BuildCompute(private=True))


def networked(nat: str, spec: Any = PRIVATE) -> Environment:
    network = Network(cidr="10.9.0.0/16", nat=nat, flow_logs=None)  # type: ignore[arg-type]
    return tools(delivery(main=spec), network=network)


def targets(count: int) -> list[Promotion]:
    return [
        promotion(TargetEnvironment(key=f"dev{index}-use1", account=DEV_ACCOUNT), rounds=6)
        for index in range(count)
    ]


BAD: dict[str, tuple[str, Callable[[], Any]]] = {
    "private builds that nothing leads out of": ("CBD5", lambda: networked("none")),
    "private builds without a network": ("ENV1", lambda: tools(delivery(main=PRIVATE))),
    "no branch": ("CPL5", lambda: OnPush(branches=[])),
    "nine branches": ("CPL5", lambda: OnPush(branches=many(9))),
    "a branch twice": ("CPL5", lambda: OnPush(branches=["main", "main"])),
    "nine branches left out": (
        "CPL5",
        lambda: OnPush(branches=["main"], exclude_branches=many(9)),
    ),
    "nine paths": ("CPL5", lambda: OnPush(branches=["main"], paths=many(9))),
    "no tag": ("CPL5", lambda: OnTag(tags=[])),
    "nine tags left out": ("CPL5", lambda: OnTag(tags=["v*"], exclude_tags=many(9))),
    "no branch of pull requests": ("CPL5", lambda: OnPullRequest(branches=[])),
    "a branch in and out": (
        "CPL6",
        lambda: OnPush(branches=["main"], exclude_branches=["main"]),
    ),
    "a tag in and out": ("CPL6", lambda: OnTag(tags=["v*"], exclude_tags=["v*"])),
    "a path in and out": (
        "CPL6",
        lambda: OnPullRequest(branches=["main"], paths=["a"], exclude_paths=["a"]),
    ),
    "a branch in and below what is out": (
        "CPL6",
        lambda: OnPush(branches=["main", "release/1"], exclude_branches=["release/*"]),
    ),
    "every branch out": ("CPL6", lambda: OnPush(branches=["release/*"], exclude_branches=["**"])),
    "every file out": ("CPL6", lambda: OnPush(branches=["main"], exclude_paths=["**"])),
    "a regular expression": ("CPL7", lambda: OnPush(branches=["^main$"])),
    "a tag with a blank in it": ("CPL7", lambda: OnTag(tags=["v 1"])),
    "a path of the machine": ("CPL7", lambda: OnPush(branches=["main"], paths=["/models/**"])),
    "a path from here": ("CPL7", lambda: OnPush(branches=["main"], paths=["./models/**"])),
    "a folder": ("CPL7", lambda: OnPush(branches=["main"], paths=["models/"])),
    "an empty branch": ("CPL7", lambda: OnPush(branches=[""])),
    "a branch of 256": ("CPL7", lambda: OnPush(branches=["a" * 256])),
    "a branch as git names it": ("CPL7", lambda: OnPush(branches=["refs/heads/main"])),
    "a tag with a blank": ("CPL7", lambda: OnTag(tags=["v* "])),
    "an empty path": ("CPL7", lambda: OnPush(branches=["main"], paths=[""])),
    "tags beside branches": ("SPEC1", lambda: made(OnPush, branches=["main"], tags=["v*"])),
    "paths of a tag": ("SPEC1", lambda: made(OnTag, tags=["v*"], paths=["docs/**"])),
    "no event": ("CPL8", lambda: OnPullRequest(branches=["main"], events=[])),
    "an event twice": (
        "CPL8",
        lambda: OnPullRequest(branches=["main"], events=["OPEN", "OPEN"]),
    ),
    "an event that is none": (
        "SPEC4",
        lambda: made(OnPullRequest, branches=["main"], events=["MERGED"]),
    ),
    "a deploy on pull requests": ("SPEC3", lambda: deploy(trigger=REQUESTS)),
    "a review on a push": ("SPEC3", lambda: review(trigger=MAIN)),
    "a review that promotes": ("SPEC1", lambda: review(promotions=[promotion()])),
    "another execution mode": ("SPEC1", lambda: deploy(execution_mode="SUPERSEDED")),
    "an environment twice in a pipeline": ("CPL2", lambda: deploy(promotion(), promotion())),
    "an environment of two pipelines": ("CPL2", lambda: delivery(a=deploy(), b=deploy())),
    "51 stages": (
        "CPL3",
        lambda: deploy(*targets(3), promotion(rounds=4), images=[image()]),
    ),
    "the account of the pipelines": (
        "CPL10",
        lambda: tools(
            delivery(
                main=deploy(promotion(TargetEnvironment(key="dev-use1", account=TOOLS.account)))
            )
        ),
    ),
    "no key of an environment": (
        "CPL10",
        lambda: TargetEnvironment(key="Production", account=PROD_ACCOUNT),
    ),
    "one role to plan and to deploy": (
        "CPL10",
        lambda: TargetEnvironment(
            key="dev-use1", account=DEV_ACCOUNT, plan_role="inferform-deploy"
        ),
    ),
    "one role that case alone tells apart": (
        "CPL10",
        lambda: TargetEnvironment(
            key="dev-use1", account=DEV_ACCOUNT, plan_role="Inferform-Deploy"
        ),
    ),
    "a review as the role that deploys another environment": (
        "CPL10",
        lambda: delivery(
            main=deploy(),
            review=review(
                TargetEnvironment(
                    key="lab-use1",
                    account=DEV_ACCOUNT,
                    deploy_role="lab-deploy",
                    plan_role="inferform-deploy",
                )
            ),
        ),
    ),
    "an approval of 4 minutes": ("CPL12", lambda: ManualApproval(timeout_minutes=4)),
    "an approval of 86,401 minutes": ("CPL12", lambda: ManualApproval(timeout_minutes=86_401)),
    "an approval longer than artifacts": (
        "CPL13",
        lambda: deploy(
            promotion(approval=ManualApproval(timeout_minutes=1441)), artifact_retention_days=1
        ),
    ),
    "a window of five fields": ("CPL14", lambda: window("* 9-16 ? * MON")),
    "a window with brackets": ("CPL14", lambda: window("cron(0 8 ? * MON-FRI *)")),
    "a window with seconds": ("CPL14", lambda: window("0 * 9-16 ? * MON *")),
    "a window at 24 o'clock": ("CPL14", lambda: window("* * 24 ? * MON *")),
    "a window of two days": ("CPL14", lambda: window("* * 9 1 * MON *")),
    "a time zone that is none": (
        "CPL27",
        lambda: window("* * 9 ? * MON *", timezone="Europe/Berln"),
    ),
    "a distance from UTC without its sign": (
        "CPL27",
        lambda: window("* * 9 ? * MON *", timezone="UTC05:30"),
    ),
    "a distance from UTC in hours": (
        "CPL27",
        lambda: window("* * 9 ? * MON *", timezone="UTC+5"),
    ),
    "a window on a day that no month has": ("CPL14", lambda: window("* * 9 31 APR ? *")),
    "a window that is shut for three months": ("CPL14", lambda: window("* * 9 1 */3 ? *")),
    "a window with a tab": ("CPL14", lambda: window("* *\t9 ? * MON *")),
    "a window 31 days before the last one": ("CPL14", lambda: window("* * 9 L-31 * ? *")),
    "an approval and a window longer than artifacts": (
        "CPL13",
        lambda: deploy(
            promotion(approval=ManualApproval(), window=WEEKDAYS), artifact_retention_days=10
        ),
    ),
    "a window longer than artifacts": (
        "CPL13",
        lambda: deploy(promotion(window=WEEKDAYS), artifact_retention_days=3),
    ),
    "a repository without an owner": ("CPL15", lambda: GitSource(repository="inference")),
    "a repository by URL": (
        "CPL15",
        lambda: GitSource(repository="https://github.com/acme/inference"),
    ),
    "a branch that is a pattern": (
        "CPL15",
        lambda: GitSource(repository="a/b", default_branch="release/*"),
    ),
    "a repository in a group of GitHub": ("CPL15", lambda: GitSource(repository="acme/a/b")),
    "a repository in a group of Bitbucket": (
        "CPL15",
        lambda: GitSource(repository="acme/a/b", provider="Bitbucket"),
    ),
    **{
        f"the branch {name}": (
            "CPL15",
            partial(GitSource, repository="a/b", default_branch=name),
        )
        for name in (
            *("refs/heads/main", "a..b", "/main", "main/", "a//b", "a b", "-main"),
            *("main.lock", "main.", ".main", "a/.b", "HEAD", "@", "a@{1}", "a~1", "a:b", "a\\b"),
        )
    },
    "six alarms": ("CPL18", lambda: promotion(entry_alarms=many(6))),
    "an alarm twice": ("CPL18", lambda: promotion(entry_alarms=["ill", "ill"])),
    "five alarms beside a window": (
        "CPL18",
        lambda: promotion(entry_alarms=many(5), window=window("* * 9 ? * MON *")),
    ),
    "no round": ("CPL19", lambda: promotion(rounds=0)),
    "seven rounds": ("CPL19", lambda: promotion(rounds=7)),
    "no setup": ("CPL20", lambda: deploy(setup=[])),
    "no command": ("CPL20", lambda: deploy(command="")),
    "a command of two lines": ("CPL20", lambda: review(command="a\nb")),
    "a secret in the command": (
        "CBD7",
        lambda: deploy(command=f"INDEX=https://a:{WORD}@b/ inferform"),
    ),
    "an empty check": ("CPL20", lambda: deploy(checks=[" "])),
    "a smoke test of two lines": ("CPL20", lambda: promotion(smoke_tests=["a\nb"])),
    "a link without TLS": ("CPL21", lambda: ManualApproval(link="http://wiki.acme.test")),
    "a link of 2,049": ("CPL21", lambda: ManualApproval(link="https://" + "a" * 2041)),
    "no pipeline": ("CPL22", lambda: DeliveryPipelines(source=SOURCE, pipelines={})),
    "no promotion": ("CPL22", lambda: DeployPipeline(trigger=MAIN, promotions=[])),
    "no environment to review": (
        "CPL22",
        lambda: ReviewPipeline(trigger=REQUESTS, environments=[]),
    ),
    "51 environments to review": ("CPL23", lambda: review(*reviewed(51))),
    "an environment that is reviewed twice": ("CPL22", lambda: review(DEV, DEV)),
    "an image twice": ("CPL22", lambda: deploy(images=[image(), image()])),
    "51 images": (
        "CPL23",
        lambda: deploy(images=[image(repository=f"r{index}") for index in range(51)]),
    ),
    "artifacts of no day": ("CPL24", lambda: deploy(artifact_retention_days=0)),
    "artifacts of 91 days": ("CPL24", lambda: review(artifact_retention_days=91)),
    "a provider of a connection that exists": (
        "CON1",
        lambda: GitSource(repository="a/b", connection=CONNECTION, provider="GitLab"),
    ),
    "a host of a connection that exists": (
        "CON1",
        lambda: GitSource(repository="a/b", connection=CONNECTION, host=HOST),
    ),
    "a host beside a provider": (
        "CON1",
        lambda: GitSource(repository="a/b", host=HOST, provider="GitHub"),
    ),
    "a connection of another partition": (
        "CON2",
        lambda: tools(
            delivery(
                GitSource(
                    repository="a/b", connection=CONNECTION.replace("arn:aws:", "arn:aws-cn:")
                )
            )
        ),
    ),
    "a host of another Region": (
        "CON2",
        lambda: tools(
            delivery(GitSource(repository="a/b", host=HOST.replace("us-east-1", "eu-west-1")))
        ),
    ),
    "a host of another partition": (
        "CON2",
        lambda: tools(
            delivery(GitSource(repository="a/b", host=HOST.replace("arn:aws:", "arn:aws-cn:")))
        ),
    ),
    "no ARN of a connection": ("ARN1", lambda: GitSource(repository="a/b", connection="git")),
    "an ARN of another service": (
        "ARN1",
        lambda: GitSource(repository="a/b", connection=CONNECTION.replace("codeconnections", "s3")),
    ),
    "a provider that is none": (
        "SPEC4",
        lambda: made(GitSource, repository="a/b", provider="Gitea"),
    ),
    "a build of 4 minutes": ("CBD1", lambda: BuildCompute(timeout_minutes=4)),
    "a build of 2,161 minutes": ("CBD1", lambda: BuildCompute(timeout_minutes=2_161)),
    "a build that waits 481 minutes": ("CBD1", lambda: BuildCompute(queued_minutes=481)),
    "a machine of Lambda": ("SPEC4", lambda: made(BuildCompute, size="LAMBDA_1GB")),
    "an image build on Lambda": ("SPEC4", lambda: image(size="BUILD_LAMBDA_10GB")),
    "a machine with GPUs": ("SPEC4", lambda: made(BuildCompute, architecture="GPU")),
    "a variable named like a secret": (
        "CBD7",
        lambda: BuildCompute(variables={"INDEX_TOKEN": "n0tForEyes77xyzzy"}),
    ),
    "a variable that looks like a secret": (
        "CBD7",
        lambda: BuildCompute(variables={"INDEX": "AKIAIOSFODNN7EXAMPLE"}),
    ),
    "an argument that is a secret": (
        "CBD7",
        lambda: image(build_args={"NPM_TOKEN": "n0tForEyes77xyzzy"}),
    ),
    "a variable of AWS's": ("CBD8", lambda: BuildCompute(variables={"AWS_PROFILE": "x"})),
    "a variable of Inferform's": (
        "CBD8",
        lambda: BuildCompute(variables={"INFERFORM_TARGET": "emulator"}),
    ),
    **{
        f"the variable {name}": (
            "CBD8",
            partial(BuildCompute, variables={name: "x"}),
        )
        for name in ("PATH", "HOME", "LD_PRELOAD", "BASH_ENV", "IFS", "LEFT", "TAG", "DIGEST")
    },
    "a secret in setup": (
        "CBD7",
        lambda: deploy(setup=[f"pip install -i https://me:{WORD}@i.test/"]),
    ),
    "a secret in checks": ("CBD7", lambda: review(checks=["curl -H 'x: AKIAIOSFODNN7EXAMPLE'"])),
    "a secret in a smoke test": ("CBD7", lambda: promotion(smoke_tests=[f"x https://a:{WORD}@b/"])),
    "a secret in a link": (
        "CBD7",
        lambda: ManualApproval(link=f"https://me:{WORD}@wiki.acme.test/"),
    ),
    "a variable with a hyphen": ("CBD8", lambda: BuildCompute(variables={"PIP-INDEX": "x"})),
    "an argument with a hyphen": ("CBD8", lambda: image(build_args={"a-b": "x"})),
    "a secret for pull requests": (
        "CBD9",
        lambda: review(compute=BuildCompute(variables={"INDEX": SECRET})),
    ),
    "a key of a secret for pull requests": (
        "CBD9",
        lambda: review(compute=BuildCompute(variables={"INDEX": f"{SECRET}:token::"})),
    ),
    "what is no ARN of a secret": (
        "CBD13",
        lambda: BuildCompute(variables={"INDEX": f"{SECRET}:a:b:c:d"}),
    ),
    "a parameter of another account": (
        "CBD13",
        lambda: secret(f"{PARAMETER}".replace("1111", "9" * 4)),
    ),
    "a parameter of another Region": (
        "CBD13",
        lambda: secret(PARAMETER.replace("us-east-1", "eu-west-1")),
    ),
    "a version of a parameter": ("CBD13", lambda: secret(f"{PARAMETER}:3")),
    "a secret of another partition": (
        "CBD13",
        lambda: secret(SECRET.replace("arn:aws:", "arn:aws-cn:")),
    ),
    "a folder outside": ("CBD10", lambda: image(directory="../models")),
    "a Dockerfile by its whole path": ("CBD10", lambda: image(dockerfile="/Dockerfile")),
    "an image of another Region": (
        "CBD11",
        lambda: tools(
            delivery(
                main=deploy(
                    compute=BuildCompute(image="111122223333.dkr.ecr.eu-west-1.amazonaws.com/b:1")
                )
            )
        ),
    ),
    "an image of Docker Hub": (
        "CBD11",
        lambda: tools(delivery(main=deploy(compute=BuildCompute(image="python:3.12")))),
    ),
    "a sample that is none": ("CBD12", lambda: image(sample="samples/fraud.parquet")),
    "a topic of another Region": (
        "ALM14",
        lambda: tools(
            delivery(
                main=deploy(
                    promotion(approval=ManualApproval(topic="arn:aws:sns:eu-west-1:111122223333:t"))
                )
            )
        ),
    ),
    "a FIFO topic of an approval": ("WFL10", lambda: ManualApproval(topic=f"{TOPIC}.fifo")),
    "a FIFO topic of failures": (
        "WFL10",
        lambda: DeliveryPipelines(
            source=SOURCE, pipelines={"main": deploy()}, notify=f"{TOPIC}.fifo"
        ),
    ),
    "builds beyond the policy of the role": ("CPL29", lambda: full("p" * 32)),
    "images without a registry": ("ENV1", lambda: tools(delivery(main=deploy(images=[image()])))),
    "an image without a repository": (
        "ECR8",
        lambda: tools(
            delivery(main=deploy(images=[image(repository="frau")])),
            registry=Registry(repositories={"fraud": Repository()}),
        ),
    ),
}

GOOD: dict[str, Callable[[], Any]] = {
    "as many builds in a policy": lambda: full("p" * 20),
    "a release but not its candidates": lambda: OnTag(tags=["v*"], exclude_tags=["v*-rc*"]),
    "a branch beside what is out": lambda: OnPush(
        branches=["release/1/a"], exclude_branches=["release/*", "releas?"]
    ),
    "sets and groups": lambda: OnPush(
        branches=["release/[0-9]*", "{main,develop}"], exclude_branches=["release/[0-1]*"]
    ),
    "a hidden folder": lambda: OnPush(branches=["main"], paths=[".github/**", "docs/a b.md"]),
    "a command of words": lambda: deploy(command="pipenv run inferform"),
    "eight branches": lambda: OnPush(branches=many(8), exclude_branches=many(8)[:0]),
    "a branch of 255": lambda: OnPush(branches=["a" * 255]),
    "one letter": lambda: OnTag(tags=["v"]),
    "all events": lambda: OnPullRequest(branches=["main"], events=["OPEN", "UPDATED", "CLOSED"]),
    "50 stages": lambda: deploy(*targets(3), promotion(rounds=4)),
    "a plan role of the name that deploys in another account": lambda: delivery(
        main=deploy(),
        review=review(
            TargetEnvironment(
                key="prod-use1",
                account=PROD_ACCOUNT,
                deploy_role="prod-deploy",
                plan_role="inferform-deploy",
            )
        ),
    ),
    "an approval of 5 minutes": lambda: ManualApproval(timeout_minutes=5),
    "an approval of 60 days": lambda: ManualApproval(timeout_minutes=86_400),
    "an approval as long as artifacts": lambda: deploy(
        promotion(approval=ManualApproval(timeout_minutes=1440)), artifact_retention_days=1
    ),
    "50 environments to review": lambda: review(*reviewed(50)),
    "an approval and a window as long as artifacts": lambda: deploy(
        promotion(approval=ManualApproval(), window=WEEKDAYS), artifact_retention_days=11
    ),
    "a window as long as artifacts": lambda: deploy(
        promotion(window=WEEKDAYS), artifact_retention_days=4
    ),
    "a window that is shut for less than 60 days": lambda: window("* * * 1-2 */2 ? *"),
    "a window three days before the last one": lambda: window("* * 9 L-3 * ? *"),
    "a window in small letters": lambda: window("* * 9 ? jan-dec mon-thu *"),
    "a window by its distance from UTC": lambda: window("* * 9 ? * MON *", timezone="UTC+05:30"),
    "a window by an abbreviation": lambda: window("* * 9 ? * MON *", timezone="EST"),
    "a window without a year": lambda: window("* * 9-16 ? * MON-THU"),
    "a window of days of the month": lambda: window("* 0/15 8,12 1-7 JAN ? 2026"),
    "a repository in groups": lambda: GitSource(
        repository="acme/ml/risk/inference", provider="GitLab"
    ),
    "a repository in groups of a connection": lambda: GitSource(
        repository="acme/ml/inference", connection=CONNECTION
    ),
    "a repository in groups of a host": lambda: GitSource(
        repository="acme/ml/inference", host=HOST
    ),
    **{
        f"the branch {name}": partial(GitSource, repository="a/b", default_branch=name)
        for name in ("main", "release/1.2", "fix-#12", "a+b", "a@b", "größe", "a" * 255)
    },
    "a variable as a tool has it": lambda: BuildCompute(
        variables={"PIP_INDEX_URL": "https://index.acme.test", "PYTHONPATH": "src", "LDFLAGS": "-s"}
    ),
    "a variable in a command": lambda: deploy(
        setup=['pip install -i "https://me:${TOKEN}@i.test/"']
    ),
    "five alarms": lambda: promotion(entry_alarms=many(5)),
    "four alarms beside a window": lambda: promotion(
        entry_alarms=many(4), window=window("* * 9 ? * MON *")
    ),
    "six rounds": lambda: promotion(rounds=6),
    "no checks": lambda: deploy(checks=[]),
    "a link of 2,048": lambda: ManualApproval(link="https://" + "a" * 2040),
    "an environment that is deployed and reviewed": lambda: delivery(a=deploy(), b=review()),
    "private builds with a NAT": lambda: networked("single"),
    "builds beside a network without a NAT": lambda: networked("none", deploy()),
    "a topic": lambda: tools(
        delivery(main=deploy(promotion(approval=ManualApproval(topic=TOPIC))))
    ),
    "50 images": lambda: deploy(images=[image(repository=f"r{index}") for index in range(50)]),
    "artifacts of 90 days": lambda: deploy(artifact_retention_days=90),
    "a host": lambda: tools(delivery(GitSource(repository="a/b", host=HOST))),
    "a connection": lambda: tools(delivery(GitSource(repository="a/b", connection=CONNECTION))),
    "a connection that was made in another Region": lambda: tools(
        delivery(
            GitSource(repository="a/b", connection=CONNECTION.replace("us-east-1", "eu-west-1"))
        )
    ),
    "an old connection": lambda: tools(
        delivery(
            GitSource(
                repository="a/b",
                connection=CONNECTION.replace("codeconnections", "codestar-connections"),
            )
        )
    ),
    "a build of 36 hours": lambda: BuildCompute(timeout_minutes=2_160, queued_minutes=480),
    "a secret by its ARN": lambda: deploy(compute=BuildCompute(variables={"TOKEN": SECRET})),
    "a key of a secret": lambda: secret(f"{SECRET}:token::"),
    "a secret of another account": lambda: secret(SECRET.replace("111122223333", "999988887777")),
    "a parameter": lambda: secret(PARAMETER),
    "an image for builds": lambda: tools(
        delivery(
            main=deploy(
                compute=BuildCompute(image="999988887777.dkr.ecr.us-east-1.amazonaws.com/b:1")
            )
        )
    ),
    "an image of a repository": lambda: tools(
        delivery(main=deploy(images=[image(directory="models/fraud", sample="a.json")])),
        registry=Registry(repositories={"fraud": Repository()}),
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_what_aws_or_inferform_refuses_is_refused(name: str) -> None:
    rule, make = BAD[name]
    with pytest.raises(SpecError) as caught:
        make()
    assert [problem.rule for problem in caught.value.problems] == [rule]


@pytest.mark.parametrize("name", GOOD)
def test_what_is_just_within_is_taken(name: str) -> None:
    assert not problems_of(GOOD[name]())


def test_stages_are_counted_as_they_are_made() -> None:
    made = deploy(
        promotion(rounds=2),
        promotion(PROD, approval=ManualApproval(), rounds=1),
        images=[image()],
    )
    assert made.stages == 3 + 2 * 2 + 1 + 3 * 1 + 1
    with pytest.raises(SpecError, match="make 53 stages"):
        deploy(*targets(4), checks=[])


@pytest.mark.parametrize(
    ("cron", "minutes"),
    [
        ("* * * ? * * *", 0),
        ("* * 9-16 ? * MON-THU *", 3 * 1440 + 16 * 60),
        ("* 0/15 8,12 ? * * *", 19 * 60 + 14),
        ("* * 9-16 1-7 * ? *", 24 * 1440 + 16 * 60),
        ("* * * L-3 * ? *", 30 * 1440),
        # In no other year.
        ("* * 9 1 1 ? 2026", 0),
    ],
)
def test_a_window_stays_shut_for_the_longest_time_between_two_of_its_minutes(
    cron: str, minutes: int
) -> None:
    assert window(cron).longest_wait_minutes == minutes


def test_what_plans_wait_for_is_told_with_what_to_change() -> None:
    asked = promotion(approval=ManualApproval(timeout_minutes=86_400), window=WEEKDAYS)
    with pytest.raises(SpecError) as caught:
        deploy(asked)
    text = str(caught.value)
    assert "may wait 91,680 minutes for an approval and its window" in text
    assert "raise artifact_retention_days to 64, lower timeout_minutes or open its" in text
    longest = promotion(
        approval=ManualApproval(timeout_minutes=86_400), window=window("* * * 1-2 */2 ? *")
    )
    with pytest.raises(SpecError) as caught:
        deploy(longest)
    assert "raise artifact_retention_days" not in str(caught.value)


@pytest.mark.parametrize(
    ("cron", "says"),
    [
        ("* 9-16 ? * MON", "write six (seconds, minutes"),
        ("* * 9-16 * * MON *", "such as * * 9-16 ? * MON-THU * or * * 9-16 1-7 * ? *"),
        ("* * 22-5 ? * MON *", "write 22-23,0-5"),
        ("* * 9 ? * FRI-MON *", "write FRI-SAT,SUN-MON"),
    ],
)
def test_what_a_window_should_be_is_one(cron: str, says: str) -> None:
    with pytest.raises(SpecError) as caught:
        window(cron)
    assert says in str(caught.value)


def test_a_time_zone_that_the_guide_does_not_name_is_told() -> None:
    (found,) = problems_of(window("* * 9 ? * MON *", timezone="America/Argentina/Salta"))
    assert (found.rule, found.severity, found.where) == ("CPL28", "warning", "timezone")


def test_the_value_of_a_variable_stays_out_of_the_message() -> None:
    with pytest.raises(SpecError) as caught:
        BuildCompute(variables={"INDEX_TOKEN": "n0tForEyes77xyzzy"})
    assert "n0tForEyes" not in str(caught.value)


def test_a_secret_of_another_region_is_told() -> None:
    (found,) = problems_of(secret(SECRET.replace("us-east-1", "eu-west-1")))
    assert (found.rule, found.severity) == ("CBD14", "warning")
    assert found.where == "delivery.pipelines.main.compute.variables.INDEX"


def test_what_looks_like_a_secret_is_told_where_it_belongs() -> None:
    with pytest.raises(SpecError, match="store it in Secrets Manager"):
        BuildCompute(variables={"INDEX_TOKEN": "n0tForEyes77xyzzy"})
    # The ARN of a secret would stay an ARN in an argument.
    with pytest.raises(SpecError, match="stays in the image") as caught:
        image(build_args={"NPM_TOKEN": "n0tForEyes77xyzzy"})
    assert "ARN" not in str(caught.value)


@pytest.mark.parametrize(
    ("approvals", "days", "warned"), [(2, 14, False), (3, 14, True), (3, 21, False)]
)
def test_waits_that_outlast_the_artifact_of_the_commit_are_told(
    approvals: int, days: int, warned: bool
) -> None:
    asked = (promotion(each, approval=ManualApproval()) for each in reviewed(approvals))
    found = problems_of(tools(delivery(main=deploy(*asked, artifact_retention_days=days))))
    assert [each.rule for each in found if each.rule == "CPL30"] == ["CPL30"] * warned
    for each in found:
        if warned and each.rule == "CPL30":
            assert "30,240 minutes in all" in each.text
            assert "raise artifact_retention_days to 21" in each.text


@pytest.mark.parametrize("region", ["eu-central-2", "ca-west-1", "us-gov-west-1"])
def test_a_region_that_takes_no_commits_by_a_connection_is_told(region: str) -> None:
    (found,) = problems_of(tools(context=TOOLS.replace(region=region)))
    assert (found.rule, found.severity, found.where) == ("CPL16", "warning", "delivery.source")
    assert f"does not name for {region}" in found.text


def test_the_regions_without_connections_are_those_that_botocore_does_not_name_either() -> None:
    session = botocore.session.get_session()
    known = {
        service: {
            each for name in PARTITIONS for each in session.get_available_regions(service, name)
        }
        for service in ("ec2", "codepipeline", "codestar-connections")
    }
    # Its endpoints lag behind: what the user guide names besides is taken.
    assert known["ec2"] - known["codepipeline"] <= WITHOUT_CONNECTIONS
    assert WITHOUT_CONNECTIONS & known["codestar-connections"] == {"us-gov-west-1"}


# Between environments


def environment(
    stage: str, account: str, identity: Identity | None = None, **context: Any
) -> Environment:
    return Environment(
        context=Context(
            **{
                "organization": "acme",
                "stage": stage,
                "account": account,
                "region": "us-east-1",
                "owner": "ml",
                "deploy_role": "inferform-deploy",
                "plan_role": "inferform-plan",
                "permissions_boundary": "inferform-boundary",
                **context,
            }
        ),
        identity=identity,
    )


OPERATORS = [f"{ROLES}-main-{job}-dev-use1" for job in ("plan", "apply", "verify")]
PLANNERS = [f"{ROLES}-review-review-dev-use1"]
IDENTITY = Identity(operators=OPERATORS, planners=PLANNERS)
BOTH = delivery(main=deploy(), review=review())


def between_them(*environments: Environment) -> list[Problem]:
    return [problem for _, problem in between({each.key: each for each in environments})]


def rules(*environments: Environment) -> list[str]:
    return [problem.rule for problem in between_them(*environments)]


def test_pipelines_and_the_environments_that_let_them_in_fit() -> None:
    assert rules(tools(BOTH), environment("dev", DEV_ACCOUNT, IDENTITY)) == []


def test_pipelines_name_the_roles_that_an_account_lets_in() -> None:
    assert BOTH.operators(TOOLS, "dev-use1", "prod-use1") == OPERATORS
    assert BOTH.planners(TOOLS, "dev-use1") == PLANNERS
    assert BOTH.operators(TOOLS, "prod-use1") == BOTH.planners(TOOLS, "prod-use1") == []


def test_roles_that_somebody_else_makes_are_taken_as_they_are() -> None:
    assert rules(tools(BOTH), environment("dev", DEV_ACCOUNT)) == []


def test_builds_that_no_role_lets_in_are_named_with_where_they_belong() -> None:
    closed = Identity(operators=["arn:aws:iam::222233334444:role/admin"])
    first, second = between_them(tools(BOTH), environment("dev", DEV_ACCOUNT, closed))
    assert (first.rule, second.rule) == ("CPL17", "CPL17")
    assert first.where == "delivery.pipelines.main.promotions.0.environment"
    assert f"add {', '.join(OPERATORS)} to identity.operators of dev-use1" in first.text
    assert f"add {PLANNERS[0]} to identity.planners of dev-use1" in second.text


def test_a_build_of_pull_requests_is_not_let_in_to_deploy() -> None:
    open_ = Identity(operators=[*OPERATORS, *PLANNERS])
    found = between_them(tools(BOTH), environment("dev", DEV_ACCOUNT, open_))
    assert [each.rule for each in found] == ["CPL10"]
    assert "move it to planners" in found[0].text


@pytest.mark.parametrize(
    ("target", "path"),
    [
        (TargetEnvironment(key="dev-use1", account="999988887777"), "account"),
        (TargetEnvironment(key="dev-use1", account=DEV_ACCOUNT, deploy_role="x"), "deploy_role"),
        (TargetEnvironment(key="dev-use1", account=DEV_ACCOUNT, plan_role="x"), "plan_role"),
    ],
)
def test_a_target_is_the_environment_of_its_key(target: TargetEnvironment, path: str) -> None:
    spec = delivery(main=deploy(promotion(target)))
    found = between_them(tools(spec), environment("dev", DEV_ACCOUNT))
    assert [(each.rule, each.path[-1]) for each in found] == [("CPL10", path)]


def test_nothing_is_said_of_an_environment_that_is_wrong_in_itself() -> None:
    late = promotion(PROD, approval=ManualApproval())
    environments = [
        tools(delivery(main=deploy(late, promotion()))),
        environment("prod", PROD_ACCOUNT, protected=True),
    ]
    given = {each.key: each for each in environments}
    assert [each.rule for _, each in between(given)] == ["CPL26"]
    assert [*between(given, refused={"dev-use1"})] == []


def test_an_environment_of_another_program_is_taken_with_a_warning() -> None:
    spec = delivery(main=deploy(promotion(TargetEnvironment(key="dev-use2", account=DEV_ACCOUNT))))
    (found,) = between_them(tools(spec), environment("dev", DEV_ACCOUNT))
    assert (found.rule, found.severity, found.path[-1]) == ("CPL26", "warning", "key")
    assert "did you mean dev-use1" in found.text


def test_a_target_without_roles_is_refused() -> None:
    found = environment("dev", DEV_ACCOUNT, deploy_role=None, plan_role=None)
    assert rules(tools(), found) == ["CPL10"]
    assert rules(tools(BOTH), found) == ["CPL10", "CPL10", "CPL10"]


def test_a_review_needs_an_environment_with_a_plan_role() -> None:
    """Without one, plans work as the deploy role, which no build of a pull request may be."""
    found = environment("dev", DEV_ACCOUNT, plan_role=None)
    assert rules(tools(), found) == []
    (problem,) = between_them(tools(BOTH), found)
    assert problem.where == "delivery.pipelines.review.environments.0.plan_role"
    assert problem.rule == "CPL10"
    assert "write plan_role there" in problem.text
    assert "deploy" not in problem.text


def test_two_accounts_of_pipelines_do_not_deploy_one_environment() -> None:
    other = tools(context=TOOLS.replace(stage="tools", account="777788889999"))
    found = between_them(tools(), other, environment("dev", DEV_ACCOUNT))
    assert [each.rule for each in found] == ["CPL2"]
    assert "is deployed by shared-use1 too" in found[0].text


def test_pipelines_are_not_where_a_role_deploys() -> None:
    found = rules(tools(), environment("dev", DEV_ACCOUNT), environment("lab", TOOLS.account))
    assert found == ["CPL25"]
    own = tools(context=TOOLS.replace(deploy_role="inferform-deploy"))
    assert rules(own, environment("dev", DEV_ACCOUNT)) == ["CPL25"]


def test_production_is_approved_and_comes_last() -> None:
    prod = environment("prod", PROD_ACCOUNT, protected=True)
    dev = environment("dev", DEV_ACCOUNT)

    def told(*promotions: Promotion) -> list[tuple[str, str, str]]:
        spec = delivery(main=deploy(*promotions))
        return [
            (each.rule, each.severity, each.where) for each in between_them(tools(spec), dev, prod)
        ]

    place = "delivery.pipelines.main.promotions"
    asked = promotion(PROD, approval=ManualApproval())
    assert told(promotion(), asked) == []
    assert told(promotion(), promotion(PROD)) == [("CPL11", "warning", f"{place}.1.approval")]
    assert told(asked, promotion()) == [("CPL11", "warning", f"{place}.0")]


def runs(architecture: str, **more: Any) -> Environment:
    """An environment with a function of the image that the pipelines build."""
    model = Model(image=Image(repository="fraud", tag="1"))
    function = LambdaFunction(**{"model": model, "architecture": architecture, **more})
    owner = ImageOwner(account=TOOLS.account, stage=TOOLS.stage)
    return environment("dev", DEV_ACCOUNT, images=owner).replace(
        network=Network(cidr="10.20.0.0/16"),
        registry=Registry(),
        inference=Inference(functions={"fraud": function}),
    )


def builder(architecture: str) -> Environment:
    return tools(
        delivery(main=deploy(images=[image(architecture=architecture)])),
        registry=Registry(
            repositories={
                "fraud": Repository(pull_accounts=[DEV_ACCOUNT], pull_services=["lambda"])
            }
        ),
    )


def test_an_image_is_built_for_what_runs_those_of_its_repository() -> None:
    assert rules(builder("ARM64"), runs("ARM64")) == []
    assert rules(builder("X86_64"), runs("X86_64")) == []
    (found,) = between_them(builder("ARM64"), runs("X86_64"))
    place = "delivery.pipelines.main.images.0.architecture"
    assert (found.rule, found.severity, found.where) == ("CBD6", "warning", place)
    assert "is built for linux/arm64, but lambda/fraud of dev-use1 runs" in found.text
    assert "on linux/amd64" in found.text


def scanned(repository: Repository, *more: Environment, **registry: Any) -> list[Problem]:
    """What is said of a pipeline that waits for scans of a repository."""
    own = Registry(repositories={"fraud": repository}, **registry)
    spec = delivery(main=deploy(images=[image()]))
    dev = environment("dev", DEV_ACCOUNT)
    return between_them(tools(spec, registry=own), dev, *more)


def settings(**scanning: Any) -> RegistrySettings:
    return RegistrySettings(scanning=Scanning(**scanning))


NO_SCAN = Repository(scan_on_push=False)


def test_a_scan_that_is_waited_for_is_made() -> None:
    assert scanned(Repository()) == []
    (found,) = scanned(NO_SCAN)
    place = "delivery.pipelines.main.images.0.scan_severity"
    assert (found.rule, found.severity, found.where) == ("CBD15", "error", place)
    assert "acme-shared-use1-fraud" in found.text
    assert "scan_on_push=True" in found.text
    unasked = delivery(main=deploy(images=[image(scan_severity=None)]))
    own = tools(unasked, registry=Registry(repositories={"fraud": NO_SCAN}))
    assert rules(own, environment("dev", DEV_ACCOUNT)) == []


@pytest.mark.parametrize(
    ("scanning", "scans"),
    [
        ({"on_push": ["*"]}, True),
        ({"continuous": ["acme-*-fraud"]}, True),
        ({"on_push": ["fraud"], "type": "BASIC"}, True),
        ({"on_push": ["fraud*"]}, False),
        ({"continuous": ["acme-dev-*"]}, False),
    ],
)
def test_the_registry_scans_in_the_place_of_its_repositories(
    scanning: dict[str, Any], scans: bool
) -> None:
    for repository in (Repository(), NO_SCAN):
        found = scanned(repository, settings=settings(**scanning))
        assert [each.rule for each in found] == ([] if scans else ["CBD15"])


def test_another_environment_may_say_what_the_registry_scans() -> None:
    other = Environment(
        context=TOOLS.replace(stage="base"), registry=Registry(settings=settings(on_push=["*"]))
    )
    assert scanned(NO_SCAN, other) == []
    elsewhere = other.replace(context=other.context.replace(region="eu-west-1"))
    assert [each.rule for each in scanned(NO_SCAN, elsewhere)] == ["CBD15"]


def test_an_image_of_the_same_name_in_another_registry_is_another() -> None:
    own = runs("X86_64")
    own = own.replace(
        context=own.context.replace(images=None),
        registry=Registry(repositories={"fraud": Repository()}),
    )
    assert rules(builder("ARM64"), own) == []
