"""What an operator can set on the S3 endpoint."""

from __future__ import annotations

import re
from typing import Final

import msgspec
from bucketry import InvalidSettings, Secret, Store
from bucketry.settings import DEFAULT_SECRET_KEY, PUBLISHED_FOR
from bucketry.sigv4 import Credentials

from bucketry_http.shared.hosts import HostRules
from bucketry_http.shared.settings import PortSettings

_DOMAIN: Final = re.compile(r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?")
_REGION: Final = re.compile(r"[A-Za-z0-9._-]{1,128}")


class S3Rights(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody may do.

    Attributes:
        read_only: Whether nothing may be changed.
        buckets: The only buckets that may be seen and used; empty: all.
    """

    read_only: bool = False
    buckets: tuple[str, ...] = ()

    def allow(self, bucket: str, *, write: bool) -> bool:
        """Says whether an operation on a bucket is allowed."""
        return not (write and self.read_only) and (not self.buckets or bucket in self.buckets)


class S3Credential(S3Rights, frozen=True, kw_only=True):
    """An access key, its secret key, and what its holder may do.

    Attributes:
        access_key: The public name of the key, 1 to 256 printable ASCII characters without ``,`` and ``=``.
        secret_key: The key that signs.

    Raises:
        InvalidSettings: The access key cannot be sent in a header, or the secret key is empty.
    """

    access_key: str
    secret_key: Secret

    def __post_init__(self) -> None:
        if not self.secret_key:
            raise InvalidSettings(f"the secret key of the access key {self.access_key!r} is empty")
        try:
            Credentials(self.access_key, self.secret_key)
        except ValueError as error:
            raise InvalidSettings(str(error)) from None


class S3Settings(PortSettings, frozen=True, kw_only=True):
    """Settings of the S3 endpoint.

    Attributes:
        credentials: Who may sign requests, and with what rights.
        region: The region that signatures and ``LocationConstraint`` must name.
        domains: Host names below which the first label is a bucket (virtual-host addressing), such as
            ``s3.example.com``. Path-style addressing always works.
        anonymous: What requests without a signature may do; ``None``: nothing.
        signature_v2: Whether presigned URLs and forms may be signed with Signature Version 2, as boto3 signs them in
            ``us-east-1`` unless it is told otherwise. Nothing of the host, the region, the body and most parameters is
            in that signature, its parts run into each other, it may hold for any time, and it is an HMAC-SHA1: where
            all clients presign with version 4, turn it off. In the ``Authorization`` header it is never taken.
        max_xml_bytes: Longest list of keys or parts that a request has as XML. A batch delete of 1,000 keys of 1,024
            bytes, all escaped, has some 6 MiB. Other XML bodies have at most 256 KiB.
        max_policy_bytes: Most bytes of all fields of a form upload before its file together, the file's name put into
            them.
        allowed_hosts: Host names and addresses, without port, under which clients reach the endpoint, besides those of
            the machine itself, the `domains` and the public endpoints. ``*.example.com`` stands for all names below
            ``example.com``, ``*`` for every host. Without any, connections over the loopback interface are checked;
            with some, all connections.
        public_endpoints: URLs under which clients reach the endpoint, where a proxy stands in front of it.
        check_origins: Whether requests of web pages of other origins may change something only if the bucket's CORS
            rules allow them, or if they are presigned, or forms with a policy, and not signed with the published key
            pair. S3 is less strict.

    Raises:
        InvalidSettings: An access key comes twice, or the region, a domain, an allowed host or a public endpoint is
            malformed.
    """

    credentials: tuple[S3Credential, ...] = ()
    region: str = "us-east-1"
    domains: tuple[str, ...] = ()
    anonymous: S3Rights | None = None
    signature_v2: bool = True
    max_xml_bytes: int = 8 * 1024 * 1024
    max_policy_bytes: int = 64 * 1024
    allowed_hosts: tuple[str, ...] = ()
    public_endpoints: tuple[str, ...] = ()
    check_origins: bool = True

    def __post_init__(self) -> None:
        keys = [credential.access_key for credential in self.credentials]
        if len(set(keys)) < len(keys):
            raise InvalidSettings("an access key comes twice")
        if not _REGION.fullmatch(self.region):
            raise InvalidSettings("a region is 1 to 128 letters, digits, '.', '_' and '-'")
        for domain in self.domains:
            if not _DOMAIN.fullmatch(domain):
                raise InvalidSettings(f"{domain!r} is no host name in lower case, without a port")
        self.host_rules()

    def host_rules(self) -> HostRules:
        """Returns the rules for the ``Host`` of requests that these settings make."""
        return HostRules(self.allowed_hosts, known=self.domains, endpoints=self.public_endpoints)


def is_for_published(store: Store) -> bool:
    """Says whether the published secret key may sign requests to this store."""
    return store.capabilities.driver == PUBLISHED_FOR


def check_published(store: Store, settings: S3Settings) -> None:
    """Refuses to serve what somebody wants to keep to everybody who has read the documentation.

    Raises:
        InvalidSettings: The store is not in memory, and a credential has the published secret key.
    """
    driver = store.capabilities.driver
    if not is_for_published(store) and any(entry.secret_key == DEFAULT_SECRET_KEY for entry in settings.credentials):
        raise InvalidSettings(
            f"the published secret key serves {PUBLISHED_FOR}:// alone, and this store is {driver}://: "
            "give a secret key of your own"
        )
