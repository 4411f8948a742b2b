"""Runs the jsii kernel in one Node process, and lets it load while Python imports.

The stock client starts two Node processes, of which one only copies messages, and waits
for each package to load. Messages say the same in less time and in fewer words.
"""

import atexit
import codecs
import contextlib
import importlib
import os
import re
import selectors
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from ..names import logical_id
from . import process

_process: Any = importlib.import_module("jsii._kernel.providers.process")
_references: Any = importlib.import_module("jsii._reference_map")
_kernel: Any = importlib.import_module("jsii._kernel")
_runtime: Any = importlib.import_module("jsii._runtime")

_PRELOAD = Path(__file__).with_name("lazy.js")
_OBJECT = re.compile(rb'"\$jsii\.byref":"[^"]*@(\d+)"')
# Requests without a result, by the method that they call.
_WITHOUT_RESULT = ("addOverride", "addDependency")
# What Node calls when everything is created.
_OF_SYNTHESIS = ("prepareStack",)
_STACK = "cdktf.TerraformStack"
# What gives an element another name than that of its path.
_RENAMING = ("overrideLogicalId", "resetOverrideLogicalId")
# Names of elements that are made otherwise than `logical_id` does.
_HIDDEN = ("Default", "Resource")
_LONGEST = 240
# What kernel.js writes instead of a greeting.
_REFUSED = b'{"refused":'
_END_OF_LIFE = "JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION"


def install() -> None:
    """Start a ``SingleNode``, also where ``cdktf`` was imported and started Node before."""
    _process._NodeProcess = SingleNode
    _kernel._make_reference_for_native = _referable
    _kernel._get_overides = _overrides
    jsii: Any = importlib.import_module("jsii")
    loaded = dict(_references._assembly_to_module)
    # Nothing needs it yet, but it can start meanwhile.
    node = jsii.kernel.provider._process
    if loaded and loaded.keys() <= {"constructs", "cdktf"} and _unused(jsii):
        node.stop()
        node.__class__ = SingleNode
        node.start()
        for module in loaded.values():
            package: Any = importlib.import_module(f"{module}._jsii")
            assembly = package.__jsii_assembly__
            tarball = Path(package.__file__).with_name(assembly.filename)
            jsii.load(assembly.name, assembly.version, os.fspath(tarball))


_refer: Any = _kernel._make_reference_for_native
_find_overrides: Any = _kernel._get_overides
_PLAIN = frozenset({str, int, float, bool, type(None)})


def _overrides(klass: Any, obj: Any) -> Any:
    """What Python overrides: as the stock function, which looks through all of its classes, but
    those that are generated override nothing."""
    kind = type(obj)
    return [] if kind.__dict__.get("__jsii_declared_type__") else _find_overrides(klass, obj)


def _referable(kernel: Any, value: Any) -> Any:
    """What stands for a value in a message: as the stock function, but a struct is read without
    its properties' functions, and what it leaves unset is left out."""
    kind = type(value)
    if kind in _PLAIN:
        return value
    if kind is list:
        return [each if type(each) in _PLAIN else _referable(kernel, each) for each in value]
    if kind is dict:
        return {"$jsii.map": {name: _referable(kernel, each) for name, each in value.items()}}
    names = (
        _runtime.python_jsii_mapping(value) if "_values" in getattr(value, "__dict__", ()) else None
    )
    if names is None:
        return _refer(kernel, value)
    data = {
        names[name]: each if type(each) in _PLAIN else _referable(kernel, each)
        for name, each in value._values.items()
        if each is not None
    }
    return {"$jsii.struct": {"fqn": kind.__jsii_type__, "data": data}}


def _unused(jsii: Any) -> bool:
    """Whether the running Node has no objects and has not numbered any token."""
    if jsii.stats().object_count > 0:
        return False
    cdktf: Any = sys.modules.get("cdktf")
    return cdktf is None or cdktf.Token.as_string({}) == "${TfToken[TOKEN.0]}"


@contextlib.contextmanager
def sending_ahead() -> Iterator[None]:
    """Do not wait for Node to create what constructors ask for.

    Node then works beside Python, and messages cross in bundles. An error of a constructor shows
    at a later call, with a note of what was created; so this is for a program that handles none.
    Nothing happens where Node does not run alone.
    """
    jsii: Any = importlib.import_module("jsii")
    node = jsii.kernel.provider._process
    if not isinstance(node, SingleNode):
        yield
        return
    node.ahead = True
    try:
        yield
        node.settle()
    finally:
        node.ahead = False


@contextlib.contextmanager
def waiting() -> Iterator[None]:
    """Wait for Node after all, so that an error of a constructor shows where it is called."""
    node = importlib.import_module("jsii").kernel.provider._process
    if not isinstance(node, SingleNode):
        yield
        return
    node.settle()
    node.waits = True
    try:
        yield
    finally:
        node.waits = False


def _are_of_synthesis(overrides: Any) -> bool:
    return all(each.method in _OF_SYNTHESIS for each in overrides)


def _reference_of(value: Any) -> str | None:
    return getattr(getattr(value, "__jsii_ref__", None), "ref", None)


_ENCODED = _process.json.JSONEncoder(check_circular=False, default=_process.jdefault).encode


class PreloadedNode(_process._NodeProcess):  # type: ignore[misc]
    """The stock client, whose Node loads the submodules of the providers lazily."""

    def start(self) -> None:
        names = ("NODE_OPTIONS", _END_OF_LIFE)
        before = {name: os.environ.get(name) for name in names}
        preload = f'--require="{_PRELOAD.as_posix()}"'
        os.environ["NODE_OPTIONS"] = " ".join(filter(None, [before["NODE_OPTIONS"], preload]))
        os.environ.setdefault(_END_OF_LIFE, "20")
        try:
            super().start()
        finally:
            for name, value in before.items():
                if value is None:
                    del os.environ[name]
                else:
                    os.environ[name] = value


class SingleNode(PreloadedNode):
    """A client with one Node process, which does not wait for packages to load.

    Where that process is not available (another system or version of Node, a runtime of the
    user's own), it is a ``PreloadedNode``, and says why on stderr.
    """

    alone = False
    ahead = False
    waits = False

    def start(self) -> None:
        self._process: Any = None
        self._unanswered: list[Any] | None = None
        self._is_settled = True
        self._next_object: int | None = None
        self._next_token = 0
        # Of a class and a property, which kind of answer Node gives.
        self._kinds: dict[tuple[str, str], str | None] = {}
        # Where an object stands: in which other one, under which id.
        self._places: dict[str, tuple[str, str]] = {}
        self._stacks: set[str] = set()
        refusal = process.refusal()
        if refusal:
            process.warn(refusal)
            super().start()
        else:
            self._start_single()

    def stop(self) -> None:
        if self._process is not None:
            try:
                super().stop()
            except BrokenPipeError:
                # Ctrl-C ends Node too; its pipe is closed now, and the rest is still to be done.
                super().stop()

    def send(self, request: Any, response_type: Any) -> Any:
        if self._unanswered is None:
            self._look_at(request)
            if self.ahead and self.alone and not self.waits:
                known = self._foreseen(request)
                if known is not None:
                    return known
            return super().send(request, response_type)
        if isinstance(request, _process.LoadRequest):
            self._unanswered.append(request)
            self._post(request)
            return _process.LoadResponse(assembly=request.name, types=0)
        self._catch_up()
        return self.send(request, response_type)

    def _look_at(self, request: Any) -> None:
        """Foresee no more than what holds after a request."""
        kind = type(request)
        if kind is _process.CreateRequest and not _are_of_synthesis(request.overrides):
            # Node calls back for what Python overrides, whatever it creates from now on.
            self.ahead = False
        elif kind is _process.InvokeRequest and request.method in _RENAMING:
            self._places.pop(request.objref.ref, None)

    def _foreseen(self, request: Any) -> Any:
        """Send a request whose answer is known and give that answer; None for other requests.

        Node compares its own answer with it, and says nothing where it is the same.
        """
        kind = type(request)
        if kind is _process.CreateRequest:
            return self._create(request)
        if kind is _process.GetRequest:
            return self._get(request)
        if kind is _process.InvokeRequest and request.method in _WITHOUT_RESULT:
            fields = {"api": "invoke", "method": request.method, "args": request.args}
            answer = _process.InvokeResponse()
        elif kind is _process.SetRequest:
            fields = {"api": "set", "property": request.property, "value": request.value}
            answer = _process.SetResponse()
        else:
            return None
        self._send_ahead({**fields, "objref": {"$jsii.byref": request.objref.ref}}, {})
        return answer

    def _create(self, request: Any) -> Any:
        if request.overrides or self._next_object is None:
            answer = super().send(request, _process.CreateResponse)
            reference = getattr(answer, "ref", None)
        else:
            reference = f"{request.fqn}@{self._next_object}"
            self._next_object += 1
            answer = _process.CreateResponse(reference)
            fields = {
                "api": "create",
                "fqn": request.fqn,
                "args": request.args,
                "overrides": [],
                "interfaces": request.interfaces,
            }
            self._send_ahead(fields, {"ref": reference})
        match request.args:
            case [scope, str(part), *_] if reference and (held := _reference_of(scope)):
                self._places[reference] = held, part
                if request.fqn == _STACK:
                    self._stacks.add(reference)
        return answer

    def _get(self, request: Any) -> Any:
        """The answer of an attribute is a token, whose name Python may choose; that of a name in
        Terraform follows from where the element stands. Which property is what Node says once for
        each class."""
        reference, name = request.objref.ref, request.property
        if reference not in self._places:
            return None
        kind = (reference.rpartition("@")[0], name)
        fields = {"api": "get", "objref": {"$jsii.byref": reference}, "property": name}
        if kind not in self._kinds:
            self._write({**fields, "$kind": True})
            answer = self._received()
            self._kinds[kind] = answer.get("kind")
            return self._serializer.structure(answer, _process.GetResponse)
        value: Any = None
        match self._kinds[kind]:
            case "string":
                value, expected = self._new_token("$")
            case "list":
                value, expected = self._new_token("#")
                value = [value]
            case "id":
                value = self._logical_id(reference)
                expected = {"value": value}
        if value is None:
            return None
        self._send_ahead(fields, expected)
        return _process.GetResponse(value)

    def _new_token(self, sign: str) -> tuple[str, dict[str, str]]:
        key = f"AHEAD.{self._next_token}"
        self._next_token += 1
        return f"{sign}{{TfToken[{key}]}}", {"token": key}

    def _logical_id(self, reference: str) -> str | None:
        """What Terraform calls an element; None where that does not follow from its path alone."""
        path: list[str] = []
        while reference not in self._stacks:
            if reference not in self._places:
                return None
            reference, part = self._places[reference]
            if part in _HIDDEN or "/" in part:
                return None
            path.insert(0, part)
        made = logical_id(path) if path else ""
        return made if 0 < len(made) < _LONGEST else None

    def _send_ahead(self, fields: dict[str, Any], expected: dict[str, Any]) -> None:
        self._write({**fields, "$foreseen": expected})
        self._is_settled = False

    def _write(self, message: dict[str, Any]) -> None:
        # The stock serializer walks through the arguments, which are references already.
        self._process.stdin.write(f"{_ENCODED(message)}\n".encode())

    def settle(self) -> None:
        """Wait for what was sent ahead; raises the first error of it."""
        if not self._is_settled:
            super().send(_process.StatsRequest(), _process.StatsResponse)

    def _next_message(self) -> Any:
        message = self._next_answer()
        # A callback waits for its own answer.
        self._is_settled = "callback" not in message
        if failure := message.get("failure"):
            error = RuntimeError(failure["error"])
            error.add_note(f"in {failure['in']}, of which Node was asked some calls ago")
            raise error
        return message

    def _received(self) -> Any:
        """The answer to what was written."""
        self._process.stdin.flush()
        message = self._next_message()
        if "error" in message:
            fault = message["name"] == _process.ErrorType.JSII_FAULT.value
            error = _process.JSIIError if fault else RuntimeError
            raise error(message["error"]) from _process.JavaScriptError(message["stack"])
        return message["ok"]

    def _next_answer(self) -> Any:
        line = self._process.stdout.readline()
        for number in _OBJECT.findall(line):
            self._next_object = max(self._next_object or 0, int(number) + 1)
        return _process.json.loads(line, object_hook=_process.ohook)

    def _start_single(self) -> None:
        """Take or start Node without waiting for its greeting."""
        started = process.take()
        node: Any = started.process
        self.sink_thread = threading.Thread(
            name="node.output", target=_forward, args=(node.stdout, node.stderr), daemon=True
        )
        self.sink_thread.start()
        # The stock methods exchange messages through these two.
        node.stdin, node.stdout = started.requests, started.answers
        self._process = node
        self._unanswered = []
        atexit.register(self.stop)

    def _post(self, request: Any) -> None:
        """Send a request whose answer is read by ``_catch_up``."""
        message = _process.json.dumps(self._serializer.unstructure(request))
        # Node may have gone already, which shows when its greeting is read.
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.write(f"{message}\n".encode())
            self._process.stdin.flush()

    def _catch_up(self) -> None:
        """Read the greeting and the answers that nobody has waited for so far."""
        requests, self._unanswered = self._unanswered or [], None
        greeting = self._process.stdout.peek()
        if not greeting or greeting.startswith(_REFUSED):
            reason = (
                _process.json.loads(self._process.stdout.readline())["refused"] if greeting else ""
            )
            self._discard()
            ended = f"it ended with status {self._process.returncode} before it answered"
            process.warn(reason or f"Node refused to run alone: {ended}")
            super().start()
            for request in requests:
                super().send(request, _process.LoadResponse)
            return
        self.handshake()
        self.alone = True
        for _ in requests:
            self._received()

    def _discard(self) -> None:
        """Clean up after a Node process that ended before its greeting."""
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.close()
        self.stop()


def _forward(stdout: IO[bytes], stderr: IO[bytes]) -> None:
    """Pass on what Node prints, until it ends."""
    with selectors.DefaultSelector() as selector:
        for pipe, stream in ((stdout, "stdout"), (stderr, "stderr")):
            decoder = codecs.getincrementaldecoder("utf-8")("replace")
            selector.register(pipe, selectors.EVENT_READ, (stream, decoder))
        while selector.get_map():
            for key, _ in selector.select():
                stream, decoder = key.data
                chunk = os.read(key.fd, 65536)
                # A stream may be closed or absent, and Node must not wait for it.
                with contextlib.suppress(AttributeError, ValueError):
                    getattr(sys, stream).write(decoder.decode(chunk))
                    getattr(sys, stream).flush()
                if not chunk:
                    selector.unregister(key.fileobj)
    stdout.close()
