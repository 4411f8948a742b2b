"""Rules of expiry for images with certain tags."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from ..rules import Problem, rule
from ..spec import Between, Many, Matches, Spec

ECR10 = rule(
    "ECR10",
    refuses="the beginning or pattern of tags that no tag fits, or a pattern with more than four *",
    message="must be the beginning of tags such as dev-, or a pattern with at most four * such as "
    "*-nightly",
    source="Amazon ECR user guide, lifecycle policy properties (tagPrefixList, tagPatternList)",
)
ECR11 = rule(
    "ECR11",
    refuses="a rule of expiry without tags, with beginnings and patterns, or without one limit",
    message="{wrong}; {remedy}",
    source="Amazon ECR user guide, lifecycle policy properties",
)
ECR12 = rule(
    "ECR12",
    refuses="more rules of expiry than a lifecycle policy takes",
    message="must be at most 48 rules: a policy takes 50, and two are those of keep_images and "
    "expire_untagged_days",
    source="Amazon ECR service quotas (rules per lifecycle policy)",
)
ECR7 = rule(
    "ECR7",
    refuses="a number of kept images outside 1 to 10,000",
    message="must be from {low} to {high}",
    source="Amazon ECR user guide, lifecycle policies; service quotas (images per repository)",
)

MOST_RULES = 48


class Expiry(Spec):
    """When images of some tags expire: these are then left alone by `keep_images`.

    Name their tags by `tag_prefixes` or `tag_patterns`, and give `keep` or `after_days`. An image
    has to have a tag for each of several.
    """

    tag_prefixes: Many[Annotated[str, Matches(ECR10, r"[\w.-]{1,128}")]] = ()
    """The beginnings of their tags, such as `("dev-",)`. Default: none."""

    tag_patterns: Many[Annotated[str, Matches(ECR10, r"(?=.{1,128}$)[\w.-]*(\*[\w.-]*){0,4}")]] = ()
    """Patterns of their tags, in which `*` stands for any characters. Default: none."""

    keep: Annotated[int, Between(ECR7, 1, 10_000)] | None = None
    """How many of them are kept; older ones expire. Default: None."""

    after_days: Annotated[int, Between(ECR7, 1, 10_000)] | None = None
    """Days after their push on which they expire. Default: None."""

    def check(self) -> Iterator[Problem]:
        """One way to name images, and one limit."""
        if bool(self.tag_prefixes) == bool(self.tag_patterns):
            both = bool(self.tag_prefixes)
            wrong = "names tags by beginnings and by patterns" if both else "names no tags"
            yield ECR11.problem(wrong=wrong, remedy="give one of tag_prefixes and tag_patterns")
        if (self.keep is None) == (self.after_days is None):
            wrong = "has no limit" if self.keep is None else "has two limits"
            yield ECR11.problem(wrong=wrong, remedy="give one of keep and after_days")
