"""Credentials of the S3 endpoint."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

import msgspec
from bucketry import InvalidSettings, Secret, ServedSettings
from bucketry.settings import DEFAULT_SECRET_KEY, PUBLISHED_FOR, load_settings, secret_in

from bucketry_cli.config import S3Variables
from bucketry_cli.errors import Failure
from bucketry_cli.listening import is_loopback

if TYPE_CHECKING:
    from bucketry_http import S3Credential

    from bucketry_cli.config import CredentialTable

URL_SIGNER: Final = "bucketry-urls"
"""The access key of `url_signer`."""

_NOTHING: Final = '{"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "s3:*", "Resource": "*"}]}'

HOW: Final = "set BUCKETRY_S3_ACCESS_KEY and BUCKETRY_S3_SECRET_KEY, or write [[s3_credentials]] into the settings file"


class Given(msgspec.Struct, frozen=True, kw_only=True):
    """A configured credential. If its secret came from a file, it follows changes of that file.

    Attributes:
        access_key: The public name of the key.
        secret_key: The key that signs.
        read_only: Whether its holder may only read.
        buckets: The only buckets that its holder may use; empty: all buckets.
        policy: What its holder may do, as a policy of IAM in JSON.
        user_id: The user that it belongs to.
        display_name: The user's name for people.
        email: The user's e-mail address.
        is_root: Whether its holder has the rights of the owner over every bucket and object.
    """

    access_key: str
    secret_key: Secret
    read_only: bool = False
    buckets: tuple[str, ...] = ()
    policy: str | None = None
    user_id: str = ""
    display_name: str = ""
    email: str = ""
    is_root: bool = False


def given(tables: Sequence[CredentialTable], environ: Mapping[str, str]) -> tuple[Given, ...]:
    """Returns the credentials of the environment and of the settings file, in this order.

    Raises:
        Failure: One of the two variables is missing, or a table has no secret or two.
        InvalidSettings: A secret's file cannot be read. The message never repeats a secret.
    """
    found = [
        Given(
            access_key=table.access_key,
            secret_key=_secret_of(table),
            read_only=table.read_only,
            buckets=tuple(table.buckets),
            policy=table.policy,
            user_id=table.user_id,
            display_name=table.display_name,
            email=table.email,
            is_root=table.is_root,
        )
        for table in tables
    ]
    variables = load_settings(S3Variables, environ=environ)
    if variables.access_key is not None and variables.secret_key is not None:
        found.insert(0, Given(access_key=variables.access_key, secret_key=variables.secret_key))
    elif variables.access_key is not None:
        raise Failure("BUCKETRY_S3_ACCESS_KEY is set, and an S3 credential is both: set BUCKETRY_S3_SECRET_KEY too")
    elif variables.secret_key is not None:
        raise Failure("BUCKETRY_S3_SECRET_KEY is set, and an S3 credential is both: set BUCKETRY_S3_ACCESS_KEY too")
    return tuple(found)


def _secret_of(table: CredentialTable) -> Secret:
    named = f"[[s3_credentials]] of {table.access_key!r}"
    if (table.secret_key is None) == (table.secret_key_file is None):
        found = "neither" if table.secret_key is None else "both"
        raise Failure(f"{named} needs secret_key or secret_key_file, and has {found}: write one of them")
    if table.secret_key_file is not None:
        return secret_in(table.secret_key_file, f"secret_key_file in {named}")
    assert table.secret_key is not None  # noqa: S101 - one of the two is there
    return table.secret_key


def configured(tables: Sequence[CredentialTable], environ: Mapping[str, str]) -> tuple[S3Credential, ...]:
    """Returns the same credentials in the type of the S3 endpoint.

    Raises:
        Failure: As `given`.
        InvalidSettings: As `given`, or a key is malformed.
    """
    from bucketry_http import S3Credential

    return tuple(S3Credential(**msgspec.structs.asdict(credential)) for credential in given(tables, environ))


def url_signer(secret_key: Secret) -> S3Credential:
    """Returns a credential without rights, with which the store signs where there are users.

    URLs for users are signed with what is theirs (`bucketry_http.rest.url_signing`).
    """
    from bucketry_http import S3Credential

    return S3Credential(access_key=URL_SIGNER, secret_key=secret_key, policy=_NOTHING)


def as_settings(credentials: Sequence[S3Credential]) -> dict[str, object]:
    """Returns the first credential as settings of a driver, which presigns URLs with it."""
    return {name: getattr(credential, name) for credential in credentials[:1] for name in ("access_key", "secret_key")}


def with_signer(
    credentials: Sequence[S3Credential], settings: ServedSettings, *, for_all: bool
) -> tuple[S3Credential, ...]:
    """Returns the credentials, with the one that the store presigns URLs with.

    Args:
        credentials: The credentials.
        settings: The store's settings, which have the signer.
        for_all: Whether there are users, for whose buckets it signs, too.

    Raises:
        InvalidSettings: The same access key has two secret keys.
    """
    from bucketry_http import S3Credential

    for credential in credentials:
        if credential.access_key == settings.access_key:
            if credential.secret_key != settings.secret_key:
                raise InvalidSettings(f"the access key {settings.access_key!r} has two secret keys")
            return tuple(credentials)
    # Where there are users, URLs that the store presigns are for the buckets of all of them.
    for_all = for_all or any(credential.user_id for credential in credentials)
    signer = S3Credential(access_key=settings.access_key, secret_key=settings.secret_key, is_root=for_all)
    return (*credentials, signer)


def check_fit(credentials: Sequence[S3Credential], host: str, driver: str) -> None:
    """Refuses the published secret key where it would let others in.

    Raises:
        Failure: Other machines reach the endpoint, or the store keeps its objects.
    """
    if driver != PUBLISHED_FOR and any(map(is_published, credentials)):
        raise Failure(
            f"the published secret key serves {PUBLISHED_FOR}:// alone, and this store is {driver}://",
            f"{HOW}, with a secret key of your own; or serve no S3 (--no-s3)",
        )
    if not is_loopback(host) and any(map(is_published, credentials)):
        raise Failure(
            f"the S3 endpoint would be open to all who reach {host}: its secret key is the published one",
            f"{HOW}; or listen here alone (--s3-host 127.0.0.1), or serve none (--no-s3)",
        )


def is_published(credential: S3Credential) -> bool:
    """Returns whether a credential has the secret key that is published in the documentation."""
    return credential.secret_key == DEFAULT_SECRET_KEY


def describe(credentials: Sequence[S3Credential]) -> str:
    """Returns a line about who may use the endpoint. The only secret key in it is the published one."""
    shown = (
        f"{credential.access_key} (secret key {credential.secret_key.reveal()}, which is published)"
        if is_published(credential)
        else credential.access_key
        for credential in credentials
        if credential.access_key != URL_SIGNER
    )
    return ", ".join(shown)
