"""The fast bindings give what the stock ones give.

Everything that loads bindings runs in a process of its own, as loading happens once a process.
"""

import contextlib
import importlib.util
import json
import os
import shutil
import signal
import subprocess
import sys
import textwrap
import zipfile
from pathlib import Path
from typing import Any

import pytest

from inferform.bindings import _KNOWN as KNOWN
from tests.waiting import gone, wait_until

ROOT = Path(__file__).parents[2]
SWITCH = "INFERFORM_STOCK_BINDINGS"


def run(source: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run Python source as a program of its own, without variables that steer Node."""
    steering = ("NODE_OPTIONS", "JSII_", "INFERFORM_", "CDKTF_")
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(steering)}
    return subprocess.run(
        [sys.executable, "-c", textwrap.dedent(source)],
        cwd=ROOT,
        env={**inherited, **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )


def result(source: str, **environment: str) -> Any:
    """What a program prints as JSON; examples of documents may print after it."""
    done = run(source, **environment)
    assert done.returncode == 0, done.stderr
    for line in reversed(done.stdout.splitlines()):
        with contextlib.suppress(json.JSONDecodeError):
            return json.loads(line)
    pytest.fail(done.stdout)


def files(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


SAMPLE = """
    import json, os, sys
    from bench import sample
    sample.main([{outdir!r}, "--endpoints", "2", "--kubernetes"])
    import jsii
    submodules = [name for name in sys.modules if name.startswith("cdktf_cdktf_provider_aws.")]
    print(json.dumps({{"node": type(jsii.kernel.provider._process).__name__,
                       "submodules": len(submodules),
                       "options": os.environ.get("NODE_OPTIONS")}}))
"""

EXAMPLES = """
    from pathlib import Path
    from inferform.layers import program
    from tests.examples.stacks import sources
    for name, environments in sources().items():
        program.synthesize(environments, outdir=Path({outdir!r}) / "examples" / name)
"""


@pytest.fixture(scope="module")
def fast(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Any]:
    """The sample and all examples with the fast bindings: the output, and how they were loaded."""
    outdir = tmp_path_factory.mktemp("fast")
    code = (SAMPLE + EXAMPLES).format(outdir=str(outdir))
    return outdir, result(code, PYTHONHASHSEED="1")


def test_the_sample_is_loaded_by_one_node_process_and_few_submodules(
    fast: tuple[Path, Any],
) -> None:
    _, loaded = fast
    assert loaded["node"] == "SingleNode"
    assert loaded["submodules"] < 40


def test_the_output_is_byte_identical_to_the_one_of_the_stock_bindings(
    fast: tuple[Path, Any], tmp_path: Path
) -> None:
    outdir, _ = fast
    code = (SAMPLE + EXAMPLES).format(outdir=str(tmp_path))
    # Another order of what hangs on hashes, too.
    loaded = result(code, PYTHONHASHSEED="2", **{SWITCH: "1"})
    assert loaded["node"] == "_NodeProcess"
    assert {"manifest.json", "stacks/registry/cdk.tf.json"} < files(tmp_path).keys()
    assert len(list(tmp_path.glob("examples/*/stacks/*/cdk.tf.json"))) > 30
    assert files(outdir) == files(tmp_path)


@pytest.fixture
def picky_node(tmp_path: Path) -> str:
    """A Node that refuses to run the kernel alone, as an unknown version of Node does."""
    script = tmp_path / "node"
    script.write_text('#!/bin/sh\ncase "$*" in *kernel.js*) exit 3;; esac\nexec node "$@"\n')
    script.chmod(0o755)
    return str(script)


def test_a_node_that_ends_falls_back_to_the_stock_processes_with_the_same_output(
    fast: tuple[Path, Any], picky_node: str, tmp_path: Path
) -> None:
    outdir = tmp_path / "out"
    done = run(SAMPLE.format(outdir=str(outdir)), JSII_NODE=picky_node)
    assert warnings(done) == [
        "warning: the bindings load slowly, as Node refused to run alone: it ended with status 3 "
        f"before it answered; {SWITCH}=1 hides this warning"
    ]
    assert json.loads(done.stdout.splitlines()[-1])["options"] is None
    made = files(outdir)
    assert {"manifest.json", "stacks/registry/cdk.tf.json"} < made.keys()
    assert made == {name: files(fast[0])[name] for name in made}


@pytest.fixture
def new_node(tmp_path: Path) -> str:
    """A Node that says that it is of version 99."""
    version = tmp_path / "version.js"
    version.write_text(
        'Object.defineProperty(process, "versions", {value: {...process.versions, node: "99.1.0"}});'
    )
    script = tmp_path / "node"
    script.write_text(f'#!/bin/sh\nexec node --require "{version}" "$@"\n')
    script.chmod(0o755)
    return str(script)


STACK = """
    from inferform import bindings
    bindings.install()
    import cdktf
    cdktf.TerraformStack(cdktf.Testing.app(), "stack")
"""


def test_a_node_of_another_version_is_said_once(new_node: str) -> None:
    assert warnings(run(STACK, JSII_NODE=new_node)) == [
        "warning: the bindings load slowly, as Node is 99.1.0 and not of version 20, 22 or 24; "
        f"{SWITCH}=1 hides this warning"
    ]
    assert warnings(run(STACK, JSII_NODE=new_node, **{SWITCH: "1"})) == []
    assert warnings(run(STACK)) == []


def test_a_runtime_of_the_users_own_is_said_once(tmp_path: Path) -> None:
    jsii = importlib.util.find_spec("jsii")
    assert jsii is not None
    assert jsii.origin is not None
    # The package has its files side by side under names that hold their folders.
    for file in (Path(jsii.origin).parent / "_embedded" / "jsii").glob("*__*.js"):
        to = tmp_path / file.name.replace("__", "/", 1)
        to.parent.mkdir(exist_ok=True)
        shutil.copy(file, to)
    runtime = tmp_path / "bin" / "jsii-runtime.js"
    assert warnings(run(STACK, JSII_RUNTIME=str(runtime))) == [
        "warning: the bindings load slowly, as JSII_RUNTIME names another runtime; "
        f"{SWITCH}=1 hides this warning"
    ]


@pytest.mark.parametrize("package", ["jsii", "cdktf"])
def test_another_version_of_jsii_or_cdktf_leaves_everything_stock(package: str) -> None:
    done = run(
        f"""
        import sys, typing
        resolve = typing.get_type_hints
        from inferform import bindings
        bindings._KNOWN[{package!r}] = "0"
        bindings.install()
        assert "cdktf_cdktf_provider_aws" not in sys.modules
        assert typing.get_type_hints is resolve
        import cdktf, jsii, typeguard
        cdktf.TerraformStack(cdktf.Testing.app(), "stack")
        assert type(jsii.kernel.provider._process).__name__ == "_NodeProcess"
        assert not hasattr(typeguard.check_type, "__wrapped__")
        """
    )
    assert done.returncode == 0, done.stderr


def test_another_version_of_a_provider_leaves_that_provider_stock() -> None:
    done = run(
        """
        import sys
        from inferform import bindings
        bindings._KNOWN["cdktf_cdktf_provider_kubernetes"] = "0"
        bindings.install()
        assert "cdktf_cdktf_provider_aws" in sys.modules
        assert "cdktf_cdktf_provider_kubernetes" not in sys.modules
        from cdktf_cdktf_provider_aws.vpc import Vpc
        """
    )
    assert done.returncode == 0, done.stderr


UNKNOWN = """
    from importlib import metadata
    version = metadata.version
    metadata.version = lambda name: "99.0" if name in {packages!r} else version(name)
    from inferform import bindings
    bindings.install()
    bindings.install()
"""


def warnings(done: subprocess.CompletedProcess[str]) -> list[str]:
    """The lines of stderr that are ours, without jsii's banner about the version of Node."""
    assert done.returncode == 0, done.stderr
    return [line for line in done.stderr.splitlines() if line.startswith("warning: ")]


@pytest.mark.parametrize("package", sorted(KNOWN))
def test_a_version_that_is_not_known_is_said_once(package: str) -> None:
    assert warnings(run(UNKNOWN.format(packages=[package]))) == [
        f"warning: the bindings load slowly, as {package} is 99.0 and not {KNOWN[package]}; "
        f"{SWITCH}=1 hides this warning"
    ]


def test_all_versions_that_are_not_known_are_said_in_one_line() -> None:
    source = UNKNOWN.format(packages=["typeguard", "jsii"]) + "    import inferform.cdk"
    assert warnings(run(source)) == [
        "warning: the bindings load slowly, as jsii is 99.0 and not 1.142.0, "
        f"typeguard is 99.0 and not 2.13.3; {SWITCH}=1 hides this warning"
    ]


@pytest.mark.parametrize("package", ["jsii", "typeguard"])
def test_stock_bindings_that_were_asked_for_are_not_warned_of(package: str) -> None:
    source = UNKNOWN.format(packages=[package]) + "    import inferform.cdk"
    assert warnings(run(source, **{SWITCH: "1"})) == []


@pytest.mark.parametrize("value", ["", "0"])
def test_an_empty_or_zero_switch_is_off(value: str) -> None:
    done = run(
        "import sys; from inferform import bindings; bindings.install();"
        "assert 'cdktf_cdktf_provider_aws' in sys.modules",
        **{SWITCH: value},
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("preloaded", [False, True])
def test_children_do_not_inherit_node_options_and_those_of_the_user_are_kept(
    preloaded: bool, picky_node: str, tmp_path: Path
) -> None:
    hello = tmp_path / "hello.js"
    # The stock processes talk over stdout, so only the single one can forward it.
    stdout = "" if preloaded else 'console.log("from stdout");'
    hello.write_text(stdout + 'console.error("from stderr");')
    environment = {"NODE_OPTIONS": f'--require="{hello}"'}
    if preloaded:
        environment["JSII_NODE"] = picky_node
    done = run(
        """
        import os, subprocess, sys
        from inferform import bindings
        bindings.install()
        bindings.install()
        import cdktf
        cdktf.TerraformStack(cdktf.Testing.app(), "stack")
        names = ("NODE_OPTIONS", "JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION")
        show = f"import os; print([os.environ.get(name) for name in {names}])"
        print("children", subprocess.check_output([sys.executable, "-c", show], text=True))
        """,
        **environment,
    )
    assert done.returncode == 0, done.stderr
    assert f"children {[environment['NODE_OPTIONS'], None]}" in done.stdout
    assert "from stdout" in done.stdout or preloaded
    assert "from stderr" in done.stderr


def test_no_banner_about_the_version_of_node_is_printed(picky_node: str) -> None:
    source = "from inferform import bindings; bindings.install(); import cdktf; cdktf.Testing.app()"
    assert run(source).stderr == ""
    lines = run(source, JSII_NODE=picky_node).stderr.splitlines()
    assert [line.partition(", ")[0] for line in lines] == ["warning: the bindings load slowly"]


def test_importing_cdktf_first_is_made_good_as_long_as_nothing_was_built() -> None:
    source = """
        import cdktf, json, jsii
        {use}
        from inferform import bindings
        bindings.install()
        from cdktf_cdktf_provider_aws.vpc import Vpc
        stack = cdktf.TerraformStack(cdktf.Testing.app(), "stack")
        vpc = Vpc(stack, "vpc", cidr_block="10.0.0.0/16")
        cdktf.TerraformOutput(stack, "id", value=vpc.id)
        print(json.dumps([type(jsii.kernel.provider._process).__name__,
                          json.loads(cdktf.Testing.synth(stack))["output"]["id"]["value"]]))
    """
    expected = "${aws_vpc.vpc.id}"
    assert result(source.format(use="")) == ["SingleNode", expected]
    assert result(source.format(use="cdktf.Fn.join('-', ['a'])")) == ["_NodeProcess", expected]


def test_submodules_are_found_as_attributes_and_unknown_names_are_not() -> None:
    done = run(
        """
        import importlib
        from inferform import bindings
        bindings.install()
        import cdktf_cdktf_provider_aws as aws
        from cdktf_cdktf_provider_aws import subnet
        assert aws.vpc.Vpc.__module__ == "cdktf_cdktf_provider_aws.vpc"
        assert aws.subnet is subnet
        assert aws.__file__.endswith("__init__.py") and aws.__spec__.name == aws.__name__
        assert {"vpc", "s3_bucket"} <= set(aws.__all__) <= set(dir(aws))
        assert not hasattr(aws, "nothing") and not hasattr(aws, "__nothing__")
        try:
            importlib.import_module("cdktf_cdktf_provider_aws.nothing")
        except ModuleNotFoundError:
            pass
        else:
            raise AssertionError
        """
    )
    assert done.returncode == 0, done.stderr


def test_a_type_that_only_node_has_seen_is_found() -> None:
    done = run(
        """
        from inferform import bindings
        bindings.install()
        import cdktf_cdktf_provider_aws._jsii, jsii, sys
        from jsii import _reference_map as references
        from jsii._kernel.types import ObjRef
        reference = ObjRef(ref="@cdktf/provider-aws.s3Bucket.S3Bucket@10000")
        bucket = references.resolve_reference(jsii.kernel, reference)
        assert type(bucket).__name__ == "S3Bucket"
        assert "cdktf_cdktf_provider_aws.s3_bucket" in sys.modules
        """
    )
    assert done.returncode == 0, done.stderr


FAILING = {
    'Vpc(stack, "vpc")': "RuntimeError: There is already a Construct with name 'vpc'",
    'Vpc(stack, "b", cidr_block=5)': "TypeError: type of argument cidr_block must be",
    'Vpc(stack, "b", tags={"a": 5})': (
        "RuntimeError: Passed to parameter config of new @cdktf/provider-aws.vpc.Vpc"
    ),
    'stack.add_dependency("network")': "TypeError: type of argument dependency must be",
    'cdktf.TerraformStack(app, "a b")': "RuntimeError: Cannot create TerraformStack with id",
}


def test_failing_constructs_say_what_is_wrong_and_where() -> None:
    found = result(
        f"""
        import json, traceback
        from inferform import bindings
        bindings.install()
        import cdktf
        from cdktf_cdktf_provider_aws.vpc import Vpc
        app = cdktf.Testing.app()
        stack = cdktf.TerraformStack(app, "stack")
        Vpc(stack, "vpc", cidr_block="10.0.0.0/16")
        found = []
        for statement in {[*FAILING]}:
            try:
                exec(compile(statement, "environment.py", "exec"))
            except Exception:
                found.append(traceback.format_exc())
        print(json.dumps(found))
        """
    )
    assert len(found) == len(FAILING)
    for said, error in zip(found, FAILING.values(), strict=True):
        assert f"\n{error}" in said
        assert 'File "environment.py", line 1' in said


def test_an_asset_is_zipped_although_the_archiver_is_not_loaded(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    (source / "code.py").write_text("pass")
    done = run(
        f"""
        from inferform import bindings
        bindings.install()
        import cdktf
        app = cdktf.App(outdir={str(tmp_path / "out")!r})
        stack = cdktf.TerraformStack(app, "stack")
        cdktf.TerraformAsset(
            stack, "code", path={str(source)!r}, type=cdktf.AssetType.ARCHIVE, asset_hash="1"
        )
        app.synth()
        """
    )
    assert done.returncode == 0, done.stderr
    (archive,) = (tmp_path / "out").rglob("archive.zip")
    assert zipfile.ZipFile(archive).read("code.py") == b"pass"


def test_an_interrupted_program_ends_and_leaves_no_node_behind(tmp_path: Path) -> None:
    # What a shell starts in the background ignores SIGINT, and so would all that it starts.
    source = """
        import signal
        signal.signal(signal.SIGINT, signal.default_int_handler)
        from inferform import bindings
        bindings.install()
        import cdktf, jsii, time
        cdktf.TerraformStack(cdktf.Testing.app(), "stack")
        print(jsii.kernel.provider._process._process.pid, flush=True)
        time.sleep(3600)
    """
    with subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(source)],
        cwd=ROOT,
        env={**os.environ, "TMPDIR": str(tmp_path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as program:
        assert program.stdout is not None
        assert program.stderr is not None
        node = int(program.stdout.readline())
        os.killpg(program.pid, signal.SIGINT)
        assert program.wait(timeout=300) != 0
        assert "KeyboardInterrupt" in program.stderr.read()
    assert wait_until(lambda: gone(node))


def test_a_package_that_cannot_be_loaded_is_reported(tmp_path: Path) -> None:
    done = run(
        "from inferform import bindings; bindings.install(); import cdktf; cdktf.Testing.app()",
        JSII_RUNTIME_PACKAGE_CACHE_ROOT=str(Path(__file__) / "not-a-folder"),
    )
    assert done.returncode == 1
    assert "Cannot use the jsii package cache" in done.stderr


def test_a_missing_node_is_reported_and_nothing_else() -> None:
    done = run("from inferform import bindings; bindings.install()", JSII_NODE="/no/node")
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith("FileNotFoundError")


PROGRAM = """
    import sys
    from pathlib import Path
    from inferform import program
    status = program.main(Path({environments!r}), ["--outdir", {outdir!r}])
"""


@pytest.mark.parametrize("is_wrong", [False, True])
def test_the_program_starts_one_node_which_ends_with_it(is_wrong: bool, tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    node = tmp_path / "node"
    node.write_text(f'#!/bin/sh\necho $$ >>"{pids}"\nexec node "$@"\n')
    node.chmod(0o755)
    environments = tmp_path / "environments"
    shutil.copytree(ROOT / "environments", environments)
    if is_wrong:
        waits = f"import os\nwhile not os.path.exists({str(pids)!r}): pass\n"
        (environments / "wrong.py").write_text(f"{waits}Context()\n")
    out = tmp_path / "out"
    source = PROGRAM.format(environments=str(environments), outdir=str(out))
    source += f"""
    from tests.waiting import gone
    print(gone(int(Path({str(pids)!r}).read_text())))
    sys.exit(status)
    """
    done = run(source, JSII_NODE=str(node))
    assert done.returncode == (2 if is_wrong else 0), done.stderr
    assert out.exists() != is_wrong
    # What has been made needs it to the end.
    assert done.stdout == f"{is_wrong}\n"
    (pid,) = pids.read_text().split()
    assert gone(int(pid))


def test_a_wrong_spec_is_reported_where_node_is_missing(tmp_path: Path) -> None:
    (tmp_path / "wrong.py").write_text("Context()\n")
    source = PROGRAM.format(environments=str(tmp_path), outdir="out")
    done = run(f"{source}    sys.exit(status)", JSII_NODE="/no/node")
    assert done.returncode == 2
    assert "name 'Context' is not defined" in done.stderr
    assert "/no/node" not in done.stderr


def test_a_synthesis_sends_most_messages_ahead(tmp_path: Path) -> None:
    sent = result(
        f"""
        import json
        from pathlib import Path
        from inferform import load
        from inferform.layers.program import synthesize
        from inferform._node.kernel import SingleNode

        counts = dict(send=0, _foreseen=0)
        for name in counts:
            def counted(*arguments, name=name, method=getattr(SingleNode, name)):
                answer = method(*arguments)
                counts[name] += answer is not None
                return answer
            setattr(SingleNode, name, counted)
        synthesize(load(Path("environments")).environments.values(), outdir=Path({str(tmp_path)!r}))
        print(json.dumps(counts))
        """
    )
    assert sent["_foreseen"] > 0.6 * sent["send"] > 100


def test_an_error_of_what_was_sent_ahead_names_it_and_leaves_node_in_order() -> None:
    done = run(
        """
        from inferform import bindings
        bindings.install()
        import cdktf, constructs
        from inferform.bindings import sending_ahead

        app = cdktf.Testing.app()
        try:
            with sending_ahead():
                for name in ("first", "twice", "twice", "last"):
                    constructs.Construct(app, name)
        except RuntimeError as error:
            print(error, error.__notes__)
        print(len(app.node.children))
        try:
            with sending_ahead():
                constructs.Construct(app, "first")
                app.node.children
        except RuntimeError as error:
            print(type(error).__name__)
        print(constructs.Construct(app, "new").node.id)
        """
    )
    assert done.returncode == 0, done.stderr
    said, children, kind, new = done.stdout.splitlines()
    assert "There is already a Construct with name 'twice'" in said
    assert "in constructs.Construct, of which Node was asked some calls ago" in said
    assert (children, kind, new) == ("3", "RuntimeError", "new")


def test_what_node_calls_otherwise_than_foreseen_is_an_error() -> None:
    done = run(
        """
        from inferform import bindings
        bindings.install()
        import cdktf, constructs, jsii
        from inferform.bindings import sending_ahead

        app = cdktf.Testing.app()
        with sending_ahead():
            jsii.kernel.provider._process._next_object += 1
            constructs.Construct(app, "one")
        """
    )
    assert done.returncode == 1
    assert "RuntimeError: Node calls it constructs.Construct@" in done.stderr


NAMED = """
    from inferform import bindings
    bindings.install()
    import cdktf
    from constructs import Construct
    from inferform.bindings import sending_ahead, waiting
    from cdktf_cdktf_provider_aws.data_aws_availability_zones import DataAwsAvailabilityZones
    from cdktf_cdktf_provider_aws.vpc import Vpc

    app = cdktf.App(outdir={outdir!r}, skip_validation=True)
    {broken}
    with sending_ahead():
        stack = cdktf.TerraformStack(app, "stack")
        other = cdktf.TerraformStack(Construct(app, "above"), "other")
        vpcs = [Vpc(stack, "vpc")]
        for scope in (stack, other):
            here = Construct(scope, "vpc") if scope is other else Construct(scope, "inner.a b")
            vpcs += [Vpc(here, id) for id in ("vpc", "x/y", "Default", "Resource", "long" * 70)]
            vpcs.append(Vpc(Construct(here, "deeper"), "deeper"))
        Vpc.override_logical_id(vpcs[2], "mine")
        names = [vpc.friendly_unique_id for vpc in vpcs if vpc is not vpcs[5]]
        # Its name is asked for already, and stays; its address does not.
        Vpc.override_logical_id(vpcs[3], "late")
        names += [vpc.friendly_unique_id for vpc in vpcs[:4]]
        with waiting():
            Vpc.override_logical_id(vpcs[5], "waited")
            vpcs.append(Vpc(stack, "waited"))
        names += [vpcs[5].friendly_unique_id, vpcs[-1].friendly_unique_id]
        Vpc.reset_override_logical_id(vpcs[2])
        names += [vpc.friendly_unique_id for vpc in vpcs[:4]]
        zones = [DataAwsAvailabilityZones(stack, f"zones{{number}}") for number in range(3)]
        cdktf.TerraformOutput(stack, "names", value=names)
        cdktf.TerraformOutput(stack, "fqns", value=[vpc.fqn + "!" for vpc in vpcs[:7]])
        cdktf.TerraformOutput(stack, "ids", value={{vpc.arn: vpc.id for vpc in vpcs[:7]}})
        cdktf.TerraformOutput(stack, "joined", value=",".join(vpc.id for vpc in vpcs[:7]))
        cdktf.TerraformOutput(
            stack, "all", value=[cdktf.Fn.element(each.names, 1) for each in zones]
        )
        for each in zones[1:]:
            cdktf.TerraformOutput(each, "whole", value=each.names)
        assert all(cdktf.Token.is_unresolved(each.names) for each in zones)
        inputs = [Vpc(stack, f"input{{number}}", cidr_block=value).cidr_block_input
                  for number, value in enumerate(["10.0.0.0/16", vpcs[0].cidr_block, "10.1.0.0/16"])]
        cdktf.TerraformOutput(stack, "inputs", value=inputs)
        vpcs[0].cidr_block = "10.2.0.0/16"
    app.synth()
"""


def test_names_and_attributes_that_were_foreseen_are_those_of_the_stock_bindings(
    picky_node: str, tmp_path: Path
) -> None:
    ways: dict[str, dict[str, str]] = {
        "fast": {},
        "stock": {SWITCH: "1"},
        "refused": {"JSII_NODE": picky_node},
    }
    for name, environment in ways.items():
        done = run(NAMED.format(outdir=str(tmp_path / name), broken=""), **environment)
        assert done.returncode == 0, done.stderr
    fast, stock, refused = (files(tmp_path / name) for name in ways)
    assert "stacks/stack/cdk.tf.json" in fast
    assert fast == stock == refused


@pytest.mark.parametrize(
    ("broken", "error"),
    {
        "kernel.logical_id = lambda path: 'wrong'": 'not "wrong"',
        "node._kinds['@cdktf/provider-aws.vpc.Vpc', 'cidrBlockInput'] = 'string'": (
            'Node says "10.0.0.0/16", which is no token'
        ),
    }.items(),
)
def test_an_answer_that_was_not_foreseen_rightly_is_an_error(
    broken: str, error: str, tmp_path: Path
) -> None:
    setup = f"""
    import jsii
    from inferform._node import kernel
    node = jsii.kernel.provider._process
    {broken}
    """
    done = run(NAMED.format(outdir=str(tmp_path / "out"), broken=setup))
    assert done.returncode == 1
    assert error in done.stderr
    assert "of which Node was asked some calls ago" in done.stderr
    assert not (tmp_path / "out" / "stacks" / "stack").exists()


def test_values_are_resolved_as_by_cdktf_itself() -> None:
    preload = ROOT / "inferform" / "_node" / "lazy.js"
    said = []
    for options in ([], ["--require", str(preload)]):
        done = subprocess.run(
            ["node", *options, str(Path(__file__).with_name("resolving.js"))],
            capture_output=True,
            text=True,
            check=True,
            timeout=600,
        )
        *made, is_fast = done.stdout.splitlines()
        assert is_fast == str(bool(options)).lower()
        said.append(made)
    stock, fast = said
    assert fast == stock
    assert len(stock) > 80
    assert sum("rror: " in line for line in stock) > 15


def test_json_is_written_as_by_cdktf_itself() -> None:
    done = subprocess.run(
        ["node", str(Path(__file__).with_name("writing.js"))],
        capture_output=True,
        text=True,
        check=True,
        timeout=600,
    )
    said = done.stdout.splitlines()
    assert set(said) == {"plain same fast", "odd same stock", "other same stock"}
    assert len(said) > 40


def test_nothing_is_sent_ahead_once_python_overrides_what_node_calls() -> None:
    done = run(
        """
        from inferform import bindings
        bindings.install()
        import cdktf
        from inferform.bindings import sending_ahead

        class Named(cdktf.TerraformStack):
            def _allocate_logical_id(self, element):
                return "mine"

        app = cdktf.Testing.app()
        with sending_ahead():
            stack = Named(app, "stack")
            output = cdktf.TerraformOutput(stack, "out", value="x")
            print(output.friendly_unique_id)
        """
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == "mine\n"


def test_a_short_run_leaves_the_index_of_a_package_that_it_has_cached(tmp_path: Path) -> None:
    source = "from inferform import bindings; bindings.install(); import cdktf; cdktf.Testing.app()"
    assert run(source, JSII_RUNTIME_PACKAGE_CACHE_ROOT=str(tmp_path)).returncode == 0
    indexed = {path.parents[2].name for path in tmp_path.rglob(".jsii.runtime.v1.json")}
    assert indexed == {"cdktf", "constructs"}


CHECKS = """
    import datetime, enum, json, typing
    from inferform import bindings
    bindings.install()
    import cdktf, typeguard
    from cdktf_cdktf_provider_aws.vpc import VpcConfig

    class Text(str): pass
    class Color(enum.Enum): RED = "red"
    class Pair(typing.NamedTuple):
        left: int

    values = [None, True, 1, 1.5, "a", Text("a"), Color.RED, Pair("a"), {}, {"a": "b"}, {"a": 1},
              {1: "a"}, [], ["a"], [1], [None], ("a",), VpcConfig(), object(), str, len]
    types = [None, type(None), bool, int, float, str, dict, Color, Pair, typing.Any, VpcConfig]
    types += [typing.Optional[kind] for kind in types[2:]]
    types += [typing.Union[int, float], typing.Optional[typing.Union[int, float]],
              typing.Mapping[str, str], typing.Optional[typing.Mapping[str, str]],
              typing.Sequence[str], typing.Optional[typing.Sequence[str]],
              typing.Union[VpcConfig, typing.Dict[str, typing.Any]],
              typing.Union[bool, cdktf.IResolvable], typing.Optional[cdktf.ITerraformDependable],
              typing.Sequence[typing.Union[VpcConfig, typing.Dict[str, typing.Any]]],
              typing.Callable[[], int], typing.Type[str], typing.Literal["a"]]

    def verdict(check, value, expected):
        try:
            return check("argument x", value, expected)
        except TypeError as error:
            return str(error)

    stock = typeguard.check_type.__wrapped__
    differ, failed = [], 0
    types += ["VpcConfig", typing.Optional["VpcConfig"], typing.Union["VpcConfig", int, None]]
    for expected in types:
        # As a generated signature has it.
        def stub(x): ...
        stub.__name__ = "_typecheckingstub__1"
        stub.__annotations__ = {"x": expected}
        expected = typing.get_type_hints.__wrapped__(stub)["x"]
        for value in values:
            for _ in range(2):
                hint = typing.get_type_hints(stub)["x"]
                fast = verdict(typeguard.check_type, value, hint)
                failed += fast is not None
                if fast != verdict(stock, value, expected):
                    differ.append([repr(value), repr(expected), fast])
    print(json.dumps([differ, failed]))
"""


def test_arguments_are_judged_as_by_the_stock_checks() -> None:
    differ, failed = result(CHECKS)
    assert differ == []
    assert failed > 300


def test_a_type_hint_is_resolved_for_a_value_that_needs_it() -> None:
    done = run(
        """
        import typing
        from inferform import bindings
        bindings.install()
        import typeguard

        def stub(*, first: typing.Optional["Later"] = None, second: "Later"): ...
        stub.__name__ = "_typecheckingstub__1"
        hints = typing.get_type_hints(stub)
        typeguard.check_type("argument first", None, hints["first"])
        for name in ("first", "second"):
            try:
                typeguard.check_type(f"argument {name}", "text", hints[name])
            except NameError:
                pass
            else:
                raise AssertionError
        Later = str
        typeguard.check_type("argument first", "text", hints["first"])
        """
    )
    assert done.returncode == 0, done.stderr


def test_type_hints_of_other_functions_are_resolved_as_ever() -> None:
    done = run(
        """
        import typing
        from inferform import bindings
        bindings.install()
        def function(value: "Later") -> typing.Annotated[int, "meta"]: ...
        Later = int
        assert typing.get_type_hints(function)["value"] is int
        Later = str
        assert typing.get_type_hints(function)["value"] is str
        assert typing.get_type_hints(function, include_extras=True)["return"] is not int
        """
    )
    assert done.returncode == 0, done.stderr
