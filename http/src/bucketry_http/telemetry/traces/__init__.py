"""Traces: spans of OpenTelemetry for requests, for operations of the store, and for requests to its backend.

All but the settings needs the extra ``traces``.
"""
