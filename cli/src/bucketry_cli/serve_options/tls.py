"""The certificate of both ports."""

from __future__ import annotations

from typing import ClassVar

from bucketry_cli.serve_options.group import Group, option
from bucketry_cli.serve_options.needs import needs


class TlsOptions(Group, frozen=True, kw_only=True):
    """The certificate of both ports."""

    TITLE: ClassVar = "TLS"
    OPTIONS: ClassVar = (
        option(
            "--tls-cert",
            metavar="FILE",
            help="PEM file of a certificate and its issuers: serve HTTPS (TLS 1.2 and later) on both ports. "
            "Read again when it changes.",
        ),
        option(
            "--tls-key",
            need=needs("--tls-cert", lambda values: values["tls_cert"] is not None),
            metavar="FILE",
            help="PEM file of its private key, without a password.  [default: the certificate's file]",
        ),
    )

    tls_cert: str | None
    tls_key: str | None

    @property
    def scheme(self) -> str:
        """The scheme of both ports."""
        return "http" if self.tls_cert is None else "https"
