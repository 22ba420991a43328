"""What a user of a server would call without bucketry."""

from __future__ import annotations

from abc import ABC, abstractmethod
from pathlib import Path
from typing import ClassVar


class Sdk(ABC):
    """A server's own SDK, called as its documentation has it, on the bucket of the benchmarks.

    Attributes:
        name: Its name on the package index.
    """

    name: ClassVar[str]

    @abstractmethod
    def head(self, key: str) -> object:
        """Returns what is known about an object."""

    @abstractmethod
    def get(self, key: str) -> bytes:
        """Returns an object's content."""

    @abstractmethod
    def put(self, key: str, data: bytes) -> object:
        """Stores an object."""

    @abstractmethod
    def delete(self, key: str) -> object:
        """Deletes an object."""

    @abstractmethod
    def list_page(self) -> int:
        """Lists the first 1,000 objects, and returns how many there are."""

    @abstractmethod
    def list_all(self) -> int:
        """Lists all objects plainly, and returns how many there are."""

    @abstractmethod
    def upload(self, key: str, file: Path) -> object:
        """Uploads a file."""

    @abstractmethod
    def download(self, key: str, file: Path) -> object:
        """Downloads into a file."""
