"""Many objects deleted in one request."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from xml.sax.saxutils import escape

from bucketry.s3 import NAMESPACE

from bucketry_s3client._broken import reading, unreadable
from bucketry_s3client._tagging import with_md5
from bucketry_s3client._wire import Wire


def delete_together(wire: Wire, bucket: str, keys: Sequence[str]) -> Mapping[str, tuple[str, str]]:
    """Deletes up to 1,000 objects whose keys XML can hold: one request.

    The server is asked to name each key that it deleted (it is not to be quiet), so that none counts as deleted because
    the response that says otherwise did not arrive.

    Args:
        wire: The way to the server.
        bucket: The bucket.
        keys: The objects.

    Returns:
        Code and message of what could not be deleted, by key.

    Raises:
        Unavailable: The answer does not say of each key what became of it. All may have been deleted.
    """
    listed = "".join([f"<Object><Key>{escape(key)}</Key></Object>" for key in keys])
    content = f'<Delete xmlns="{NAMESPACE}">{listed}</Delete>'.encode()
    _, document = wire.ask(
        "POST", bucket, root="DeleteResult", query={"delete": ""}, headers=with_md5(content), content=content
    )
    with reading("the response to a deletion"):
        deleted = {entry.texts()["Key"] for entry in document.all("Deleted")}
        errors = [entry.texts() for entry in document.all("Error")]
        failed = {error["Key"]: (error["Code"], error.get("Message", "")) for error in errors}
    untold = [key for key in keys if key not in deleted and key not in failed]
    if untold:
        raise unreadable(f"the response to a deletion does not say what became of {len(untold)} objects")
    return failed
