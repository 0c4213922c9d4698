"""What is asked of the encoder: pre-training and fine-tuning, with their losses.

Sources: `get_masked_lm_output` and `get_next_sentence_output` of the original's
run_pretraining.py, `create_model` of its run_classifier.py and of its run_squad.py.
Losses come per trial, `[K]`: their sum over trials is what is differentiated, and no
trial sees another.

Shapes as in model.py, and M masked positions, C classes, E examples of packed rows.
"""

from collections.abc import Callable

import keras
from keras import ops

from reference.configuration import BertConfig
from reference.model import Bert, Dense, LayerNorm, gelu, take_rows

# Keeps the masked-LM loss finite when a batch predicts nothing.
WEIGHT_EPSILON = 1e-5
# The logits of a window where there is no token, for which softmax gives 0.
NO_TOKEN = -10000.0
_PACKED = ("positions", "examples", "starts")


class Transform(keras.layers.Layer):
    """Dense, gelu and LayerNorm before the masked-LM logits."""

    def __init__(self, config: BertConfig, trials: int):
        super().__init__(name="transform")
        self.dense = Dense(trials, *2 * [config.hidden_size], name="dense")
        self.norm = LayerNorm(trials, config.hidden_size)

    def call(self, x):
        return self.norm(gelu(self.dense(x)))


class Predictions(keras.layers.Layer):
    """Masked-LM logits at the masked positions, tied to the word embeddings."""

    def __init__(self, config: BertConfig, trials: int):
        super().__init__(name="predictions")
        self.shape = (trials, config.vocab_size)
        self.transform = Transform(config, trials)

    def build(self, *_):
        self.output_bias = self.add_weight(shape=self.shape, name="output_bias")

    def call(self, sequence_output, positions, word_embeddings):
        trials, batch, length, size = sequence_output.shape
        flat = ops.reshape(sequence_output, (trials, batch * length, size))
        row = ops.arange(batch, dtype="int32")[:, None] * length + positions
        masked = take_rows(flat, ops.reshape(row, (trials, -1)))  # [K, B·M, H]
        masked = self.transform(masked)
        masked, table = (
            ops.cast(x, self.compute_dtype) for x in (masked, word_embeddings)
        )
        # Not `matmul`, for which backends would copy the table to turn it over.
        logits = ops.einsum("kmh,kvh->kmv", masked, table)
        logits = ops.cast(logits + self.output_bias[:, None], "float32")
        return ops.reshape(logits, (*positions.shape, -1))  # [K, B, M, V]


class OutputLayer(keras.layers.Layer):
    """A projection stored as upstream, `[C, H]`: `[K, B, H]` to `[K, B, C]`."""

    def __init__(self, trials: int, size: int, outputs: int, name: str):
        super().__init__(name=name)
        self.shape = (trials, outputs, size)

    def build(self, *_):
        self.kernel = self.add_weight(shape=self.shape, name="output_weights")
        self.bias = self.add_weight(shape=self.shape[:2], name="output_bias")

    def call(self, x):
        logits = ops.einsum("kbh,kch->kbc", x, self.kernel)
        return ops.cast(logits + self.bias[:, None], "float32")


class PreTrainingHeads(keras.layers.Layer):
    """Masked language model and next sentence."""

    def __init__(self, config: BertConfig, trials: int):
        super().__init__(name="cls")
        self.predictions = Predictions(config, trials)
        self.relationship = OutputLayer(
            trials, config.hidden_size, 2, name="seq_relationship"
        )

    def call(self, sequence_output, pooled_output, positions, word_embeddings):
        return (
            self.predictions(sequence_output, positions, word_embeddings),
            self.relationship(pooled_output),
        )


class PreTrainingModel(keras.Model):
    """BERT with both pre-training heads.

    Called with a dict of int32 `input_ids`, `input_mask`, `segment_ids` `[K, B, S]`
    and `masked_lm_positions` `[K, B, M]`. Adds to the encoder's outputs
    `masked_lm_logits` `[K, B, M, V]` and `next_sentence_logits` `[K, B, 2]`.
    """

    ties_embeddings = True  # the table is looked up and is the output's kernel too

    def __init__(self, config: BertConfig, trials: int = 1):
        super().__init__(name="pre_training")
        self.config, self.trials = config, trials
        self.bert = Bert(config, trials)
        self.heads = PreTrainingHeads(config, trials)

    def call(self, batch, dropout=None):
        outputs = self.bert(
            batch["input_ids"],
            batch["input_mask"],
            batch["segment_ids"],
            dropout=dropout,
        )
        masked_lm, next_sentence = self.heads(
            outputs["sequence_output"],
            outputs["pooled_output"],
            batch["masked_lm_positions"],
            self.bert.embeddings.word,
        )
        return outputs | {
            "masked_lm_logits": masked_lm,
            "next_sentence_logits": next_sentence,
        }


class FineTuningModel(keras.Model):
    """BERT with one linear layer on the pooled output.

    `outputs` is the number of classes, or 1 for regression. Called with a dict of
    int32 `input_ids`, `input_mask`, `segment_ids` `[K, B, S]`; returns `[K, B, C]`. Or
    with `positions`, `examples` and `starts` in place of the mask, see model.py;
    returns `[K, E, C]`.

    Dropout and initial spread of the head are the config's; run_classifier.py has 0.1
    and 0.02 written in it, which every released config says, too.
    """

    ties_embeddings = False

    def __init__(self, config: BertConfig, outputs: int, trials: int = 1):
        super().__init__(name="fine_tuning")
        self.config, self.trials = config, trials
        self.bert = Bert(config, trials)
        self.head = OutputLayer(trials, config.hidden_size, outputs, name="classifier")

    def call(self, batch, dropout=None):
        pooled = _encoded(self.bert, batch, dropout)["pooled_output"]
        if dropout is not None:
            pooled = dropout(pooled, self.config.hidden_dropout_prob, "BH")
        return self.head(pooled)

    def losses(self, logits, part):
        """Of packed examples with their `labels` and `weights`: `[K]`."""
        return fine_tuning_losses(logits, part["labels"], part["weights"])


def classifier(outputs: int) -> Callable[[BertConfig, int], FineTuningModel]:
    """What makes a model of so many outputs, given a configuration and trials."""
    return lambda config, trials: FineTuningModel(config, outputs, trials)


class SpanHead(keras.layers.Layer):
    """Two numbers for every token, under the original's names."""

    def __init__(self, config: BertConfig, trials: int):
        super().__init__(name="cls")
        self.ends = OutputLayer(trials, config.hidden_size, 2, name="squad")

    def call(self, x):
        return self.ends(x)


class SpanModel(keras.Model):
    """BERT with two linear layers on every token: where an answer begins and ends.

    Called as a `FineTuningModel` is; returns `[K, B, S, 2]`, or of packed examples
    `[K, E, S, 2]`: each in a window of its own from its first token, NO_TOKEN where it
    has ended (which the original does not do: there padding competes as well). The
    pooler, which no answer depends on, loses to weight decay here; the original leaves
    alone what has no gradient.
    """

    ties_embeddings = False

    def __init__(self, config: BertConfig, trials: int = 1):
        super().__init__(name="spans")
        self.config, self.trials = config, trials
        self.bert = Bert(config, trials)
        self.head = SpanHead(config, trials)

    def call(self, batch, dropout=None):
        encoded = _encoded(self.bert, batch, dropout)["sequence_output"]
        trials, rows, length, size = encoded.shape
        logits = self.head(ops.reshape(encoded, (trials, rows * length, size)))
        if batch.get("examples") is not None:
            return _windows(logits, batch, length)
        logits = ops.reshape(logits, (trials, rows, length, 2))
        seen = ops.cast(batch["input_mask"], "bool")[..., None]
        return ops.where(seen, logits, NO_TOKEN)

    def losses(self, logits, part):
        """`labels` are int `[K, E, 2]`, the first and the last token; `[K]`."""
        by_end = ops.swapaxes(logits, -1, -2)  # [K, E, 2, S]
        losses = ops.mean(cross_entropy(by_end, part["labels"]), axis=-1)  # [K, E]
        return ops.sum(losses * part["weights"], axis=1)


def _encoded(bert: Bert, batch: dict, dropout) -> dict:
    """The encoder's outputs for rows of one example, or of several."""
    packed = {name: batch.get(name) for name in _PACKED}
    mask = batch.get("input_mask")
    ids, segments = batch["input_ids"], batch["segment_ids"]
    return bert(ids, mask, segments, dropout=dropout, **packed)


def _windows(logits, batch: dict, length: int):
    """What packed tokens gave, `[K, T, C]`, by example: `[K, E, S, C]`."""
    trials, tokens, size = logits.shape
    places = batch["starts"][..., None] + ops.arange(length, dtype="int32")
    places = ops.reshape(places, (trials, -1))  # [K, E·S]
    inside = places < tokens
    places = ops.minimum(places, tokens - 1)
    owners = ops.reshape(batch["examples"], (trials, tokens))
    owners = ops.take_along_axis(owners, places, axis=1)
    asked = ops.repeat(batch["rows"], length, axis=1)
    own = ops.logical_and(inside, ops.equal(owners, asked))[..., None]
    windows = ops.where(own, take_rows(logits, places), NO_TOKEN)
    return ops.reshape(windows, (trials, -1, length, size))


def pre_training_losses(outputs, batch):
    """Masked-LM and next-sentence loss of each trial: two of `[K]`.

    `batch` holds `masked_lm_ids` and `masked_lm_weights` `[K, B, M]` and
    `next_sentence_labels` `[K, B]`. Where it is a share of a whole batch it says so:
    `masked_lm_total` `[K]`, the weights of the whole, and `share`, by which the caller
    multiplies the losses.
    """
    losses = cross_entropy(outputs["masked_lm_logits"], batch["masked_lm_ids"])
    weights = batch["masked_lm_weights"]
    masked_lm = ops.sum(losses * weights, axis=(1, 2))
    total = batch.get("masked_lm_total", ops.sum(weights, axis=(1, 2)))
    masked_lm = masked_lm / ((total + WEIGHT_EPSILON) * batch.get("share", 1.0))
    next_sentence = cross_entropy(
        outputs["next_sentence_logits"], batch["next_sentence_labels"]
    )
    return masked_lm, ops.mean(next_sentence, axis=1)


def fine_tuning_losses(logits, labels, weights=None):
    """Loss of each trial, `[K]`: cross-entropy, or squared error when C is 1.

    `logits` is `[K, B, C]`; `labels` `[K, B]`, classes (integer) or scores (float), or
    `[K, B, C]`, the probabilities of a teacher. The mean over the batch, or with
    `weights`, float `[K, B]`, the sum of what each weighs.
    """
    if logits.shape[-1] == 1:
        losses = ops.square(logits[..., 0] - labels)
    elif len(labels.shape) == len(logits.shape):
        losses = soft_cross_entropy(logits, labels)
    else:
        losses = cross_entropy(logits, labels)
    if weights is None:
        return ops.mean(losses, axis=1)
    return ops.sum(losses * weights, axis=1)


def cross_entropy(logits, labels):
    """−log softmax(logits)[label]: `[..., C]` and int `[...]` to `[...]`."""
    return ops.logsumexp(logits, axis=-1) - ops.sum(
        logits * ops.one_hot(labels, logits.shape[-1], dtype=logits.dtype), axis=-1
    )


def soft_cross_entropy(logits, probabilities):
    """−Σ p log softmax(logits), both `[..., C]`, to `[...]` (Hinton et al. 2015)."""
    return -ops.sum(probabilities * ops.log_softmax(logits, axis=-1), axis=-1)
