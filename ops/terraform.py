"""Finding Terraform and the AWS provider, and running Terraform on synthesized stacks."""

from __future__ import annotations

import hashlib
import json
import os
import platform
import re
import shlex
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from fcntl import LOCK_EX, LOCK_SH, flock
from functools import cache, cached_property
from pathlib import Path
from tempfile import NamedTemporaryFile
from threading import Timer
from typing import Any, TextIO

from inferform_emulator import LOCK

from .errors import OperatorError
from .project import find_project

ROOT = find_project(Path.cwd()) or Path.cwd()
"""The project's folder: the nearest with a `cdktf.json`, from the current folder upwards."""

WORK = ROOT / ".inferform"
"""What the operator's commands keep between runs; never committed."""

EMULATOR_FOLDER = WORK / "emulator"
"""Where the project's emulator keeps its record and its log."""

PRIVATE = 0o077
"""The umask of whatever writes plans, states and logs: for their owner alone."""

LOCK_FILE = ".terraform.lock.hcl"
"""What Terraform may take for a provider, by version and hashes."""

EMULATOR_LOCK = LOCK
"""The lock of stacks that are made for the emulator."""

BINARY = "TERRAFORM_BINARY_NAME"
"""The environment variable that names another binary than `terraform`, such as `tofu`."""

_HOW_TO_GET = (
    "get Terraform 1.11 or newer from https://developer.hashicorp.com/terraform/install, or OpenTofu "
    f"1.10 or newer from https://opentofu.org/docs/intro/install and set {BINARY}=tofu"
)
_SEARCH_DEPTH = 3
_START_SECONDS = 120


@dataclass(frozen=True, slots=True)
class Product:
    """Terraform or OpenTofu: what differs between them."""

    name: str

    minimum: tuple[int, int]
    """The first version that locks a state in S3 by a file of its own."""

    registry: str
    """The host of its public registry, which is also a part of a provider's full name."""


TERRAFORM = Product("Terraform", (1, 11), "registry.terraform.io")
OPENTOFU = Product("OpenTofu", (1, 10), "registry.opentofu.org")


@dataclass(frozen=True, slots=True)
class Tool:
    """A Terraform or OpenTofu that is installed."""

    path: str
    product: Product
    version: tuple[int, ...]


_VERSION = re.compile(r"^(Terraform|OpenTofu) v(\d+)\.(\d+)\.(\d+)", re.MULTILINE)


@cache
def _tool(name: str, path: str) -> Tool:
    found = shutil.which(name, path=path)
    if found is None:
        raise OperatorError(f"{name} is not on PATH", _HOW_TO_GET)
    answer = subprocess.run(
        [found, "version"],
        env={**os.environ, "CHECKPOINT_DISABLE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    match = _VERSION.search(answer.stdout)
    if match is None:
        raise OperatorError(f"{found} is neither Terraform nor OpenTofu", _HOW_TO_GET)
    product = next(each for each in (TERRAFORM, OPENTOFU) if each.name == match[1])
    version = tuple(int(number) for number in match.groups()[1:])
    if version[:2] < product.minimum:
        raise OperatorError(
            f"{found} is {product.name} {match[2]}.{match[3]}.{match[4]}, which is older than "
            f"{product.name} {product.minimum[0]}.{product.minimum[1]}",
            _HOW_TO_GET,
        )
    return Tool(found, product, version)


def terraform_tool() -> Tool:
    """Terraform, or what TERRAFORM_BINARY_NAME names.

    Raises OperatorError when there is none, or an old one.
    """
    return _tool(os.environ.get(BINARY) or "terraform", os.environ.get("PATH", os.defpath))


def terraform_binary() -> str:
    """The path of Terraform, or of what TERRAFORM_BINARY_NAME names. Raises OperatorError."""
    return terraform_tool().path


def _registry() -> str:
    """The host of the registry of what is installed; Terraform's where nothing is."""
    try:
        return terraform_tool().product.registry
    except OperatorError:
        return TERRAFORM.registry


def registry_reachable() -> bool:
    """Whether the public registry of Terraform, or of OpenTofu where that is used, answers."""
    return _answers(_registry())


@cache
def _answers(host: str) -> bool:
    # Imported late, as most commands ask no host.
    import urllib.request

    try:
        with urllib.request.urlopen(f"https://{host}/.well-known/terraform.json", timeout=3):
            return True
    except OSError:
        return False


def _mirror_roots(home: Path) -> Iterator[Path]:
    yield home / ".terraform.d" / "plugins"
    yield home / ".local" / "share" / "terraform" / "plugins"
    yield from (Path("/usr/local/share/terraform/plugins"), Path("/usr/share/terraform/plugins"))
    yield from (Path("/opt"), Path("/usr/local"), Path("/usr/share"), Path("/var/lib"), home)


def _folders(root: Path, depth: int) -> Iterator[Path]:
    yield root
    if depth == 0:
        return
    try:
        entries = sorted(entry.path for entry in os.scandir(root) if entry.is_dir())
    except OSError:
        return
    for entry in entries:
        yield from _folders(Path(entry), depth - 1)


def _platform() -> str:
    """This platform as Terraform calls it, such as `linux_amd64`."""
    machine = {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())
    return f"{platform.system().lower()}_{machine}"


def provider_mirror() -> Path | None:
    """A folder that holds an unpacked hashicorp/aws for this platform, or None.

    Terraform's own plugin folders are looked at first, then the usual places for software. OpenTofu
    takes a provider only by its own registry's name.
    """
    host = OPENTOFU.registry if _registry() == OPENTOFU.registry else "*"
    return _mirror(host, Path.home())


@cache
def _mirror(host: str, home: Path) -> Path | None:
    pattern = f"{host}/hashicorp/aws/*/{_platform()}/terraform-provider-aws_*"
    for root in _mirror_roots(home):
        for folder in _folders(root, _SEARCH_DEPTH):
            if (folder / "hashicorp").is_dir() and any(folder.parent.glob(pattern)):
                return folder.parent
    return None


_UNPACKED = ("darwin_arm64", "linux_amd64")


def emulator_lock() -> Path | None:
    """The lock of the provider for the emulator; None where only a local mirror has the provider,
    for a platform of which the lock has no hash of what is unpacked."""
    known = _platform() in _UNPACKED or registry_reachable()
    return EMULATOR_LOCK if known else None


def private_folder(folder: Path) -> None:
    """Make a folder that its owner alone may enter, or make one so that is there.

    Saved plans, states that could not be written and logs hold every value in the clear.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.chmod(0o700)


def terraform_environment(base: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment in which Terraform and cdktf run.

    A CLI configuration that exists is kept. Otherwise one is written that uses the public
    registry with a plugin cache, or a local mirror where the registry is out of reach.
    """
    variables = dict(os.environ if base is None else base)
    variables |= {"CHECKPOINT_DISABLE": "1", "TF_IN_AUTOMATION": "1", "TF_INPUT": "0"}
    # A fifth of a small deploy's processor time is the provider that collects its garbage.
    variables.setdefault("GOGC", "400")
    given = variables.get("TF_CLI_CONFIG_FILE")
    if Path(given).is_file() if given else _user_configuration() is not None:
        return variables
    private_folder(WORK)
    configuration = WORK / "terraform.rc"
    # In one step, as another run may be reading it.
    with NamedTemporaryFile("w", dir=WORK, delete=False, encoding="utf-8") as written:
        written.write(_cli_configuration())
    Path(written.name).replace(configuration)
    variables["TF_CLI_CONFIG_FILE"] = str(configuration)
    return variables


def _user_configuration() -> Path | None:
    """The user's own CLI configuration; OpenTofu looks for one of its own first."""
    names = (".tofurc", ".terraformrc") if _registry() == OPENTOFU.registry else (".terraformrc",)
    files = (Path.home() / name for name in names)
    return next((file for file in files if file.is_file()), None)


def _cli_configuration() -> str:
    mirror = None if registry_reachable() else provider_mirror()
    if mirror is not None:
        return (
            f'provider_installation {{\n  filesystem_mirror {{\n    path = "{mirror}"\n  }}\n}}\n'
        )
    cache_folder = WORK / "plugin-cache"
    cache_folder.mkdir(exist_ok=True)
    return f'plugin_cache_dir = "{cache_folder}"\n'


_CACHE = re.compile(r'^\s*plugin_cache_dir\s*=\s*"([^"]+)"', re.MULTILINE)


def plugin_cache(variables: Mapping[str, str]) -> Path | None:
    """The folder in which Terraform keeps providers for every project; None without one."""
    if folder := variables.get("TF_PLUGIN_CACHE_DIR"):
        return Path(folder)
    given = variables.get("TF_CLI_CONFIG_FILE")
    file = Path(given) if given else _user_configuration()
    found = _CACHE.search(file.read_text("utf-8")) if file and file.is_file() else None
    return Path(found[1].replace("$HOME", str(Path.home()))).expanduser() if found else None


@contextmanager
def _in_turn(stack: Stack, variables: Mapping[str, str]) -> Iterator[Callable[[], None]]:
    """Wait for whoever else writes to the same plugin cache; what it yields is called once the init
    has succeeded.

    Terraform CLI documentation, "Provider plugin cache": several inits at once are not safe. Its
    installer (internal/providercache of 1.11) unpacks into the cache in place, and where the cache
    has the version with a hash of the lock file, it reads it and links to it. So inits whose
    providers the cache is known to have go side by side, and any other goes alone.
    """
    cache = plugin_cache(variables)
    if cache is None or not cache.is_dir():
        yield _nothing
        return
    before = _required(stack)
    with (cache / ".inferform.lock").open("a+", encoding="utf-8") as held:
        while True:
            flock(held, LOCK_SH)
            if _is_held(cache, before, _known(held)):
                yield _nothing
                return
            flock(held, LOCK_EX)
            # Whoever was waited for may have got the same providers.
            if not _is_held(cache, before, _known(held)):
                break

        def succeeded() -> None:
            # Where init has added to the lock file, the cache was not used as it was.
            if before and before == _required(stack):
                known = {**_known(held), before: _providers_of(stack, cache)}
                held.seek(0)
                held.truncate()
                held.write(json.dumps(known))

        yield succeeded


def _nothing() -> None:
    """What is to be noted of an init that only reads."""


_PROVIDER = re.compile(r'^provider "([^"]+)" \{\n\s*version\s*=\s*"([^"]+)"', re.MULTILINE)


def _required(stack: Stack) -> str:
    """What decides which providers an init gets: the lock file and what the stack asks for.

    Empty where more decides: no lock file, or modules, which ask for providers of their own.
    """
    try:
        lock = (stack.folder / LOCK_FILE).read_text("utf-8")
    except OSError:
        return ""
    content = stack.content
    if "module" in content:
        return ""
    settings = content.get("terraform", {}).get("required_providers", {})
    kinds = {
        kind.partition("_")[0]
        for section in ("resource", "data", "ephemeral")
        for kind in content.get(section, {})
    }
    asked = json.dumps([lock, settings, sorted({*kinds, *content.get("provider", {})})])
    return hashlib.sha256(asked.encode()).hexdigest()


def _providers_of(stack: Stack, cache: Path) -> dict[str, list[int]]:
    """The executables in a plugin cache that a stack's lock file names, with their size and time."""
    found: dict[str, list[int]] = {}
    for name, version in _PROVIDER.findall((stack.folder / LOCK_FILE).read_text("utf-8")):
        folder = Path(name, version, _platform())
        for file in sorted((cache / folder).glob("terraform-provider-*")):
            about = file.stat()
            found[str(folder / file.name)] = [about.st_size, about.st_mtime_ns]
    return found


def _known(held: TextIO) -> dict[str, dict[str, list[int]]]:
    """What inits through a plugin cache have found there before; nothing where a run was killed."""
    held.seek(0)
    try:
        known: dict[str, dict[str, list[int]]] = json.loads(held.read())
    except ValueError:
        return {}
    return known


def _is_held(cache: Path, required: str, known: Mapping[str, Mapping[str, list[int]]]) -> bool:
    """Whether a plugin cache still has all that an init with the same need has found in it."""
    files = known.get(required)
    if not files:
        return False
    for name, about in files.items():
        try:
            now = (cache / name).stat()
        except OSError:
            return False
        if about != [now.st_size, now.st_mtime_ns]:
            return False
    return True


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a Terraform command answered."""

    status: int
    output: str


Content = Mapping[str, Any]
"""The Terraform JSON of a stack."""


def place_in(content: Content) -> tuple[str, str]:
    """Which environment and layer a stack says that it is; empty for one that says nothing."""
    said = content.get("//", {}).get("metadata", {}).get("inferform", {})
    return str(said.get("environment", "")), str(said.get("layer", ""))


def overrides_in(content: Content) -> dict[str, list[str]]:
    """The attributes that Specs override, by the address of their resource."""
    said = content.get("//", {}).get("metadata", {}).get("inferform", {}).get("overrides", {})
    return {
        f"{type_}.{name}": [str(path) for path in paths]
        for type_, resources in said.items()
        for name, paths in resources.items()
    }


def roles_in(content: Content) -> list[dict[str, Any]]:
    """The roles that somebody else made, each by its ARN, with what its service needs."""
    said = content.get("//", {}).get("metadata", {}).get("inferform", {}).get("roles", {})
    return [dict(each) for each in said.values()]


def backend_in(content: Content) -> tuple[str, dict[str, Any]]:
    """The kind of a stack's backend, such as `s3`, and its arguments."""
    settings = content.get("terraform", {})
    if "cloud" in settings:
        return "cloud", dict(settings["cloud"])
    for kind, arguments in settings.get("backend", {}).items():
        return kind, dict(arguments)
    return "local", {}


_BACKEND_CHANGED = "Backend configuration changed"

# The arguments of a backend that say where the state is; of other kinds all do.
_PLACES: Mapping[str, tuple[str, ...]] = {
    "s3": ("bucket", "key", "region", "endpoint", "endpoints", "workspace_key_prefix"),
    "local": ("path", "workspace_dir"),
}


def _given(arguments: Any) -> Any:
    """A backend's arguments without those that are not set, which Terraform writes as null."""
    if isinstance(arguments, Mapping):
        found = {name: _given(value) for name, value in arguments.items()}
        return {name: value for name, value in found.items() if value not in (None, {}, [])}
    return arguments


def _place_of(kind: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
    names = _PLACES.get(kind, tuple(arguments))
    return {"kind": kind, **{name: arguments[name] for name in names if name in arguments}}


def _words_for(place: Mapping[str, Any]) -> str:
    """A place for people: `s3 (bucket acme-tfstate, key dev/x.tfstate, region eu-west-1)`."""
    said = ", ".join(f"{name} {value}" for name, value in place.items() if name != "kind")
    return f"{place['kind']} ({said})" if said else str(place["kind"])


def _endpoint(variables: Mapping[str, str]) -> str:
    """Where S3 is by the environment of a process; empty for AWS itself."""
    return variables.get("AWS_ENDPOINT_URL_S3") or variables.get("AWS_ENDPOINT_URL") or ""


@dataclass(frozen=True)
class Stack:
    """One synthesized stack: its name, its folder and the stacks it depends on."""

    name: str
    folder: Path
    dependencies: tuple[str, ...]

    @cached_property
    def content(self) -> Content:
        """Its Terraform JSON."""
        content: Content = json.loads((self.folder / "cdk.tf.json").read_text("utf-8"))
        return content

    @cached_property
    def _place(self) -> tuple[str, str]:
        return place_in(self.content)

    @property
    def environment(self) -> str:
        """The key of its environment; empty for a stack of one's own that names none."""
        return self._place[0]

    @property
    def layer(self) -> str:
        """The name of its layer; empty for a stack of one's own that names none."""
        return self._place[1]

    @property
    def overrides(self) -> dict[str, list[str]]:
        """The attributes that Specs override, by the address of their resource."""
        return overrides_in(self.content)

    @property
    def backend_kind(self) -> str:
        """The kind of its backend: `s3` for every layer of Inferform's."""
        return backend_in(self.content)[0]

    @property
    def backend(self) -> dict[str, Any]:
        """The arguments of its backend."""
        return backend_in(self.content)[1]

    @property
    def state_key(self) -> str:
        """Where its state is: the key in the bucket, or the file, or the kind of another backend."""
        found = self.backend.get("key") or self.backend.get("path")
        return str(found) if found else f"{self.backend_kind} backend"

    @property
    def unsaved(self) -> Path:
        """Where Terraform keeps a state that it could not write to the bucket."""
        return self.folder / "errored.tfstate"

    def is_at_work(self, environment: Mapping[str, str]) -> bool | None:
        """Whether Terraform works on it on this machine; None where processes cannot be seen.

        Stacks of one name are one, as several checkouts of a project have one state; unless they are of
        another place of AWS than `environment` leads to.
        """
        processes = Path("/proc")
        if not (processes / "self" / "cmdline").is_file():
            return None
        binary = Path(terraform_binary()).name
        place = _endpoint(environment)
        return any(self._is_worked_on(each, binary, place) for each in processes.glob("[0-9]*"))

    def _is_worked_on(self, process: Path, binary: str, place: str) -> bool:
        try:
            words = (process / "cmdline").read_bytes().decode(errors="replace").split("\0")
            folder = (process / "cwd").readlink()
        except OSError:
            return False  # it has ended, or is somebody else's
        chosen = [Path(each[7:]).name for each in words if each.startswith("-chdir=")]
        if Path(words[0]).name != binary or self.folder.name not in (folder.name, *chosen):
            return False
        try:
            theirs = (process / "environ").read_bytes().decode(errors="replace").split("\0")
        except OSError:
            return process.exists()
        known = dict(each.partition("=")[::2] for each in theirs if each)
        # One that has just begun shows no environment yet.
        return not known or _endpoint(known) == place

    def run(
        self,
        *arguments: str,
        environment: Mapping[str, str],
        timeout: float = 1800,
    ) -> Outcome:
        """Run Terraform in the stack's folder; standard output and error come together."""
        process = subprocess.run(
            [terraform_binary(), f"-chdir={self.folder}", *arguments],
            env=dict(environment),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            text=True,
            timeout=timeout,
            umask=PRIVATE,
            check=False,
        )
        return Outcome(process.returncode, process.stdout)

    def answer(self, *arguments: str, environment: Mapping[str, str]) -> str:
        """What Terraform prints as data, such as `show -json`, without its messages.

        Raises OperatorError with those messages when it fails.
        """
        process = subprocess.run(
            [terraform_binary(), f"-chdir={self.folder}", *arguments],
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            umask=PRIVATE,
            check=False,
        )
        if process.returncode:
            raise OperatorError(
                f"terraform {arguments[0]} failed for {self.name}\n{process.stderr[-4000:]}"
            )
        return process.stdout

    def init(self, environment: Mapping[str, str], *, backend: bool = True) -> Outcome:
        """`terraform init`; without `backend` no state is opened.

        Settings of the backend that have changed are taken over where the state stays in its place,
        such as a role that was added. Where it would be looked for in another place, nothing is
        done, and the outcome says what to do.
        """
        if backend and self.moved:
            return Outcome(1, f"Error: {self.moved}")
        without = () if backend else ("-backend=false",)
        arguments = ("init", "-no-color", "-input=false", *without)
        with _in_turn(self, environment) as succeeded:
            done = self.run(*arguments, environment=environment)
            if done.status and _BACKEND_CHANGED in done.output:
                done = self.run(*arguments, "-reconfigure", environment=environment)
            if done.status == 0:
                succeeded()
            return done

    @property
    def has_providers(self) -> bool:
        """Whether its folder was initialised before."""
        return (self.folder / ".terraform" / "providers").is_dir()

    @property
    def _initialised(self) -> tuple[str, dict[str, Any]] | None:
        """The kind and the arguments of the backend that its folder was last initialised with."""
        try:
            content = json.loads(
                (self.folder / ".terraform" / "terraform.tfstate").read_text("utf-8")
            )
            return str(content["backend"]["type"]), _given(content["backend"]["config"])
        except (OSError, ValueError, KeyError, TypeError):
            return None

    @property
    def backend_changed(self) -> bool:
        """Whether its backend may have other arguments than when its folder was initialised."""
        before = self._initialised
        return before is not None and before != (self.backend_kind, _given(self.backend))

    @property
    def moved(self) -> str:
        """What to do where its state would be looked for in another place than before; empty where
        it would not."""
        before, kind = self._initialised, self.backend_kind
        if before is None:
            return ""
        places = [_place_of(*each) for each in (before, (kind, _given(self.backend)))]
        if places[0] == places[1]:
            return ""
        was, would = (_words_for(place) for place in places)
        there = f"terraform -chdir={shlex.quote(str(self.folder))} init"
        return (
            f"the state of {self.name} is in {was}, but the program says {would}\n"
            "Nothing was done: Terraform would find no state, or another one, and create everything "
            "again.\n"
            f"To move the state there, while nobody deploys: {there} -migrate-state\n"
            f"Where the right state is there already: {there} -reconfigure"
        )


def stacks(outdir: Path) -> list[Stack]:
    """The stacks of a synthesis, those below before those above."""
    manifest: dict[str, Any] = json.loads((outdir / "manifest.json").read_text("utf-8"))
    known = {
        name: Stack(name, outdir / entry["workingDirectory"], tuple(entry["dependencies"]))
        for name, entry in manifest["stacks"].items()
    }
    ordered: dict[str, Stack] = {}

    def visit(name: str) -> None:
        for dependency in known[name].dependencies:
            visit(dependency)
        ordered.setdefault(name, known[name])

    for name in sorted(known):
        visit(name)
    return list(ordered.values())


def contents_of(stacks: Iterable[Stack]) -> dict[str, Content]:
    """The Terraform JSON of stacks by their names."""
    return {stack.name: stack.content for stack in stacks}


@contextmanager
def one_provider(stack: Stack, variables: Mapping[str, str]) -> Iterator[dict[str, str]]:
    """The variables with which runs of Terraform take the least of a processor.

    Most of a small plan is the provider, which Terraform starts three times. Here one process of the
    provider that `init` has verified serves every run, in the way that provider and Terraform have for
    debuggers. It is of this stack only, as it holds the stack's configuration. Where it does not start,
    Terraform starts its own.
    """
    light = dict(variables)
    if "TF_REATTACH_PROVIDERS" in light:
        yield light
        return
    folder = stack.folder / ".terraform" / "providers" / "registry.terraform.io" / "hashicorp"
    found = sorted(folder.glob("aws/*/*/terraform-provider-aws_*"))
    if len(found) != 1:
        yield light
        return
    with subprocess.Popen(
        [found[0], "-debug"],
        env=light,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as provider:
        # Without this, one that says nothing would be waited for without an end.
        alarm = Timer(_START_SECONDS, provider.kill)
        alarm.start()
        try:
            attach = _attachment(provider)
            alarm.cancel()
            yield light | ({"TF_REATTACH_PROVIDERS": attach} if attach else {})
        finally:
            alarm.cancel()
            provider.send_signal(signal.SIGINT)
            try:
                provider.wait(_START_SECONDS)
            except subprocess.TimeoutExpired:
                provider.kill()


def _attachment(provider: subprocess.Popen[bytes]) -> str:
    """What Terraform must know to use the provider; empty when it did not start."""
    for line in provider.stdout or ():
        match = re.search(rb"TF_REATTACH_PROVIDERS='(.*)'", line)
        if match:
            return match[1].decode()
    return ""
