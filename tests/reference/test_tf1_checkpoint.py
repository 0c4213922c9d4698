"""The original's bundles: read, written as it writes them, and damage refused."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from reference.configuration import BertConfig, named_size
from reference.errors import InputError
from reference.tf1_checkpoint import (
    PREFIX,
    find_prefix,
    read_tf1,
    read_tf1_header,
    write_tf1,
)
from reference.variables import Variable, variable_shapes
from tests.reference.random_bert import CONFIG, assert_same_weights, random_weights

SMALL = Path(__file__).resolve().parents[1] / "data/model_small"
FILES = (f"{PREFIX}.index", f"{PREFIX}.data-00000-of-00001")
DAMAGES = 40  # places in a file


@pytest.fixture(autouse=True)
def tensorflow():
    return pytest.importorskip("tensorflow")


@pytest.fixture
def small(tmp_path):
    """The small golden, where it can be damaged."""
    for name in FILES:
        shutil.copyfile(SMALL / name, tmp_path / name)
    return tmp_path / PREFIX


SMALL_CONFIG = BertConfig.from_file(SMALL / "bert_config.json")


def golden_weights(folder: Path) -> dict[str, np.ndarray]:
    with np.load(folder / "weights.npz") as arrays:
        return dict(arrays)


@pytest.mark.parametrize("name", ["model", "model_small"])
def test_the_originals_are_read(shared, name):
    folder = shared / "goldens" / name
    config = BertConfig.from_file(folder / "bert_config.json")
    found = read_tf1(folder / PREFIX, config)
    assert_same_weights(found, golden_weights(folder))


def test_the_files_written_are_the_originals_byte_for_byte(tmp_path):
    write_tf1(tmp_path / PREFIX, golden_weights(SMALL))
    assert {path.name for path in tmp_path.iterdir()} == set(FILES)
    for name in FILES:
        assert (tmp_path / name).read_bytes() == (SMALL / name).read_bytes()


def test_our_export_of_mini_has_the_variables_of_the_published_one(shared, tmp_path):
    published = read_tf1_header(shared / "goldens/mini_checkpoint_index" / PREFIX)
    shapes = variable_shapes(named_size("mini"))
    weights = {name: np.zeros(shape, np.float32) for name, shape in shapes.items()}
    write_tf1(tmp_path / PREFIX, weights)
    assert read_tf1_header(tmp_path / PREFIX) == published
    assert len(published) == 78
    assert sum(int(np.prod(v.shape)) for v in published.values()) == 11_267_900
    assert {v.dtype for v in published.values()} == {"float32"}


def test_the_optimisers_state_is_left_out(tmp_path, tensorflow):
    weights = random_weights()
    state = {f"{name}/adam_m": value for name, value in weights.items()}
    state |= {f"{name}/adam_v": value for name, value in weights.items()}
    state["global_step"] = np.array(7, np.int64)
    write_tf1(tmp_path / PREFIX, weights | state)
    assert_same_weights(read_tf1(tmp_path / PREFIX, CONFIG), weights)


def test_all_that_does_not_fit_is_named(tmp_path):
    weights = random_weights()
    del weights["bert/pooler/dense/bias"]
    weights["bert/embeddings/LayerNorm/beta"] = np.zeros(9, np.float32)
    weights["loss/extra"] = np.zeros(1, np.float32)
    name = "cls/predictions/output_bias"
    weights[name] = weights[name].astype(np.float64)
    write_tf1(tmp_path / PREFIX, weights)
    assert read_tf1_header(tmp_path / PREFIX)["loss/extra"] == Variable((1,))
    with pytest.raises(InputError) as caught:
        read_tf1(tmp_path / PREFIX, CONFIG)
    for said in (
        "1 missing (bert/pooler/dense/bias)",
        "1 extra (loss/extra)",
        "1 of another shape (bert/embeddings/LayerNorm/beta [9], expected [8])",
        f"1 not float32 ({name} float64)",
    ):
        assert said in str(caught.value)


def test_any_flipped_byte_of_the_data_is_found(small):
    path = small.with_name(FILES[1])
    whole = path.read_bytes()
    for place in np.linspace(0, len(whole) - 1, DAMAGES).astype(int):
        damaged = bytearray(whole)
        damaged[place] ^= 1
        path.write_bytes(damaged)
        with pytest.raises(InputError, match=r"damaged checkpoint: .*hecksum"):
            read_tf1(small, SMALL_CONFIG)


def test_a_flipped_byte_of_the_index_is_found_or_means_nothing(small):
    """The footer has bytes that nothing is read from."""
    path = small.with_name(FILES[0])
    whole, found = path.read_bytes(), 0
    expected = golden_weights(SMALL)
    for place in np.linspace(0, len(whole) - 1, DAMAGES).astype(int):
        damaged = bytearray(whole)
        damaged[place] ^= 1
        path.write_bytes(damaged)
        try:
            assert_same_weights(read_tf1(small, SMALL_CONFIG), expected)
        except InputError:
            found += 1
    assert found > 0.9 * DAMAGES


@pytest.mark.parametrize("name", FILES)
def test_truncated_and_missing_files_are_refused(small, name):
    path = small.with_name(name)
    whole = path.read_bytes()
    for length in (len(whole) - 1, len(whole) // 2, 0):
        path.write_bytes(whole[:length])
        with pytest.raises(InputError, match="damaged checkpoint"):
            read_tf1(small, SMALL_CONFIG)
    path.unlink()
    with pytest.raises(InputError, match="damaged checkpoint"):
        read_tf1(small, SMALL_CONFIG)


def test_where_it_cannot_be_written(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="expected to write a checkpoint there"):
        write_tf1(tmp_path / "file" / PREFIX, random_weights())


def test_the_only_checkpoint_of_a_directory_is_found_whatever_its_name(tmp_path):
    assert find_prefix(tmp_path) is None
    (tmp_path / "model.ckpt-343.index").touch()
    assert find_prefix(tmp_path) == tmp_path / "model.ckpt-343"
    (tmp_path / "model.ckpt-686.index").touch()
    with pytest.raises(InputError, match=r"found model.ckpt-343, model.ckpt-686"):
        find_prefix(tmp_path)
    (tmp_path / f"{PREFIX}.index").touch()
    assert find_prefix(tmp_path) == tmp_path / PREFIX
