"""Webhooks: events of buckets, sent to URLs in signed requests."""

from __future__ import annotations

from bucketry_http.webhooks.settings import WebhookSettings
from bucketry_http.webhooks.signing import InvalidSignature, verify_webhook
from bucketry_http.webhooks.webhook import DeliveryCounts, Webhook

__all__ = ["DeliveryCounts", "InvalidSignature", "Webhook", "WebhookSettings", "verify_webhook"]
