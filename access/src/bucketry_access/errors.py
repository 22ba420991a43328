"""What goes wrong with policies: one that cannot be used, and a condition that cannot be answered."""

from __future__ import annotations

from bucketry import InvalidArgument


class InvalidPolicy(InvalidArgument):
    """A policy is malformed, or has something that is not understood here.

    The detail has S3's own wording of ``MalformedPolicy``.
    """

    code = "invalid_policy"
    sentence = "The policy is not valid"
    _field = "policy"


class UnclearError(Exception):
    """A condition cannot be answered: the request lacks a policy variable, or a value of it is malformed.

    A statement that allows does not apply then, and one that denies does.
    """
