"""pyarrow's datasets and files, and DuckDB, on a store."""

from __future__ import annotations

import duckdb
import pyarrow as pa
import pyarrow.csv
import pyarrow.dataset
import pyarrow.fs
import pyarrow.parquet
import pytest

from tests.data.conftest import Place


def table(rows: int = 1000) -> pa.Table:
    return pa.table({"number": range(rows), "text": [f"text {number}" for number in range(rows)]})


def handler(place: Place) -> pa.fs.PyFileSystem:
    return pa.fs.PyFileSystem(pa.fs.FSSpecHandler(place.fs))


def test_arrow_dataset(place: Place) -> None:
    files = handler(place)
    data = table().append_column("half", pa.array([number % 2 for number in range(1000)]))
    pa.dataset.write_dataset(
        data, f"{place.path}/set", format="parquet", partitioning=["half"], partitioning_flavor="hive", filesystem=files
    )
    found = pa.dataset.dataset(f"{place.path}/set", filesystem=files, partitioning="hive")
    assert len(found.files) == 2
    assert found.count_rows(filter=pa.dataset.field("half") == 1) == 500
    assert found.to_table(columns=["number"]).column("number").to_pylist().count(7) == 1


def test_arrow_rewrites_a_dataset(place: Place) -> None:
    for rows in (1000, 10):
        pa.dataset.write_dataset(
            table(rows),
            f"{place.path}/set",
            format="parquet",
            filesystem=handler(place),
            existing_data_behavior="delete_matching",
        )
    assert pa.dataset.dataset(f"{place.path}/set", filesystem=handler(place)).count_rows() == 10


def test_arrow_files(place: Place) -> None:
    files = handler(place)
    pa.parquet.write_table(table(), f"{place.path}/a.parquet", filesystem=files)
    assert pa.parquet.read_table(f"{place.path}/a.parquet", filesystem=files) == table()
    with files.open_output_stream(f"{place.path}/a.csv") as stream:
        pa.csv.write_csv(table(), stream)
    with files.open_input_stream(f"{place.path}/a.csv") as stream:
        assert pa.csv.read_csv(stream).num_rows == 1000
    with files.open_append_stream(f"{place.path}/log") as stream:
        stream.write(b"one")
    with files.open_append_stream(f"{place.path}/log") as stream:
        stream.write(b"two")
    with files.open_input_file(f"{place.path}/log") as file:
        file.seek(2)
        assert file.read() == b"etwo"


def test_arrow_looks_around(place: Place) -> None:
    files = handler(place)
    place.fs.pipe({f"{place.path}/d/a": b"a", f"{place.path}/d/e/b": b"bb"})
    selector = pa.fs.FileSelector(f"{place.path}/d", recursive=True)
    found = {info.path: (info.type, info.size) for info in files.get_file_info(selector)}
    assert found == {
        f"{place.path}/d/a": (pa.fs.FileType.File, 1),
        f"{place.path}/d/e": (pa.fs.FileType.Directory, None),
        f"{place.path}/d/e/b": (pa.fs.FileType.File, 2),
    }
    assert files.get_file_info(f"{place.path}/none").type == pa.fs.FileType.NotFound
    assert files.get_file_info(f"{place.path}/d/a").mtime is not None
    files.copy_file(f"{place.path}/d/a", f"{place.path}/copy")
    files.move(f"{place.path}/copy", f"{place.path}/moved")
    files.delete_file(f"{place.path}/moved")
    files.delete_dir(f"{place.path}/d")
    assert place.fs.find(place.path) == []
    with pytest.raises(FileNotFoundError):
        files.open_input_file(f"{place.path}/none")


def test_duckdb(place: Place) -> None:
    with duckdb.connect() as connection:
        connection.register_filesystem(place.fs)
        connection.execute(f"COPY (SELECT range AS n FROM range(1000)) TO '{place.url}/a.parquet' (FORMAT parquet)")
        connection.execute(f"COPY (SELECT range AS n FROM range(500)) TO '{place.url}/b.csv' (HEADER)")
        assert connection.sql(f"SELECT sum(n) FROM read_parquet('{place.url}/*.parquet')").fetchall() == [(499500,)]
        assert connection.sql(f"SELECT count(*) FROM read_csv('{place.url}/b.csv')").fetchall() == [(500,)]
        with pytest.raises(Exception, match="none"):
            connection.sql(f"SELECT * FROM read_parquet('{place.url}/none.parquet')").fetchall()
    assert place.fs.size(f"{place.path}/a.parquet") > 0
