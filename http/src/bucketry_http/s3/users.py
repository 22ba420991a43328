"""The users of the endpoint: who holds a credential, and who owns what they make."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple

from bucketry import InvalidSettings, Secret
from bucketry.owners import DEFAULT_OWNER, Owner
from bucketry_access import ANONYMOUS, ANONYMOUS_OWNER, Principal, is_user_id

from bucketry_http.s3.settings import S3Credential, S3Rights, S3Settings

if TYPE_CHECKING:
    from bucketry_access import Directory, Policy, UrlSessions


class Signer(NamedTuple):
    """Who signs with an access key.

    Attributes:
        secret_key: The key that signs.
        principal: Whose it is, with its rights.
        credential: The credential of the endpoint's settings; ``None``: a user of the directory holds it.
    """

    secret_key: Secret
    principal: Principal
    credential: S3Credential | None = None


_NOBODY: Final = (None, None)


class Bearer(NamedTuple):
    """Whose presigned URL a request uses, which was made for a token.

    Attributes:
        principal: The user, with the rights that it has now.
        credential: What names the token in logs.
    """

    principal: Principal
    credential: str


class Users:
    """The users of an endpoint: those of the directory, and the holders of the credentials in the settings.

    Attributes:
        signers: Who signs with each access key of the settings.
        directory: The directory; ``None``: there is none.
        anonymous: The principal of those who do not sign; ``None``: they may do nothing, whatever a bucket says.
    """

    def __init__(self, settings: S3Settings, directory: Directory | None, *, decides: bool) -> None:
        """Takes the users.

        Args:
            settings: The endpoint's settings.
            directory: The directory; ``None``: there is none.
            decides: Whether buckets say who may use them. Otherwise everybody whose credential is in the settings has
                the rights of the owner.

        Raises:
            InvalidSettings: The directory and the settings have the same access key or user.
        """
        self._decides = decides
        self._recent: dict[str, tuple[object, Signer]] = {}
        self.directory = directory
        self._sessions: UrlSessions | None = None
        if directory is not None:
            from bucketry_access import UrlSessions  # Only here: servers without users start sooner.

            self._sessions = UrlSessions(directory)
        self.take(settings.credentials)
        rights = settings.anonymous
        if rights is not None:
            self.anonymous: Principal | None = Principal(is_root=True, policies=_policies(rights))
        else:
            self.anonymous = ANONYMOUS if decides else None

    def take(self, credentials: Collection[S3Credential]) -> None:
        """Has these credentials from now on, in place of those of the settings.

        Raises:
            InvalidSettings: The directory has the same access key or user; all stays as it was.
        """
        owners = {owner.id: owner for owner in (DEFAULT_OWNER, *map(owner_of_credential, credentials))}
        signers = {
            credential.access_key: Signer(
                credential.secret_key, _principal(credential, decides=self._decides), credential
            )
            for credential in credentials
        }
        if self.directory is not None:
            _check_apart(self.directory, owners, signers)
        self._of_settings: Mapping[str, Owner] = owners
        self._by_email = {
            credential.email.lower(): owner_of_credential(credential) for credential in credentials if credential.email
        }
        # Requests are verified meanwhile: they see the old ones or the new ones.
        self.signers: Mapping[str, Signer] = signers

    def signer(self, access_key: str) -> Signer | None:
        """Returns who signs with an access key; ``None``: nobody."""
        signers = self.signers
        if access_key in signers or self.directory is None:
            return signers.get(access_key)
        found = self.directory.key_pair(access_key)
        # The directory finds the same object as long as no user or right has changed.
        of, signer = self._recent.get(access_key, _NOBODY)
        if found is None:
            self._recent.pop(access_key, None)
            return None
        if of is found and signer is not None:
            return signer
        user, pair = found
        signer = Signer(pair.secret_key, self.directory.principal(user))
        self._recent[access_key] = found, signer
        return signer

    def signer_again(self, access_key: str) -> Signer | None:
        """Returns the user of the directory whom `signer` has just found, to look for the key; ``None``: nobody."""
        return self._recent.get(access_key, _NOBODY)[1]

    def secret_key(self, access_key: str) -> Secret | None:
        """Returns what signs with an access key, that of a session too; ``None``: nothing."""
        signer = self.signer(access_key)
        if signer is not None:
            return signer.secret_key
        return None if self._sessions is None else self._sessions.secret_key(access_key)

    def bearer(self, access_key: str, session_token: str) -> Bearer | None:
        """Returns whose session signed a presigned URL; ``None``: it is none, or its token or user is no more."""
        if self._sessions is None or self.directory is None:
            return None
        holder = self._sessions.holder(access_key, session_token)
        return None if holder is None else Bearer(self.directory.principal(holder.user), holder.credential)

    @property
    def ids(self) -> Collection[str] | None:
        """The ids of all users, whom policies may name; ``None``: others may come, whom an OIDC issuer names."""
        if self.directory is None:
            return self._of_settings.keys()
        found = self.directory.ids
        return None if found is None else {*self._of_settings, *found}

    def by_id(self, user_id: str) -> Owner | None:
        """Returns the user with an id; ``None``: there is none. Whoever does not sign is not one of them."""
        if user_id in self._of_settings or self.directory is None:
            return self._of_settings.get(user_id)
        found = self.directory.owner(user_id)
        return Owner(id=user_id) if found is None and self.directory.sources and is_user_id(user_id) else found

    def by_email(self, address: str) -> Owner | None:
        """Returns the user with an e-mail address; ``None``: there is none."""
        found = self._by_email.get(address.lower())
        if found is not None or self.directory is None:
            return found
        user = self.directory.by_email(address)
        return None if user is None else user.owner

    def owner(self, principal: Principal) -> Owner:
        """Returns the owner of what somebody makes."""
        if principal.is_anonymous:
            return ANONYMOUS_OWNER
        found = self._of_settings.get(principal.user_id)
        return found or Owner(id=principal.user_id, display_name=principal.display_name)


def _check_apart(directory: Directory, ids: Collection[str], access_keys: Collection[str]) -> None:
    for user in directory.users:
        if user.id in ids:
            raise InvalidSettings(f"the user {user.id!r} comes twice")
        for pair in user.keys:
            if pair.access_key in access_keys:
                raise InvalidSettings(f"the access key {pair.access_key!r} comes twice")


@lru_cache(maxsize=1024)
def owner_of_credential(credential: S3Credential) -> Owner:
    """Returns the user that a credential belongs to."""
    if not credential.user_id:
        return DEFAULT_OWNER
    return Owner(id=credential.user_id, display_name=credential.display_name or credential.user_id)


def _principal(credential: S3Credential, *, decides: bool) -> Principal:
    owner, policies = owner_of_credential(credential), _policies(credential)
    is_root = credential.is_root or not decides
    return Principal(user_id=owner.id, display_name=owner.display_name, is_root=is_root, policies=policies)


def _policies(rights: S3Rights) -> tuple[Policy, ...] | None:
    return tuple(_each_policy(rights)) or None


def _each_policy(rights: S3Rights) -> Iterable[Policy]:
    # Here, and not on top: most credentials have no policies.
    if rights.policy is not None:
        from bucketry_access import parse_user_policy

        yield parse_user_policy(rights.policy)
    if rights.read_only or rights.buckets:
        from bucketry_access import policy_of_rights

        yield policy_of_rights(read_only=rights.read_only, buckets=tuple(rights.buckets), allows=rights.policy is None)
