"""The contract between core and a driver: one pluggy hook for each operation, named as S3 names it.

A driver is a class that inherits `DriverSpec`, declares ``name``, ``contract_version``, ``features`` and ``Settings``,
and overrides the operations that its backend has, each marked ``@hookimpl``. A layer is any class with
``@hookimpl(wrapper=True)`` generators of the same names.

Docstrings have three sections. ``Requires`` is what `Store` guarantees before it calls. ``Behaviour`` is what the
driver does; the contract suite tests each bullet. ``Raises`` names the errors that the caller gets: the driver raises
them itself, or its `classify_error` names them. Besides these, any operation may fail with ``AccessDenied``,
``Throttled``, ``Unavailable`` or ``BackendError``.

Times are in UTC. Mappings in results (metadata, tags) are immutable. A condition ``*`` holds for any object. A key or
upload in a bucket that does not exist is ``NoSuchBucket``.

Operations are synchronous, and many threads call them at once. They always return a result of the annotated type. Core
checks it, and another type is ``InvalidDriver``; ``None`` means that a driver forgot its ``return``. Hook signatures
have neither defaults nor keyword-only parameters, since pluggy does not pass these. Whatever is optional is a field of
one Struct of options.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING, ClassVar, Final, Literal

from bucketry.bucket_access import BucketAccess
from bucketry.clock import Clock
from bucketry.errors import Classified, Unsupported
from bucketry.features import Features
from bucketry.hookspecs._buckets import BucketSpec
from bucketry.hookspecs._markers import PROJECT, hookimpl, hookspec, operation
from bucketry.hookspecs._objects import ObjectSpec
from bucketry.hookspecs._service import ServiceSpec
from bucketry.hookspecs._tagging import TaggingSpec
from bucketry.hookspecs._uploads import UploadSpec
from bucketry.hookspecs._versions import VersionSpec
from bucketry.operations import operations_of
from bucketry.settings import DriverSettings

if TYPE_CHECKING:
    from bucketry.layers import Breaker
    from bucketry.lifecycle._runner import LifecycleRunner

CONTRACT_VERSION: Final = 3
"""Version of the contract in this module. A driver says which version it was written for."""


class DriverSpec(ServiceSpec, BucketSpec, ObjectSpec, VersionSpec, TaggingSpec, UploadSpec):
    """The whole contract, and the base class of every driver.

    Attributes:
        name: Name of the driver. Its entry point has the same name, and its URLs have it as their scheme.
        contract_version: The `CONTRACT_VERSION` that the driver was written for.
        Settings: The Struct of its settings, which is the only argument of the driver's class.
        features: What it can do beyond its operations. An object may set its own, as its server has them.
        s3_endpoint: Whether the backend has an S3 endpoint of its own, which `status` names. Then it needs no other one
            in front of it.
        lifecycle: Who executes the rules of `LifecycleSettings`: the backend, or core (`bucketry.lifecycle`). For core,
            the driver needs `list_object_versions`, and the features ``delete_if_match`` and
            ``delete_if_last_modified``.
        lifecycle_runner: What executes them, if core does. The store sets it.
        async_driver: An object whose coroutine methods have the names and parameters of operations, or ``None``.
            `bucketry.aio` awaits them where no layer stands around the operation, instead of calling the driver in a
            thread. ``get_object`` returns an `AsyncContent` there. Bodies that they get are held in memory; larger ones
            and those that wait go to the driver's own method.
        lacks: The operations of its class that this object does not have, each with the reason. A driver that is made
            of others says here what these do not have. It may also name features and algorithms of checksums that it
            does not declare: a refusal gives the reason.
        breakers: The circuit breakers around the drivers that it is made of.
    """

    name: ClassVar[str]
    contract_version: ClassVar[int]
    Settings: ClassVar[type[DriverSettings]]
    features: Features
    s3_endpoint: ClassVar[bool] = False
    lifecycle: Literal["backend", "core"] = "backend"
    lifecycle_runner: LifecycleRunner | None = None
    async_driver: object = None
    lacks: Mapping[str, str] = MappingProxyType({})
    breakers: tuple[Breaker, ...] = ()

    @cached_property
    def clock(self) -> Clock:
        """The clock that the driver takes the time from. It is the store's, which sets it before the first call."""
        return Clock()

    def sdk(self) -> object:
        """Returns the client of the driver's SDK, which `Store.sdk` hands to callers. Not a hook: layers do not see it.

        A driver that has one overrides this with the type of its client, and documents what callers may do with it.

        Raises:
            Unsupported: The driver has no SDK.
        """
        raise Unsupported(f"the driver {self.name!r} has no SDK", operation="sdk")

    def peek_bucket_access(self, bucket: str) -> BucketAccess | None:
        """Returns what `get_bucket_access` would return, if that is known without waiting. Not a hook.

        A driver that can tell overrides this, so that servers need no thread to ask, nor the checks of an operation.

        Returns:
            ``None``: it is not known, or there is no such bucket.
        """
        return None

    def answers_at_once(self, bucket: str, key: str) -> bool:
        """Says whether a read of this object would find all that it needs in memory, as far as is known. Not a hook.

        A driver that may wait, but usually does not for what was used lately, overrides this. Servers then make such a
        read in the event loop: to hand it to a thread and back takes longer. It must not wait itself.
        """
        return False

    def check_new_key(self, bucket: str, key: str) -> None:
        """Refuses a key that the backend cannot hold unchanged, without asking it. Not a hook.

        A driver of such a backend overrides this, so that it can be known before anything is written: a move between
        stores asks. Writes refuse such keys all the same.

        Raises:
            InvalidKey: With the reason.
        """

    @hookspec(firstresult=True)
    def classify_error(self, error: Exception) -> Classified:
        """Returns the error of the contract for an error of the backend's SDK. Optional; layers do not see it.

        Requires:
            One of this driver's operations raised ``error``, or an object's content did while it was read. It is not a
            `BucketryError`.

        Behaviour:
            - Decides by code and type, never by the text of a message.
            - What it does not know is a ``BackendError``.
            - ``detail`` holds no secret and no signed URL.
        """
        raise NotImplementedError


OPERATIONS: Final = operations_of(*DriverSpec.__bases__)
"""The facts of all operations, by name; a layer may wrap each of them."""

__all__ = [
    "CONTRACT_VERSION",
    "OPERATIONS",
    "PROJECT",
    "DriverSpec",
    "hookimpl",
    "operation",
]
