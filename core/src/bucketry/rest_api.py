"""What the server and the clients of the REST API both go by. Its OpenAPI document says the rest."""

from __future__ import annotations

from typing import Final

PREFIX: Final = "/api/v1/storage"
"""Where the paths of the API begin, except for those of health."""

STORED_DISPOSITION: Final = "x-bucketry-content-disposition"
"""The ``Content-Disposition`` that an object was stored with. That of a download says ``attachment`` always."""
