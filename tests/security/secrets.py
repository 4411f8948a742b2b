"""Looking for secrets in what is written."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from detect_secrets.core.plugins.util import get_mapping_from_secret_type_to_class
from detect_secrets.core.potential_secret import PotentialSecret
from detect_secrets.core.scan import scan_file
from detect_secrets.settings import transient_settings

# Every name of Terraform's ends in a hash, which entropy cannot tell from a key; and an address
# that is public is no secret.
_LEFT_OUT = ("Base64HighEntropyString", "HexHighEntropyString", "IPPublicDetector")


def kinds_of_secrets(folder: Path) -> Iterator[str]:
    """What detect-secrets finds in the files of a folder, as `file:line: kind`."""
    known: dict[str, type] = get_mapping_from_secret_type_to_class()
    names = {plugin.__name__ for plugin in known.values()} - {*_LEFT_OUT}
    plugins = [{"name": name} for name in sorted(names)]
    with transient_settings({"plugins_used": plugins}):
        for file in _files(folder):
            for secret in scan_file(str(file)):
                # The ARN by which a container fetches a secret is none.
                if ":secret:" in (secret.secret_value or "") or _is_end_of_arn(secret, file):
                    continue
                yield f"{file.relative_to(folder)}:{secret.line_number}: {secret.type}"


def _is_end_of_arn(secret: PotentialSecret, file: Path) -> bool:
    """Whether the number of an account is taken for that of a bot, which is two digits shorter."""
    line = file.read_text("utf-8").splitlines()[secret.line_number - 1]
    end = re.escape(secret.secret_value or "")
    return secret.type == "Telegram Bot Token" and not re.search(rf"(?<!\d){end}", line)


def holding(folder: Path, texts: Iterable[str]) -> list[str]:
    """The files of a folder that hold one of `texts`, in zip archives such as plans too."""
    wanted = [text.encode() for text in texts]
    return [
        str(file.relative_to(folder))
        for file in _files(folder)
        if any(text in content for content in _contents(file) for text in wanted)
    ]


def _files(folder: Path) -> Iterator[Path]:
    for file in sorted(folder.rglob("*")):
        if file.is_file() and "providers" not in file.parts:
            yield file


def _contents(file: Path) -> Iterator[bytes]:
    yield file.read_bytes()
    if zipfile.is_zipfile(file):
        with zipfile.ZipFile(file) as archive:
            yield from (archive.read(name) for name in archive.namelist())
