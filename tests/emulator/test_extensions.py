"""The list of extensions, and what guards it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

import inferform_emulator
from inferform_emulator import extensions
from inferform_emulator.extensions.registry import (
    Service,
    UnknownMotoError,
    operations_of,
)

ROOT = Path(inferform_emulator.__file__).parent


def test_every_extension_says_what_aws_does_and_can_be_put_into_moto() -> None:
    # in a process of its own: what is put into moto stays there
    code = (
        "import importlib\n"
        "from emulator import extensions\n"
        "from emulator.extensions import registry\n"
        "for name in registry.modules('emulator.extensions'):\n"
        "    service = importlib.import_module('emulator.extensions.' + name).service\n"
        "    assert service.name == name\n"
        "    for function in service.functions:\n"
        "        assert 'AWS' in (function.__doc__ or ''), (name, function.__name__)\n"
        "    extensions.install(name)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT.parent)


def test_another_moto_is_refused_with_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.metadata.version", lambda name: "9.9.9")
    with pytest.raises(UnknownMotoError, match=r"moto 5\.2\.5, got 9\.9\.9; install moto==5\.2\.5"):
        extensions.check_moto()


class _Moto:
    def list_things(self) -> str:
        return "moto's"

    @property
    def arn(self) -> str:
        return "arn"

    @staticmethod
    def limit(given: int) -> int:
        return given


def test_what_is_put_into_moto_later_is_known_then() -> None:
    handler = type("Handler", (_Moto,), {})
    service = Service("test", handler)
    assert "make_thing" not in operations_of(handler)

    @service.adds("MakeThing", gap="missing")
    def make_thing(response: _Moto) -> str:
        return "made"

    service.install()
    assert {"list_things", "make_thing"} <= operations_of(handler)


def test_an_operation_that_moto_has_by_now_is_not_added_over_it() -> None:
    service = Service("test", _Moto)

    @service.adds("ListThings", gap="missing")
    def list_things(response: _Moto) -> str:
        return "ours"

    with pytest.raises(UnknownMotoError, match="drop the extension"):
        service.install()


def test_a_correction_gets_the_original_whatever_kind_of_method_it_is() -> None:
    kind = type("Moto", (_Moto,), {"list_things": _Moto.list_things})
    service = Service("test", kind)

    @service.corrects("ListThings", gap="-")
    def list_things(original: object, response: _Moto) -> str:
        return original(response) + " and ours"  # type: ignore[operator,no-any-return]

    @service.corrects("GetArn", gap="-")
    def arn(original: object, response: _Moto) -> str:
        return original(response) + "-2"  # type: ignore[operator,no-any-return]

    @service.corrects("GetLimit", gap="-")
    def limit(original: object, given: int) -> int:
        return original(given) + 1  # type: ignore[operator,no-any-return]

    service.install()
    service.install()
    moto = kind()
    assert (moto.list_things(), moto.arn, moto.limit(1)) == ("moto's and ours", "arn-2", 2)


@pytest.mark.parametrize(
    ("service", "method", "given"),
    [
        ("sagemaker", "list_monitoring_alerts", {"MonitoringScheduleName": "a"}),
        ("iam", "list_service_specific_credentials", {}),
        ("eks", "list_insights", {"clusterName": "a"}),
        ("ec2", "describe_fpga_images", {}),
    ],
)
def test_an_operation_that_the_emulator_lacks_is_refused_at_once(
    client: Callable[..., Any], service: str, method: str, given: dict[str, Any]
) -> None:
    with pytest.raises(ClientError, match="the emulator does not have"):
        getattr(client(service), method)(**given)
