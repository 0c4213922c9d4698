"""One training step of ours and of its peers, on the same batch, as each is used.

*ours*: `reference.training.Trainer`. *transformers*: its model for the task, PyTorch,
eager or through `torch.compile`, with the optimiser that its own Trainer chooses (fused
AdamW) and its clipping. *KerasHub*: its model for the task, compiled by XLA, on the
backend that ours is on. All in float32, with dropout, clipping and weight decay; what
they compute that differs is what their users get: transformers' logits at every token,
KerasHub's pre-training without a next-sentence head. Beside them stands a large matrix
product. Each framework is imported when its step is asked for, so that the process of
one need not hold the others. Nothing is measured here (suite/test_peers.py).
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np

from reference.configuration import NAMED_SIZES, BertConfig
from suite.model_flops import StepShape
from suite.step_rates import OURS, PRODUCT

LEARNING_RATE, WEIGHT_DECAY, CLIP_NORM, CLASSES = 1e-4, 0.01, 1.0, 2
NO_LABEL = -100  # where transformers is not to predict
PRODUCT_SIZE = 2048

# Makes a step and returns the loss before it: of the first trial, where there are more.
Step = Callable[[], float]


@dataclass(frozen=True)
class Workload:
    """What is trained: pre-training where there are `predictions`, else two classes."""

    size: str
    batch: int
    length: int
    predictions: int = 0

    def __str__(self) -> str:
        task = "pre-training" if self.predictions else "fine-tuning"
        return f"{self.size} {task}, {self.batch} × {self.length}"

    @property
    def config(self) -> BertConfig:
        return NAMED_SIZES[self.size]

    @property
    def shape(self) -> StepShape:
        config = self.config
        return StepShape(
            layers=config.num_hidden_layers,
            hidden=config.hidden_size,
            intermediate=config.intermediate_size,
            vocabulary=config.vocab_size,
            batch=self.batch,
            length=self.length,
            predictions=self.predictions,
            classes=CLASSES,
        )

    def untrained_loss(self, next_sentence: bool = True) -> float:
        """What is lost before training: as many nats as there are choices."""
        classes = math.log(CLASSES) if next_sentence or not self.predictions else 0.0
        return classes + math.log(self.config.vocab_size if self.predictions else 1)


WORKLOADS = (
    Workload("BERT-Tiny", 32, 128, predictions=20),
    Workload("BERT-Mini", 32, 128, predictions=20),
    Workload("BERT-Tiny", 32, 128),
    Workload("BERT-Tiny", 8, 32),
)


def random_batch(workload: Workload) -> dict[str, np.ndarray]:
    """Full sequences of random pieces, int32: `[B, S]`, `[B, M]` and labels `[B]`."""
    rng = np.random.default_rng(0)
    batch, length = workload.batch, workload.length
    pieces = workload.config.vocab_size
    made = {
        "input_ids": rng.integers(5, pieces, (batch, length)),
        "input_mask": np.ones((batch, length)),
        "segment_ids": np.zeros((batch, length)),
        "labels": rng.integers(0, CLASSES, batch),
    }
    if count := workload.predictions:
        places = [rng.choice(length, count, replace=False) for _ in range(batch)]
        made["masked_lm_positions"] = np.sort(places, axis=1)
        made["masked_lm_ids"] = rng.integers(5, pieces, (batch, count))
    return {name: value.astype(np.int32) for name, value in made.items()}


def our_step(workload: Workload, trials: int = 1) -> Step:
    """A step of so many trials in one stack, on the same text."""
    from reference import heads
    from reference.training import Trainer, whole_batch
    from reference.weights import initial_weights, weight_shapes

    made = random_batch(workload)
    if workload.predictions:
        made["next_sentence_labels"] = made["labels"]
        made["masked_lm_weights"] = np.ones(made["masked_lm_ids"].shape, np.float32)
        model = heads.PreTrainingModel(workload.config, trials)
    else:
        model = heads.FineTuningModel(workload.config, CLASSES, trials)

    def losses(model, batch, dropout):
        outputs = model(batch, dropout=dropout)
        if workload.predictions:
            return sum(heads.pre_training_losses(outputs, batch))
        return heads.fine_tuning_losses(outputs, batch["labels"])

    batch = {name: np.stack([value] * trials) for name, value in made.items()}
    model(batch)
    trainer = Trainer(model, losses)
    spread = workload.config.initializer_range
    shapes = weight_shapes(model)
    trainer.start([initial_weights(shapes, spread, seed) for seed in range(trials)])
    rates, seeds = [LEARNING_RATE] * trials, range(trials)
    parts = whole_batch(batch, trials, workload.batch)
    return lambda: float(trainer.step(parts, rates, seeds, 1)[0])


def transformers_step(workload: Workload, compiled: bool = False) -> Step:
    """A step as transformers' users write it, on a GPU where PyTorch finds one."""
    import torch
    import transformers

    config = workload.config
    kind = (
        transformers.BertForPreTraining
        if workload.predictions
        else transformers.BertForSequenceClassification
    )
    stated = transformers.BertConfig(
        vocab_size=config.vocab_size,
        hidden_size=config.hidden_size,
        num_hidden_layers=config.num_hidden_layers,
        num_attention_heads=config.num_attention_heads,
        intermediate_size=config.intermediate_size,
        num_labels=CLASSES,
    )
    device = "cuda" if torch.cuda.is_available() else "cpu"
    model = kind(stated).train().to(device)
    batch = {k: v.to(device) for k, v in _as_transformers_takes_it(workload).items()}
    optimizer = torch.optim.AdamW(
        model.parameters(), LEARNING_RATE, weight_decay=WEIGHT_DECAY, fused=True
    )
    forward = torch.compile(model) if compiled else model

    def step() -> float:
        optimizer.zero_grad()
        loss = forward(**batch).loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), CLIP_NORM)
        optimizer.step()
        return loss.item()

    return step


def keras_hub_step(workload: Workload) -> Step:
    """A step of Keras's own compiled training function."""
    import keras
    import keras_hub

    config, made = workload.config, random_batch(workload)
    backbone = keras_hub.models.BertBackbone(
        vocabulary_size=config.vocab_size,
        num_layers=config.num_hidden_layers,
        num_heads=config.num_attention_heads,
        hidden_dim=config.hidden_size,
        intermediate_dim=config.intermediate_size,
        dropout=config.hidden_dropout_prob,
        max_sequence_length=config.max_position_embeddings,
    )
    inputs = {
        "token_ids": made["input_ids"],
        "padding_mask": made["input_mask"],
        "segment_ids": made["segment_ids"],
    }
    if workload.predictions:
        model = keras_hub.models.BertMaskedLM(backbone)
        inputs["mask_positions"] = made["masked_lm_positions"]
        labels, measures = made["masked_lm_ids"], {"weighted_metrics": []}
    else:
        model = keras_hub.models.BertTextClassifier(backbone, num_classes=CLASSES)
        labels, measures = made["labels"], {"metrics": []}
    optimizer = keras.optimizers.AdamW(
        LEARNING_RATE, weight_decay=WEIGHT_DECAY, global_clipnorm=CLIP_NORM
    )
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(optimizer, loss, jit_compile=True, **measures)
    return lambda: float(model.train_on_batch(inputs, labels))


def matrix_product(workload: Workload | None = None) -> Step:
    """One large float32 product on our backend, whatever the workload."""
    from keras import ops

    from reference.backend import compile_function

    size = (PRODUCT_SIZE, PRODUCT_SIZE)
    matrix = np.random.default_rng(0).normal(size=size).astype(np.float32)
    inputs = {"a": ops.convert_to_tensor(matrix), "b": ops.convert_to_tensor(matrix.T)}
    # The largest element: the whole product is needed, and little is fetched.
    product = compile_function([], lambda x: ops.max(ops.matmul(x["a"], x["b"])))
    return lambda: float(product(inputs))


@dataclass(frozen=True)
class Way:
    """One of those that take turns: what makes its step, and what that needs.

    `on_each` is false where larger models would take minutes and tell no more.
    """

    make: Callable[[Workload], Step]
    packages: tuple[str, ...] = ()
    trials: int = 1
    on_each: bool = True


_TRANSFORMERS = ("torch", "transformers")
WAYS = {
    PRODUCT: Way(matrix_product),
    OURS: Way(our_step),
    f"{OURS} × 4": Way(partial(our_step, trials=4), trials=4, on_each=False),
    "transformers": Way(transformers_step, _TRANSFORMERS),
    "transformers, compiled": Way(
        partial(transformers_step, compiled=True), _TRANSFORMERS, on_each=False
    ),
    "KerasHub": Way(keras_hub_step, ("keras_hub",)),
}


def _as_transformers_takes_it(workload: Workload) -> dict:
    """Labels at every position, those not to be predicted marked as such."""
    import torch

    made = {k: torch.from_numpy(v).long() for k, v in random_batch(workload).items()}
    batch = {
        "input_ids": made["input_ids"],
        "attention_mask": made["input_mask"],
        "token_type_ids": made["segment_ids"],
    }
    if not workload.predictions:
        return batch | {"labels": made["labels"]}
    labels = torch.full_like(made["input_ids"], NO_LABEL)
    labels.scatter_(1, made["masked_lm_positions"], made["masked_lm_ids"])
    return batch | {"labels": labels, "next_sentence_label": made["labels"]}
