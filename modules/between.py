"""The rules between environments, which no single one of them can check."""

from __future__ import annotations

import ipaddress
from collections.abc import Collection, Iterator, Mapping

from .alb.spec import Route
from .context import Context
from .delivery.between import delivered
from .ecr.spec import ECR8, Image, Repository, missing_repository
from .ecs.checks import listener_of
from .environment import Environment
from .functions.spec import LMB19
from .layers.specs import Registry
from .model.artifact import located
from .model.container import Container
from .names import Name, bare
from .observability.notify import MON24
from .outputs import EksOutputs, NetworkOutputs
from .rules import PathPart, Problem, rule
from .s3_uri import bucket_and_key
from .spec import walk
from .vpc.spec import VPC2, Network

OWN1 = rule(
    "OWN1",
    refuses="an image of another account's registry that does not let this account pull",
    message="is in {owner}, whose repository {repository} does not let account {account} pull; "
    "add the account to its pull_accounts",
    source="Amazon ECR user guide, repository policies (cross-account access)",
)
OWN2 = rule(
    "OWN2",
    refuses="an artifact in another account's bucket that does not let this account read",
    message="is in the artifact bucket of {owner}, which does not let account {account} read; add "
    "the account to registry.artifacts.read_accounts there",
    source="Amazon S3 user guide, bucket policies (cross-account access)",
)
OWN3 = rule(
    "OWN3",
    refuses="an artifact in another environment's bucket, under a key that the Context does not name",
    message="is in the artifact bucket of {owner}, encrypted by its key, which no role here may use; "
    "name the key of {bucket} in context.artifact_keys, which is the output kms_key_arn of "
    "{owner}-registry",
    source="Amazon S3 user guide, SSE-KMS (readers decrypt); AWS KMS developer guide, "
    "cross-account access",
    severity="warning",
)
OWN4 = rule(
    "OWN4",
    refuses="a SageMaker artifact in the bucket of an environment of another Region",
    message="is in {other}, but the environment is in {region}; copy it to a bucket of {region}",
    source="botocore sagemaker CreateModel (the model data and the model are in one Region)",
)
OWN6 = rule(
    "OWN6",
    refuses="an image of another account that is pulled from a replica of its repository",
    message="is pulled from a replica of {repository} of {owner} in {region}, which has none of its policy, so that "
    "this account may not pull; make the repository in {region} too, under one name in context.naming.repositories",
    source="Amazon ECR user guide, private image replication (repository policies are not replicated)",
    severity="warning",
)
IDN17 = rule(
    "IDN17",
    refuses="an environment that deploys with a role which may not work on its names, roles or states",
    message="is {own}, but the deploy role of {account}, which {owner} makes, works on {theirs}; write the same in both",
    source="Inferform: the roles of an account are limited to the names, the path and the states of the environment "
    "that makes them",
)
IDN16 = rule(
    "IDN16",
    refuses="an operator that is the plan role of an environment",
    message="is the plan role of {environment}, so that whoever may plan there could deploy here; name it in planners",
    source="Inferform: operators may assume the deploy role, and pull requests the plan role",
)
IDN2 = rule(
    "IDN2",
    refuses="two environments that create the same role or policy in one account",
    message="creates {kind} {name} in account {account}, which {other} creates too; give identity "
    "to one environment of the account",
    source="AWS IAM user guide: names of roles and policies are unique in an account",
)

OWN5 = rule(
    "OWN5",
    refuses="two environments that write the same settings of an account's registry in a Region",
    message="writes {what} of account {account} in {region}, which {other} writes too; keep it in one "
    "environment of them",
    source="Amazon ECR user guide, private registry settings (one of each in an account and Region)",
)

APG15 = rule(
    "APG15",
    refuses="two environments that make the role of API Gateway's logs of an account in a Region",
    message="makes the role by which API Gateway writes the logs of account {account} in {region}, as "
    "{other} does; write log_role=False in one of them",
    source="Amazon API Gateway API reference, UpdateAccount (one of an account and Region)",
)

NAME5 = rule(
    "NAME5",
    refuses="a name in AWS or Kubernetes that two environments would make",
    message="would make the {name}{more}, as {other} would; {remedy}",
    source="API references of each service: the names of IAM are unique in an account, those of S3 "
    "in a partition, others in an account and Region",
)

ELB31 = rule(
    "ELB31",
    refuses="two environments whose services want the same priority or conditions of one listener",
    message="has the same {what} as {service} of {other} on {listener}; {remedy}",
    source="Elastic Load Balancing API reference, CreateRule (PriorityInUse)",
)

ENV7 = rule(
    "ENV7",
    refuses="an environment whose key begins with the key of another and a hyphen",
    message="makes {key}, which begins with {other}: the pattern '{other}-*' would deploy and "
    "destroy both; give one of them another stage",
    source="Inferform: stacks are chosen by patterns of their names, such as 'dev-use1-*'",
)


def between(
    environments: Mapping[str, Environment], refused: Collection[str] = ()
) -> Iterator[tuple[str, Problem]]:
    """What is wrong between environments, each with the key of the one to change.

    `refused` are the keys of others that are there, and wrong in themselves.
    """
    yield from _overlaps(environments)
    yield from _unowned_images(environments)
    yield from _unowned_artifacts(environments)
    yield from _repeated_roles(environments)
    yield from _planning_operators(environments)
    yield from _out_of_reach(environments)
    yield from _nested_keys(environments)
    yield from _shared_registries(environments)
    yield from _shared_log_roles(environments)
    yield from _shared_chats(environments)
    yield from _cut_rights(environments)
    yield from _repeated_names(environments)
    yield from _shared_listeners(environments)
    yield from delivered(environments, refused)


def _shared_registries(environments: Mapping[str, Environment]) -> Iterator[tuple[str, Problem]]:
    """Settings and caches of one registry that two environments would write."""
    owners: dict[tuple[str, str, str], str] = {}
    for key, environment in sorted(environments.items()):
        registry, context = environment.registry, environment.context
        if not isinstance(registry, Registry):
            continue
        wanted: list[tuple[tuple[PathPart, ...], str]] = [
            (("registry", "caches", prefix), f"the cache {prefix}") for prefix in registry.caches
        ]
        if registry.settings is not None:
            wanted.append((("registry", "settings"), "the registry's settings"))
        for path, what in wanted:
            account, region = context.account, context.region
            other = owners.setdefault((account, region, what), key)
            if other != key:
                found = OWN5.problem(*path, what=what, account=account, region=region, other=other)
                yield key, found


def _shared_log_roles(environments: Mapping[str, Environment]) -> Iterator[tuple[str, Problem]]:
    """The role of API Gateway's logs that two environments would make."""
    owners: dict[tuple[str, str], str] = {}
    for key, environment in sorted(environments.items()):
        if environment.apis is None or not environment.apis.makes_log_role:
            continue
        place = environment.context.account, environment.context.region
        other = owners.setdefault(place, key)
        if other != key:
            account, region = place
            yield (
                key,
                APG15.problem("apis", "log_role", account=account, region=region, other=other),
            )


def _shared_chats(environments: Mapping[str, Environment]) -> Iterator[tuple[str, Problem]]:
    """Chat channels that two environments of an account would tell."""
    owners: dict[tuple[str, str, str], str] = {}
    for key, environment in sorted(environments.items()):
        spec, context = environment.observability, environment.context
        for field, name, place in spec.notify.chat_places() if spec is not None else ():
            other = owners.setdefault((context.partition, context.account, place), key)
            if other != key:
                remedy = (
                    "write the topic of one of them as notify.topic of the other, or take another"
                )
                found = MON24.problem(field, name, place=place, other=other, remedy=remedy)
                yield key, found.under("observability", "notify")


def _nested_keys(environments: Mapping[str, Environment]) -> Iterator[tuple[str, Problem]]:
    for key, environment in environments.items():
        for other in environments:
            if key.startswith(f"{other}-"):
                stage = environment.context.stage
                yield key, ENV7.problem("context", "stage", got=stage, key=key, other=other)


def _cut_rights(environments: Mapping[str, Environment]) -> Iterator[tuple[str, Problem]]:
    """Rights that the boundary cuts which another environment of the account makes."""
    for owner in environments.values():
        if owner.identity is None:
            continue
        for key, environment in environments.items():
            context, theirs = environment.context, owner.context
            same = (context.account, context.permissions_boundary)
            if environment is not owner and same == (theirs.account, theirs.permissions_boundary):
                for problem in environment.cut_by(owner.key, theirs, owner.identity):
                    yield key, problem


def _overlaps(environments: Mapping[str, Environment]) -> Iterator[tuple[str, Problem]]:
    seen: list[tuple[str, ipaddress.IPv4Network]] = []
    for key, environment in sorted(environments.items()):
        network = environment.network
        if not isinstance(network, Network) or network.allow_overlap:
            continue
        for index, own in enumerate(network.ranges):
            at = ("addressing", "secondary_cidrs", index - 1) if index else ("cidr",)
            for other, block in seen:
                if block.overlaps(own):
                    found = VPC2.problem(*at, got=str(own), other=block, environment=other)
                    yield key, found.under("network")
        seen += [(key, block) for block in network.ranges]


def _unowned_images(environments: Mapping[str, Environment]) -> Iterator[tuple[str, Problem]]:
    """Images of another's registry that does not have them, or does not share them."""
    made = {
        f"{owner.context.registry_of(name)}/{owner.context.own_repository(name)}": (owner, spec)
        for owner in environments.values()
        if isinstance(owner.registry, Registry) and owner.context.images is None
        for name, spec in owner.registry.repositories.items()
    }
    for key, environment in environments.items():
        context = environment.context
        owner = _owner_of_images(context, environments)
        for path, image, service in _images(environment):
            name = image.repository
            named = name in context.naming.repositories
            if context.images is None and not named:
                continue  # its own, or nobody's: see environment.py
            found = made.get(f"{context.registry_of(name)}/{context.repository(name)}")
            if found is not None:
                problems = _unshared(context, name, service, *found)
            elif owner is not None and not named:
                problems = _unowned(context, name, owner)
            else:
                problems = iter([LMB19.problem()] if service else [])
            yield from ((key, problem.under(*path)) for problem in problems)


def _unshared(
    context: Context, name: str, service: str | None, owner: Environment, repository: Repository
) -> Iterator[Problem]:
    """What keeps an account, or the AWS service that pulls for it, from an owner's repository."""
    if owner.context == context:
        return  # the registry layer opens it
    account = context.account
    let_in = (owner.context.account, *repository.pull_accounts)
    if account not in let_in and not repository.pull_organizations:
        yield OWN1.problem(owner=owner.key, repository=name, account=account)
    elif service is not None and service not in repository.pull_services:
        yield LMB19.problem()


def _unowned(context: Context, name: str, owner: Environment) -> Iterator[Problem]:
    """What is wrong with an image that is pulled from a replica of an owner's repository, or from none."""
    assert isinstance(owner.registry, Registry)
    if name not in owner.registry.repositories:
        hint = missing_repository(name, owner.registry.repositories)
        yield ECR8.problem(repository=name, hint=hint)
    elif owner.context.account != context.account:
        yield OWN6.problem(owner=owner.key, repository=name, region=context.region)


def _owner_of_images(
    context: Context, environments: Mapping[str, Environment]
) -> Environment | None:
    """The environment that owns the images of another, if it is among these."""
    if context.images is None:
        return None
    wanted = context.image_owner
    return next(
        (
            each
            for each in environments.values()
            if isinstance(each.registry, Registry)
            and (each.context.organization, each.context.account)
            == (wanted.organization, wanted.account)
            and (each.context.stage, each.context.region) == (wanted.stage, wanted.region)
        ),
        None,
    )


def _images(
    environment: Environment,
) -> Iterator[tuple[tuple[PathPart, ...], Image, str | None]]:
    """Every image with the AWS service that pulls it by itself, if one does."""
    pulled = {each.place.path: each.spec.pulled_by for each in environment.deployed}
    for path, spec in walk(environment):
        if isinstance(spec, Image):
            by = next((pulled[path[:n]] for n in range(len(path)) if path[:n] in pulled), None)
            yield path, spec, by


def _unowned_artifacts(environments: Mapping[str, Environment]) -> Iterator[tuple[str, Problem]]:
    """Artifacts in the bucket of another environment, which lets in whom it names, by its key."""
    made = {
        key: environment.registry.own_artifacts
        for key, environment in environments.items()
        if isinstance(environment.registry, Registry) and environment.registry.own_artifacts
    }
    buckets = {environments[key].artifact_bucket: environments[key] for key in made}
    for key, environment in environments.items():
        context = environment.context
        own = environment.artifact_bucket if key in made else None
        for path, uri, stays in _artifacts(environment):
            bucket = bucket_and_key(uri)[0]
            owner = buckets.get(bucket)
            if owner is None or bucket == own:
                continue
            let_in = (owner.context.account, *made[owner.key].read_accounts)
            if context.account not in let_in:
                yield key, OWN2.problem(*path, got=uri, owner=owner.key, account=context.account)
            if bucket not in context.artifact_keys:
                yield key, OWN3.problem(*path, got=uri, owner=owner.key, bucket=bucket)
            if stays and owner.context.region != context.region:
                other = owner.context.region
                yield key, OWN4.problem(*path, got=uri, other=other, region=context.region)


def _artifacts(environment: Environment) -> Iterator[tuple[tuple[PathPart, ...], str, bool]]:
    """The artifacts of services by S3 URI, and whether they must be in the same Region."""
    bucket = environment.artifact_bucket
    for each in environment.deployed:
        for path, spec in ((), each.spec), *walk(each.spec):
            if isinstance(spec, Container):
                for name, value in spec.versions():
                    if name in ("artifact", "artifacts") and value:
                        uri = located(value, bucket)
                        yield (*each.place.path, *path, name), uri, each.spec.loads_in_region


def _planning_operators(
    environments: Mapping[str, Environment],
) -> Iterator[tuple[str, Problem]]:
    """Plan roles that may assume a deploy role."""
    planning = {
        arn.casefold(): each.key
        for each in environments.values()
        if each.context.plan_role and (arn := each.context.plan_role_arn)
    }
    for key, environment in environments.items():
        identity = environment.identity
        for index, arn in enumerate(identity.operators if identity else ()):
            if arn.casefold() in planning:
                found = IDN16.problem(
                    "operators", index, got=arn, environment=planning[arn.casefold()]
                )
                yield key, found.under("identity")


def _out_of_reach(environments: Mapping[str, Environment]) -> Iterator[tuple[str, Problem]]:
    """Environments whose names, roles or states the deploy role of their account may not touch."""
    owners = {
        (each.context.account, each.context.deploy_role): each
        for each in environments.values()
        if each.identity is not None
    }
    for key, environment in environments.items():
        context = environment.context
        owner = owners.get((context.account, context.deploy_role))
        if owner is None or owner is environment:
            continue
        theirs = _reach(owner.context)
        for path, own in _reach(context).items():
            if own != theirs.get(path, own):
                found = IDN17.problem(
                    *path, own=own, theirs=theirs[path], account=context.account, owner=owner.key
                )
                yield key, found.under("context")


def _reach(context: Context) -> dict[tuple[str, ...], str]:
    """What the roles of an account are limited to, by the field that says it."""
    states = context.states
    reach: dict[tuple[str, ...], str] = {
        ("naming", "template"): context.any_name_of_organization,
        ("naming", "role_path"): context.naming.role_path,
    }
    if context.other_backend is None:
        named = "the bucket of inferform bootstrap"
        if states is not None:
            behind = "/".join(filter(None, (states.bucket, states.prefix)))
            named = f"{behind} under {states.kms_key or 'the keys of S3'}"
        reach["backend",] = named
    return reach


def _repeated_roles(environments: Mapping[str, Environment]) -> Iterator[tuple[str, Problem]]:
    """Roles and policies of one account that two environments would create."""
    owners: dict[tuple[str, str, str], str] = {}
    for key, environment in environments.items():
        if environment.identity is None:
            continue
        context = environment.context
        for kind, name in (
            # IAM tells none apart by path.
            ("role", bare(context.deploy_role or "")),
            ("role", bare(context.plan_role or "")),
            ("policy", bare(context.permissions_boundary or "")),
            # An account has one provider for an issuer.
            *(("OIDC provider", each) for each in environment.identity.creates_providers),
        ):
            if not name:
                continue
            other = owners.setdefault((context.account, kind, name), key)
            if other != key:
                yield (
                    key,
                    IDN2.problem(
                        "identity", kind=kind, name=name, account=context.account, other=other
                    ),
                )


def _repeated_names(environments: Mapping[str, Environment]) -> Iterator[tuple[str, Problem]]:
    """Names that two environments would make in one place, as a template without the stage does."""
    owners: dict[tuple[str, ...], str] = {}
    shared: dict[tuple[str, str], list[tuple[tuple[PathPart, ...], Name]]] = {}
    for key, environment in environments.items():
        for path, name in environment.names:
            if path == ("context",):
                continue  # made by the identity layer of one environment alone: IDN2
            place = (name.kind, *_place_of(environment, name), name.within, name.value)
            other = owners.setdefault(place, key)
            if other != key:
                shared.setdefault((key, other), []).append((path, name))
    for (key, other), found in shared.items():
        path, name = found[0]
        more = f" and {len(found) - 1} more" if len(found) > 1 else ""
        context, theirs = environments[key].context, environments[other].context
        apart = [
            part
            for part in ("stage", "region", "account")
            if getattr(context, part) != getattr(theirs, part)
            and f"{{{part}}}" not in context.naming.template
        ]
        remedy = "rename it in one of them"
        if apart:
            path = ("context", "naming", "template")
            remedy = f"add {{{apart[0]}}} to the template"
        yield key, NAME5.problem(*path, name=name, more=more, other=other, remedy=remedy)


_OF_AN_ACCOUNT = (
    "aws_budgets_budget",
    "aws_chatbot_slack_channel_configuration",
    "aws_chatbot_teams_channel_configuration",
    "aws_cloudwatch_dashboard",
)


def _place_of(environment: Environment, name: Name) -> tuple[str, ...]:
    """In which place AWS or Kubernetes gives a name once."""
    context = environment.context
    if not name.kind.startswith("aws_"):
        eks = environment.eks
        if isinstance(eks, EksOutputs):
            return context.account, context.region, eks.cluster_name
        return (environment.key,)
    if name.kind == "aws_s3_bucket":
        return (context.partition,)
    # Amazon CloudWatch user guide: an account's dashboards are in no Region; nor are budgets.
    if name.kind.startswith("aws_iam_") or name.kind in _OF_AN_ACCOUNT:
        return (context.partition, context.account)
    place = (context.account, context.region)
    if name.kind == "aws_security_group":
        network = environment.network
        return (*place, network.vpc_id if isinstance(network, NetworkOutputs) else environment.key)
    return place


def _shared_listeners(environments: Mapping[str, Environment]) -> Iterator[tuple[str, Problem]]:
    """Services of several environments on one listener that exists."""
    taken: list[tuple[str, PathPart, str, Route]] = []
    for key, environment in sorted(environments.items()):
        for path, service in environment.services.items():
            route, cluster = service.route, environment.ecs
            if not isinstance(route, Route) or cluster is None:
                continue
            listener = listener_of(route, cluster)
            if not listener.startswith("arn:"):
                continue
            for other, name, theirs, their in taken:
                if other == key or theirs != listener:
                    continue
                what, remedy = "hosts and paths", "one of them would get nothing"
                if their.conditions != route.conditions:
                    if their.rule_priority != route.rule_priority:
                        continue
                    what, remedy = "priority", "give one of them another priority"
                yield (
                    key,
                    ELB31.problem(
                        *(*path, "route"),
                        what=what,
                        service=name,
                        other=other,
                        listener=listener.rpartition(":listener/")[2],
                        remedy=remedy,
                    ),
                )
            taken.append((key, path[-1], listener, route))
