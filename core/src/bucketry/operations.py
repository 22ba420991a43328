"""The table of operations: whether each one writes, which options it takes, and which features these need.

The hook spec marks each operation with `bucketry.hookspecs.operation`. Everything that treats operations alike derives
from these facts: the store, layers, ports, the contract suite and the docs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from types import FunctionType, MappingProxyType
from typing import Any, Final, get_type_hints

import msgspec

from bucketry.options import Options

_FACTS: Final = "bucketry_operation"
"""The attribute of a hook that holds its facts until `operations_of` reads them."""

_NO_FEATURES: Final[Mapping[str, str]] = MappingProxyType({})

Writes = bool | Callable[[Any], bool]
"""Whether an operation writes: always, never, or as its options say."""


class Operation(msgspec.Struct, frozen=True, kw_only=True):
    """The facts of one operation.

    Attributes:
        name: Its name, which is that of its hook.
        hook: The method of the hook spec that describes it.
        writes: Whether it changes what the backend holds; or a function that tells it from the options of a call.
        optional: Whether a store is of use without it. The contract suite cannot test a driver without the others.
        parameters: Names of its parameters, in their order.
        options: The class of its options; ``None``: it takes none.
    """

    name: str
    hook: Callable[..., Any]
    writes: Writes
    optional: bool
    parameters: tuple[str, ...]
    options: type[Options] | None

    @property
    def features(self) -> Mapping[str, str]:
        """Which feature each field of its options needs."""
        return _NO_FEATURES if self.options is None else self.options.feature_of

    @property
    def result(self) -> Any:
        """The annotation of its result."""
        return _result_of(self.hook)

    @property
    def takes_body(self) -> bool:
        """Whether it takes a `Body`."""
        return "body" in self.parameters

    @property
    def opens(self) -> bool:
        """Whether its result is content that is read after the call."""
        return bool(self.hook.__annotations__["return"] == "OpenedObject")

    def may_write(self) -> bool:
        """Says whether some call of it writes."""
        return self.writes is not False

    def is_write(self, options: Options) -> bool:
        """Says whether a call with these options writes."""
        return self.writes if isinstance(self.writes, bool) else self.writes(options)


def note_facts(hook: Callable[..., Any], *, writes: Writes, optional: bool) -> None:
    """Keeps what the hook spec says of an operation, for `operations_of`."""
    setattr(hook, _FACTS, {"writes": writes, "optional": optional})


def operations_of(*specs: type) -> Mapping[str, Operation]:
    """Collects the operations of classes of the hook spec, by name, in the order in which they are written.

    Raises:
        TypeError: A public method is not marked with ``@operation``.
    """
    found = {
        name: _operation(spec, member)
        for spec in specs
        for name, member in vars(spec).items()
        if not name.startswith("_")
    }
    return MappingProxyType(found)


def _operation(spec: type, hook: FunctionType) -> Operation:
    facts = getattr(hook, _FACTS, None)
    if facts is None:
        raise TypeError(f"{spec.__name__}.{hook.__name__} does not say whether it writes: mark it @operation(writes=…)")
    parameters = hook.__code__.co_varnames[1 : hook.__code__.co_argcount]
    kind = hook.__globals__[hook.__annotations__["options"]] if "options" in parameters else None
    return Operation(name=hook.__name__, hook=hook, parameters=parameters, options=kind, **facts)


@cache
def _result_of(hook: Callable[..., Any]) -> Any:
    return get_type_hints(hook)["return"]
