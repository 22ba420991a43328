"""Plugins and settings for every test of this workspace."""

from hypothesis import settings

pytest_plugins = ["tests.servers.plugin", "tests.distributions.plugin"]

# A loaded machine is no failure.
settings.register_profile("bucketry", deadline=None, database=None)
settings.load_profile("bucketry")
