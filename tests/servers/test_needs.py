"""What `make test ARGS=…` prepares: only what the selected tests need."""

from __future__ import annotations

import pytest

from tests.needs import Needs
from tests.prepare import needs_of


@pytest.mark.parametrize(
    ("arguments", "needs"),
    [
        (["tests/core/test_body.py"], Needs()),
        (["tests/rgw/test_usage.py"], Needs(("rgw",))),
        (["tests/s3_clients/test_s5cmd.py"], Needs(clients=True)),
        (["tests/servers/test_programs.py", "-k", "moto_server"], Needs(clients=True)),
        (["tests/servers/test_servers.py", "-k", "test_minio_stores_objects"], Needs(("minio",))),
    ],
)
def test_only_what_the_selected_tests_need_is_prepared(arguments: list[str], needs: Needs) -> None:
    assert needs_of(arguments) == needs
