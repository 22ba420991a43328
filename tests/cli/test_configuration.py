from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from bucketry import Store
from bucketry_cli import serve as serve_module
from bucketry_cli.config import ConfigFile, load_config
from bucketry_cli.errors import Failure
from bucketry_cli.serve_options import all_options, groups
from bucketry_cli.serve_options.group import toml_type
from bucketry_http import RestSettings, S3Settings, ServerSettings

from tests.cli.conftest import Run

LABEL = "BUCKETRY_FOLDER_LABEL"


def write(text: str, name: str = "bucketry.toml") -> None:
    Path(name).write_text(text)


def label(run: Run, *arguments: str, store: str | None = None) -> str:
    result = run(*arguments, "presign", "assets/a", store=store)
    assert result.exit_code == 0, result.output
    return result.stdout.removeprefix("http://").partition("/")[0]


def test_serve_needs_no_settings(run: Run, served: dict[str, Any]) -> None:
    assert run("serve", store=None).exit_code == 0
    assert served["listening"] == [("127.0.0.1", 8000), ("127.0.0.1", 9000)]
    assert served["headline"] == "bucketry serves memory://; Ctrl-C stops it"
    assert served["notes"]["S3 keys"] == "bucketry (secret key bucketry-secret, which is published)"


def test_command_line_wins_over_environment_over_file(
    run: Run, served: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    write('[serve]\nport = 1001\nhost = "127.0.0.2"\nread_only = true\nshutdown_delay = 5\ngrace_seconds = 2.5\n')
    run("serve")
    assert (served["server"].shutdown_delay, served["server"].grace_seconds) == (5, 2.5)
    assert served["listening"] == [("127.0.0.2", 1001)]
    assert "for reading only" in served["headline"]
    monkeypatch.setenv("BUCKETRY_PORT", "1002")
    run("serve")
    assert served["listening"] == [("127.0.0.2", 1002)]
    run("serve", "--port", "1003", "--read-write")
    assert served["listening"] == [("127.0.0.2", 1003)]
    assert "for reading only" not in served["headline"]


def test_the_store_comes_from_option_environment_or_file(run: Run, store: Store, store_url: str) -> None:
    assert run("ls", "--store", store_url, store="nowhere://").stdout.endswith("assets\n")
    write('store = "nowhere://"')
    assert run("ls", store=store_url).stdout.endswith("assets\n")
    write(f'store = "{store_url}"')
    assert run("ls", store=None).stdout.endswith("assets\n")


def test_the_store_may_stand_before_the_command(run: Run, store: Store, store_url: str) -> None:
    write('store = "nowhere://"')
    assert run("--store", store_url, "ls", store="nowhere://").stdout.endswith("assets\n")
    assert run("--store", "nowhere://", "ls", "--store", store_url, store=None).stdout.endswith("assets\n")


def test_a_missing_setting_of_a_driver_says_where_settings_come_from(run: Run) -> None:
    result = run("ls", store="minio://localhost:1")
    assert result.exit_code == 1
    assert "set BUCKETRY_MINIO_ACCESS_KEY and BUCKETRY_MINIO_SECRET_KEY" in result.stderr
    assert "hint:" not in result.stderr  # The sentence says it.


def test_without_a_store_the_error_names_every_way_to_give_one(run: Run) -> None:
    result = run("ls", store=None)
    assert result.exit_code == 2
    assert all(way in result.stderr for way in ("--store URL", "BUCKETRY_STORE", "bucketry.toml"))


def test_a_drivers_settings_come_from_url_environment_or_file(
    run: Run, store_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert label(run, store=store_url) == "default"
    write(f'store = "{store_url}"\n[drivers.folder]\nlabel = "file"\n')
    assert label(run) == "file"
    monkeypatch.setenv(LABEL, "environment")
    assert label(run) == "environment"
    assert label(run, store=f"{store_url}?label=url") == "url"


def test_the_file_is_the_option_the_variable_or_the_one_in_this_folder(
    run: Run, store_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("bucketry", "variable", "before", "after"):
        write(f'store = "{store_url}"\n[drivers.folder]\nlabel = "{name}"\n', f"{name}.toml")
    assert label(run) == "bucketry"
    monkeypatch.setenv("BUCKETRY_CONFIG", "variable.toml")
    assert label(run) == "variable"
    assert label(run, "--config", "before.toml") == "before"
    result = run("--config", "before.toml", "presign", "--config", "after.toml", "assets/a", store=None)
    assert result.stdout.startswith("http://after/")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "stor = 'memory://'",
            f"unknown: 'stor' (known: {', '.join(sorted(ConfigFile.__struct_fields__))})",
        ),
        (
            "[serve]\nprot = 1",
            "unknown: 'serve.prot' (perhaps serve.port; docs/settings.md lists all)",
        ),
        ("[serve]\nxyzzy = 1", "unknown: 'serve.xyzzy' (docs/settings.md lists all)"),
        (
            "[[s3_credentials]]\naccess_key = 'a'\nsecret = 'hunter2'",
            (
                "unknown: 's3_credentials.secret' (known: s3_credentials.access_key, s3_credentials.buckets, "
                "s3_credentials.display_name, s3_credentials.email, s3_credentials.is_root, s3_credentials.policy, "
                "s3_credentials.read_only, s3_credentials.secret_key, s3_credentials.secret_key_file, "
                "s3_credentials.user_id)"
            ),
        ),
        ("[serve]\nport = '8000'", "Expected `int`, got `str` - at `$.serve.port`"),
        ("serve = 1", "Expected `object`, got `int` - at `$.serve`"),
        ("drivers.minio = 'x'", "Expected `object`, got `str` - at `$.drivers[...]`"),
        ("store = ", "Invalid value (at end of document)"),
    ],
)
def test_a_file_with_a_mistake_is_refused_and_the_mistake_named(run: Run, text: str, message: str) -> None:
    write(text)
    result = run("ls")
    assert result.exit_code == 1
    assert result.stderr == f"error: the settings file 'bucketry.toml' cannot be used: {message}\n"
    assert run("ls", "--help").exit_code == 0


@pytest.mark.parametrize(("port", "code"), [("70000", 2), ("-1", 2)])
def test_values_from_the_file_are_checked_as_those_of_the_command_line(run: Run, port: str, code: int) -> None:
    write(f"[serve]\nport = {port}")
    result = run("serve")
    assert result.exit_code == code
    assert "--port" in result.stderr


def test_other_files_that_cannot_be_used(run: Run) -> None:
    write("x" * (1024 * 1024 + 1), "large")
    Path("binary").write_bytes(b"\xff\xfe")
    Path("folder").mkdir()
    for name, reason in {
        "large": "larger than",
        "binary": "not UTF-8",
        "folder": "Is a directory",
        "missing": "No such file",
    }.items():
        result = run("--config", name, "ls")
        assert result.exit_code == 1
        assert reason in result.stderr


def test_an_unknown_setting_of_a_driver_is_an_error_that_names_those_it_knows(run: Run, store_url: str) -> None:
    write(f'store = "{store_url}"\n[drivers.folder]\nlable = "x"\n')
    result = run("ls", store=None)
    assert result.exit_code == 1
    assert "`lable`" in result.stderr
    assert "the driver 'folder' knows: location, label" in result.stderr


def test_settings_of_a_driver_that_is_not_installed_are_pointed_out(run: Run, store: Store) -> None:
    write("[drivers.fodler]\nx = 1\n[drivers.memory]\nregion = 'x'\n")
    result = run("ls")
    assert result.exit_code == 0
    assert result.stderr == (
        "warning: the settings file has a table [drivers.fodler], and no driver of that name is installed\n"
    )


@pytest.mark.parametrize("mistake", ["label = 1", "breaks = 'hunter2-no-bool'", "secret_key = ['hunter2']"])
def test_no_secret_of_the_file_is_ever_shown(run: Run, store_url: str, mistake: str) -> None:
    write(f'store = "{store_url}"\n[drivers.folder]\nsecret_key = "hunter2"\n')
    assert "hunter2" not in run("--debug", "ls", "nowhere", store=None).output
    write(f'store = "{store_url}"\n[drivers.folder]\n{mistake}\n')
    result = run("--debug", "ls", store=None)
    assert result.exit_code == 1
    assert "hunter2" not in result.output


def test_every_option_of_serve_is_in_one_group_and_has_its_variable_and_its_key() -> None:
    names = [given.name for given in all_options()]
    assert len(names) == len(set(names))
    assert {given.name for given in serve_module.serve.params} - set(names) == {"store", "config", "debug"}
    for group in groups().values():
        assert tuple(given.name for given in group.OPTIONS) == group.__struct_fields__
    for given in all_options():
        assert given.envvar == f"BUCKETRY_{given.name.upper()}"


@pytest.mark.parametrize("kind", [ServerSettings, RestSettings, S3Settings])
def test_options_and_settings_have_the_same_defaults(kind: type[msgspec.Struct]) -> None:
    defaults = {field.name: field.default for field in msgspec.structs.fields(kind)}
    options = {str(given.name): () if given.multiple else given.default for given in all_options()}
    shared = defaults.keys() & options.keys()
    assert len(shared) >= 6
    assert {name: options[name] for name in shared} == {name: defaults[name] for name in shared}


EXAMPLES: dict[Any, object] = {bool: True, int: 1, float: 0.5, str: "text", list[str]: ["a", "b"]}


@pytest.mark.parametrize("name", [str(given.name) for given in all_options()])
def test_the_file_knows_each_option_of_serve_and_its_type(name: str, tmp_path: Path) -> None:
    right = next(toml_type(given) for given in all_options() if given.name == name)
    for kind, value in EXAMPLES.items():
        path = tmp_path / "bucketry.toml"
        path.write_text(f"[serve]\n{name} = {json.dumps(value)}\n")
        if kind == right or (kind, right) == (int, float):
            assert load_config(path).options_of("serve") == {name: value}
        else:
            with pytest.raises(Failure, match=rf"\$\.serve\.{name}"):
                load_config(path)
