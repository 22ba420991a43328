"""zarr and xarray keep their arrays in a store; paths are universal-pathlib's."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import upath
import xarray
import zarr

from tests.data.conftest import Place


def test_zarr(place: Place) -> None:
    group = zarr.open_group(f"{place.url}/group", mode="w", storage_options=place.options)
    array = group.create_array("numbers", shape=(100, 100), chunks=(30, 30), dtype="i4")
    array[:] = np.arange(10_000).reshape(100, 100)
    array.attrs["unit"] = "m"
    assert len(place.fs.find(f"{place.path}/group/numbers/c")) == 16
    again: Any = zarr.open_group(f"{place.url}/group", mode="r", storage_options=place.options)["numbers"]
    assert again.attrs["unit"] == "m"
    assert int(again[29:31, 5:7].sum()) == 2905 + 2906 + 3005 + 3006
    del group["numbers"]
    assert place.fs.find(f"{place.path}/group") == [f"{place.path}/group/zarr.json"]


def test_xarray(place: Place) -> None:
    wanted = xarray.Dataset({"heat": (("x", "y"), np.arange(12.0).reshape(3, 4))}, coords={"x": [1, 2, 3]})
    # xarray takes a scheme with a plus sign for the name of a file.
    store = zarr.storage.FsspecStore.from_url(f"{place.url}/set.zarr", storage_options=place.options)
    wanted.to_zarr(store, mode="w", consolidated=False)
    with xarray.open_zarr(store, consolidated=False) as found:
        assert float(found["heat"].sel(x=2).sum()) == 22.0
        xarray.testing.assert_equal(found.load(), wanted)


def test_xarray_by_a_url_without_a_driver(place: Place) -> None:
    wanted = xarray.Dataset({"x": ("x", [1, 2, 3])})
    url, options = f"bucketry://{place.path}/set.zarr", place.general_options
    wanted.to_zarr(url, storage_options=options, consolidated=False)
    with xarray.open_zarr(url, storage_options=options, consolidated=False) as found:
        xarray.testing.assert_equal(found.load(), wanted)


@pytest.mark.filterwarnings("ignore:UPath .* filesystem not explicitly implemented:UserWarning")
def test_paths(place: Place) -> None:
    # It takes `x+y` for the protocol `x`.
    folder = upath.UPath(f"bucketry://{place.path}/folder", **place.general_options)
    (folder / "d" / "a.txt").write_text("text", encoding="utf-8")
    (folder / "b.bin").write_bytes(b"\x00")
    assert sorted(path.name for path in folder.iterdir()) == ["b.bin", "d"]
    assert [path.read_text(encoding="utf-8") for path in folder.glob("**/*.txt")] == ["text"]
    found = folder / "d" / "a.txt"
    assert (found.stem, found.suffix, found.parent.name, found.is_file(), folder.is_dir()) == (
        "a",
        ".txt",
        "d",
        True,
        True,
    )
    assert found.stat().st_size == 4
    found.rename(folder / "moved.txt")
    assert not found.exists()
    (folder / "moved.txt").unlink()
    assert place.fs.find(place.path) == [f"{place.path}/folder/b.bin"]
