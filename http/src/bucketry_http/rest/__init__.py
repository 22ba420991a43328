"""The documented REST API over any store."""

from __future__ import annotations

from bucketry_http.rest.app import create_app

__all__ = ["create_app"]
