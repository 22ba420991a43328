"""Pages of other origins, and pages under a name that resolves to this machine can neither change nor read anything."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from selenium.webdriver import Chrome

from tests.browsers.browser import EVIL, act
from tests.browsers.conftest import CONTENT
from tests.browsers.serving import Served

NEW_BUCKET = json.dumps({"name": "planted"})
DELETION = json.dumps({"keys": ["kept.txt"]})
FILE = {"name": "planted.txt", "text": "planted"}
MODES = ("cors", "no-cors")
JSON_FIELDS = {'{"name": "planted", "x': '": ""}'}
"""As text/plain this is ``{"name": "planted", "x=": ""}``."""
ENCTYPES = ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data")


@contextmanager
def nothing_changes(server: Served) -> Iterator[None]:
    before = server.contents()
    assert before["things"][0] == [("kept.txt", len(CONTENT))]
    yield
    assert server.contents() == before


def unread(found: str) -> None:
    """What the page saw is nothing of the store's: at most a refusal, which repeats what it asked for."""
    assert found.startswith(("sent", "failed", "read 403", "read 415", "read 421", "read 0 ")), found
    assert CONTENT not in found
    assert "last_modified" not in found
    assert "created_at" not in found


def open_page(browser: Chrome, port: int | str) -> None:
    browser.get(f"http://{EVIL}:{port}/")
    assert browser.current_url == f"http://{EVIL}:{port}/"


def own_port(url: str) -> str:
    return url.rpartition(":")[2]


def fetches(server: Served) -> list[dict[str, Any]]:
    """Requests that a browser sends without asking first, or asks about, to the REST API."""
    things = f"{server.api}/buckets/things"
    return [
        {"url": f"{server.api}/buckets", "method": "POST", "text": NEW_BUCKET, "type": "text/plain"},
        {"url": f"{server.api}/buckets", "method": "POST", "text": NEW_BUCKET},
        {"url": f"{server.api}/buckets", "method": "POST", "text": NEW_BUCKET, "type": "application/json"},
        {"url": f"{things}/objects/delete", "method": "POST", "text": DELETION, "type": "text/plain"},
        {"url": f"{things}/objects/presign", "method": "POST", "text": '{"key": "kept.txt"}', "type": "text/plain"},
        {"url": f"{things}/objects", "method": "POST", "file": FILE},
        {"url": f"{things}/objects/planted.txt", "method": "PUT", "text": "planted"},
        {"url": f"{things}/objects?key=kept.txt", "method": "DELETE"},
        {"url": things, "method": "DELETE"},
        {"url": server.reset, "method": "POST"},
        {"url": f"{server.api}/buckets"},
        {"url": f"{server.api}/status"},
        {"url": f"{things}/objects"},
        {"url": f"{things}/objects/kept.txt"},
        {"url": f"{things}/objects/kept.txt?inline=true"},
        {"url": f"{things}/objects/kept.txt", "method": "HEAD"},
        {"url": f"{server.rest}/schema/openapi.json", "method": "POST"},
    ]


def s3_requests(server: Served) -> list[dict[str, Any]]:
    """Presigned URLs and signed requests that a page makes itself: it knows the published key pair."""
    boto, key = server.boto, {"Bucket": "things", "Key": "kept.txt"}

    def presigned(operation: str, **parameters: Any) -> str:
        return boto.generate_presigned_url(operation, Params=parameters)

    deletion = '<Delete xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Object><Key>kept.txt</Key></Object></Delete>'
    return [
        {"url": presigned("put_object", Bucket="things", Key="planted.txt"), "method": "PUT", "text": "planted"},
        {"url": presigned("delete_object", **key), "method": "DELETE"},
        {"url": presigned("create_bucket", Bucket="planted"), "method": "PUT"},
        {"url": presigned("create_multipart_upload", **key), "method": "POST"},
        {"url": f"{server.s3}/things?delete", "method": "POST", "text": deletion, "type": "text/plain"},
        {"url": presigned("get_object", **key)},
        {"url": presigned("head_object", **key), "method": "HEAD"},
        {"url": presigned("list_objects_v2", Bucket="things")},
        {"url": presigned("list_buckets")},
        signed(server, "PUT", "/things/planted.txt", b"planted"),
        signed(server, "DELETE", "/things/kept.txt"),
        signed(server, "POST", "/things/kept.txt?uploads="),
        signed(server, "GET", "/things/kept.txt"),
        signed(server, "GET", "/"),
        {"url": server.s3, "method": "POST", "text": "x", "type": "text/plain"},
    ]


def signed(server: Served, method: str, path: str, body: bytes = b"") -> dict[str, Any]:
    request = AWSRequest(method, server.s3 + path, data=body)
    S3SigV4Auth(server.boto._request_signer._credentials, "s3", "us-east-1").add_auth(request)  # type: ignore[attr-defined]
    headers = {name: value for name, value in request.headers.items() if name.lower() != "host"}
    return {"url": server.s3 + path, "method": method, "headers": headers, **({"text": body.decode()} if body else {})}


REQUESTS = [pytest.param(fetches, id="rest"), pytest.param(s3_requests, id="s3")]
Requests = Callable[[Served], list[dict[str, Any]]]


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("requests", REQUESTS)
def test_a_page_of_another_origin_fetches(
    browser: Chrome, served: Served, page_port: int, requests: Requests, mode: str
) -> None:
    open_page(browser, page_port)
    with nothing_changes(served):
        for request in requests(served):
            unread(act(browser, "fetch", mode=mode, **request))


@pytest.mark.parametrize("requests", REQUESTS)
def test_a_page_without_an_origin_fetches(browser: Chrome, served: Served, page_port: int, requests: Requests) -> None:
    open_page(browser, page_port)
    with nothing_changes(served):
        for request in requests(served):
            if "file" not in request:
                for mode in MODES:
                    unread(act(browser, "sandboxed", **{"method": "GET", "mode": mode, **request}))


def test_a_page_of_another_origin_uses_older_ways(browser: Chrome, served: Served, page_port: int) -> None:
    open_page(browser, page_port)
    with nothing_changes(served):
        unread(act(browser, "request", url=f"{served.api}/buckets", method="POST", text=NEW_BUCKET))
        unread(act(browser, "beacon", url=f"{served.api}/buckets", text=NEW_BUCKET, type="text/plain"))
        unread(act(browser, "beacon", url=served.reset, text=""))
        unread(act(browser, "script", url=f"{served.api}/buckets"))
        unread(act(browser, "script", url=f"{served.api}/buckets/things/objects/kept.txt?inline=true"))


@pytest.mark.parametrize("stored_as", ["text/javascript", "text/plain", "binary/octet-stream"])
def test_a_page_of_another_origin_runs_an_object_as_its_script(
    browser: Chrome, served: Served, page_port: int, stored_as: str
) -> None:
    """What a script says, its page reads."""
    said = f"throw new Error('{CONTENT}')".encode()
    # A name of its own: the browser keeps what it has read from one test to the next.
    name = f"{stored_as.replace('/', '-')}.js"
    served.boto.put_object(Bucket="things", Key=name, Body=said, ContentType=stored_as)
    key = {"Bucket": "things", "Key": name}
    types = ("text/javascript", "application/x-javascript", "text/plain, text/javascript", "text/plain")
    asked = [{**key, "ResponseContentType": kind} for kind in types]
    open_page(browser, page_port)
    for url in [served.boto.generate_presigned_url("get_object", Params=parameters) for parameters in asked]:
        assert act(browser, "script", url=url) == "failed", url
    assert act(browser, "script", url=f"{served.api}/buckets/things/objects/{name}") == "failed"
    # As at S3, where sites keep their scripts in buckets: there it is known to be one.
    url = served.boto.generate_presigned_url("get_object", Params=key)
    ran = stored_as == "text/javascript"
    assert act(browser, "script", url=url) == ("read 0 Script error." if ran else "failed")


@pytest.mark.parametrize("enctype", ENCTYPES)
def test_a_page_of_another_origin_sends_forms(browser: Chrome, served: Served, page_port: int, enctype: str) -> None:
    open_page(browser, page_port)
    policy = served.post_policy("planted.txt")
    with nothing_changes(served):
        unread(act(browser, "form", url=f"{served.api}/buckets", enctype=enctype, fields=JSON_FIELDS))
        unread(act(browser, "form", url=f"{served.api}/buckets/things/objects", enctype=enctype, file=FILE))
        unread(act(browser, "form", url=served.reset, enctype=enctype))
        unread(act(browser, "form", url=policy["url"], enctype=enctype, fields=policy["fields"], file=FILE))
        upload = served.boto.generate_presigned_url(
            "create_multipart_upload", Params={"Bucket": "things", "Key": "kept.txt"}
        )
        unread(act(browser, "form", url=upload, enctype=enctype))


@pytest.mark.parametrize("place", ["rest", "s3"])
@pytest.mark.parametrize("mode", [*MODES, "same-origin"])
def test_a_page_under_a_rebound_name_is_refused(browser: Chrome, served: Served, place: str, mode: str) -> None:
    port = own_port(getattr(served, place))
    open_page(browser, port)
    assert CONTENT not in browser.page_source
    with nothing_changes(served):
        for request in fetches(served) if place == "rest" else s3_requests(served):
            # The same request, to the server that the browser takes for the page's own.
            _, _, rest = request["url"].removeprefix("http://").partition("/")
            found = act(browser, "fetch", mode=mode, **{**request, "url": f"http://{EVIL}:{port}/{rest}"})
            unread(found)
            assert found.startswith("read 421") or "unsupported in no-cors mode" in found


def test_forms_that_lead_to_a_rebound_name_are_refused(browser: Chrome, served: Served, page_port: int) -> None:
    open_page(browser, page_port)
    policy = served.post_policy("planted.txt")
    rest, s3 = (f"http://{EVIL}:{own_port(url)}" for url in (served.rest, served.s3))
    with nothing_changes(served):
        for enctype in ENCTYPES:
            unread(act(browser, "form", url=f"{rest}/api/v1/storage/buckets", enctype=enctype, fields=JSON_FIELDS))
            unread(act(browser, "form", url=f"{s3}/things", enctype=enctype, fields=policy["fields"], file=FILE))
            unread(act(browser, "form", url=f"{rest}/_bucketry/reset", enctype=enctype))


def test_what_somebody_signed_for_the_page_is_accepted(browser: Chrome, owned: Served, page_port: int) -> None:
    open_page(browser, page_port)
    policy = owned.post_policy("given.txt")
    act(browser, "form", url=policy["url"], enctype="multipart/form-data", fields=policy["fields"], file=FILE)
    assert owned.contents()["things"][0] == [("given.txt", len(FILE["text"])), ("kept.txt", len(CONTENT))]
