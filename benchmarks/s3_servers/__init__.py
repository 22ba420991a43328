"""Servers that speak S3, and a client that loads them all in the same way."""
