"""What starts a pipeline: pushes to branches, tags, and pull requests."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Annotated, Any, Literal

from ..rules import Problem, rule
from ..spec import Aws, Check, Many, Spec

CPL5 = rule(
    "CPL5",
    refuses="no pattern where one is needed, more than 8, or one twice",
    message="must be {low} to 8 patterns, each once",
    source="botocore codepipeline GitBranchPatternList, GitTagPatternList, GitFilePathPatternList",
)
CPL6 = rule(
    "CPL6",
    refuses="a pattern that is excluded and included, by itself or by another",
    message="excludes {what} of {other}, and what is excluded wins; leave it out of one",
    source="AWS CodePipeline user guide, add trigger with filtering (excludes override includes)",
)
CPL7 = rule(
    "CPL7",
    refuses="an empty pattern of a branch, tag or path, one over 255 characters or with blanks at its ends, "
    "the whole name of a reference, or what no name or file of a repository is like",
    message="must be a pattern of 1 to 255 characters such as {example}{hint}",
    source="botocore codepipeline GitBranchNamePattern, GitTagNamePattern, GitFilePathPattern; AWS "
    "CodePipeline user guide, glob patterns (names of branches without refs/heads/; files from the root of the "
    "repository); git-check-ref-format",
)
CPL8 = rule(
    "CPL8",
    refuses="no event of pull requests, or one twice",
    message="must be events of pull requests, each once: OPEN, UPDATED, CLOSED",
    source="botocore codepipeline GitPullRequestEventTypeList",
)

MOST_PATTERNS = 8


def _is_pattern(text: str) -> bool:
    return (
        1 <= len(text) <= 255
        and text.isprintable()
        and text == text.strip()
        and not text.startswith("refs/")
    )


def _name_wrong(text: str) -> str:
    """Why no branch and no tag is called like a pattern; empty where one may be."""
    never = sorted({*text} & {*" ~^:"})
    return f": git has no name with {never[0]!r}" if never else ""


def _file_wrong(text: str) -> str:
    """Why no file of a repository is called like a pattern; empty where one may be."""
    if text.startswith(("/", "./", "../")):
        return ": files begin at the root of the repository, without a slash or a dot"
    return ": a folder is no file, write **" if text.endswith("/") else ""


def _form(example: str, wrong: Callable[[str], str]) -> Check:
    return Check(
        CPL7,
        lambda text: _is_pattern(text) and not wrong(text),
        lambda text: {"example": example, "hint": wrong(text)},
    )


def _many(low: int) -> Check:
    def fits(patterns: tuple[str, ...]) -> bool:
        return low <= len(patterns) <= MOST_PATTERNS and len(set(patterns)) == len(patterns)

    return Check(CPL5, fits, lambda _: {"low": low})


Branch = Annotated[
    str,
    _form("main or release/*", _name_wrong),
    Aws(
        "codepipeline:GitBranchFilterCriteria.includes",
        "codepipeline:GitBranchFilterCriteria.excludes",
    ),
]
Tag = Annotated[
    str,
    _form("v*", _name_wrong),
    Aws("codepipeline:GitTagFilterCriteria.includes", "codepipeline:GitTagFilterCriteria.excludes"),
]
FilePath = Annotated[
    str,
    _form("environments/**", _file_wrong),
    Aws(
        "codepipeline:GitFilePathFilterCriteria.includes",
        "codepipeline:GitFilePathFilterCriteria.excludes",
    ),
]

Branches = Annotated[Many[Branch], _many(1)]
MoreBranches = Annotated[Many[Branch], _many(0)]
Tags = Annotated[Many[Tag], _many(1)]
MoreTags = Annotated[Many[Tag], _many(0)]
Paths = Annotated[Many[FilePath], _many(0)]

PullRequestEvent = Literal["OPEN", "UPDATED", "CLOSED"]


def _both(spec: Spec, included: str, excluded: str) -> Iterator[Problem]:
    for index, pattern in enumerate(getattr(spec, excluded)):
        # Any file may be meant where no paths are named.
        for each in getattr(spec, included) or ["**"]:
            if _covers(pattern, each):
                yield CPL6.problem(excluded, index, got=pattern, what=each, other=included)


_GLOB = {"**": ".*", "*": "[^/]*", "?": "[^/]"}


def _covers(pattern: str, other: str) -> bool:
    """Whether a pattern surely matches all that another one does. Sets, groups and escapes are not looked into."""
    if pattern in ("**", other):
        return True
    if set(pattern + other) & set("[]{}\\") or set(other) & set("*?"):
        return False
    parts = re.split(r"(\*\*|\*|\?)", pattern)
    return bool(re.fullmatch("".join(_GLOB.get(each, re.escape(each)) for each in parts), other))


def _filter(included: tuple[str, ...], excluded: tuple[str, ...]) -> dict[str, Any] | None:
    if not (included or excluded):
        return None
    return {
        **({"includes": list(included)} if included else {}),
        **({"excludes": list(excluded)} if excluded else {}),
    }


class OnPush(Spec):
    """Starts a pipeline when somebody pushes to a branch."""

    branches: Branches
    """Patterns of the branches, such as `main` or `release/*`; `*` ends at a slash, `**` does not."""

    exclude_branches: MoreBranches = ()
    """Patterns of branches that do not start it though `branches` has them. Default: none."""

    paths: Paths = ()
    """Patterns of files, of which a push must change one: `environments/**`. Default: none, any push
    starts it."""

    exclude_paths: Paths = ()
    """Patterns of files that alone start nothing: `docs/**`. Default: none."""

    def check(self) -> Iterator[Problem]:
        """Nothing is included and excluded."""
        yield from _both(self, "branches", "exclude_branches")
        yield from _both(self, "paths", "exclude_paths")

    @property
    def branch(self) -> str | None:
        """The one branch that it is about; None where a pattern stands for several."""
        first = self.branches[0]
        return None if set(first) & set("*?[{") else first

    def as_trigger(self) -> dict[str, Any]:
        """The filter of a push, by CodePipeline's names."""
        paths = _filter(tuple(self.paths), tuple(self.exclude_paths))
        return {
            "branches": _filter(tuple(self.branches), tuple(self.exclude_branches)),
            **({"file_paths": paths} if paths else {}),
        }


class OnTag(Spec):
    """Starts a pipeline when somebody pushes a tag. CodePipeline knows no files of a tag."""

    tags: Tags
    """Patterns of the tags, such as `v*`."""

    exclude_tags: MoreTags = ()
    """Patterns of tags that do not start it though `tags` has them: `v*-rc*`. Default: none."""

    def check(self) -> Iterator[Problem]:
        """Nothing is included and excluded."""
        yield from _both(self, "tags", "exclude_tags")

    def as_trigger(self) -> dict[str, Any]:
        """The filter of a push, by CodePipeline's names."""
        return {"tags": _filter(tuple(self.tags), tuple(self.exclude_tags))}


class OnPullRequest(Spec):
    """Starts a review when something happens to a pull request."""

    branches: Branches
    """Patterns of the branches that pull requests are to be merged into."""

    events: Annotated[
        Many[Annotated[PullRequestEvent, Aws("codepipeline:GitPullRequestFilter.events")]],
        Check(CPL8, lambda events: bool(events) and len(set(events)) == len(events)),
    ] = ("OPEN", "UPDATED")
    """What happens: `OPEN`, `UPDATED`, `CLOSED`. Default: OPEN and UPDATED."""

    paths: Paths = ()
    """Patterns of files, of which it must change one. Default: none, any pull request starts it."""

    exclude_paths: Paths = ()
    """Patterns of files that alone start nothing: `docs/**`. Default: none."""

    def check(self) -> Iterator[Problem]:
        """Nothing is included and excluded."""
        yield from _both(self, "paths", "exclude_paths")

    def as_trigger(self) -> dict[str, Any]:
        """The filter of a pull request, by CodePipeline's names."""
        paths = _filter(tuple(self.paths), tuple(self.exclude_paths))
        return {
            "events": list(self.events),
            "branches": _filter(tuple(self.branches), ()),
            **({"file_paths": paths} if paths else {}),
        }
