"""What kinds share that hold several configurations, each with an id of its own."""

from __future__ import annotations

import re
from typing import Final, Self

import msgspec
from typing_extensions import override

from bucketry.bucket_settings._base import BucketSettings, check_count, check_text, check_unique, invalid
from bucketry.s3 import MAX_CONFIGURATION_ID, MAX_CONFIGURATIONS, MAX_KEY_BYTES

_ID: Final = re.compile(rf"[A-Za-z0-9._-]{{1,{MAX_CONFIGURATION_ID}}}")
_ACCOUNT: Final = re.compile(r"[0-9]{12}")
_BUCKET_ARN: Final = re.compile(r"arn:[a-z0-9-]+:s3:::[A-Za-z0-9._-]{1,255}")


class Configuration(msgspec.Struct, frozen=True, kw_only=True):
    """A configuration. In S3, clients get, put and delete one of them by its id.

    Attributes:
        id: Its id, unique in the bucket: 1 to 64 letters, digits, dots, hyphens and underscores.
    """

    id: str

    def check(self) -> None:
        """Checks the values, apart from the id.

        Raises:
            InvalidBucketSettings: One is malformed.
        """


class ConfigurationSettings(BucketSettings, frozen=True, kw_only=True):
    """Base of kinds with several configurations.

    Attributes:
        configurations: The configurations, at most 1,000.
    """

    configurations: tuple[Configuration, ...] = ()

    @override
    def validated(self) -> Self:
        """Checks the configurations.

        Raises:
            InvalidBucketSettings: There are more than 1,000, two have the same id, or one is malformed.
            InvalidArgument: A tag in a filter is malformed.
        """
        listed = self.configurations
        check_count(len(listed), "configurations", MAX_CONFIGURATIONS)
        check_unique((one.id for one in listed), "two configurations have the same id", "value")
        for one in listed:
            if not _ID.fullmatch(one.id):
                raise invalid(
                    "the id of a configuration has 1 to 64 letters, digits, dots, hyphens or underscores", "value"
                )
            one.check()
        return self


def check_destination(bucket: str, account: str | None, prefix: str | None) -> None:
    """Checks where reports go.

    Raises:
        InvalidBucketSettings: The bucket is not an ARN, the account not a number of 12 digits, or the prefix too long.
    """
    if not _BUCKET_ARN.fullmatch(bucket):
        raise invalid("the Bucket of a destination is an ARN, as arn:aws:s3:::name", "schema")
    if account is not None and not _ACCOUNT.fullmatch(account):
        raise invalid("an account has 12 digits", "value")
    check_text(prefix or "", "the Prefix of a destination", MAX_KEY_BYTES)
