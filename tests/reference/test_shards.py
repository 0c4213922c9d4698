"""A shard: text in, TFRecords out, and what is told of them on the way."""

from reference.instances import FEATURES, InstanceSettings
from reference.shards import write_shard
from reference.tfrecords import read_tfrecords
from reference.tokenization import SPECIAL_TOKENS, Tokenizer


def test_a_shard_is_what_its_counts_say(tmp_path):
    text = tmp_path / "text.txt"
    text.write_text("a b c\nd e\n\nf g h a\nb\n" * 5)
    tokenizer = Tokenizer([*SPECIAL_TOKENS, *"abcdefgh"])
    settings = InstanceSettings(max_seq_length=12, max_predictions_per_seq=3)
    paths = [tmp_path / "1.tfrecord", tmp_path / "2.tfrecord"]
    counts = write_shard([text], paths, tokenizer, settings)
    arrays = read_tfrecords(paths)
    assert set(arrays) == set(FEATURES)
    assert counts == {
        "instances": len(arrays["input_ids"]),
        "random_next": arrays["next_sentence_labels"].sum(),
        "tokens": arrays["input_mask"].sum(),
        "predictions": arrays["masked_lm_weights"].sum(),
    }
    assert 0 < counts["random_next"] < counts["instances"]
