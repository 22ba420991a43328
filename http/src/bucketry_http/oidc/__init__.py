"""Tokens of OpenID Connect issuers: who sends a request is what a signed token of the company's login says.

It needs PyJWT, which the extra ``oidc`` installs.
"""

from __future__ import annotations

from bucketry_http.oidc.issuer import OidcIssuer
from bucketry_http.oidc.settings import OidcSettings

__all__ = ["OidcIssuer", "OidcSettings"]
