"""What all tests of the suite share: the store that is tested, and a bucket that is theirs for one test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import ClassVar

import pytest
from bucketry import Store

from bucketry_contract._capabilities import missing_for
from bucketry_contract._description import description_of
from bucketry_contract._report_notes import Notes, add_note, cannot_try, notes_of
from bucketry_contract._scratch import Bucket, Scratch
from bucketry_contract.backend import Backend

once = pytest.mark.parametrize("contract_layering", ["bare"], indirect=True)
"""Marks a test that runs only on the bare store: it is slow, and a layer would not change what it tests."""


class ContractTests:
    """Base of all test classes of the suite.

    Attributes:
        backend: Makes the `Backend`; most often it is the class itself. A fixture named ``contract_backend``, of class
            scope or wider, may take its place.
        short: Whether only the tests marked ``short`` are run, which touch every operation: for what stands for many
            stores, or where the whole suite takes too long. ``--contract-whole`` runs all of it even so.
        effort: How long its tests take. 0: short; 1: long, or with threads; 2: random tests. They run in this order.
    """

    short: ClassVar[bool] = False
    effort: ClassVar[int] = 0
    backend: ClassVar[Callable[[], Backend]]

    @pytest.fixture(autouse=True)
    def _contract_notes(self, request: pytest.FixtureRequest, contract_store: Store, contract_backend: Backend) -> None:
        """Notes on which driver the test is run, and what of its needs the driver lacks."""
        notes = notes_of(request.node)
        notes["driver"] = description_of(contract_store, contract_backend.server)
        notes["missing"] = missing_for(request.node, contract_store.capabilities)

    @pytest.fixture
    def notes(self, request: pytest.FixtureRequest) -> Notes:
        """What this test tells the report."""
        return notes_of(request.node)

    @pytest.fixture
    def store(self, contract_store: Store) -> Store:
        """The store under test."""
        return contract_store

    @pytest.fixture
    def scratch(self, contract_scratch: Scratch) -> Scratch:
        """Where a test gets buckets besides ``bucket``."""
        return contract_scratch

    @pytest.fixture
    def new_bucket(self, contract_scratch: Scratch, notes: Notes) -> Iterator[Callable[[], Bucket]]:
        """Gives empty buckets, which are emptied after the test."""
        taken = []

        def take() -> Bucket:
            taken.append(contract_scratch.take())
            return Bucket(contract_scratch.store, taken[-1], contract_scratch.backend, partial(add_note, notes))

        yield take
        for name in taken:
            contract_scratch.give_back(name)

    @pytest.fixture
    def bucket(self, new_bucket: Callable[[], Bucket]) -> Bucket:
        """An empty bucket."""
        return new_bucket()

    @pytest.fixture
    def fresh_bucket(self, contract_scratch: Scratch, notes: Notes) -> Bucket:
        """A bucket that no test has used before: some backends go on counting what is gone."""
        return Bucket(
            contract_scratch.store, contract_scratch.create(), contract_scratch.backend, partial(add_note, notes)
        )

    @pytest.fixture
    def cause(self, contract_backend: Backend, notes: Notes) -> Iterator[Callable[[str], Store]]:
        """Opens one of the backend's failing stores by name. If there is none, the test counts as not tried."""
        opened: list[Store] = []

        def open_failing(name: str) -> Store:
            store: Store | None = getattr(contract_backend, name)()
            if store is None:
                cannot_try(notes, name, f"the backend gives no {name}() store")
            opened.append(store)
            return store

        yield open_failing
        for store in opened:
            store.close()

    @pytest.fixture
    def bucket_on(
        self, cause: Callable[[str], Store], contract_backend: Backend, notes: Notes
    ) -> Iterator[Callable[[str], Bucket]]:
        """Gives an empty bucket on one of the backend's failing stores, which is removed after the test."""
        used: list[Scratch] = []

        def create(name: str) -> Bucket:
            used.append(Scratch(cause(name), contract_backend))
            return Bucket(used[-1].store, used[-1].create(), contract_backend, partial(add_note, notes))

        yield create
        for scratch in used:
            scratch.remove_all()
