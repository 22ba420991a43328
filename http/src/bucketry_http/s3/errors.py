"""Errors as S3 clients see them: a code and a status of the S3 API reference, "Error responses"."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import bucketry as core
from bucketry.headers import HEADER_OF
from bucketry.s3 import http_date
from bucketry.sigv4 import SignatureError

from bucketry_http.shared.errors import (
    HostNotAllowed,
    MalformedForm,
    RequestError,
    SlowBody,
    TooManyRequests,
    UnsupportedMediaType,
)
from bucketry_http.shared.headers import DELETE_MARKER, VERSION_ID

NOTHING: Final[Mapping[str, str]] = {}

ERRORS: Final[Mapping[str, tuple[int, str]]] = {
    "AccessControlListNotSupported": (400, "The bucket does not allow ACLs"),
    "AccessDenied": (403, "Access Denied"),
    "AccessForbidden": (403, "Access Forbidden"),
    "AuthorizationQueryParametersError": (400, "The authorization query parameters are malformed"),
    "AuthorizationHeaderMalformed": (400, "The authorization header is malformed"),
    "BadRequest": (400, "Bad Request"),
    "BadDigest": (400, "The digest that you specified does not match what was received"),
    "BucketAlreadyExists": (409, "The bucket exists already, and somebody else owns it"),
    "BucketAlreadyOwnedByYou": (409, "The bucket exists already, and you own it"),
    "BucketNotEmpty": (409, "The bucket you tried to delete is not empty"),
    "EntityTooLarge": (400, "Your proposed upload exceeds the maximum allowed size"),
    "EntityTooSmall": (400, "Your proposed upload is smaller than the minimum allowed size"),
    "IdMismatch": (400, "Document ID does not match the specified configuration ID"),
    "IllegalVersioningConfigurationException": (400, "The versioning configuration specified is not valid"),
    "IllegalLocationConstraintException": (400, "The location constraint does not fit the region of the request"),
    "IncompleteBody": (400, "You did not provide the number of bytes specified by the Content-Length header"),
    "InternalError": (500, "The server failed; its log says why"),
    "InvalidArgument": (400, "Invalid Argument"),
    "InvalidBucketAclWithObjectOwnership": (400, "Bucket cannot have ACLs set with this ObjectOwnership"),
    "InvalidBucketName": (400, "The specified bucket is not valid"),
    "InvalidBucketState": (409, "The request is not valid with the current state of the bucket"),
    "InvalidEncryptionAlgorithmError": (400, "The encryption request that you specified is not valid"),
    "InvalidDigest": (400, "The Content-MD5 you specified is not valid"),
    "InvalidLocationConstraint": (400, "The specified location constraint is not valid"),
    "InvalidPart": (400, "A part was not uploaded, or its etag is another"),
    "InvalidPartNumber": (416, "The requested part number is not satisfiable"),
    "InvalidPartOrder": (400, "The list of parts was not in ascending order"),
    "InvalidPolicyDocument": (400, "The content of the form does not meet the conditions of the policy document"),
    "InvalidRange": (416, "The requested range is not satisfiable"),
    "InvalidRedirectLocation": (400, "The redirect location must begin with 'http://', 'https://' or '/'"),
    "InvalidRequest": (400, "Invalid Request"),
    "InvalidRetentionPeriod": (400, "The retention period must be a positive number"),
    "InvalidStorageClass": (400, "The storage class you specified is not valid"),
    "InvalidTag": (400, "The tag provided was not a valid tag"),
    "InvalidTargetBucketForLogging": (400, "The target bucket for logging does not exist"),
    "InvalidToken": (400, "The provided token is malformed or otherwise not valid"),
    "InvalidURI": (400, "The specified URI could not be parsed"),
    "KMS.NotFoundException": (400, "The encryption key does not exist"),
    "KeyTooLongError": (400, "Your key is too long: it may have 1,024 bytes in UTF-8"),
    "MalformedACLError": (400, "The ACL that you provided was not well formed or did not validate against our schema"),
    "MalformedPolicy": (400, "The policy is not valid"),
    "MalformedPOSTRequest": (400, "The body of your POST request is not well-formed multipart/form-data"),
    "MalformedXML": (400, "The XML you provided was not well-formed or did not validate against our schema"),
    "MaxMessageLengthExceeded": (400, "Your request was too big"),
    "MetadataTooLarge": (400, "Your metadata headers exceed the maximum allowed metadata size of 2 KiB"),
    "MethodNotAllowed": (405, "The specified method is not allowed against this resource"),
    "MisdirectedRequest": (421, "This endpoint is not known under the host that the request names"),
    "MissingContentLength": (411, "You must provide the Content-Length HTTP header"),
    "MissingRequestBodyError": (400, "Request Body is empty"),
    "NoSuchBucket": (404, "The specified bucket does not exist"),
    "NoSuchKey": (404, "The specified key does not exist"),
    "NoSuchObjectLockConfiguration": (404, "The specified object does not have a ObjectLock configuration"),
    "NoSuchUpload": (404, "The specified multipart upload does not exist; it may have been aborted or completed"),
    "NoSuchVersion": (404, "The specified version does not exist"),
    "NotImplemented": (501, "A header or parameter you provided implies functionality that is not implemented"),
    "NotModified": (304, "Not Modified"),
    "PermanentRedirect": (301, "The bucket is in another region: send all future requests for it there"),
    "PreconditionFailed": (412, "At least one of the pre-conditions you specified did not hold"),
    "QuotaExceeded": (403, "A quota or the capacity of the store is used up"),
    "RequestTimeout": (400, "Your socket connection was not read from or written to within the timeout period"),
    "ServiceUnavailable": (503, "The store is not available: please try again later"),
    "SlowDown": (503, "Please reduce your request rate"),
    "TooManyConfigurations": (400, "The bucket has reached the limit of configurations of this kind"),
    "UnresolvableGrantByEmailAddress": (400, "The email address you provided does not match any account on record"),
    "UserKeyMustBeSpecified": (400, "The form must contain a field named key"),
}
"""Status and message by code. QuotaExceeded is Ceph RGW's; S3 itself has none."""

CODE_OF: Final[Mapping[type[core.BucketryError], str]] = {
    core.InvalidRange: "InvalidRange",
    core.InvalidBucketName: "InvalidBucketName",
    core.InvalidChecksum: "InvalidRequest",
    core.CustomerKeyNeeded: "InvalidRequest",
    core.CustomerKeyNotNeeded: "InvalidRequest",
    core.NoSuchKmsKey: "KMS.NotFoundException",
    core.InvalidArgument: "InvalidArgument",
    core.PartTooSmall: "EntityTooSmall",
    core.InvalidPart: "InvalidPart",
    core.BadDigest: "BadDigest",
    core.IncompleteBody: "IncompleteBody",
    SlowBody: "RequestTimeout",
    core.NoSuchBucket: "NoSuchBucket",
    core.NoSuchKey: "NoSuchKey",
    core.NoSuchVersion: "NoSuchVersion",
    core.NoSuchUpload: "NoSuchUpload",
    core.IsDeleteMarker: "MethodNotAllowed",
    core.InvalidBucketState: "InvalidBucketState",
    core.BucketAlreadyExists: "BucketAlreadyOwnedByYou",
    core.BucketNotEmpty: "BucketNotEmpty",
    core.PreconditionFailed: "PreconditionFailed",
    core.NotModified: "NotModified",
    core.TooLarge: "EntityTooLarge",
    core.AccessDenied: "AccessDenied",
    core.ObjectLocked: "AccessDenied",
    core.QuotaExceeded: "QuotaExceeded",
    core.Unsupported: "NotImplemented",
    core.Throttled: "SlowDown",
    TooManyRequests: "SlowDown",
    core.Unavailable: "ServiceUnavailable",
    HostNotAllowed: "MisdirectedRequest",
    core.StoreClosed: "ServiceUnavailable",
    MalformedForm: "MalformedPOSTRequest",
    UnsupportedMediaType: "InvalidRequest",
    RequestError: "InvalidRequest",
}
"""Looked up along an error's base classes; what is missing is ``InternalError``."""

_MESSAGE_OF: Final[Mapping[type[core.BucketryError], str]] = {
    core.CustomerKeyNeeded: (
        "The object was stored using a form of Server Side Encryption. The correct parameters must be provided to "
        "retrieve the object."
    ),
    core.CustomerKeyNotNeeded: "The encryption parameters are not applicable to this object.",
    core.WrongCustomerKey: (
        "Requests specifying Server Side Encryption with Customer provided keys must provide the correct secret key."
    ),
}
"""S3's own messages, by the class of the error."""

_CODE_OF_EXCESS: Final[Mapping[str, str]] = {
    "key": "KeyTooLongError",
    "metadata": "MetadataTooLarge",
    "tags": "BadRequest",
}
"""Codes for arguments that exceed their upper bound, by field."""

_CODE_OF_FIELD: Final[Mapping[str, str]] = {
    "tags": "InvalidTag",
    "storage_class": "InvalidStorageClass",
    "website_redirect": "InvalidRedirectLocation",
}
"""Codes for other arguments that are not valid, by field; all others have the code of their class."""

_CODE_OF_FAULT: Final[Mapping[core.errors.SettingsFault, str]] = {
    "schema": "MalformedXML",
    "value": "InvalidArgument",
    "refused": "InvalidRequest",
    "retention_period": "InvalidRetentionPeriod",
    "policy": "MalformedPolicy",
}
"""Codes for settings of a bucket, by what is wrong with them."""

_CONDITIONS: Final[Mapping[str, str]] = {
    "if_match": "If-Match",
    "if_none_match": "If-None-Match",
    "if_modified_since": "If-Modified-Since",
    "if_unmodified_since": "If-Unmodified-Since",
    "source_if_match": "x-amz-copy-source-If-Match",
}
"""The headers that state conditions, by option."""

_WITHOUT_DETAIL: Final = frozenset({"InternalError", "KeyTooLongError", "MetadataTooLarge"})
"""Codes that always have S3's own message. Details of a failure inside the server are for its log alone."""


class S3Error(core.BucketryError):
    """An error of S3.

    Attributes:
        s3_code: Its code in the S3 API reference.
        status: The HTTP status.
        elements: Elements of the error document besides the code, the message and the place.
        headers: Headers of the response besides the usual ones.
    """

    code = "s3_error"
    sentence = "The request is refused"

    def __init__(
        self,
        s3_code: str,
        message: str = "",
        *,
        status: int | None = None,
        elements: Mapping[str, str] = NOTHING,
        headers: Mapping[str, str] = NOTHING,
    ) -> None:
        """Makes the error of a code. The code has a message and a status of its own, which these replace."""
        known_status, known_message = ERRORS.get(s3_code, (400, s3_code))
        self.s3_code = s3_code
        self.status = known_status if status is None else status
        self.message = message or known_message
        self.elements = elements
        self.headers = headers
        super().__init__(self.message)


def not_implemented(what: str) -> S3Error:
    """Returns the error for something that this endpoint does not do."""
    return S3Error("NotImplemented", f"This endpoint does not implement {what}.")


def header_not_implemented(name: str) -> S3Error:
    """Returns the error for a header that this endpoint cannot honour."""
    return S3Error("NotImplemented", f"This endpoint does not implement the header {name}.", elements={"Header": name})


def invalid_argument(name: str, value: str, message: str) -> S3Error:
    """Returns the error for a parameter or header. The error shows the value, so never pass a secret."""
    shown = value if len(value) <= 256 else value[:256] + "…"
    return S3Error("InvalidArgument", message, elements={"ArgumentName": name, "ArgumentValue": shown})


def no_object_lock() -> S3Error:
    """Returns the error of a lock of a version in a bucket that has no object lock."""
    return S3Error("InvalidRequest", "Bucket is missing Object Lock Configuration")


def precondition_failed(condition: str | None) -> S3Error:
    """Returns the error of a condition that does not hold.

    Args:
        condition: The header that states it, which the error document names. s3fs acts on it. ``None``: not known.
    """
    return S3Error("PreconditionFailed", elements={"Condition": condition} if condition else NOTHING)


def source_condition_failed(condition: core.errors.Condition | None) -> S3Error:
    """Returns the error of a condition on the source of a copy that does not hold."""
    return precondition_failed(condition and f"x-amz-copy-source-{_CONDITIONS[condition]}")


def of_signature(error: SignatureError, region: str) -> S3Error:
    """Returns the error of a wrong signature. It names the region where the signature is for another one."""
    elements = {"Region": region} if error.code == "AuthorizationHeaderMalformed" else NOTHING
    return S3Error(error.code, error.message, status=error.status, elements=elements)


def translated(error: Exception) -> S3Error:
    """Returns the S3 error for an error of the contract. Any other exception is an internal error."""
    if isinstance(error, S3Error):
        return error
    if not isinstance(error, core.BucketryError):
        return S3Error("InternalError")
    if isinstance(error, core.PreconditionFailed):
        return precondition_failed(error.condition and _CONDITIONS[error.condition])
    if isinstance(error, core.IsDeleteMarker):
        return _is_delete_marker(error)
    if isinstance(error, core.InvalidBucketState) and error.key is not None:
        # S3 has its code for settings of a bucket only.
        return no_object_lock()
    if isinstance(error, core.InvalidArgument) and error.field == "version_id":
        return S3Error("InvalidArgument", "Invalid version id specified", elements={"ArgumentName": "versionId"})
    code = _code_of(error)
    if code in _WITHOUT_DETAIL or type(error) in _MESSAGE_OF:
        return S3Error(code, _MESSAGE_OF.get(type(error), ""))
    detail = f"{error.sentence}: {error.detail}" if error.detail else ERRORS[code][1]
    return S3Error(code, detail, elements=_elements_of(error), headers=_headers_of(error))


def _is_delete_marker(error: core.IsDeleteMarker) -> S3Error:
    """Returns the error of a request that names a delete marker (S3 user guide, "Working with delete markers")."""
    headers = {DELETE_MARKER: "true", "allow": "DELETE"}
    if error.version_id is not None:
        headers[VERSION_ID] = error.version_id
    if error.last_modified is not None:
        headers["last-modified"] = http_date(error.last_modified)
    return S3Error("MethodNotAllowed", elements={"ResourceType": "DeleteMarker"}, headers=headers)


def _headers_of(error: core.BucketryError) -> Mapping[str, str]:
    """Returns the headers of an error.

    They tell when the client may try again, or that an object does not exist since its latest version is a delete
    marker.
    """
    if isinstance(error, TooManyRequests):
        return {"retry-after": str(error.retry_after)}
    if not isinstance(error, core.NoSuchKey) or not error.delete_marker:
        return NOTHING
    headers = {DELETE_MARKER: "true"}
    return headers if error.version_id is None else {**headers, VERSION_ID: error.version_id}


def _elements_of(error: core.BucketryError) -> Mapping[str, str]:
    """Returns the version that does not exist, or the name of the header that is wrong if an object keeps it."""
    if isinstance(error, core.NoSuchVersion) and error.version_id is not None:
        return {"VersionId": error.version_id}
    header = HEADER_OF.get(error.field or "") if isinstance(error, core.InvalidArgument) else None
    return NOTHING if header is None else {"ArgumentName": header.name.title()}


def _code_of(error: core.BucketryError) -> str:
    if isinstance(error, core.InvalidBucketSettings) and error.fault is not None:
        return _CODE_OF_FAULT[error.fault]
    if isinstance(error, core.InvalidArgument) and error.field is not None:
        code = _CODE_OF_FIELD.get(error.field)
        if error.limit is not None:
            code = _CODE_OF_EXCESS.get(error.field, code)
        if code is not None:
            return code
    if isinstance(error, core.InvalidPart) and error.fault == "order":
        return "InvalidPartOrder"
    return next((CODE_OF[kind] for kind in type(error).__mro__ if kind in CODE_OF), "InternalError")
