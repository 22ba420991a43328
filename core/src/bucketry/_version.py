"""The version of this distribution, which all distributions of the workspace share."""

__version__ = "0.1.0"
