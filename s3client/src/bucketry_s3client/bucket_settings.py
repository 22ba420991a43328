"""Settings of buckets: the requests that get, put and delete each kind, by core's table of S3's documents."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any, Final, TypeVar, cast

from bucketry import (
    BucketSettings,
    InvalidBucketSettings,
    InvalidBucketState,
    LifecycleSettings,
    NotificationSettings,
    TagSettings,
)
from bucketry.bucket_settings import AclSettings, Configuration, ConfigurationSettings, PolicySettings
from bucketry.documents import (
    DOCUMENTS,
    ConfigurationDocument,
    Element,
    read_configuration,
    read_settings,
    write_configuration,
    write_settings,
)
from bucketry.paging import stands_still

from bucketry_s3client.client import S3Client
from bucketry_s3client.errors import S3ResponseError, raise_incomplete, reading
from bucketry_s3client.headers import md5_header
from bucketry_s3client.xml import document_of, is_truncated

SettingsT = TypeVar("SettingsT", bound=BucketSettings)

_PRIVATE: Final = {"x-amz-acl": "private"}
_NO_CODES: Final[Collection[str]] = frozenset()


def get_settings(
    client: S3Client, bucket: str, kind: type[SettingsT], *, also_missing: Collection[str] = _NO_CODES
) -> SettingsT:
    """Returns a bucket's settings of one kind: one request, or one a page for kinds with several configurations.

    Args:
        client: The way to the server.
        bucket: The bucket.
        kind: The kind.
        also_missing: Codes of errors with which the server says that nothing is set, besides S3's own.

    Returns:
        The settings; ``kind()`` if nothing is set. An ACL that only gives rights to the owner counts as not set.

    Raises:
        Unavailable: The response cannot be read.
    """
    document = DOCUMENTS[kind]
    if isinstance(document, ConfigurationDocument):
        listed = tuple(_configurations(client, bucket, document))
        return cast("SettingsT", cast("type[Any]", kind)(configurations=listed))
    try:
        _, body = client.request("GET", bucket, query={document.subresource: ""})
    except S3ResponseError as error:
        if error.code in {*document.missing[:1], *also_missing}:
            return kind()
        raise
    settings = read_document(client, body, kind)
    if isinstance(settings, AclSettings) and settings.acl is not None and not settings.acl.grants_others:
        return kind()
    return settings


def put_settings(client: S3Client, bucket: str, settings: BucketSettings) -> None:
    """Replaces a bucket's settings of one kind: one request, or several for kinds with several configurations."""
    document = DOCUMENTS[type(settings)]
    if isinstance(settings, ConfigurationSettings) and isinstance(document, ConfigurationDocument):
        _put_configurations(client, bucket, settings, document)
        return
    if isinstance(settings, PolicySettings):
        content = settings.document.encode()
    else:
        content = document_of(write_settings(settings))
    _put(client, bucket, {document.subresource: ""}, content)


def delete_settings(
    client: S3Client, bucket: str, kind: type[BucketSettings], *, also_missing: Collection[str] = _NO_CODES
) -> None:
    """Deletes a bucket's settings of one kind, if something is set. Arguments as in `get_settings`.

    Raises:
        InvalidBucketState: S3 has no way to remove settings of this kind, and they are set.
    """
    document = DOCUMENTS[kind]
    if isinstance(document, ConfigurationDocument):
        for one in list(_configurations(client, bucket, document)):
            client.request("DELETE", bucket, query={document.subresource: "", "id": one.id})
    elif document.has_delete:
        try:
            client.request("DELETE", bucket, query={document.subresource: ""})
        except S3ResponseError as error:
            if error.code not in {*document.missing[:1], *also_missing}:
                raise
    elif document.empty_removes:
        _put(client, bucket, {document.subresource: ""}, document_of(write_settings(kind())))
    elif kind is AclSettings:
        client.request("PUT", bucket, query={document.subresource: ""}, headers=_PRIVATE)
    elif get_settings(client, bucket, kind, also_missing=also_missing) != kind():
        raise InvalidBucketState(f"{kind.__name__} can be changed, but not removed")


def put_notification(client: S3Client, bucket: str, settings: NotificationSettings) -> None:
    """Replaces a bucket's notifications on a server that may add those of a put to the old ones, as RGW 16.2 does.

    Those are deleted then, one by one: two requests, and one for each of them.
    """
    put_settings(client, bucket, settings)
    kept = {each.id for each in settings.configurations}
    for each in get_settings(client, bucket, NotificationSettings).configurations:
        if each.id not in kept:
            client.request("DELETE", bucket, query={"notification": each.id or ""})


def delete_notification(client: S3Client, bucket: str) -> None:
    """Deletes a bucket's notifications. S3 puts an empty configuration, which RGW 16.2 refuses: it has a DELETE."""
    try:
        delete_settings(client, bucket, NotificationSettings)
    except S3ResponseError as error:
        if error.code != "MalformedXML":
            raise
        client.request("DELETE", bucket, query={"notification": ""})


def read_document(client: S3Client, body: bytes, kind: type[SettingsT]) -> SettingsT:
    """Reads the body of a response with settings of one kind.

    Raises:
        Unavailable: It cannot be read.
    """
    what = f"the response about {kind.__name__}"
    if issubclass(kind, PolicySettings):
        with reading(what):
            return kind(document=body.decode())
    root = client.parsed(body, DOCUMENTS[kind].root)
    try:
        tree = root.as_tree()
        return read_settings(_MENDED.get(kind, _unchanged)(tree), kind)
    except InvalidBucketSettings as error:
        raise_incomplete(what, error)


def _put(client: S3Client, bucket: str, query: Mapping[str, str], content: bytes) -> None:
    client.request("PUT", bucket, query=query, headers=md5_header(content), content=content)


def _configurations(client: S3Client, bucket: str, document: ConfigurationDocument) -> Iterator[Configuration]:
    """Yields all configurations, page after page."""
    token = ""
    while True:
        query = {document.subresource: ""} | ({"continuation-token": token} if token else {})
        _, page = client.request_xml("GET", bucket, root=document.listing, query=query)
        for entry in page.all(document.root):
            try:
                yield read_configuration(entry.as_tree(), document.entry)
            except InvalidBucketSettings as error:
                raise_incomplete(f"the response about {document.root}", error)
        with reading("a page of configurations"):
            if not is_truncated(page):
                return
        last, token = token, page.text("NextContinuationToken")
        if token in {"", last}:
            stands_still("a page of configurations comes again")


def _put_configurations(
    client: S3Client, bucket: str, settings: ConfigurationSettings, document: ConfigurationDocument
) -> None:
    """Puts the configurations that are new or changed, and deletes those that are gone."""
    before = {one.id: one for one in _configurations(client, bucket, document)}
    for one in settings.configurations:
        if before.pop(one.id, None) != one:
            query = {document.subresource: "", "id": one.id}
            _put(client, bucket, query, document_of(write_configuration(one)))
    for name in before:
        client.request("DELETE", bucket, query={document.subresource: "", "id": name})


_ALL_KEYS: Final = Element("Prefix", "", ())
_CONDITIONS: Final = frozenset({"And", "Prefix", "Tag", "ObjectSizeGreaterThan", "ObjectSizeLessThan"})


def _rules_as_s3(tree: Element) -> Element:
    """Returns lifecycle rules, or tags, as S3 writes them.

    MinIO and moto leave out the ``Value`` of a tag if it is empty. RGW writes ``Prefix`` beside ``And``, and an empty
    ``Prefix`` in place of a filter for all objects.
    """
    children = tuple(map(_rules_as_s3, tree.children))
    if tree.name == "Tag" and [child.name for child in children] == ["Key"]:
        children = (*children, Element("Value", "", ()))
    if tree.name == "Rule":
        children = tuple(Element("Filter", "", (child,)) if child == _ALL_KEYS else child for child in children)
    conditions = [child for child in children if child.name in _CONDITIONS]
    if tree.name == "Filter" and len(conditions) > 1:
        joined = [one for child in conditions for one in (child.children if child.name == "And" else (child,))]
        children = (Element("And", "", tuple(joined)),)
    return tree._replace(children=children)


def _grants_as_s3(tree: Element) -> Element:
    """Returns an access control list as S3 writes it.

    SeaweedFS writes the type of a grantee twice, as the attribute that S3 has and as an element.
    """
    children = tuple(map(_grants_as_s3, tree.children))
    if tree.name == "Grantee" and tree.type:
        children = tuple(child for child in children if child != Element("Type", tree.type))
    return tree._replace(children=children)


def _unchanged(tree: Element) -> Element:
    return tree


_MENDED: Final[Mapping[type[BucketSettings], Callable[[Element], Element]]] = {
    AclSettings: _grants_as_s3,
    LifecycleSettings: _rules_as_s3,
    TagSettings: _rules_as_s3,
}
"""What turns documents of servers into S3's own, by the kind of settings."""
