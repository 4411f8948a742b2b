"""The helm layer: charts that an EKS cluster runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..helm.spec import Helm
from ..outputs import EksOutputs
from .record import LayerRecord, Site

if TYPE_CHECKING:
    from .stacks.helm import HelmLayer


def _build(site: Site) -> HelmLayer:
    from .stacks.helm import HelmLayer

    return HelmLayer(
        site.app,
        context=site.context,
        spec=site.spec,
        target=site.target,
        cluster=site.given("eks", EksOutputs),
    )


HELM = LayerRecord(
    name="helm",
    spec=Helm,
    stands_on=("eks",),
    build=_build,
)
