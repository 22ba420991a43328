from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.http.s3.users import People, empty, people


@pytest.fixture(scope="session")
def everyone() -> Iterator[People]:
    with people() as found:
        yield found


@pytest.fixture
def users(everyone: People) -> People:
    """The users of an endpoint where Alice has the empty bucket `things`."""
    everyone.store.clock.reset()
    empty(everyone.store)
    everyone.alice.create_bucket(Bucket="things")
    return everyone
