"""What aiobotocore does: ``-m benchmarks.async_clients.aiobotocore_calls URL BUCKET SECONDS``.

It prints the rate. The environment has the keys."""

from __future__ import annotations

import asyncio
import sys

from aiobotocore.config import AioConfig
from aiobotocore.session import get_session

from benchmarks.async_clients.load import SIZE, TASKS, requests_a_second

_DATA = b"x" * SIZE


async def main(url: str, bucket: str, seconds: float) -> None:
    """Measures one round."""
    config = AioConfig(max_pool_connections=TASKS, s3={"addressing_style": "path"})
    async with get_session().create_client("s3", endpoint_url=url, region_name="us-east-1", config=config) as client:

        async def put(key: str) -> None:
            await client.put_object(Bucket=bucket, Key=key, Body=_DATA)

        async def get(key: str) -> None:
            response = await client.get_object(Bucket=bucket, Key=key)
            async with response["Body"] as body:
                assert len(await body.read()) == SIZE

        print(await requests_a_second(put, get, seconds))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], float(sys.argv[3])))
