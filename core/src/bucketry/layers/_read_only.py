"""A layer that lets nothing be changed."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any, Final

from bucketry.errors import AccessDenied
from bucketry.hookspecs import hookimpl
from bucketry.models import PresignedUrl
from bucketry.options import PresignOptions

_WRITES: Final = (
    "create_bucket",
    "delete_bucket",
    "put_bucket_cors",
    "delete_bucket_cors",
    "put_object",
    "copy_object",
    "delete_object",
    "delete_objects",
    "put_object_tagging",
    "delete_object_tagging",
    "create_multipart_upload",
    "upload_part",
    "upload_part_copy",
    "complete_multipart_upload",
    "abort_multipart_upload",
)


class ReadOnly:
    """Refuses every operation that changes something, and presigned uploads, with ``AccessDenied``."""

    @hookimpl(wrapper=True)
    def presign(self, options: PresignOptions) -> Generator[None, PresignedUrl, PresignedUrl]:
        """Refuses URLs that would upload."""
        if options.method != "GET":
            _refuse()
        return (yield)


def _refuse() -> None:
    raise AccessDenied("the store is open for reading only")


def _refused(self: ReadOnly) -> Generator[None, Any, Any]:  # noqa: ARG001 - a method, once it is set on the class
    _refuse()
    return (yield)


for _operation in _WRITES:
    setattr(ReadOnly, _operation, hookimpl(wrapper=True)(_refused))
