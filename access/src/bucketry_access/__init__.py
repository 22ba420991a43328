"""Decides who may do what with buckets and objects, as S3 does. It has no HTTP and calls no store.

The caller says who asks (`Principal`), for what (`Request`) and what is set on the bucket and the object; `decide` says
yes or no, and why.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bucketry.lazy_exports import lazy_exports

if TYPE_CHECKING:
    from bucketry_access.access_file import (
        AccessTables,
        Accounts,
        GroupTable,
        UserTable,
        accounts_of,
        check_mode,
        decode_secret,
        holds_secrets,
        read_access_file,
    )
    from bucketry_access.access_file_editing import AccessFileEditor, editing
    from bucketry_access.acls import is_public_acl
    from bucketry_access.actions import (
        ACTIONS,
        OF_OBJECT_OWNER,
        OF_SENDER_ALONE,
        OPERATIONS,
        WITH_BUCKET,
        WITH_OBJECT,
        Needed,
    )
    from bucketry_access.changes import Change
    from bucketry_access.conditions import OPERATORS, Facts
    from bucketry_access.decision import (
        Decision,
        ObjectAccess,
        Request,
        always_may,
        decide,
        denies_nothing,
        is_denied,
        leaves_to_owner,
        needs_object,
        needs_tags,
    )
    from bucketry_access.directory import Directory, FixedToken, Identity, TokenSource
    from bucketry_access.errors import InvalidPolicy, UnclearError
    from bucketry_access.keys import CONDITION_KEYS
    from bucketry_access.named_principals import is_user_id, user_arn
    from bucketry_access.ownership import is_public, owner_of_new_object, takes_acl
    from bucketry_access.parsing import MAX_POLICY_BYTES, parse_policy, parse_user_policy
    from bucketry_access.policies import Policy, Statement
    from bucketry_access.principals import ANONYMOUS, ANONYMOUS_OWNER, Principal
    from bucketry_access.rights import policy_of_rights
    from bucketry_access.roles import ROLES, role_policy
    from bucketry_access.session_keys import SESSION_KEY
    from bucketry_access.tokens import NewToken, Token, create_token, hash_of, name_of_token
    from bucketry_access.url_sessions import NoSession, SessionHolder, UrlSessions
    from bucketry_access.users import Group, KeyPair, User, principal_of

__all__ = [
    "ACTIONS",
    "ANONYMOUS",
    "ANONYMOUS_OWNER",
    "CONDITION_KEYS",
    "MAX_POLICY_BYTES",
    "OF_OBJECT_OWNER",
    "OF_SENDER_ALONE",
    "OPERATIONS",
    "OPERATORS",
    "ROLES",
    "SESSION_KEY",
    "WITH_BUCKET",
    "WITH_OBJECT",
    "AccessFileEditor",
    "AccessTables",
    "Accounts",
    "Change",
    "Decision",
    "Directory",
    "Facts",
    "FixedToken",
    "Group",
    "GroupTable",
    "Identity",
    "InvalidPolicy",
    "KeyPair",
    "Needed",
    "NewToken",
    "NoSession",
    "ObjectAccess",
    "Policy",
    "Principal",
    "Request",
    "SessionHolder",
    "Statement",
    "Token",
    "TokenSource",
    "UnclearError",
    "UrlSessions",
    "User",
    "UserTable",
    "accounts_of",
    "always_may",
    "check_mode",
    "create_token",
    "decide",
    "decode_secret",
    "denies_nothing",
    "editing",
    "hash_of",
    "holds_secrets",
    "is_denied",
    "is_public",
    "is_public_acl",
    "is_user_id",
    "leaves_to_owner",
    "name_of_token",
    "needs_object",
    "needs_tags",
    "owner_of_new_object",
    "parse_policy",
    "parse_user_policy",
    "policy_of_rights",
    "principal_of",
    "read_access_file",
    "role_policy",
    "takes_acl",
    "user_arn",
]

__getattr__ = lazy_exports(
    __name__,
    {
        "access_file": (
            "AccessTables",
            "Accounts",
            "GroupTable",
            "UserTable",
            "accounts_of",
            "check_mode",
            "decode_secret",
            "holds_secrets",
            "read_access_file",
        ),
        "access_file_editing": ("AccessFileEditor", "editing"),
        "acls": ("is_public_acl",),
        "actions": (
            "ACTIONS",
            "OF_OBJECT_OWNER",
            "OF_SENDER_ALONE",
            "OPERATIONS",
            "WITH_BUCKET",
            "WITH_OBJECT",
            "Needed",
        ),
        "changes": ("Change",),
        "conditions": ("OPERATORS", "Facts"),
        "decision": (
            "Decision",
            "ObjectAccess",
            "Request",
            "always_may",
            "decide",
            "denies_nothing",
            "is_denied",
            "leaves_to_owner",
            "needs_object",
            "needs_tags",
        ),
        "directory": ("Directory", "FixedToken", "Identity", "TokenSource"),
        "errors": ("InvalidPolicy", "UnclearError"),
        "keys": ("CONDITION_KEYS",),
        "named_principals": ("is_user_id", "user_arn"),
        "ownership": ("is_public", "owner_of_new_object", "takes_acl"),
        "parsing": ("MAX_POLICY_BYTES", "parse_policy", "parse_user_policy"),
        "policies": ("Policy", "Statement"),
        "principals": ("ANONYMOUS", "ANONYMOUS_OWNER", "Principal"),
        "rights": ("policy_of_rights",),
        "roles": ("ROLES", "role_policy"),
        "session_keys": ("SESSION_KEY",),
        "tokens": ("NewToken", "Token", "create_token", "hash_of", "name_of_token"),
        "url_sessions": ("NoSession", "SessionHolder", "UrlSessions"),
        "users": ("Group", "KeyPair", "User", "principal_of"),
    },
)
