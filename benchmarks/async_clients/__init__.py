"""Async clients of S3, 64 requests at a time."""
