"""`pip install bucketry[EXTRA]` in a clean environment brings what it should, and each README does what it says."""

from __future__ import annotations

import email
import re
import subprocess
import tomllib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from bucketry_testing import rest_server, s3_endpoint

from tests.distributions.clean_install import ROOT, CleanInstall, environment
from tests.s3.backend import reachable
from tests.servers.handles import MinioServer, Reachable, RgwServer
from tests.servers.programs import LocalServer

EXTRAS = {
    "": {"bucketry"},
    "aio": {"bucketry", "anyio"},
    "file": {"bucketry", "bucketry-file"},
    "memory": {"bucketry", "bucketry-memory"},
    "minio": {"bucketry", "bucketry-minio", "bucketry-s3client", "minio"},
    "rgw": {"bucketry", "bucketry-rgw", "bucketry-s3client", "boto3"},
    "router": {"bucketry", "bucketry-router"},
    "client": {"bucketry", "bucketry-client", "httpx"},
    "s3": {"bucketry", "bucketry-s3", "bucketry-s3client", "boto3"},
    "http": {"bucketry", "bucketry-http", "bucketry-access", "litestar"},
    "oidc": {"bucketry", "bucketry-http", "bucketry-access", "pyjwt"},
    "traces": {"bucketry", "bucketry-http", "bucketry-access", "opentelemetry-sdk"},
    "cli": {
        "bucketry",
        "bucketry-cli",
        "bucketry-http",
        "bucketry-memory",
        "bucketry-router",
        "bucketry-access",
        "click",
    },
    "test": {"bucketry", "bucketry-testing", "bucketry-http", "bucketry-memory", "bucketry-access", "pytest"},
    "encryption": {"bucketry", "cryptography"},
    "fsspec": {"bucketry", "fsspec"},
    "django": {"bucketry", "django"},
}
"""Our distributions that come with each extra, all of them, and one more that the extra is for."""

FREE_PORTS = re.compile(r"port=(8000|9000)")

Install = Callable[[str], CleanInstall]


@pytest.fixture(scope="module")
def install(tmp_path_factory: pytest.TempPathFactory, wheels: Path) -> Install:
    """Makes an environment with some requirements, once for each."""
    made: dict[str, CleanInstall] = {}

    def installed(requirement: str) -> CleanInstall:
        if requirement not in made:
            made[requirement] = CleanInstall(tmp_path_factory.mktemp("clean"), wheels, *requirement.split())
        return made[requirement]

    return installed


def readme(installed: CleanInstall, name: str) -> str:
    """Returns the README as it was installed."""
    (found,) = installed.bin.parent.glob(f"lib/*/site-packages/{name.replace('-', '_')}-*.dist-info/METADATA")
    payload = email.message_from_string(found.read_text()).get_payload()
    assert isinstance(payload, str)
    return payload


def programs(text: str) -> list[str]:
    return re.findall(r"^```python\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


def run_program(
    installed: CleanInstall, program: str, folder: Path, variables: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    done = installed.run("python", "-W", "error", "-c", program, folder=folder, variables=variables)
    assert (done.returncode, done.stderr) == (0, "")
    return done


def test_every_extra_is_tested() -> None:
    declared = tomllib.loads((ROOT / "core/pyproject.toml").read_text())["project"]["optional-dependencies"]
    assert {*declared} == {*EXTRAS, "all"} - {""}
    assert declared["all"] == [f"bucketry[{','.join(name for name in declared if name != 'all')}]"]


@pytest.mark.parametrize("extra", EXTRAS)
def test_an_extra_brings_what_it_names_and_no_more_of_ours(install: Install, extra: str, tmp_path: Path) -> None:
    installed = install(f"bucketry[{extra}]" if extra else "bucketry")
    code = "from importlib.metadata import distributions; print(*(each.name for each in distributions()), sep='\\n')"
    names = set(run_program(installed, code, tmp_path).stdout.lower().split())
    assert {name for name in names if name.startswith("bucketry")} == {
        name for name in EXTRAS[extra] if name.startswith("bucketry")
    }
    assert names >= EXTRAS[extra]


def test_everything_is_installed_by_all_and_every_module_can_be_imported(install: Install, tmp_path: Path) -> None:
    code = """
import importlib, pkgutil
from importlib.metadata import distributions, version

import bucketry

assert bucketry.__version__ == version("bucketry")
for each in distributions():
    if not each.name.startswith("bucketry"):
        continue
    assert each.version == bucketry.__version__
    package = importlib.import_module(each.name.replace("-", "_"))
    if package.__name__ != "bucketry_contract":  # its suite is imported by pytest alone
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if not module.name.endswith("__main__"):
                importlib.import_module(module.name)
    print(each.name)
"""
    names = set(run_program(install("bucketry[all]"), code, tmp_path).stdout.split())
    assert names == {name for extra in EXTRAS.values() for name in extra if name.startswith("bucketry")}


@pytest.mark.parametrize(
    ("extra", "name"),
    [
        ("memory", "bucketry"),
        ("memory", "bucketry-memory"),
        ("file", "bucketry-file"),
        ("http", "bucketry-access"),
        ("memory,router", "bucketry-router"),
    ],
)
def test_the_programs_of_the_readme_run(install: Install, extra: str, name: str, tmp_path: Path) -> None:
    installed = install(f"bucketry[{extra}]")
    found = programs(readme(installed, name))
    assert found
    # One program after the other: the later ones go on with the names of the earlier ones.
    run_program(installed, "\n".join(found), tmp_path)


@pytest.mark.parametrize("driver", ["memory", "file"])
def test_the_guide_to_data_libraries(install: Install, driver: str, tmp_path: Path) -> None:
    program = programs((ROOT / "docs/data-libraries.md").read_text())[0].replace(
        "bucketry+memory", f"bucketry+{driver}"
    )
    variables = {"BUCKETRY_FILE_LOCATION": "./data"} if driver == "file" else {}
    done = run_program(install(f"bucketry[fsspec,{driver}]"), program, tmp_path, variables)
    assert done.stdout == "['my-assets/reports']\nmonth,total\n"


def test_the_programs_of_the_readme_of_the_rest_client_run(install: Install, tmp_path: Path) -> None:
    installed = install("bucketry[client]")
    found = programs(readme(installed, "bucketry-client"))
    with rest_server() as server:
        calls = f"import asyncio; url = {server.url!r}; main(url); asyncio.run(stream(url)); connect(url); store(url)"
        done = run_program(installed, "\n".join([*found, calls]), tmp_path)
    assert done.stdout.splitlines()[:2] == ["notes/a.txt 1", "me b'hello'"]


ARCHIVE = ROOT / "examples/photo_archive"


@pytest.fixture(params=["memory", "file", "s3", "client"])
def place(request: pytest.FixtureRequest) -> Iterator[tuple[str, str, dict[str, str]]]:
    """An extra, the URL of a store that it has the driver for, and the variables that say who the caller is."""
    match request.param:
        case "s3":
            with s3_endpoint() as endpoint:
                keys = {"access_key": endpoint.access_key, "secret_key": endpoint.secret_key, "probe_cache": ""}
                variables = {f"BUCKETRY_S3_{name.upper()}": value for name, value in keys.items()}
                variables["BUCKETRY_S3_PROBE_CACHE"] = ""
                yield "s3", f"s3://{endpoint.endpoint_url.partition('://')[2]}", variables
        case "client":
            with rest_server() as server:
                yield "client", server.url, {}
        case extra:
            yield extra, {"memory": "memory://", "file": "file://./photos"}[extra], {}


def test_the_photo_archive_needs_the_extra_of_its_url_alone(
    install: Install, place: tuple[str, str, dict[str, str]], tmp_path: Path
) -> None:
    extra, url, variables = place
    installed = install(f"bucketry[{extra}]")
    done = installed.run("python", str(ARCHIVE / "archive.py"), url, folder=tmp_path, variables=variables)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.endswith("removed: 1 1\nfound: None\n")


def test_the_async_photo_archive_prints_the_same(
    install: Install, place: tuple[str, str, dict[str, str]], tmp_path: Path
) -> None:
    _, url, variables = place
    installed = install("bucketry[aio,memory,file,s3,client] trio")
    sync, as_coroutines = (
        installed.run("python", str(ARCHIVE / name), url, folder=tmp_path, variables=variables)
        for name in ("archive.py", "async_archive.py")
    )
    assert (as_coroutines.returncode, as_coroutines.stderr) == (0, "")
    assert as_coroutines.stdout == sync.stdout


@pytest.mark.parametrize("loop", ["asyncio", "trio"])
def test_the_program_of_the_async_guide(install: Install, loop: str, tmp_path: Path) -> None:
    installed = install("bucketry[aio,memory] trio")
    (program,) = programs((ROOT / "docs/async.md").read_text())
    program += f"\nimport anyio\nanyio.run(main, backend={loop!r})\n"
    assert run_program(installed, program, tmp_path).stdout == "5 b'he'\nimages/photo.jpg\n"


@pytest.mark.parametrize(("extra", "url"), [("memory", "memory://"), ("file", "file://./data")])
def test_the_storages_of_the_guide_to_django(install: Install, extra: str, url: str, tmp_path: Path) -> None:
    (guide,) = programs((ROOT / "docs/django.md").read_text())
    program = f"""
{guide.replace("minio://minio.internal:9000?secure=true", url)}
import django
from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import storages

settings.configure(STORAGES=STORAGES, DEBUG=True, INSTALLED_APPS=["django.contrib.staticfiles"], STATIC_URL="/static/")
django.setup()
uploads = storages["default"]
uploads.store.create_bucket("uploads")
print(uploads.save("a.txt", ContentFile(b"hello")), uploads.size("a.txt"), storages["staticfiles"].url("b.css"))
"""
    done = run_program(install(f"bucketry[django,{extra}]"), program, tmp_path)
    assert done.stdout == "a.txt 5 https://cdn.example.com/b.css\n"


def test_the_driver_in_the_readme_of_the_s3_client_puts_an_object(
    install: Install, minio_server: MinioServer, tmp_path: Path
) -> None:
    installed = install("bucketry[minio]")
    (program,) = programs(readme(installed, "bucketry-s3client"))
    program += f"""
from bucketry import Secret

keys = {settings_of(minio_server)}
keys["secret_key"] = Secret(keys["secret_key"])
driver = AcmeDriver(AcmeSettings(location={place_of(minio_server)!r}, **keys))
driver._client.request("PUT", "readme-client")
print(driver.put_object("readme-client", "key", Body(b"hello"), PutOptions()).size_bytes)
driver._client.close()
"""
    assert run_program(installed, program, tmp_path).stdout == "5\n"


def place_of(server: MinioServer | RgwServer) -> str:
    return server.url.partition("://")[2]


def settings_of(server: MinioServer | RgwServer) -> dict[str, str]:
    return {"access_key": server.access_key, "secret_key": server.secret_key}


def test_the_readme_of_minio(install: Install, minio_server: MinioServer, tmp_path: Path) -> None:
    installed = install("bucketry[minio]")
    program = programs(readme(installed, "bucketry-minio"))[0]
    program = program.replace("127.0.0.1:9000", place_of(minio_server)).replace("photos", "readme-photos")
    program = program.replace('{"access_key": "…", "secret_key": "…"}', repr(settings_of(minio_server)))
    (tmp_path / "cat.jpg").write_bytes(b"cat")
    done = installed.run(
        "python", "-c", program + "\n    print(store.list_objects('readme-photos').objects[0].key)", folder=tmp_path
    )
    assert (done.returncode, done.stdout) == (0, "2024/cat.jpg\n"), done.stderr


def test_the_readme_of_the_driver_for_any_s3_server(install: Install, tmp_path: Path) -> None:
    installed = install("bucketry[s3]")
    (program,) = programs(readme(installed, "bucketry-s3"))
    (tmp_path / "cat.jpg").write_bytes(b"cat")
    with s3_endpoint() as endpoint:
        program = program.replace("127.0.0.1:9000", endpoint.endpoint_url.partition("://")[2])
        keys = {"access_key": endpoint.access_key, "secret_key": endpoint.secret_key, "probe_cache": ""}
        program = program.replace('{"access_key": "…", "secret_key": "…"}', repr(keys))
        done = installed.run("python", "-c", program, folder=tmp_path)
        stored = endpoint.store.head_object("photos", "2024/cat.jpg")
    assert (done.returncode, done.stdout, stored.size_bytes) == (0, "True\n", 3), done.stderr


def test_the_readme_of_rgw(install: Install, rgw_server: RgwServer, tmp_path: Path) -> None:
    installed = install("bucketry[rgw]")
    program = programs(readme(installed, "bucketry-rgw"))[0].replace("rgw.local:7480", place_of(rgw_server))
    variables = {f"BUCKETRY_RGW_{name.upper()}": value for name, value in settings_of(rgw_server).items()}
    done = run_program(installed, program + "\nprint(store.status().available); store.close()", tmp_path, variables)
    assert done.stdout == "True\n"


def test_the_readme_of_the_http_ports_serves_both(install: Install, tmp_path: Path) -> None:
    installed = install("bucketry[http,memory]")
    (program,) = programs(readme(installed, "bucketry-http"))
    program = FREE_PORTS.sub("port=0", program)
    # What the README does not show: which ports were free.
    program = program.replace("]).run()", "], lambda urls: print(*urls, flush=True)).run()")
    with serving([str(installed.bin / "python"), "-W", "error", "-c", program], tmp_path) as server:
        rest, s3 = next(lines(server)).split()
        assert httpx.get(f"{rest}/api/v1/storage/status", trust_env=False).json()["available"] is True
        assert httpx.get(s3, trust_env=False).status_code == 403


def test_the_readme_of_the_command_line(install: Install, tmp_path: Path) -> None:
    installed = install("bucketry[cli,minio]")
    text = readme(installed, "bucketry-cli")
    assert "$ bucketry serve\n" in text
    command = [str(installed.bin / "bucketry"), "serve", "--port", "0", "--s3-port", "0"]
    with serving(command, tmp_path) as server:
        said = dict(re.split(r"  +", line, maxsplit=1) for line in head(server, until="Try it") if "  " in line)
        assert {"REST API", "API docs", "S3 API", "S3 keys", "Try it"} <= said.keys()
        variables = {"BUCKETRY_STORE": said["S3 API"].strip()}
        (tmp_path / "a.txt").write_text("hello")
        for arguments, printed in [
            (("mb", "assets"), ""),
            (("put", "a.txt", "assets/a.txt"), ""),
            (("get", "assets/a.txt", "-"), "hello"),
        ]:
            done = installed.run("bucketry", *arguments, folder=tmp_path, variables=variables)
            assert done.returncode == 0, done.stderr
            assert done.stdout.endswith(printed)


def test_the_readme_of_the_contract_suite(install: Install, tmp_path: Path) -> None:
    installed = install("bucketry-contract bucketry-memory")
    assert "pytest --pyargs bucketry_contract --store" in readme(installed, "bucketry-contract")
    suite = ("--pyargs", "bucketry_contract", "-p", "no:cacheprovider", "--store", "memory://", "-k", "range")
    done = installed.run("pytest", *suite, folder=tmp_path)
    assert done.returncode == 0, done.stdout
    assert re.search(r"memory.*: \d+ passed, 0 failed", done.stdout)


def measured(install: Install, folder: Path, server: Reachable, variables: Mapping[str, str]) -> str:
    """Runs a part of the contract suite on a server, as the README says; returns what was printed."""
    url = f"s3://{urlsplit(server.url).netloc}"
    suite = ["--pyargs", "bucketry_contract", "-p", "no:cacheprovider", "--store", url, "-k", "bare and range"]
    options = ["--contract-server", "Acme 1.2", "--contract-report", "report.md"]
    done = install("bucketry-contract bucketry-s3").run("pytest", *suite, *options, folder=folder, variables=variables)
    assert done.returncode == 0, done.stdout
    assert server.secret_key not in done.stdout + done.stderr
    assert "Acme 1.2" in (folder / "report.md").read_text()
    return done.stdout


def test_any_s3_server_is_measured(install: Install, tmp_path: Path) -> None:
    """With the variables that every program knows for credentials."""
    with s3_endpoint() as served:
        keys = {"AWS_ACCESS_KEY_ID": served.access_key, "AWS_SECRET_ACCESS_KEY": served.secret_key}
        printed = measured(install, tmp_path, reachable(served), keys)
        assert served.store.list_buckets() == ()
    assert re.search(r"contract suite: s3 .*: \d\d+ passed, 0 failed", printed)


def test_a_seaweedfs_is_measured(install: Install, tmp_path: Path, seaweedfs_server: LocalServer) -> None:
    keys = {
        "BUCKETRY_S3_ACCESS_KEY": seaweedfs_server.access_key,
        "BUCKETRY_S3_SECRET_KEY": seaweedfs_server.secret_key,
    }
    printed = measured(install, tmp_path, seaweedfs_server, keys)
    assert re.search(r"contract suite: s3 .*: \d\d+ passed, 0 failed", printed)


def test_a_server_that_refuses_the_keys_is_one_failure(install: Install, tmp_path: Path) -> None:
    with s3_endpoint() as served:
        url = f"s3://{urlsplit(served.endpoint_url).netloc}"
        variables = {"BUCKETRY_S3_ACCESS_KEY": served.access_key, "BUCKETRY_S3_SECRET_KEY": "another one"}
        suite = ("--pyargs", "bucketry_contract", "-p", "no:cacheprovider", "--store", url)
        done = install("bucketry-contract bucketry-s3").run("pytest", *suite, folder=tmp_path, variables=variables)
    assert done.returncode == 1
    assert "the store cannot be opened: Access is denied" in done.stdout
    assert re.search(r"0 passed, 1 failed, \d+ not tried", done.stdout)
    assert "another one" not in done.stdout


@contextmanager
def serving(command: list[str], folder: Path) -> Iterator[subprocess.Popen[str]]:
    """Runs a server, and stops it with SIGTERM, which must end it well."""
    with subprocess.Popen(command, cwd=folder, env=environment(), stdout=subprocess.PIPE, text=True) as server:
        try:
            yield server
        finally:
            server.terminate()
    assert server.returncode == 0


def lines(server: subprocess.Popen[str]) -> Iterator[str]:
    assert server.stdout is not None
    yield from server.stdout


def head(server: subprocess.Popen[str], until: str) -> Iterator[str]:
    """Yields what a server prints, up to a line that begins so."""
    for line in lines(server):
        yield line.rstrip("\n")
        if line.startswith(until):
            return
