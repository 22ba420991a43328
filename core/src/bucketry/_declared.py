"""What a driver declares: refuses operations' options that it does not honour."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, final

import msgspec

from bucketry import _validation as check
from bucketry.bucket_settings import BucketSettings, check_kind
from bucketry.checksums import CHECKSUM_ALGORITHMS, Checksum
from bucketry.encryption import Encryption
from bucketry.errors import Unsupported
from bucketry.features import Features
from bucketry.options import ListOptions, Options, PageOptions, VersionOptions

_CHECKSUMS: Final = frozenset({"checksums", "upload_checksums"})


@final
class Declared:
    """Checks the options of calls against the features of a driver.

    Each method raises ``InvalidArgument`` for options that are not the operation's, and ``Unsupported`` for what the
    driver does not declare.
    """

    __slots__ = ("_features", "_lacks", "_name")

    def __init__(self, features: Features, name: str, lacks: Mapping[str, str]) -> None:
        """Takes the features, the driver's name, and what it says of features that it does not have, for messages."""
        self._features = features
        self._name = name
        self._lacks = lacks

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
        encryption: Encryption | None = getattr(options, "encryption", None)
        if encryption is not None:  # Its algorithm says which feature it needs.
            self.require_feature(encryption.feature, "the option encryption")

    def require_fields(self, fields: msgspec.Struct, feature_of: Mapping[str, str]) -> None:
        """Refuses fields that are set and whose feature the driver does not declare."""
        for field, feature in feature_of.items():
            value = getattr(fields, field)
            # A number counts as set even if it is 0.
            if value or type(value) is int:
                self.require_feature(feature, f"the option {field}")
                if feature in _CHECKSUMS:
                    self._require_algorithm(value)

    def require_kind(self, kind: type[BucketSettings]) -> None:
        """Refuses settings of another kind than those that the driver declares."""
        check_kind(kind)
        self.require_feature(kind.feature, kind.__name__)

    def require_feature(self, feature: str, user: str) -> None:
        """Refuses a call that needs a feature; the message names ``user``, which needs it."""
        if not getattr(self._features, feature):
            why = self._lacks.get(feature) or f"the driver {self._name!r} does not declare {feature}"
            raise Unsupported(f"{why}, which {user} needs", feature=feature)

    def require_checksum(self, checksum: Checksum, user: str) -> None:
        """Refuses a part's checksum of an algorithm that the driver does not keep; the message names ``user``."""
        self.require_feature("upload_checksums", user)
        self._require_algorithm(checksum)

    def _require_algorithm(self, value: object) -> None:
        """Refuses a checksum, or the name of an algorithm, whose algorithm the driver does not keep."""
        name = value.algorithm if isinstance(value, Checksum) else value
        if name in CHECKSUM_ALGORITHMS and name not in self._features.checksum_algorithms:
            why = self._lacks.get(str(name)) or f"the driver {self._name!r} keeps no checksums of {name}"
            raise Unsupported(why, feature="checksum_algorithms")
