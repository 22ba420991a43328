"""Certificates for one test server, from an authority of its own."""

from __future__ import annotations

from pathlib import Path

import trustme


def certificate(folder: Path, host: str) -> tuple[Path, bytes, bytes]:
    """Make an authority and a certificate for `localhost`, `127.0.0.1` and `host`.

    Returns:
        The authority's PEM file in `folder`, and the server's certificate and private key as PEM.
    """
    authority = trustme.CA()
    issued = authority.issue_cert(*dict.fromkeys(["localhost", "127.0.0.1", host]))
    ca_file = folder / "ca.pem"
    authority.cert_pem.write_to_path(ca_file)
    return ca_file, b"".join(blob.bytes() for blob in issued.cert_chain_pems), issued.private_key_pem.bytes()
