"""Who may use the S3 endpoint."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar, Final

from bucketry import DriverSettings, InvalidSettings, Secret, ServedSettings
from bucketry.settings import DEFAULT_SECRET_KEY, load_settings

from bucketry_cli._failures import Failure
from bucketry_cli._serving._listening import is_loopback

if TYPE_CHECKING:
    from bucketry_http import S3Credential

    from bucketry_cli._config import CredentialTable

HOW: Final = "set BUCKETRY_S3_ACCESS_KEY and BUCKETRY_S3_SECRET_KEY, or write [[s3_credentials]] into the settings file"


class _Variables(DriverSettings, frozen=True, kw_only=True):
    """One credential, in variables that are read as a driver's are: the secret also from a file."""

    scheme: ClassVar[str] = "s3"

    access_key: str | None = None
    secret_key: Secret | None = None


def configured(tables: Sequence[CredentialTable], environ: Mapping[str, str]) -> tuple[S3Credential, ...]:
    """Returns the credentials of the environment and of the settings file, in this order.

    Raises:
        Failure: One of the two variables is missing.
        InvalidSettings: A key is malformed. The message never repeats a secret.
    """
    from bucketry_http import S3Credential

    given = load_settings(_Variables, environ=environ)
    if (given.access_key is None) != (given.secret_key is None):
        raise Failure("one of BUCKETRY_S3_ACCESS_KEY and BUCKETRY_S3_SECRET_KEY is set: an S3 credential is both")
    found = [
        S3Credential(
            access_key=table.access_key,
            secret_key=table.secret_key,
            read_only=table.read_only,
            buckets=tuple(table.buckets),
        )
        for table in tables
    ]
    if given.access_key is not None and given.secret_key is not None:
        found.insert(0, S3Credential(access_key=given.access_key, secret_key=given.secret_key))
    return tuple(found)


def as_settings(credentials: Sequence[S3Credential]) -> dict[str, object]:
    """Returns the first credential as settings of a driver: what it is to presign URLs with."""
    return {name: getattr(credential, name) for credential in credentials[:1] for name in ("access_key", "secret_key")}


def with_signer(credentials: Sequence[S3Credential], settings: ServedSettings) -> tuple[S3Credential, ...]:
    """Returns the credentials, and the one that the store presigns URLs with if it is none of them.

    Raises:
        InvalidSettings: The same access key has two secret keys.
    """
    from bucketry_http import S3Credential

    for credential in credentials:
        if credential.access_key == settings.access_key:
            if credential.secret_key != settings.secret_key:
                raise InvalidSettings(f"the access key {settings.access_key!r} has two secret keys")
            return tuple(credentials)
    return (*credentials, S3Credential(access_key=settings.access_key, secret_key=settings.secret_key))


def check_fit(credentials: Sequence[S3Credential], host: str) -> None:
    """Refuses to let others in with a secret that everybody can read in the documentation.

    Raises:
        Failure: The endpoint would listen beyond this machine.
    """
    if not is_loopback(host) and any(map(is_published, credentials)):
        raise Failure(
            f"the S3 endpoint would be open to all who reach {host}: its secret key is the published one",
            f"{HOW}; or listen here alone (--s3-host 127.0.0.1), or serve none (--no-s3)",
        )


def is_published(credential: S3Credential) -> bool:
    """Says whether a credential's secret is the one that everybody can read in the documentation."""
    return credential.secret_key == DEFAULT_SECRET_KEY


def describe(credentials: Sequence[S3Credential]) -> str:
    """Says who may use the endpoint; of no secret more than that of the published pair."""
    shown = (
        f"{credential.access_key} (secret key {credential.secret_key.reveal()}, which is published)"
        if is_published(credential)
        else credential.access_key
        for credential in credentials
    )
    return ", ".join(shown)
