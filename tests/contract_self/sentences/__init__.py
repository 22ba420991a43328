"""The table of sentences of the contract, with the tests of each."""

from __future__ import annotations

from tests.contract_self.sentences.of_buckets import BUCKETS
from tests.contract_self.sentences.of_objects import OBJECTS
from tests.contract_self.sentences.of_stores import STORES
from tests.contract_self.sentences.of_uploads import UPLOADS

BEHAVIOUR = {**STORES, **BUCKETS, **OBJECTS, **UPLOADS}
