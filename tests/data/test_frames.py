"""pandas, polars and dask read and write files in a store."""

from __future__ import annotations

from typing import Any

import dask
import dask.dataframe
import pandas as pd
import polars as pl
import pytest

from tests.data.conftest import Place

pytestmark = pytest.mark.filterwarnings("ignore:The inplace keyword:pandas.errors.Pandas4Warning")  # of dask's calls


def frame() -> Any:
    return pd.DataFrame({"month": range(1000), "name": [f"größe {number}" for number in range(1000)]})


def test_pandas_csv(place: Place) -> None:
    frame().to_csv(f"{place.url}/a.csv", index=False, storage_options=place.options)
    found = pd.read_csv(f"{place.url}/a.csv", storage_options=place.options)
    pd.testing.assert_frame_equal(found, frame())
    assert place.fs.info(f"{place.path}/a.csv")["ContentType"] == "text/csv"


def test_pandas_compressed_csv_in_chunks(place: Place) -> None:
    frame().to_csv(f"{place.url}/a.csv.gz", index=False, storage_options=place.options)
    assert place.fs.cat(f"{place.path}/a.csv.gz")[:2] == b"\x1f\x8b"
    chunks = pd.read_csv(f"{place.url}/a.csv.gz", storage_options=place.options, chunksize=300)
    with chunks:
        assert [len(chunk) for chunk in chunks] == [300, 300, 300, 100]


def test_pandas_parquet(place: Place) -> None:
    frame().to_parquet(f"{place.url}/d/a.parquet", storage_options=place.options)
    found = pd.read_parquet(f"{place.url}/d/a.parquet", columns=["name"], storage_options=place.options)
    pd.testing.assert_frame_equal(found, frame()[["name"]])


def test_pandas_json_and_pickle(place: Place) -> None:
    frame().to_json(f"{place.url}/a.jsonl", orient="records", lines=True, storage_options=place.options)
    found = pd.read_json(f"{place.url}/a.jsonl", lines=True, storage_options=place.options)
    pd.testing.assert_frame_equal(found, frame())
    frame().to_pickle(f"{place.url}/a.pkl", storage_options=place.options)
    pd.testing.assert_frame_equal(pd.read_pickle(f"{place.url}/a.pkl", storage_options=place.options), frame())


def test_pandas_says_that_a_file_is_missing(place: Place) -> None:
    with pytest.raises(FileNotFoundError):
        pd.read_csv(f"{place.url}/none.csv", storage_options=place.options)


def test_polars_files(place: Place) -> None:
    wanted = pl.from_pandas(frame())
    with place.fs.open(f"{place.path}/a.parquet", "wb") as file:
        wanted.write_parquet(file)
    with place.fs.open(f"{place.path}/a.csv", "wb") as file:
        wanted.write_csv(file)
    with place.fs.open(f"{place.path}/a.parquet") as file:
        assert pl.read_parquet(file).equals(wanted)
    with place.fs.open(f"{place.path}/a.csv") as file:
        assert pl.read_csv(file).equals(wanted)


def test_polars_scans_a_dataset(place: Place) -> None:
    import pyarrow.dataset

    for year in (2025, 2026):
        frame().to_parquet(f"{place.url}/all/year={year}/a.parquet", storage_options=place.options)
    data = pyarrow.dataset.dataset(f"{place.path}/all", filesystem=place.fs, partitioning="hive")
    found = pl.scan_pyarrow_dataset(data).filter(pl.col("year") == 2026).select(pl.len()).collect()
    assert found.item() == 1000


@pytest.mark.parametrize("scheduler", ["threads", "processes"])
def test_dask_parquet(place: Place, scheduler: str) -> None:
    if scheduler == "processes" and "memory" in place.url:
        pytest.skip("each process has a memory of its own")
    with dask.config.set(scheduler=scheduler, num_workers=2):
        parts = dask.dataframe.from_pandas(frame(), npartitions=4)
        parts.to_parquet(f"{place.url}/parts", storage_options=place.options)
        assert len(place.fs.glob(f"{place.path}/parts/*.parquet")) == 4
        found = dask.dataframe.read_parquet(f"{place.url}/parts", storage_options=place.options)
        assert int(found["month"].sum().compute()) == sum(range(1000))


def test_dask_csv_in_blocks(place: Place) -> None:
    with dask.config.set(scheduler="threads", num_workers=2):
        frame().to_csv(f"{place.url}/a.csv", index=False, storage_options=place.options)
        found = dask.dataframe.read_csv(f"{place.url}/a.csv", blocksize=2000, storage_options=place.options)
        assert found.npartitions > 3
        assert len(found) == 1000
        found.to_csv(f"{place.url}/out/*.csv", index=False, storage_options=place.options)
        assert len(place.fs.glob(f"{place.path}/out/*.csv")) == found.npartitions
