"""BERT's forward pass and losses in float64 NumPy, written from the paper: an oracle.

One trial, all examples of a batch at once; heads and masked positions one by one,
where loops are plainest. No dropout. Knows nothing of the reference: gradients come
from it by finite differences.
"""

import numpy as np


def forward(config, weights: dict, inputs: dict) -> dict[str, np.ndarray]:
    """The encoder's outputs for inputs `[1, B, ...]`, and its heads' logits."""
    w = {name: np.asarray(value, np.float64) for name, value in weights.items()}
    ids, mask, segments = (
        inputs[name][0] for name in ("input_ids", "input_mask", "segment_ids")
    )
    x = w["bert/embeddings/word_embeddings"][ids]
    x = x + w["bert/embeddings/position_embeddings"][: ids.shape[1]]
    x = x + w["bert/embeddings/token_type_embeddings"][segments]
    x = _norm(w, "bert/embeddings/LayerNorm", x)
    for index in range(config.num_hidden_layers):
        x = _block(config, w, f"bert/encoder/layer_{index}", x, mask)
    pooled = np.tanh(_dense(w, "bert/pooler/dense", x[:, 0]))
    outputs = {"sequence_output": x, "pooled_output": pooled}
    if "output_weights" in w:
        outputs["logits"] = pooled @ w["output_weights"].T + w["output_bias"]
    if "cls/predictions/output_bias" in w:
        positions = inputs["masked_lm_positions"][0]
        outputs |= _pre_training_logits(w, x, pooled, positions)
    return outputs


def pre_training_loss(config, weights: dict, inputs: dict) -> float:
    """Masked-LM plus next-sentence loss of a batch `[1, B, ...]`."""
    outputs = forward(config, weights, inputs)
    by_token = _cross_entropy(outputs["masked_lm_logits"], inputs["masked_lm_ids"][0])
    counted = inputs["masked_lm_weights"][0].astype(np.float64)
    masked_lm = (by_token * counted).sum() / (counted.sum() + 1e-5)
    labels = inputs["next_sentence_labels"][0]
    next_sentence = _cross_entropy(outputs["next_sentence_logits"], labels)
    return float(masked_lm + next_sentence.mean())


def fine_tuning_loss(config, weights: dict, inputs: dict) -> float:
    """Mean loss of a batch with `labels`: cross-entropy, squared error if C is 1."""
    logits, labels = forward(config, weights, inputs)["logits"], inputs["labels"][0]
    if logits.shape[1] == 1:
        return float(((logits[:, 0] - labels) ** 2).mean())
    return float(_cross_entropy(logits, labels).mean())


def _pre_training_logits(w, x, pooled, positions):
    masked = np.stack([row[places] for row, places in zip(x, positions, strict=True)])
    hidden = _gelu(_dense(w, "cls/predictions/transform/dense", masked))
    hidden = _norm(w, "cls/predictions/transform/LayerNorm", hidden)
    masked_lm = hidden @ w["bert/embeddings/word_embeddings"].T
    name = "cls/seq_relationship"
    next_sentence = pooled @ w[f"{name}/output_weights"].T + w[f"{name}/output_bias"]
    return {
        "masked_lm_logits": masked_lm + w["cls/predictions/output_bias"],
        "next_sentence_logits": next_sentence,
    }


def _block(config, w, name, x, mask):
    size = config.hidden_size // config.num_attention_heads
    query, key, value = (
        _dense(w, f"{name}/attention/self/{kind}", x)
        for kind in ("query", "key", "value")
    )
    contexts = []
    for head in range(config.num_attention_heads):
        own = slice(head * size, (head + 1) * size)
        scores = query[..., own] @ key[..., own].swapaxes(1, 2) / np.sqrt(size)
        scores = scores + (1.0 - mask[:, None, :]) * -10000.0
        weights = np.exp(scores - scores.max(axis=-1, keepdims=True))
        weights = weights / weights.sum(axis=-1, keepdims=True)
        contexts.append(weights @ value[..., own])
    context = np.concatenate(contexts, axis=-1)
    context = _dense(w, f"{name}/attention/output/dense", context)
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


def _cross_entropy(logits, labels):
    highest = logits.max(axis=-1)
    log_sum = highest + np.log(np.exp(logits - highest[..., None]).sum(axis=-1))
    return log_sum - np.take_along_axis(logits, labels[..., None], -1)[..., 0]
