"""Webhooks of ``bucketry serve``: where the events of its buckets are sent."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

import msgspec
from bucketry import Secret
from bucketry.settings import load_settings, secret_in
from msgspec import UNSET

from bucketry_cli.config import WebhookVariables
from bucketry_cli.errors import Failure, placed

if TYPE_CHECKING:
    from bucketry.events import EventSink
    from bucketry.layers import Events
    from bucketry_http.webhooks import WebhookSettings

    from bucketry_cli.config import WebhookTable

_NAMED: Final = re.compile(r"(?:(?P<name>[^=:/]*)=)?(?P<url>.*)", re.DOTALL)


def webhooks_of(
    texts: Sequence[str], tables: Sequence[WebhookTable], environ: Mapping[str, str]
) -> tuple[WebhookSettings, ...]:
    """Returns the settings of all webhooks.

    Args:
        texts: The values of ``--webhook``: ``URL`` or ``NAME=URL``. They have the secret that the environment names.
        tables: The tables ``[[webhooks]]`` of the settings file.
        environ: The environment.

    Raises:
        Failure: One of them is malformed, or a table has two secrets. The message names it, and repeats neither a
            secret nor the path of a URL.
    """
    if not texts and not tables:
        return ()
    variables = load_settings(WebhookVariables, environ=environ)
    found = []
    for number, text in enumerate(texts, 1):
        with placed(f"the webhook number {number} of --webhook"):
            found.append(_of_text(text, variables))
    for number, table in enumerate(tables, 1):
        with placed(f"the table number {number} of [[webhooks]]"):
            found.append(_of_table(table))
    return tuple(found)


def _of_text(text: str, variables: WebhookVariables) -> WebhookSettings:
    from bucketry_http.webhooks import WebhookSettings

    parts = _NAMED.fullmatch(text)
    assert parts is not None  # noqa: S101 - it matches any text
    return WebhookSettings(
        url=parts["url"], name=parts["name"] or "", secret=variables.secret, ca_file=variables.ca_file
    )


def _of_table(table: WebhookTable) -> WebhookSettings:
    from bucketry_http.webhooks import WebhookSettings

    values = {
        name: value
        for name, value in msgspec.structs.asdict(table).items()
        if value is not UNSET and name not in {"secret", "secret_file"}
    }
    return WebhookSettings(secret=_secret_of(table), **values)


def _secret_of(table: WebhookTable) -> Secret | None:
    if table.secret_file is None:
        return table.secret
    if table.secret is not None:
        raise Failure("a table [[webhooks]] has secret and secret_file: write one of them")
    return secret_in(table.secret_file, "secret_file in [[webhooks]]")


def events_layer(webhooks: Sequence[WebhookSettings], *sinks: EventSink) -> Events | None:
    """Returns the layer that emits events to webhooks and other sinks; ``None``: nobody wants any."""
    if not webhooks and not sinks:
        return None
    if webhooks:
        from bucketry_http.webhooks import Webhook

        sinks = (*sinks, *map(Webhook, webhooks))
    from bucketry.layers import Events  # Only here: most servers emit none.

    return Events(*sinks)


def describe(webhooks: Sequence[WebhookSettings]) -> str:
    """Returns a line about where events are sent."""
    return ", ".join(webhook.place + ("" if webhook.secret else " (not signed)") for webhook in webhooks)
