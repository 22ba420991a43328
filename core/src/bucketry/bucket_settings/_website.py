"""Website configuration of a bucket. It is stored, and nobody here serves websites.

Source: S3 API reference, ``WebsiteConfiguration``.
"""

from __future__ import annotations

import re
from typing import Annotated, ClassVar, Final, Literal, Self

import msgspec
from typing_extensions import override

from bucketry._xml_names import Xml
from bucketry.bucket_settings._base import BucketSettings, check_text, invalid
from bucketry.s3 import MAX_KEY_BYTES, MAX_ROUTING_RULES

Protocol = Literal["http", "https"]
"""The protocol that a redirect names."""

_ERROR_STATUS: Final = re.compile("[45][0-9]{2}")
_REDIRECT_STATUS: Final = re.compile("3[0-9]{2}")
_MAX_HOST: Final = 255


class RedirectAll(msgspec.Struct, frozen=True, kw_only=True):
    """Where all requests are redirected; ``protocol`` ``None``: that of the request."""

    host_name: str
    protocol: Protocol | None = None


class RoutingCondition(msgspec.Struct, frozen=True, kw_only=True):
    """When a routing rule applies; at least one is set.

    Attributes:
        http_error_code: Status of the response, 400 to 599.
        key_prefix: What the key begins with.
    """

    http_error_code: Annotated[str | None, Xml("HttpErrorCodeReturnedEquals")] = None
    key_prefix: Annotated[str | None, Xml("KeyPrefixEquals")] = None


class Redirect(msgspec.Struct, frozen=True, kw_only=True):
    """Where a routing rule redirects; at least one is set.

    Attributes:
        host_name: The host.
        http_redirect_code: Status of the response, 300 to 399.
        protocol: The protocol.
        replace_key_prefix_with: What takes the place of ``key_prefix``.
        replace_key_with: What takes the place of the whole key. Not with ``replace_key_prefix_with``.
    """

    host_name: str | None = None
    http_redirect_code: str | None = None
    protocol: Protocol | None = None
    replace_key_prefix_with: str | None = None
    replace_key_with: str | None = None


class RoutingRule(msgspec.Struct, frozen=True, kw_only=True):
    """When and where a request is redirected; ``condition`` ``None``: always."""

    condition: RoutingCondition | None = None
    redirect: Redirect


class WebsiteSettings(BucketSettings, frozen=True, kw_only=True, tag="website"):
    """How a bucket is served as a website: with an index, or by a redirect of all requests.

    Attributes:
        redirect_all: Where all requests are redirected. Not with the others.
        index_suffix: Name of the index below each prefix, without a slash.
        error_key: Key of the page that is shown for errors.
        routing_rules: Redirects of some requests, at most 50.
    """

    feature: ClassVar[str] = "bucket_website"

    redirect_all: Annotated[RedirectAll | None, Xml("RedirectAllRequestsTo")] = None
    index_suffix: Annotated[str | None, Xml("IndexDocument/Suffix")] = None
    error_key: Annotated[str | None, Xml("ErrorDocument/Key")] = None
    routing_rules: Annotated[tuple[RoutingRule, ...], Xml("RoutingRules/RoutingRule")] = ()

    @override
    def validated(self) -> Self:
        """Checks the configuration.

        Raises:
            InvalidBucketSettings: It has neither an index nor a redirect, or both; or a value is malformed.
        """
        if self.redirect_all is not None:
            if self.index_suffix is not None or self.error_key is not None or self.routing_rules:
                raise invalid("RedirectAllRequestsTo cannot be provided in conjunction with other elements", "schema")
            check_text(self.redirect_all.host_name, "HostName", _MAX_HOST, least=1)
        else:
            _check_documents(self.index_suffix, self.error_key)
        if len(self.routing_rules) > MAX_ROUTING_RULES:
            raise invalid(f"a website has at most {MAX_ROUTING_RULES} routing rules", "refused")
        for rule in self.routing_rules:
            _check_rule(rule)
        return self


def _check_documents(index: str | None, error: str | None) -> None:
    if index is None:
        raise invalid("a value for IndexDocument Suffix must be provided if RedirectAllRequestsTo is empty", "value")
    check_text(index, "the Suffix of an IndexDocument", MAX_KEY_BYTES, least=1)
    if "/" in index:
        raise invalid("the IndexDocument Suffix is not well formed", "value")
    if error is not None:
        check_text(error, "the Key of an ErrorDocument", MAX_KEY_BYTES, least=1)


def _check_rule(rule: RoutingRule) -> None:
    condition, redirect = rule.condition, rule.redirect
    if condition is not None:
        if condition == RoutingCondition():
            raise invalid("the Condition of a RoutingRule has at least one element", "schema")
        _check_status(condition.http_error_code, _ERROR_STATUS, "the HttpErrorCodeReturnedEquals is 400 to 599")
        check_text(condition.key_prefix or "", "KeyPrefixEquals", MAX_KEY_BYTES)
    if redirect == Redirect():
        raise invalid("the Redirect of a RoutingRule has at least one element", "schema")
    if redirect.replace_key_with is not None and redirect.replace_key_prefix_with is not None:
        raise invalid("you can only define ReplaceKeyPrefix or ReplaceKey but not both", "refused")
    _check_status(redirect.http_redirect_code, _REDIRECT_STATUS, "the HttpRedirectCode is 300 to 399")
    for text in (redirect.replace_key_with, redirect.replace_key_prefix_with):
        check_text(text or "", "the replacement of a key", MAX_KEY_BYTES)
    if redirect.host_name is not None:
        check_text(redirect.host_name, "HostName", _MAX_HOST, least=1)


def _check_status(text: str | None, pattern: re.Pattern[str], why: str) -> None:
    if text is not None and not pattern.fullmatch(text):
        raise invalid(why, "value")
