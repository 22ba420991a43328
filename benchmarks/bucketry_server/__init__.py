"""A server in a process of its own, and the clients that load it."""
