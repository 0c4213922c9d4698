"""The BERT encoder, K trials at a time.

After "BERT: Pre-training of Deep Bidirectional Transformers" (Devlin et al. 2018) and
the original's modeling.py, whose variable names the weights here carry. Every weight
and activation has a leading trial axis: K = 1 is ordinary BERT, K = 20 trains twenty
runs in one program, and `matmul` broadcasts over it. Heads are in heads.py.

Shapes: K trials, B batch, S sequence, T = B·S tokens, H hidden, N heads, D head size,
I intermediate, V vocabulary.

A row of S tokens holds one example, or several that do not see each other (packing.py);
what differs is where positions, the attention mask and the pooled tokens come from.

In bfloat16 (precision.py) products of matrices and what is between them are computed
so; embeddings, normalisation and softmax stay in float32.
"""

import math

import keras
from keras import ops

from reference.configuration import EXACT_GELU, BertConfig
from reference.row_probe import RowProbe

LAYER_NORM_EPSILON = 1e-12
MASKED_SCORE = -10000.0


class Dense(keras.layers.Layer):
    """`x @ kernel + bias` for each trial: `[K, T, in]` to `[K, T, out]`."""

    def __init__(self, trials: int, size_in: int, size_out: int, name: str):
        super().__init__(name=name)
        self.kernel_shape = (trials, size_in, size_out)

    def build(self, *_):
        trials, _, size_out = self.kernel_shape
        self.kernel = self.add_weight(shape=self.kernel_shape, name="kernel")
        self.bias = self.add_weight(shape=(trials, size_out), name="bias")

    def call(self, x):
        return ops.matmul(x, self.kernel) + self.bias[:, None]  # [K, T, out]


class LayerNorm(keras.layers.Layer):
    """Normalise over the last axis of `[K, T, H]`, then scale and shift."""

    def __init__(self, trials: int, size: int, name: str = "LayerNorm"):
        super().__init__(name=name, dtype="float32")
        self.shape = (trials, size)

    def build(self, *_):
        self.gamma = self.add_weight(shape=self.shape, name="gamma")
        self.beta = self.add_weight(shape=self.shape, name="beta")

    def call(self, x):
        mean = ops.mean(x, axis=-1, keepdims=True)  # [K, T, 1]
        centred = x - mean
        variance = ops.mean(ops.square(centred), axis=-1, keepdims=True)
        scale = ops.rsqrt(variance + LAYER_NORM_EPSILON) * self.gamma[:, None]
        return centred * scale + self.beta[:, None]  # [K, T, H]


class Embeddings(keras.layers.Layer):
    """Word + position + segment embeddings, normalised, with dropout."""

    def __init__(self, config: BertConfig, trials: int):
        super().__init__(name="embeddings", dtype="float32")
        self.config, self.trials = config, trials
        self.norm = LayerNorm(trials, config.hidden_size)
        self.probe = None

    def row_probe(self):
        """The variable whose gradient is that of looked-up rows, squared: `[K]`."""
        if self.probe is None:
            self.probe = RowProbe(self.trials)
        return self.probe.variable

    def build(self, *_):
        config = self.config
        self.word, self.position, self.token_type = (
            self.add_weight(shape=(self.trials, rows, config.hidden_size), name=name)
            for name, rows in (
                ("word_embeddings", config.vocab_size),
                ("position_embeddings", config.max_position_embeddings),
                ("token_type_embeddings", config.type_vocab_size),
            )
        )

    def call(self, input_ids, segment_ids, positions=None, dropout=None):
        trials, batch, length = input_ids.shape
        tokens = (trials, batch * length)
        segments = ops.one_hot(
            ops.reshape(segment_ids, tokens), self.config.type_vocab_size
        )  # [K, T, 2]
        x = take_rows(self.word, ops.reshape(input_ids, tokens))  # [K, T, H]
        if self.probe is not None:
            x = self.probe(x)
        x = x + ops.matmul(segments, self.token_type)
        if positions is None:
            x = ops.reshape(x, (trials, batch, length, -1))  # [K, B, S, H]
            x = x + self.position[:, None, :length]
            x = ops.reshape(x, (*tokens, -1))  # [K, T, H]
        else:
            x = x + take_rows(self.position, ops.reshape(positions, tokens))
        return hidden_dropout(self.norm(x), dropout, self.config, batch)


class SelfAttention(keras.layers.Layer):
    """Multi-head scaled dot-product attention.

    `hidden` is added to the scores and keeps a token from seeing others (see
    `hidden_scores`).
    """

    def __init__(self, config: BertConfig, trials: int):
        super().__init__(name="self")
        self.config = config
        size = config.hidden_size
        self.query = Dense(trials, size, size, name="query")
        self.key = Dense(trials, size, size, name="key")
        self.value = Dense(trials, size, size, name="value")

    def call(self, x, hidden, dropout=None):
        trials, batch, *_, length = hidden.shape
        heads = (trials, batch, length, self.config.num_attention_heads, -1)
        query, key, value = (
            ops.transpose(ops.reshape(dense(x), heads), (0, 1, 3, 2, 4))
            for dense in (self.query, self.key, self.value)
        )  # [K, B, N, S, D]
        query = query * (1.0 / math.sqrt(self.config.head_size))
        scores = ops.matmul(query, ops.swapaxes(key, -1, -2))  # [K, B, N, S, S]
        scores = ops.cast(scores, "float32")
        # In bfloat16 Keras has cast it: to −9984, for which softmax gives 0 as well.
        probs = ops.softmax(scores + ops.cast(hidden, scores.dtype))
        if dropout is not None:
            rate = self.config.attention_probs_dropout_prob
            probs = dropout(probs, rate, "BNSS")
        probs = ops.cast(probs, value.dtype)
        context = ops.matmul(probs, value)  # [K, B, N, S, D]
        context = ops.transpose(context, (0, 1, 3, 2, 4))
        return ops.reshape(context, x.shape)  # [K, T, H]


class ResidualOutput(keras.layers.Layer):
    """Project, drop out, add the residual, normalise: the end of both sub-layers."""

    def __init__(self, config: BertConfig, trials: int, size_in: int):
        super().__init__(name="output")
        self.config = config
        self.dense = Dense(trials, size_in, config.hidden_size, name="dense")
        self.norm = LayerNorm(trials, config.hidden_size)

    def call(self, x, residual, *, batch: int, dropout=None):
        x = hidden_dropout(self.dense(x), dropout, self.config, batch)
        return self.norm(x + residual)  # [K, T, H]


class Attention(keras.layers.Layer):
    """Self-attention with its residual output."""

    def __init__(self, config: BertConfig, trials: int):
        super().__init__(name="attention")
        self.attention = SelfAttention(config, trials)
        self.residual = ResidualOutput(config, trials, config.hidden_size)

    def call(self, x, hidden, dropout=None):
        context = self.attention(x, hidden, dropout=dropout)
        batch = hidden.shape[1]
        return self.residual(context, x, batch=batch, dropout=dropout)


class Intermediate(keras.layers.Layer):
    """The wide half of the feed-forward sub-layer: `[K, T, H]` to `[K, T, I]`."""

    def __init__(self, config: BertConfig, trials: int):
        super().__init__(name="intermediate")
        self.exact = config.hidden_act == EXACT_GELU
        sizes = config.hidden_size, config.intermediate_size
        self.dense = Dense(trials, *sizes, name="dense")

    def call(self, x):
        return gelu(self.dense(x), exact=self.exact)


class EncoderLayer(keras.layers.Layer):
    """One transformer block, normalised after each sub-layer."""

    def __init__(self, config: BertConfig, trials: int, index: int):
        super().__init__(name=f"layer_{index}")
        self.attention = Attention(config, trials)
        self.intermediate = Intermediate(config, trials)
        self.residual = ResidualOutput(config, trials, config.intermediate_size)

    def call(self, x, hidden, dropout=None):
        x = self.attention(x, hidden, dropout=dropout)
        wide = self.intermediate(x)
        batch = hidden.shape[1]
        return self.residual(wide, x, batch=batch, dropout=dropout)


class Encoder(keras.layers.Layer):
    """The stack of transformer blocks; returns every block's output."""

    def __init__(self, config: BertConfig, trials: int):
        super().__init__(name="encoder")
        self.blocks = [
            EncoderLayer(config, trials, index)
            for index in range(config.num_hidden_layers)
        ]

    def call(self, x, hidden, dropout=None):
        outputs = []
        for block in self.blocks:
            x = block(x, hidden, dropout=dropout)
            outputs.append(x)
        return outputs  # L × [K, T, H]


class Pooler(keras.layers.Layer):
    """An example's first token through a tanh layer: `[K, B, H]`.

    Where rows hold several examples, `starts` (int `[K, E]`) says where among the B·S
    tokens they begin: `[K, E, H]`.
    """

    def __init__(self, config: BertConfig, trials: int):
        super().__init__(name="pooler")
        self.dense = Dense(trials, *2 * [config.hidden_size], name="dense")

    def call(self, x, starts=None):
        if starts is None:
            first = x[:, :, 0]
        else:
            trials, batch, length, size = x.shape
            first = take_rows(ops.reshape(x, (trials, batch * length, size)), starts)
        return ops.tanh(self.dense(first))


class Bert(keras.layers.Layer):
    """Token ids to vectors.

    Called with `input_ids`, `input_mask`, `segment_ids`, all int32 `[K, B, S]`, and
    optionally a `reference.dropout.Dropout`. Returns a dict of `embedding_output`
    and `sequence_output` `[K, B, S, H]`, `pooled_output` `[K, B, H]`, and
    `encoder_layers`, L arrays `[K, B, S, H]`.

    Rows of several examples have, in place of the mask, `positions` and `examples`,
    int32 `[K, B, S]` (a token sees those of its own example), and `starts`, int32
    `[K, E]`; `pooled_output` is then `[K, E, H]`.
    """

    def __init__(self, config: BertConfig, trials: int = 1):
        super().__init__(name="bert")
        self.embeddings = Embeddings(config, trials)
        self.encoder = Encoder(config, trials)
        self.pooler = Pooler(config, trials)

    def call(
        self,
        input_ids,
        input_mask,
        segment_ids,
        positions=None,
        examples=None,
        starts=None,
        dropout=None,
    ):
        embedded = self.embeddings(input_ids, segment_ids, positions, dropout=dropout)
        hidden = hidden_scores(input_mask, examples)
        layers = self.encoder(embedded, hidden, dropout=dropout)
        shape = (*input_ids.shape, embedded.shape[-1])
        embedded, *layers = (ops.reshape(x, shape) for x in (embedded, *layers))
        return {
            "embedding_output": embedded,
            "encoder_layers": layers,
            "sequence_output": layers[-1],
            "pooled_output": self.pooler(layers[-1], starts),
        }


def hidden_scores(input_mask, examples=None):
    """What is added to a score: 0 where a token may be seen, −10000 where not.

    float32 `[K, B, 1, 1, S]` of a mask; `[K, B, 1, S, S]` of rows that hold several
    examples. Upstream: a number for minus infinity, which softmax makes exactly 0.
    """
    if examples is None:
        seen = ops.cast(input_mask, "float32")[:, :, None, None]
    else:
        same = ops.equal(examples[..., :, None], examples[..., None, :])
        seen = ops.cast(same, "float32")[:, :, None]
    return (1.0 - seen) * MASKED_SCORE


def gelu(x, exact: bool = False):
    """Gaussian error linear unit. Upstream: by its tanh approximation."""
    return keras.activations.gelu(x, approximate=not exact)


def hidden_dropout(x, dropout, config: BertConfig, batch: int):
    """Drop elements of `[K, T, H]`, numbered by (b, s, h) so that padding is moot."""
    if dropout is None:
        return x
    by_example = ops.reshape(x, (x.shape[0], batch, -1, x.shape[-1]))
    dropped = dropout(by_example, config.hidden_dropout_prob, "BSH")
    return ops.reshape(dropped, x.shape)


def take_rows(table, rows):
    """Pick rows of each trial's table: `[K, R, H]` and int `[K, T]` to `[K, T, H]`."""
    trials, count, size = table.shape
    first = ops.arange(trials, dtype="int32")[:, None] * count
    flat = ops.reshape(table, (trials * count, size))
    return ops.take(flat, ops.cast(rows, "int32") + first, axis=0)
