"""Settings of an OpenID Connect issuer."""

from __future__ import annotations

import re
from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit

import msgspec
from bucketry import InvalidSettings

ALGORITHMS: Final = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
"""Algorithms of signatures that may be allowed (RFC 7518, 3.1; RFC 8037). A token without a signature, or with one of
a shared secret, is never accepted."""

_MAX_LEEWAY: Final = 600
_MAX_TIMEOUT: Final = 60.0
_PREFIX: Final = re.compile(r"[A-Za-z0-9_+=,.@$-]{0,64}", re.ASCII)


class OidcSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An issuer whose tokens the REST API accepts.

    Attributes:
        issuer: The issuer's URL, as it stands in its tokens (``iss``).
        audience: Whom tokens must be for (``aud``): the client id under which the issuer knows this service.
        algorithms: Algorithms of signatures that are accepted.
        user_claim: The claim that names the user, such as ``sub``, ``email`` or ``preferred_username``. Its value must
            never change and never pass on to another person.
        groups_claim: The claim with the names of the user's groups: a list of texts, or one text. Dots lead into a
            claim that is an object, as in ``realm_access.roles``. Groups that the access file does not define count for
            nothing.
        user_prefix: What stands before the user's name in its id here, so that no two sources share an id.
        same_users: Whether a user that the access file or the settings define under the same id is the same one, with
            the same rights. Otherwise a token for such an id is refused.
        leeway_seconds: How far the issuer's clock may be off, in seconds.
        jwks_url: Where the issuer's keys are; empty: where its discovery document says.
        ca_file: PEM file of the certificate authorities that are trusted; ``None``: those that certifi lists.
        timeout_seconds: How long connecting to the issuer may take, and how long a wait for its response may take.

    Raises:
        InvalidSettings: A setting is malformed.
    """

    issuer: str
    audience: str
    algorithms: tuple[str, ...] = ("RS256", "ES256")
    user_claim: str = "sub"
    groups_claim: str = "groups"
    user_prefix: str = ""
    same_users: bool = False
    leeway_seconds: int = 60
    jwks_url: str = ""
    ca_file: str | None = None
    timeout_seconds: float = 5.0

    def __post_init__(self) -> None:
        check_issuer_url(self.issuer, "issuer")
        if self.jwks_url:
            check_issuer_url(self.jwks_url, "jwks_url")
        if not (self.audience and self.user_claim and self.groups_claim):
            raise InvalidSettings("the audience and the claims of an OIDC issuer cannot be empty")
        if not self.algorithms or not set(self.algorithms) <= set(ALGORITHMS):
            raise InvalidSettings(f"the algorithms of an OIDC issuer are some of {', '.join(ALGORITHMS)}")
        if not _PREFIX.fullmatch(self.user_prefix):
            raise InvalidSettings("the user_prefix of an OIDC issuer has at most 64 letters, digits and _+=,.@$-")
        if not 0 <= self.leeway_seconds <= _MAX_LEEWAY:
            raise InvalidSettings(f"the leeway_seconds of an OIDC issuer are 0 to {_MAX_LEEWAY}")
        if not 0 < self.timeout_seconds <= _MAX_TIMEOUT:
            raise InvalidSettings(
                f"the timeout_seconds of an OIDC issuer are more than 0, and at most {_MAX_TIMEOUT:g}"
            )


def check_issuer_url(url: str, name: str) -> None:
    """Refuses a URL that an issuer cannot have: keys that come over plain HTTP may be anybody's.

    Raises:
        InvalidSettings: It is not an ``https`` URL. Plain ``http`` is for this machine alone.
    """
    malformed = f"the {name} of an OIDC issuer is a URL such as https://login.example.com/team"
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise InvalidSettings(malformed) from None
    if not host or port == 0 or not url.isascii() or not url.isprintable() or " " in url:
        raise InvalidSettings(malformed)
    if parts.username is not None or parts.password is not None or parts.fragment:
        raise InvalidSettings(f"the {name} of an OIDC issuer has neither credentials nor a fragment")
    if parts.scheme != "https" and not (parts.scheme == "http" and _is_this_machine(host)):
        raise InvalidSettings(f"the {name} of an OIDC issuer begins with https://; http:// is for this machine alone")


def _is_this_machine(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
