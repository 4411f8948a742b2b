"""Publishing: a new artifact of a service, uploaded to where its file then looks for it.

The version stands in the path of the artifact and, where the image has the same one, in its tag: both
change together, as they do in the file. What a path holds once is never replaced.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from boto3.exceptions import S3UploadFailedError
from botocore.exceptions import ClientError

from inferform import Model
from inferform.loading import Loaded
from inferform.model.artifact import located
from inferform.rules import one_of
from inferform.s3_uri import bucket_and_key
from inferform.spec import walk

from .advice import about_request, explained
from .aws import Aws
from .errors import BadInputError, OperatorError
from .promote import Promotion, Release, edit, release_of
from .services import find

_ABSENT = ("404", "NoSuchKey", "NotFound")
_DIGEST = "inferform-sha256"


@dataclass(frozen=True, slots=True)
class Publication:
    """An upload and the edit that names it, neither made yet."""

    uri: str
    edit: Promotion | None
    """The edit of the environment's file; None where the file names the version already."""

    images: tuple[str, ...]
    """The tags of images that the edit names too, and that must be there."""

    models: tuple[Model, ...]
    """What loads the artifact."""


def plan(loaded: Loaded, key: str, service: str, version: str) -> Publication:
    """What publishing a version of a service's artifact does. A version that the file names already, such as
    the first one, is only uploaded.

    Raises BadInputError where the service has no one artifact with a version in its path, or its file
    cannot be edited safely.
    """
    environment = loaded.environments[key]
    found = find(environment, service)
    if not version or "/" in version or version != version.strip():
        raise BadInputError(f"{version!r} is no version", "such as 1.4.3")
    release = release_of(environment, service)
    kept = {value for value in release.values() if value in {*found.spec.loads()}}
    archives = sorted(value for value in kept if value is not None)
    if len(archives) != 1 or archives[0].endswith("/"):
        said = f"loads {one_of(archives)}" if archives else "names no artifact of its own"
        raise BadInputError(
            f"{found.full_name} {said}, and publish uploads one archive",
            "for a version of the Model Registry inferform models resolve; else upload it, and edit the file",
        )
    (archive,) = archives
    old = _version_in(archive, release)
    if old is None:
        raise BadInputError(
            f"no folder of {archive} is the version of {found.full_name}",
            f"write the artifact as NAME/VERSION/{archive.rpartition('/')[2]}",
        )
    models = tuple(
        each for _, each in walk(found.spec) if isinstance(each, Model) and each.artifact == archive
    )
    if old == version:
        return Publication(located(archive, environment.artifact_bucket), None, (), models)
    new = "/".join(version if part == old else part for part in archive.split("/"))
    changes: Release = {
        path: new if value == archive else version
        for path, value in release.items()
        if value == archive or (value == old and path[-1] == "tag")
    }
    return Publication(
        located(new, environment.artifact_bucket),
        edit(loaded, key, service, changes),
        tuple(str(path[-1]) for path in changes if path[-1] == "tag"),
        models,
    )


def _version_in(archive: str, release: Release) -> str | None:
    """The part of a path that is the version: the tag of an image, else the last folder."""
    folders = archive.removeprefix("s3://").split("/")[:-1]
    tags = [value for path, value in release.items() if path[-1] == "tag" and value in folders]
    if tags:
        return tags[0]
    return folders[-1] if len(folders) > 1 else None


def _put(s3: Any, file: Path, bucket: str, key: str, digest: str, aws: Aws) -> None:
    try:
        s3.upload_file(str(file), bucket, key, ExtraArgs={"Metadata": {_DIGEST: digest}})
    except S3UploadFailedError as error:
        # boto3 keeps what AWS answered only as what came before.
        cause = error.__context__
        hint = ""
        if isinstance(cause, ClientError):
            hint = about_request(cause, aws.context)
            if cause.response["Error"]["Code"] == "NoSuchBucket":
                hint = f"inferform deploy {aws.context.key}-registry makes the environment's own"
        raise OperatorError(str(error), hint) from error


def upload(file: Path, uri: str, aws: Aws) -> bool:
    """Put a file where nothing is yet; False where the same file is there already.

    Raises OperatorError where something else is.
    """
    with file.open("rb") as opened:
        digest = hashlib.file_digest(opened, "sha256").hexdigest()
    bucket, key = bucket_and_key(uri)
    s3 = aws.client("s3")
    with explained(aws.context):
        held: Any
        try:
            held = s3.head_object(Bucket=bucket, Key=key)
        except ClientError as error:
            if error.response["Error"]["Code"] not in _ABSENT:
                raise
            _put(s3, file, bucket, key, digest, aws)
            return True
    if held.get("Metadata", {}).get(_DIGEST) == digest:
        return False
    raise OperatorError(
        f"{uri} is there already, and is not known to be {file}", "publish it as another version"
    )
