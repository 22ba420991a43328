"""Which operation a request is, by its method, what it names, and the sub-resource in its query.

Source: S3 API reference, "Actions". An operation of S3 that this endpoint does not have is refused, and never mistaken
for another one.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from functools import cache
from importlib import import_module
from typing import Final, NamedTuple

from bucketry import OPERATIONS, Operation
from bucketry.s3 import COPY_SOURCE
from bucketry_access import OF_OBJECT_OWNER
from bucketry_access import OPERATIONS as ACTIONS_OF

from bucketry_http.s3 import objects, operations
from bucketry_http.s3.delete_conditions import CONDITION_HEADERS
from bucketry_http.s3.encryption import ENCRYPTION_HEADERS
from bucketry_http.s3.errors import S3Error, invalid_argument, not_implemented
from bucketry_http.s3.header_options import HeaderOptions
from bucketry_http.s3.headers import OVERRIDES, PLAIN_BODY, check_headers
from bucketry_http.s3.operations import WITHOUT_BUCKET
from bucketry_http.s3.request import Endpoint, S3Request, known_version
from bucketry_http.s3.response import Response
from bucketry_http.shared.settings_names import SETTINGS_NAMES

Handler = Callable[[Endpoint, S3Request], Awaitable[Response]]


class Handlers:
    """The handlers of a module, which is imported at the first request for one of them.

    Most servers see few of S3's operations, and all modules together take a fifth of a start.
    """

    def __init__(self, module: str) -> None:
        """Takes the module's name."""
        self._module = f"bucketry_http.s3.{module}"

    def __getattr__(self, name: str) -> Handler:
        """Returns what calls the handler of a name."""
        module = self._module

        async def handle(endpoint: Endpoint, request: S3Request) -> Response:
            handler: Handler = getattr(import_module(module), name)
            return await handler(endpoint, request)

        return handle


acls = Handlers("acls")
attributes = Handlers("attributes")
bucket_settings = Handlers("bucket_settings")
buckets = Handlers("buckets")
configurations = Handlers("bucket_configurations")
copying = Handlers("copying")
deletes = Handlers("deletes")
forms = Handlers("forms")
listing = Handlers("listing")
locks = Handlers("locks")
multipart = Handlers("multipart")
tagging = Handlers("tagging")


class Route(NamedTuple):
    """An operation of S3.

    Attributes:
        handle: Performs it.
        write: Whether it writes.
        versioned: Whether it takes the id of a version.
        conditional: Whether it is a write that takes ``If-Match`` or ``If-None-Match``.
        options: The headers that are options of the operations that it performs.
        anywhere: Whether a request may be signed for another region than the bucket's.
        name: Its name in the S3 API reference.
        is_usual: Whether it is about a bucket that exists, and names no other one. Then its owner may do it.
        of_object: Whether the owner of an object decides about it, not the bucket's.
        actions: The actions of policies that it needs, with a version or without.
    """

    handle: Handler
    write: bool
    versioned: bool
    conditional: bool
    options: HeaderOptions
    anywhere: bool
    name: str = ""
    is_usual: bool = False
    of_object: bool = False
    actions: frozenset[str] = frozenset()


def _route(
    handle: Handler, *names: str, versioned: bool = False, anywhere: bool = False, also: Collection[str] = ()
) -> Route:
    """Makes a route.

    Args:
        handle: Performs the operation.
        names: The operations of the contract that it performs. A put or delete that is only accepted if it changes
            nothing has the name of the operation that would change something.
        versioned: Whether it takes the id of a version.
        anywhere: Whether a request may be signed for another region than the bucket's.
        also: Names of headers that it takes besides those that are options of these operations.
    """
    operations = [OPERATIONS[name] for name in names]
    writes = [operation for operation in operations if operation.may_write()]
    kinds = (operation.options for operation in operations if operation.options is not None)
    options = HeaderOptions(*kinds, also=also)
    return Route(handle, bool(writes), versioned, any(map(_is_conditional, writes)), options, anywhere)


def _named(
    routes: Mapping[tuple[str, str], Route], names: Mapping[tuple[str, str], str]
) -> dict[tuple[str, str], Route]:
    """Returns routes with their names, and what follows from these."""
    found = {}
    for place, route in routes.items():
        name = names[place]
        needed = ACTIONS_OF[name]
        found[place] = route._replace(
            name=name,
            is_usual=name not in WITHOUT_BUCKET,
            of_object=not OF_OBJECT_OWNER.isdisjoint(needed.actions),
            actions=frozenset({*needed.actions, *needed.with_version}),
        )
    return found


def _is_conditional(operation: Operation) -> bool:
    return operation.options is not None and "if_match" in operation.options.__struct_fields__


def _each(names: Iterable[str], method: str, route: Route) -> dict[tuple[str, str], Route]:
    """Returns the same route for several sub-resources."""
    return {(method, name): route for name in names}


_SERVICE: Final = {("GET", ""): _route(buckets.list_buckets, "list_buckets")}

_BUCKET: Final = {
    ("GET", ""): _route(listing.list_objects_v1, "list_objects"),
    ("GET", "list-type"): _route(listing.list_objects_v2, "list_objects"),
    ("GET", "location"): _route(buckets.get_location, "head_bucket", anywhere=True),
    ("GET", "uploads"): _route(multipart.list_uploads, "list_multipart_uploads"),
    ("GET", "versions"): _route(listing.list_versions, "list_object_versions", "list_objects"),
    ("PUT", ""): _route(buckets.create_bucket, "create_bucket", anywhere=True),
    ("HEAD", ""): _route(buckets.head_bucket, "head_bucket"),
    ("DELETE", ""): _route(buckets.delete_bucket, "delete_bucket"),
    ("POST", "delete"): _route(deletes.delete_objects, "delete_objects"),
    ("POST", ""): _route(forms.refuse_post, "put_object"),
}

_OBJECT: Final = {
    ("GET", ""): _route(objects.get_object, "get_object", versioned=True),
    ("HEAD", ""): _route(objects.head_object, "head_object", versioned=True),
    ("PUT", ""): _route(objects.put_object, "put_object"),
    ("DELETE", ""): _route(deletes.delete_object, "delete_object", versioned=True, also=CONDITION_HEADERS),
    ("GET", "attributes"): _route(attributes.get_attributes, "get_object_attributes", "head_object", versioned=True),
    ("GET", "acl"): _route(acls.get_object_acl, "head_object", versioned=True),
    ("PUT", "acl"): _route(acls.put_acl, "put_bucket_settings", versioned=True),
    ("GET", "tagging"): _route(tagging.get_tagging, "get_object_tagging", versioned=True),
    ("PUT", "tagging"): _route(tagging.put_tagging, "put_object_tagging", versioned=True),
    ("DELETE", "tagging"): _route(tagging.delete_tagging, "delete_object_tagging", versioned=True),
    ("GET", "retention"): _route(locks.get_retention, "head_object", versioned=True),
    ("PUT", "retention"): _route(locks.put_retention, "put_object_retention", versioned=True),
    ("GET", "legal-hold"): _route(locks.get_legal_hold, "head_object", versioned=True),
    ("PUT", "legal-hold"): _route(locks.put_legal_hold, "put_object_legal_hold", versioned=True),
    ("POST", "uploads"): _route(multipart.create_upload, "create_multipart_upload"),
    ("PUT", "uploadId"): _route(multipart.upload_part, "upload_part", also=ENCRYPTION_HEADERS),
    ("POST", "uploadId"): _route(multipart.complete_upload, "complete_multipart_upload", also=ENCRYPTION_HEADERS),
    ("DELETE", "uploadId"): _route(multipart.abort_upload, "abort_multipart_upload"),
    ("GET", "uploadId"): _route(multipart.list_parts, "list_parts"),
}

_COPIES: Final = {
    ("PUT", ""): _route(copying.copy_object, "head_object", "copy_object"),
    ("PUT", "uploadId"): _route(copying.copy_part, "head_object", "upload_part_copy", also=ENCRYPTION_HEADERS),
}
"""What a ``PUT`` with ``x-amz-copy-source`` is, by sub-resource."""

SERVICE: Final[Mapping[tuple[str, str], Route]] = _named(_SERVICE, operations.SERVICE)
BUCKET: Final[Mapping[tuple[str, str], Route]] = _named(_BUCKET, operations.BUCKET)
OBJECT: Final[Mapping[tuple[str, str], Route]] = _named(_OBJECT, operations.OBJECT)
COPIES: Final[Mapping[tuple[str, str], Route]] = _named(_COPIES, operations.COPIES)


@cache
def settings_routes() -> Mapping[tuple[str, str], Route]:
    """Returns the routes of a bucket's settings.

    They are made at the first request about settings: the table of S3's documents, from which they derive, takes as
    long to import as all that a plain put needs.
    """
    from bucketry.documents import BY_SUBRESOURCE, OF_CONFIGURATIONS

    whole = [name for name in BY_SUBRESOURCE if name not in OF_CONFIGURATIONS]
    deletes = [name for name in whole if BY_SUBRESOURCE[name].has_delete]
    return _named(
        {
            **_each(whole, "GET", _route(bucket_settings.get_settings, "get_bucket_settings")),
            **_each(whole, "PUT", _route(bucket_settings.put_settings, "put_bucket_settings")),
            **_each(deletes, "DELETE", _route(bucket_settings.delete_settings, "delete_bucket_settings")),
            **_each(OF_CONFIGURATIONS, "GET", _route(configurations.get_configurations, "get_bucket_settings")),
            **_each(OF_CONFIGURATIONS, "PUT", _route(configurations.put_configuration, "put_bucket_settings")),
            **_each(OF_CONFIGURATIONS, "DELETE", _route(configurations.delete_configuration, "delete_bucket_settings")),
            # An ACL can also come in headers.
            ("PUT", "acl"): _route(acls.put_acl, "put_bucket_settings"),
            ("GET", "policyStatus"): _route(bucket_settings.get_policy_status, "get_bucket_settings"),
            ("GET", "replication"): _route(bucket_settings.get_replication, "head_bucket"),
            ("DELETE", "replication"): _route(bucket_settings.delete_replication, "delete_bucket_settings"),
        },
        operations.BUCKET,
    )


def all_routes() -> list[Mapping[tuple[str, str], Route]]:
    """Returns all tables of routes."""
    return [SERVICE, BUCKET, settings_routes(), OBJECT, COPIES]


_SUBRESOURCES: Final = frozenset(
    {
        *(name for table in (BUCKET, OBJECT) for _, name in table if name),
        *SETTINGS_NAMES,
        *[
            "abac",
            "append",
            "inventory-configuration",
            "metadataConfiguration",
            "metadataTable",
            "renameObject",
            "restore",
            "select",
            "session",
            "torrent",
        ],
    }
)
"""Parameters that make a request another operation; all that S3 has, also those that are not implemented."""

_METHODS: Final = frozenset({"GET", "HEAD", "PUT", "POST", "DELETE", "OPTIONS"})


def route(endpoint: Endpoint, request: S3Request) -> Route:
    """Returns the operation that a request is, and reads what its headers and its query say of the options.

    Raises:
        S3Error: S3 has no such operation, or this endpoint has not.
    """
    subresource = _subresource(request.query) if request.query else ""
    method = request.method
    table = OBJECT if request.key else BUCKET if request.bucket else SERVICE
    if table is BUCKET and subresource in SETTINGS_NAMES:
        table = settings_routes()
    if method == "PUT" and "partNumber" in request.query and subresource != "uploadId":
        # Without this check, a part would overwrite the object.
        raise S3Error("InvalidArgument", "A part needs the parameter uploadId.")
    if method == "PUT" and COPY_SOURCE in request.headers and request.key:
        operation = COPIES.get((method, subresource))
    else:
        operation = table.get((method, subresource))
    if operation is None:
        raise _refusal(method, subresource, table)
    request.is_plain = request.headers.keys() <= PLAIN_BODY
    if not request.is_plain:
        taken = operation.options
        names = taken.names | operations.HEADERS.get(operation.name, frozenset())
        check_headers(request.headers, write=operation.write, conditional=operation.conditional, taken=names)
        request.options = taken.read(endpoint, request, request.headers)
    version_id = request.query.get("versionId") if request.query else None
    if version_id is not None:
        if not operation.versioned:
            # Without this check, deleting a version of an object without its key would delete the bucket.
            raise invalid_argument("versionId", version_id, "This operation does not accept a version-id.")
        request.version_id = known_version(endpoint, version_id)
    return operation


def _subresource(query: dict[str, str]) -> str:
    found = [name for name in query if name in _SUBRESOURCES]
    if len(found) > 1:
        raise S3Error("InvalidRequest", f"{found[0]} and {found[1]} are two different operations.")
    if found:
        if found[0] == "list-type" and query["list-type"] != "2":
            raise S3Error("InvalidArgument", "list-type is 2, or is left out.")
        return found[0]
    for name, value in query.items():
        if not value and name not in _EMPTY:
            raise not_implemented(f"the sub-resource {name[:64]!r}")
    return ""


_EMPTY: Final = OVERRIDES.keys() | frozenset(
    [
        "versionId",
        "prefix",
        "delimiter",
        "marker",
        "start-after",
        "continuation-token",
        "encoding-type",
        "max-keys",
        "fetch-owner",
        "x-id",
        "metadata",
        "partNumber",
    ]
)
"""Parameters that may be empty. Any other one without a value looks like a sub-resource that S3 has by now."""


def _refusal(method: str, subresource: str, table: Mapping[tuple[str, str], Route]) -> S3Error:
    known = [known for known, name in table if name == subresource]
    if method not in _METHODS or (known and not subresource):
        return S3Error("MethodNotAllowed", headers={"allow": ", ".join(known)} if known else {})
    return not_implemented(f"{method} of {subresource}" if subresource else f"{method} here")
