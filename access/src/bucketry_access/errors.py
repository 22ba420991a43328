"""The error of a policy that cannot be used."""

from __future__ import annotations

from bucketry import InvalidArgument


class InvalidPolicy(InvalidArgument):
    """A policy is malformed, or has something that is not understood here.

    The detail has S3's own wording of ``MalformedPolicy``.
    """

    code = "invalid_policy"
    sentence = "The policy is not valid"
    _field = "policy"
