"""A correct driver whose SDK wraps the errors of a body, as HTTP clients do."""

from __future__ import annotations

from bucketry import Body, QuotaExceeded

from tests.contract_self.honest import HonestDriver
from tests.contract_self.honest_state import SdkError


class WrapsErrors(HonestDriver):
    """Honest, over such an SDK."""

    def pull(self, bucket: str, key: str, body: Body) -> tuple[bytes, ...]:
        try:
            return super().pull(bucket, key, body)
        except QuotaExceeded:
            raise
        except Exception as error:
            raise SdkError("ConnectionReset") from error
