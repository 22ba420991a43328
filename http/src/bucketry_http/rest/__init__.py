"""The documented REST API over any store."""
