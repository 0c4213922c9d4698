"""BERT's forward pass in float64 NumPy, written from the paper: an independent oracle.

One trial, one example at a time, loops where loops are plainest. No dropout.
"""

import numpy as np


def forward(config, weights: dict, inputs: dict) -> dict[str, np.ndarray]:
    """Outputs of a pre-training model for inputs `[1, B, ...]`."""
    w = {name: np.asarray(value, np.float64) for name, value in weights.items()}
    rows = [
        _example(config, w, *(inputs[name][0, row] for name in _INPUTS))
        for row in range(inputs["input_ids"].shape[1])
    ]
    return {name: np.stack([row[name] for row in rows]) for name in rows[0]}


_INPUTS = ("input_ids", "input_mask", "segment_ids", "masked_lm_positions")


def _example(config, w, ids, mask, segments, positions):
    x = np.stack(
        [
            w["bert/embeddings/word_embeddings"][token]
            + w["bert/embeddings/position_embeddings"][place]
            + w["bert/embeddings/token_type_embeddings"][segment]
            for place, (token, segment) in enumerate(zip(ids, segments, strict=True))
        ]
    )
    x = _norm(w, "bert/embeddings/LayerNorm", x)
    for index in range(config.num_hidden_layers):
        x = _block(config, w, f"bert/encoder/layer_{index}", x, mask)
    pooled = np.tanh(_dense(w, "bert/pooler/dense", x[0]))
    hidden = _gelu(_dense(w, "cls/predictions/transform/dense", x[positions]))
    hidden = _norm(w, "cls/predictions/transform/LayerNorm", hidden)
    logits = hidden @ w["bert/embeddings/word_embeddings"].T
    logits += w["cls/predictions/output_bias"]
    return {"sequence_output": x, "pooled_output": pooled, "masked_lm_logits": logits}


def _block(config, w, name, x, mask):
    size = config.hidden_size // config.num_attention_heads
    parts = []
    for head in range(config.num_attention_heads):
        own = slice(head * size, (head + 1) * size)
        query, key, value = (
            _dense(w, f"{name}/attention/self/{kind}", x)[:, own]
            for kind in ("query", "key", "value")
        )
        scores = query @ key.T / np.sqrt(size)
        scores = scores + (1.0 - mask) * -10000.0
        weights = np.exp(scores - scores.max(axis=1, keepdims=True))
        parts.append(weights / weights.sum(axis=1, keepdims=True) @ value)
    context = _dense(w, f"{name}/attention/output/dense", np.concatenate(parts, 1))
    x = _norm(w, f"{name}/attention/output/LayerNorm", x + context)
    wide = _gelu(_dense(w, f"{name}/intermediate/dense", x))
    narrow = _dense(w, f"{name}/output/dense", wide)
    return _norm(w, f"{name}/output/LayerNorm", x + narrow)


def _dense(w, name, x):
    return x @ w[f"{name}/kernel"] + w[f"{name}/bias"]


def _norm(w, name, x):
    x = x - x.mean(axis=-1, keepdims=True)
    x = x / np.sqrt((x**2).mean(axis=-1, keepdims=True) + 1e-12)
    return x * w[f"{name}/gamma"] + w[f"{name}/beta"]


def _gelu(x):
    return 0.5 * x * (1.0 + np.tanh(np.sqrt(2.0 / np.pi) * (x + 0.044715 * x**3)))
