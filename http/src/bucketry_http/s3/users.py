"""The users of the endpoint: who holds a credential, and who owns what they make."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache

from bucketry.owners import DEFAULT_OWNER, Owner
from bucketry_access import ANONYMOUS, ANONYMOUS_OWNER, Policy, Principal, parse_user_policy, policy_of_rights

from bucketry_http.s3.settings import S3Credential, S3Rights, S3Settings


class Users:
    """The users of an endpoint.

    Attributes:
        by_id: The users by id. Whoever does not sign is not one of them.
        principals: The principal of each credential, by access key.
        anonymous: The principal of those who do not sign; ``None``: they may do nothing, whatever a bucket says.
    """

    def __init__(self, settings: S3Settings, *, decides: bool) -> None:
        """Takes the users from the settings.

        Args:
            settings: The endpoint's settings.
            decides: Whether buckets say who may use them. Otherwise everybody who signs has the rights of the owner.
        """
        self.by_id: Mapping[str, Owner] = {
            owner.id: owner for owner in (DEFAULT_OWNER, *map(owner_of_credential, settings.credentials))
        }
        self._by_email = {
            credential.email.lower(): owner_of_credential(credential)
            for credential in settings.credentials
            if credential.email
        }
        self.principals: Mapping[str, Principal] = {
            credential.access_key: _principal(credential, decides=decides) for credential in settings.credentials
        }
        rights = settings.anonymous
        if rights is not None:
            self.anonymous: Principal | None = Principal(is_root=True, policies=_policies(rights))
        else:
            self.anonymous = ANONYMOUS if decides else None

    def by_email(self, address: str) -> Owner | None:
        """Returns the user with an e-mail address; ``None``: there is none."""
        return self._by_email.get(address.lower())

    def owner(self, principal: Principal) -> Owner:
        """Returns the owner of what somebody makes."""
        return ANONYMOUS_OWNER if principal.is_anonymous else self.by_id[principal.user_id]


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
    if rights.policy is not None:
        yield parse_user_policy(rights.policy)
    if rights.read_only or rights.buckets:
        yield policy_of_rights(read_only=rights.read_only, buckets=tuple(rights.buckets), allows=rights.policy is None)
