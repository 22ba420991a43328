"""Pages of this machine and of allowed origins work, also for uploads and presigned URLs."""

from __future__ import annotations

import json
from typing import Any

import pytest
from selenium.webdriver import Chrome
from types_boto3_s3.type_defs import CORSRuleTypeDef

from tests.browsers.browser import APP, act
from tests.browsers.conftest import CONTENT
from tests.browsers.serving import Served
from tests.browsers.test_foreign_pages import FILE, NEW_BUCKET

HOSTS = [APP, "localhost"]


@pytest.mark.parametrize("host", HOSTS)
def test_a_page_that_the_settings_name_uses_all_of_the_rest_api(
    browser: Chrome, served: Served, allowed_port: int, host: str
) -> None:
    browser.get(f"http://{host}:{allowed_port}/")
    things = f"{served.api}/buckets/things"

    def fetch(url: str, **request: Any) -> str:
        return act(browser, "plainFetch", url=url, **request)

    created = fetch(f"{served.api}/buckets", method="POST", text=NEW_BUCKET, type="application/json")
    assert created.startswith("read 201 ")
    assert '"planted"' in fetch(f"{served.api}/buckets")
    assert fetch(f"{things}/objects", method="POST", file=FILE).startswith("read 201 ")
    assert fetch(f"{things}/objects/planted.txt") == "read 200 planted"
    assert fetch(f"{things}/objects/planted.txt", headers={"Range": "bytes=0-3"}) == "read 206 plan"
    raw: dict[str, Any] = {
        "url": f"{things}/objects/raw",
        "method": "PUT",
        "text": "raw",
        "headers": {"x-amz-meta-a": "b"},
    }
    assert fetch(**raw).startswith("read 201 ")
    assert act(browser, "header", url=f"{things}/objects/raw", name="x-amz-meta-a") == "b"
    etag = act(browser, "header", url=f"{things}/objects/raw", name="etag")
    assert fetch(f"{things}/objects/raw", headers={"If-Match": etag}) == "read 200 raw"
    assert "cursor=" in act(browser, "header", url=f"{things}/objects?limit=1", name="link")
    assert fetch(f"{things}/objects/missing").startswith("read 404 ")
    assert fetch(f"{things}/objects?key=raw", method="DELETE").startswith("read 204")
    assert fetch(f"{served.api}/buckets/planted", method="DELETE").startswith("read 204")
    assert served.contents()["things"][0] == [("kept.txt", len(CONTENT)), ("planted.txt", len(FILE["text"]))]


@pytest.mark.parametrize("host", HOSTS)
def test_a_page_uploads_with_a_presigned_url_once_the_bucket_allows_it(
    browser: Chrome, served: Served, allowed_port: int, host: str
) -> None:
    origin = f"http://{host}:{allowed_port}"
    rule: CORSRuleTypeDef = {
        "AllowedOrigins": [origin],
        "AllowedMethods": ["GET", "PUT"],
        "AllowedHeaders": ["*"],
        "ExposeHeaders": ["ETag"],
    }
    served.boto.put_bucket_cors(Bucket="things", CORSConfiguration={"CORSRules": [rule]})
    browser.get(origin)
    wanted = json.dumps({"key": "given.txt", "method": "PUT"})
    url = f"{served.api}/buckets/things/objects/presign"
    found = act(browser, "plainFetch", url=url, method="POST", text=wanted, type="application/json")
    assert found.startswith("read 200 ")
    presigned = json.loads(found.removeprefix("read 200 "))["url"]
    assert act(browser, "header", url=presigned, method="PUT", text="given", name="etag").startswith('"')
    download = served.boto.generate_presigned_url("get_object", Params={"Bucket": "things", "Key": "given.txt"})
    assert act(browser, "plainFetch", url=download) == "read 200 given"
    assert served.contents()["things"][0] == [("given.txt", 5), ("kept.txt", len(CONTENT))]


def test_a_page_of_this_machine_changes_things_without_any_setting(
    browser: Chrome, served: Served, page_port: int
) -> None:
    browser.get(f"http://localhost:{page_port}/")
    things = f"{served.api}/buckets/things"
    # No CORS rule names it, so it may send what needs no permission, and see nothing of the response.
    assert act(browser, "fetch", url=f"{things}/objects", method="POST", mode="no-cors", file=FILE) == "sent"
    policy = served.post_policy("given.txt")
    act(browser, "form", url=policy["url"], enctype="multipart/form-data", fields=policy["fields"], file=FILE)
    assert [key for key, _ in served.contents()["things"][0]] == ["given.txt", "kept.txt", "planted.txt"]
    assert act(browser, "plainFetch", url=f"{things}/objects").startswith("failed")
    assert act(browser, "fetch", url=served.reset, method="POST", mode="no-cors") == "sent"
    assert served.contents() == {}
