"""The AWS services behind pipelines that deliver. No deploy role makes them: whoever changes a pipeline
deploys everywhere, so that an administrator applies the layer."""

from __future__ import annotations

from ..access import Access

ACCESS = {
    "codebuild": Access(("BatchGetProjects", "List"), deploys=False),
    "codeconnections": Access(("GetConnection", "List"), deploys=False),
    "codepipeline": Access(("GetPipeline", "List"), deploys=False),
}
