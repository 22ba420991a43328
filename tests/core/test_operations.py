"""The facts of the operations, and what derives from them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import bucketry
import pytest
from bucketry import OPERATIONS, Done, GetOptions, OpenedObject, PresignOptions, PutOptions
from bucketry.hookspecs import DriverSpec, operation
from bucketry.operations import operations_of


def test_a_fact_is_read_from_the_hook() -> None:
    put = OPERATIONS["put_object"]
    assert (put.name, put.writes, put.optional) == ("put_object", True, False)
    assert put.parameters == ("bucket", "key", "body", "options")
    assert put.options is PutOptions
    assert put.features["if_match"] == "put_if_match"
    assert put.takes_body
    assert not put.opens
    get = OPERATIONS["get_object"]
    assert (get.writes, get.options, get.result, get.opens) == (False, GetOptions, OpenedObject, True)
    assert OPERATIONS["list_buckets"].options is None
    assert OPERATIONS["list_buckets"].features == {}


def test_presign_writes_when_its_url_does() -> None:
    presign = OPERATIONS["presign"]
    assert presign.may_write()
    assert presign.is_write(PresignOptions(method="PUT"))
    assert not presign.is_write(PresignOptions(method="GET"))


def test_every_hook_but_classify_error_is_an_operation() -> None:
    hooks = {name for name in dir(DriverSpec) if hasattr(getattr(DriverSpec, name), "bucketry_spec")}
    assert hooks == {*OPERATIONS, "classify_error"}


def test_an_operation_that_does_not_say_whether_it_writes_is_refused() -> None:
    class Spec:
        @operation(writes=False)
        def head_lock(self, bucket: str) -> Done:
            raise NotImplementedError

        def put_lock(self, bucket: str) -> Done:
            raise NotImplementedError

    with pytest.raises(TypeError, match=r"Spec\.put_lock does not say whether it writes"):
        operations_of(Spec)


PUT_LOCK = '''
    @operation(writes=True)
    def put_lock(self, bucket: str) -> Done:
        """Locks a bucket."""
        raise NotImplementedError
'''

LOCKING = """
from bucketry import AccessDenied, DONE, DriverSettings, Features, Store
from bucketry.hookspecs import CONTRACT_VERSION, DriverSpec, hookimpl
from bucketry.layers import ReadOnly

class Settings(DriverSettings, frozen=True, kw_only=True):
    scheme = "locking"

class Driver(DriverSpec):
    name, contract_version, Settings, features = "locking", CONTRACT_VERSION, Settings, Features()

    @hookimpl
    def put_lock(self, bucket):
        return DONE

assert Store(Driver())._chain.put_lock("photos") is DONE
try:
    Store(Driver(), [ReadOnly()])._chain.put_lock("photos")
except AccessDenied:
    print("refused")
"""


def _run_with(tmp_path: Path, added: str, program: str) -> subprocess.CompletedProcess[str]:
    """Runs a program with a copy of core whose hook spec has one more method."""
    shutil.copytree(Path(bucketry.__file__).parent, tmp_path / "bucketry")
    with (tmp_path / "bucketry/hookspecs/_buckets.py").open("a") as spec:
        spec.write(added)
    environ = {**os.environ, "PYTHONPATH": str(tmp_path)}
    return subprocess.run([sys.executable, "-c", program], env=environ, capture_output=True, text=True, check=False)


def test_read_only_refuses_an_operation_that_is_new(tmp_path: Path) -> None:
    result = _run_with(tmp_path, PUT_LOCK, LOCKING)
    assert result.stdout == "refused\n", result.stderr


def test_core_is_not_imported_with_an_operation_that_does_not_say_whether_it_writes(tmp_path: Path) -> None:
    result = _run_with(tmp_path, PUT_LOCK.replace("    @operation(writes=True)\n", ""), "import bucketry")
    assert "BucketSpec.put_lock does not say whether it writes" in result.stderr
