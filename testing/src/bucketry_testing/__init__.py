"""Object storage for an application's tests."""
