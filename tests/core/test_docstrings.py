"""The store's methods document the errors of their hooks, which are written only in the hook spec."""

from __future__ import annotations

import inspect
import re

import pytest
from bucketry import OPERATIONS, Store

METHODS = sorted(set(OPERATIONS) & set(vars(Store)))


def errors_in(documented: object) -> list[str]:
    """Returns the errors that a docstring names, in its order."""
    section = (inspect.getdoc(documented) or "").partition("\n\nRaises:\n")[2]
    return re.findall(r"(?m)^    (\w+):", section)


@pytest.mark.parametrize("name", METHODS)
def test_a_method_names_the_errors_of_its_hook(name: str) -> None:
    wanted = errors_in(OPERATIONS[name].hook)
    assert [error for error in errors_in(getattr(Store, name)) if error in wanted][-len(wanted) :] == wanted


def test_what_a_method_adds_comes_first() -> None:
    assert errors_in(Store.create_bucket) == ["InvalidBucketName", "BucketAlreadyExists"]
    assert inspect.getdoc(Store.delete_object) == inspect.cleandoc(
        """Deletes an object or one version of it; if there is no such thing, this is a no-op that succeeds.

        Raises:
            NoSuchBucket: The bucket does not exist.
            NoSuchKey: There is a condition, also ``if_match="*"``, and the key holds no object.
            PreconditionFailed: The key holds another object than ``if_match`` says, or one that was written at another
                time than ``if_last_modified`` says.
            ObjectLocked: The version is locked, and ``bypass_governance`` does not help.
        """
    )
