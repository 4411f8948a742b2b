"""Keys of REST APIs, which are in no state and in no file: made, listed and taken away in AWS."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from inferform import Environment
from inferform.api.names import plan_name

from .aws import Aws
from .errors import BadInputError, OperatorError


@dataclass(frozen=True, slots=True)
class Key:
    """A key of a plan; its value is told when it is made, and never again."""

    id: str
    name: str
    plan: str
    enabled: bool
    created: str


class ApiKeys:
    """The keys of the usage plans of one REST API.

    Raises BadInputError for an API or a plan that the environment does not have, and OperatorError
    where the plan is not deployed.
    """

    def __init__(self, environment: Environment, api: str, aws: Aws) -> None:
        found = environment.apis.rest if environment.apis else {}
        if api not in found:
            raise BadInputError(
                f"{environment.key} has no REST API {api}",
                f"write one of {', '.join(sorted(found))}" if found else "write Apis(rest={...})",
            )
        self.api = api
        self.plans = tuple(found[api].plans)
        self._context = environment.context
        self._client: Any = aws.any_client("apigateway")

    def create(self, plan: str, name: str) -> tuple[Key, str]:
        """A new key of a plan, and its value. Raises OperatorError where the plan has one of that
        name."""
        plan_id = self._plan_id(plan)
        if any(key.name == name for key in self._of(plan, plan_id)):
            raise OperatorError(
                f"the plan {plan} has a key {name}",
                "choose another name, or delete that one and tell its holder the new one",
            )
        made = self._client.create_api_key(
            name=name, enabled=True, tags=self._context.default_tags("apis")
        )
        try:
            self._client.create_usage_plan_key(
                usagePlanId=plan_id, keyId=made["id"], keyType="API_KEY"
            )
        except Exception:
            # A key without a plan opens nothing, and nobody would find it.
            self._client.delete_api_key(apiKey=made["id"])
            raise
        return self._key(made, plan), str(made["value"])

    def list(self) -> Iterator[Key]:
        """The keys of every plan of the API, without their values."""
        for plan in self.plans:
            yield from self._of(plan, self._plan_id(plan))

    def delete(self, plan: str, name: str) -> Key:
        """Take a key away: requests with it get 403 from then on. Raises OperatorError where the plan
        has none of that name, or several."""
        plan_id = self._plan_id(plan)
        found = [key for key in self._of(plan, plan_id) if key.name == name]
        if len(found) != 1:
            raise OperatorError(
                f"the plan {plan} has {len(found) or 'no'} keys of the name {name}",
                "inferform api-keys list shows them",
            )
        self._client.delete_usage_plan_key(usagePlanId=plan_id, keyId=found[0].id)
        self._client.delete_api_key(apiKey=found[0].id)
        return found[0]

    def _of(self, plan: str, plan_id: str) -> Iterator[Key]:
        pages = self._client.get_paginator("get_usage_plan_keys").paginate(usagePlanId=plan_id)
        for page in pages:
            for each in page["items"]:
                # The list of a plan's keys has no dates, and the one of all keys would be long.
                yield self._key(self._client.get_api_key(apiKey=each["id"]), plan)

    @staticmethod
    def _key(answer: Any, plan: str) -> Key:
        created = answer["createdDate"]
        return Key(
            answer["id"], answer["name"], plan, bool(answer["enabled"]), f"{created:%Y-%m-%d}"
        )

    def _plan_id(self, plan: str) -> str:
        if plan not in self.plans:
            raise BadInputError(
                f"the REST API {self.api} has no usage plan {plan}",
                f"write one of {', '.join(self.plans)}" if self.plans else "write plans={...}",
            )
        name = plan_name(self._context, self.api, plan)
        for page in self._client.get_paginator("get_usage_plans").paginate():
            for each in page["items"]:
                if each["name"] == name:
                    return str(each["id"])
        raise OperatorError(
            f"the usage plan {name} is not deployed",
            f"inferform deploy {self._context.key}",
        )
