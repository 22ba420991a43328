"""What a driver declares: refuses operations' options that it does not honour."""

from __future__ import annotations

from collections.abc import Mapping
from typing import final

import msgspec

from bucketry import _validation as check
from bucketry.bucket_settings import BucketSettings, check_kind
from bucketry.checksums import Checksum
from bucketry.features import Features
from bucketry.options import ListOptions, Options, PageOptions, VersionOptions


@final
class Declared:
    """Checks the options of calls against the features of a driver.

    Each method raises ``InvalidArgument`` for options that are not the operation's, and ``Unsupported`` for what the
    driver does not declare.
    """

    __slots__ = ("_driver", "_features")

    def __init__(self, features: Features, driver: str) -> None:
        """Takes the features, and the driver's name for messages."""
        self._features = features
        self._driver = driver

    def require(self, options: Options, kind: type[Options]) -> None:
        """Refuses options of another operation, or of wrong types, or that the driver does not declare."""
        check.check_options(options, kind)
        self.require_declared(options)

    def require_listing(self, options: ListOptions | PageOptions, kind: type[Options]) -> None:
        """Refuses likewise, and checks what is listed."""
        check.check_options(options, kind)
        check.check_listing(options)
        self.require_declared(options)

    def require_version(self, bucket: str, key: str, options: VersionOptions, kind: type[VersionOptions]) -> None:
        """Refuses likewise, and checks which version of which object is meant."""
        check.check_target(bucket, key)
        self.require(options, kind)
        check.check_version_id(options.version_id)

    def require_declared(self, options: Options) -> None:
        """Refuses options that the driver does not declare."""
        self.require_fields(options, options.feature_of)
        check.check_encryption(options, self._features, self._driver)

    def require_fields(self, fields: msgspec.Struct, feature_of: Mapping[str, str]) -> None:
        """Refuses fields that are set and whose feature the driver does not declare."""
        check.check_declared(fields, feature_of, self._features, self._driver)

    def require_kind(self, kind: type[BucketSettings]) -> None:
        """Refuses settings of another kind than those that the driver declares."""
        check_kind(kind)
        self.require_feature(kind.feature, kind.__name__)

    def require_feature(self, feature: str, user: str) -> None:
        """Refuses a call that needs a feature; the message names ``user``, which needs it."""
        check.require_feature(feature, user, self._features, self._driver)

    def require_checksum(self, checksum: Checksum, user: str) -> None:
        """Refuses a part's checksum of an algorithm that the driver does not keep; the message names ``user``."""
        self.require_feature("upload_checksums", user)
        check.require_algorithm(checksum, self._features, self._driver)
