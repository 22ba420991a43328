"""Settings of the S3 endpoint, and the rights of those who use it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

import msgspec
from bucketry import InvalidBucketName, InvalidSettings, Secret, Store
from bucketry.s3 import REGION
from bucketry.settings import DEFAULT_SECRET_KEY, PUBLISHED_FOR
from bucketry.sigv4 import Credentials
from bucketry_access import InvalidPolicy, is_user_id

from bucketry_http.shared.hosts import HostRules
from bucketry_http.shared.settings import PortSettings

_DOMAIN: Final = re.compile(r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?")


class S3Rights(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody may do.

    Attributes:
        read_only: Whether only reads are allowed.
        buckets: The only buckets that are visible and usable; empty: all.
        policy: A policy as IAM has them for users, as JSON: what it does not allow is refused; ``None``: everything is
            allowed.

    Raises:
        InvalidSettings: The policy is malformed, or has something that is not understood; or no bucket can have one of
            the names.
    """

    read_only: bool = False
    buckets: tuple[str, ...] = ()
    policy: str | None = None

    def __post_init__(self) -> None:
        if self.buckets:
            from bucketry.bucket_names import check_bucket  # Only here: most credentials are for all buckets.

            for name in self.buckets:
                try:
                    check_bucket(name)
                except InvalidBucketName as error:
                    raise InvalidSettings(f"the bucket {name[:80]!r} of a credential: {error.detail}") from None
        if self.policy is not None:
            from bucketry_access import parse_user_policy  # Only here: most credentials have no policy.

            try:
                parse_user_policy(self.policy)
            except InvalidPolicy as error:
                raise InvalidSettings(f"the policy of a credential is not valid: {error.detail}") from None

    def allow(self, bucket: str, *, write: bool) -> bool:
        """Says whether an operation on a bucket is allowed."""
        return not (write and self.read_only) and (not self.buckets or bucket in self.buckets)


class S3Credential(S3Rights, frozen=True, kw_only=True):
    """An access key, its secret key, whose they are, and what their holder may do.

    Several credentials may belong to one user.

    Attributes:
        access_key: Public name of the key: 1 to 256 printable ASCII characters without ``,`` and ``=``.
        secret_key: The key that signs requests.
        user_id: The id of the user, who owns what the holder makes: letters, digits and ``_+=,.@$-``. Policies and ACLs
            name the user by it. Empty: the user who owns everything in a store without users.
        display_name: The user's name for people; empty: the id.
        email: The user's e-mail address, by which ACLs may name the user.
        is_root: Whether the holder has the rights of the owner over every bucket and object.

    Raises:
        InvalidSettings: The access key cannot be sent in a header, the secret key is empty, the user's id is malformed,
            or there is a name or an address without an id.
    """

    access_key: str
    secret_key: Secret
    user_id: str = ""
    display_name: str = ""
    email: str = ""
    is_root: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.user_id and not is_user_id(self.user_id):
            raise InvalidSettings(
                f"the user id {self.user_id[:64]!r} has other characters than letters, digits, _+=,.@$-"
            )
        if not self.user_id and (self.display_name or self.email):
            raise InvalidSettings(f"the access key {self.access_key!r} names a user without a user_id")
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
        region: The region of the endpoint, which signatures and ``LocationConstraint`` must name.
        regions: Other regions that buckets can be in. A bucket is then reached with signatures for its own region, and
            a client that signs for another one is told the right one. The store must keep regions (``bucket_region``).
        domains: Host names below which the first label is a bucket (virtual-host addressing), such as
            ``s3.example.com``. Path-style addressing always works.
        anonymous: What requests without a signature may do; ``None``: nothing.
        signature_v2: Whether requests, presigned URLs and forms may have a Signature Version 2. boto3 presigns with it
            in ``us-east-1`` by default, and old clients sign with it. Turn it off if all clients sign with version 4:
            version 2 is an HMAC-SHA1, it does not cover the host, the region, the body and most parameters, does not
            delimit what it covers, and a URL may be valid for any time. Parameters that it does not cover are refused
            where they would change what a request does.
        max_xml_bytes: Longest document in a body, in bytes: XML, and policies of buckets. Lists have a limit of their
            own (`max_list_bytes`). S3's longest other document, a CORS configuration, has 64 KiB.
        max_xml_elements: Most elements of any XML document. A list of 10,000 parts with checksums has 40,001. Documents
            that are smaller in S3 have lower limits, whatever this one is.
        max_form_fields: Most fields of a form, its file among them. Its policy may have twice as many conditions.
        max_policy_bytes: Most bytes of a form's fields together, without its file. The fields count after
            ``${filename}`` is replaced in them.
        allowed_hosts: Host names and addresses, without port, under which clients reach the endpoint. The machine's own
            ones, the `domains` and the public endpoints are always allowed. ``*.example.com`` means all names below
            ``example.com``, and ``*`` every host. If this is empty, only connections over the loopback interface are
            checked; otherwise all are.
        public_endpoints: URLs under which clients reach the endpoint through a proxy.
        check_origins: Whether writes from web pages of other origins are refused. The bucket's CORS rules can allow
            them, and so can presigned URLs and forms with a policy, unless the published key pair signed them. S3 does
            not check this.

    Raises:
        InvalidSettings: Two credentials have the same access key or do not agree about their user, or the region, a
            domain, an allowed host or a public endpoint is malformed, or a limit is less than 1.
    """

    credentials: tuple[S3Credential, ...] = ()
    region: str = "us-east-1"
    regions: tuple[str, ...] = ()
    domains: tuple[str, ...] = ()
    anonymous: S3Rights | None = None
    signature_v2: bool = True
    max_xml_bytes: int = 256 * 1024
    max_xml_elements: int = 50_000
    max_form_fields: int = 100
    max_policy_bytes: int = 64 * 1024
    allowed_hosts: tuple[str, ...] = ()
    public_endpoints: tuple[str, ...] = ()
    check_origins: bool = True

    def __post_init__(self) -> None:
        super().__post_init__()
        keys = [credential.access_key for credential in self.credentials]
        if len(set(keys)) < len(keys):
            raise InvalidSettings("an access key comes twice")
        _check_users(self.credentials)
        if not all(REGION.fullmatch(region) for region in (self.region, *self.regions)):
            raise InvalidSettings("a region is 1 to 128 letters, digits, '.', '_' and '-'")
        for domain in self.domains:
            if not _DOMAIN.fullmatch(domain):
                raise InvalidSettings(f"{domain!r} is not a host name in lower case, without a port")
        self.host_rules()

    def host_rules(self) -> HostRules:
        """Returns the rules for the ``Host`` header that follow from these settings."""
        return HostRules(self.allowed_hosts, known=self.domains, endpoints=self.public_endpoints)


def _check_users(credentials: Iterable[S3Credential]) -> None:
    """Refuses users who have two names, and addresses that belong to two users."""
    named: dict[str, tuple[str, str]] = {}
    users: dict[str, str] = {}
    for credential in credentials:
        about = (credential.display_name, credential.email)
        if named.setdefault(credential.user_id, about) != about:
            raise InvalidSettings(
                f"two credentials of the user {credential.user_id!r} have different names or addresses"
            )
        if credential.email and users.setdefault(credential.email.lower(), credential.user_id) != credential.user_id:
            raise InvalidSettings(f"two users have the address {credential.email!r}")


def is_for_published(store: Store) -> bool:
    """Says whether the published secret key may sign requests to this store: only a store in memory."""
    return store.capabilities.driver == PUBLISHED_FOR


def check_published(store: Store, settings: S3Settings) -> None:
    """Refuses the published secret key for a store whose data somebody wants to keep.

    Everybody who has read the documentation knows that key.

    Raises:
        InvalidSettings: The store is not in memory, and a credential has the published secret key.
    """
    driver = store.capabilities.driver
    if not is_for_published(store) and any(entry.secret_key == DEFAULT_SECRET_KEY for entry in settings.credentials):
        raise InvalidSettings(
            f"the published secret key serves {PUBLISHED_FOR}:// alone, and this store is {driver}://: "
            "give a secret key of your own"
        )
