"""The REST API over a real server: large files, against the server's SDK moving the same file directly."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

from benchmarks.bucketry_server.running_server import Running, running_server
from benchmarks.bucketry_server.sending import KEY, upload_seconds, write_file
from benchmarks.case import MEBIBYTES, MEGABYTES_PER_SECOND, MIB, Case, Contender, Contenders, Scale, Target
from benchmarks.container_servers.backend import Backend
from benchmarks.container_servers.kinds import KINDS, Kind
from benchmarks.container_servers.plain import connection_to, save, send
from benchmarks.process_memory import growth_during

_PREFIX = "/api/v1/storage"
_PATH = f"{_PREFIX}/buckets/bench/objects"
_BARE_PART = 4
"""The bare limit of an upload is measured with this part of the file: a run takes minutes as it is."""

_GROWTH_MIB = 48.0
_LEAST_GROWTH_MIB = 0.1
"""What counts as none, so that there is a ratio."""


def _upload(kind: Kind, scale: Scale, stack: ExitStack) -> Contenders:
    backend, size = kind.start(stack), scale.upload_bytes
    folder = _folder(stack)
    file, small_file = folder / KEY, folder / "small.bin"
    write_file(file, size)
    write_file(small_file, size // _BARE_PART)
    server = stack.enter_context(running_server(backend.url, backend.environ))

    def measure(upload: Callable[[], object], sent: int = size) -> Callable[[], float]:
        def throughput() -> float:
            begun = perf_counter()
            upload()
            seconds = perf_counter() - begun
            _remove(backend, sent)
            return sent / seconds / 1e6

        return throughput

    return Contenders(
        Contender("bucketry", measure(partial(upload_seconds, server.rest, _PATH, size, file=file))),
        Contender(kind.sdk_name, measure(partial(backend.sdk.upload, KEY, file))),
        Contender(
            "one PUT, signed beforehand", measure(partial(backend.plain.upload, KEY, small_file), size // _BARE_PART)
        ),
    )


def _download(kind: Kind, scale: Scale, stack: ExitStack) -> Contenders:
    backend, size = kind.start(stack), scale.upload_bytes
    file = _uploaded(backend, size, stack)
    server = stack.enter_context(running_server(backend.url, backend.environ))

    def measure(download: Callable[[str, Path], object]) -> Callable[[], float]:
        def throughput() -> float:
            file.unlink(missing_ok=True)
            begun = perf_counter()
            download(KEY, file)
            seconds = perf_counter() - begun
            if file.stat().st_size != size:
                raise RuntimeError("the download is not whole")
            return size / seconds / 1e6

        return throughput

    return Contenders(
        Contender("bucketry", measure(partial(_rest_download, server))),
        Contender(kind.sdk_name, measure(backend.sdk.download)),
        Contender("one GET, signed beforehand", measure(backend.plain.download)),
    )


def _upload_growth(kind: Kind, scale: Scale, stack: ExitStack) -> Contenders:
    backend, size = kind.start(stack), scale.upload_bytes

    def ours() -> float:
        with _idle_server(backend) as server:
            grown = growth_during(server.pid, partial(upload_seconds, server.rest, _PATH, size))
        _remove(backend, size)
        return _mebibytes(grown)

    return _growth(ours, Contender("the parts in flight", lambda: kind.part_bytes * kind.parts_held / MIB))


def _download_growth(kind: Kind, scale: Scale, stack: ExitStack) -> Contenders:
    backend, size = kind.start(stack), scale.upload_bytes
    file = _uploaded(backend, size, stack)

    def ours() -> float:
        with _idle_server(backend) as server:
            return _mebibytes(growth_during(server.pid, partial(_rest_download, server, KEY, file)))

    return _growth(ours, Contender("one piece of the content", lambda: 0.25))


def _growth(ours: Callable[[], float], bare: Contender) -> Contenders:
    return Contenders(Contender("bucketry", ours), Contender("the limit", lambda: _GROWTH_MIB), bare)


@contextmanager
def _idle_server(backend: Backend) -> Generator[Running, None, None]:
    """Starts a server that has served requests for its status. Memory that the first transfer keeps counts too."""
    with running_server(backend.url, backend.environ) as server, ExitStack() as stack:
        connection = connection_to(_endpoint(server), stack)
        for _ in range(10):
            send(connection, "GET", f"{_PREFIX}/status").read()
        yield server


def _uploaded(backend: Backend, size: int, stack: ExitStack) -> Path:
    file = _folder(stack) / KEY
    write_file(file, size)
    backend.plain.upload(KEY, file)
    return file


def _rest_download(server: Running, key: str, file: Path) -> None:
    with ExitStack() as stack:
        save(send(connection_to(_endpoint(server), stack), "GET", f"{_PATH}/{key}"), file)


def _remove(backend: Backend, size: int) -> None:
    if backend.store.head_object("bench", KEY).size_bytes != size:
        raise RuntimeError("the upload is not whole")
    backend.remove(KEY)


def _folder(stack: ExitStack) -> Path:
    return Path(stack.enter_context(TemporaryDirectory(prefix="bucketry-bench-")))


def _endpoint(server: Running) -> str:
    return "http://{}:{}".format(*server.rest)


def _mebibytes(grown: int) -> float:
    return max(grown / MIB, _LEAST_GROWTH_MIB)


_THROUGHPUT = Target(0.85, "at least 0.85×")
_GROWTH = Target(1, "at most 48 MiB")


def _cases(kind: Kind) -> tuple[Case, ...]:
    def case(name: str, title: str, set_up: Callable[[Kind, Scale, ExitStack], Contenders], rounds: int) -> Case:
        is_growth = name.endswith("growth")
        return Case(
            name=f"{kind.name}-rest-{name}",
            title=f"REST {title}",
            unit=MEBIBYTES if is_growth else MEGABYTES_PER_SECOND,
            set_up=partial(set_up, kind),
            target=_GROWTH if is_growth else _THROUGHPUT,
            needs=kind.needs,
            max_rounds=rounds,
            real_server=True,
            note=kind.notes.get(name, ""),
        )

    growth = "growth of the server's resident memory"
    return (
        case("upload", f"upload of 1 GiB to {kind.title}", _upload, 3),
        case("upload-growth", f"upload of 1 GiB to {kind.title}: {growth}", _upload_growth, 1),
        case("download", f"download of 1 GiB from {kind.title}", _download, 3),
        case("download-growth", f"download of 1 GiB from {kind.title}: {growth}", _download_growth, 1),
    )


CASES = tuple(case for kind in KINDS for case in _cases(kind))
