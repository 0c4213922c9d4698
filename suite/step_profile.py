"""Where the time of a training step goes, from a profiler's trace of XLA's operations.

Every moment of a step belongs to the operations that run in it, in equal parts where
several threads have one each; moments with none belong to WAITING within the compiled
program and to OUTSIDE before and after it. So the parts add up to the step. Which part
of a model an operation is, its shapes tell (fused operations have no better name): the
trace must be of one trial, with a batch that is no size of the model's.

A trace names an operation where it is launched: while other threads still work on their
shares of it, the moment is WAITING's if nothing else runs. How a trace is made and read
is in suite/step_trace.py.
"""

import itertools
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from suite.model_flops import StepShape

LOOK_UP = "embeddings: look-up and its gradient"
WORD_UPDATE = "embeddings: update of the words"
OTHER_UPDATE = "update of the other weights"
ENCODER_PRODUCTS = "matrix products, encoder and heads"
VOCABULARY_PRODUCTS = "matrix products, vocabulary"
VOCABULARY_LOSS = "softmax over the vocabulary, loss"
ATTENTION_PRODUCTS = "attention: products"
ATTENTION_REST = "attention: softmax, dropout, transposition"
ELEMENT_WISE = "element-wise: layer norm, gelu, dropout, residuals"
WAITING = "in the program, no operation named"
OUTSIDE = "outside the program: dispatch, Python"
PARTS = (
    LOOK_UP,
    WORD_UPDATE,
    OTHER_UPDATE,
    ENCODER_PRODUCTS,
    VOCABULARY_PRODUCTS,
    VOCABULARY_LOSS,
    ATTENTION_PRODUCTS,
    ATTENTION_REST,
    ELEMENT_WISE,
    WAITING,
    OUTSIDE,
)


@dataclass(frozen=True)
class Operation:
    """A compiled operation: opcodes (with those fused into it), shapes of its result
    and its operands, and the place in the model it is from, as far as XLA kept it."""

    opcodes: frozenset[str]
    shapes: tuple[tuple[int, ...], ...]
    scope: str = ""


@dataclass(frozen=True)
class Event:
    """One run of a named operation, on a thread, from `start` to `end`."""

    thread: int
    start: int
    end: int
    name: str


def part_of(operation: Operation, shape: StepShape) -> str:
    """Which of PARTS an operation belongs to."""
    # An axis of one, the trial's among them, tells nothing.
    shapes = [[size for size in dims if size > 1] for dims in operation.shapes]
    sizes = set(itertools.chain.from_iterable(shapes))
    by_heads = any(len(dims) > 3 for dims in shapes)
    if "dot" in operation.opcodes:
        if shape.vocabulary in sizes:
            return VOCABULARY_PRODUCTS
        return ATTENTION_PRODUCTS if by_heads else ENCODER_PRODUCTS
    if shape.vocabulary in sizes:
        return _part_with_vocabulary(operation, shapes, shape)
    if by_heads:
        return ATTENTION_REST
    return ELEMENT_WISE if sizes & _batch_sizes(shape) else OTHER_UPDATE


def _part_with_vocabulary(operation: Operation, shapes, shape: StepShape) -> str:
    """Logits have an axis of the batch beside the vocabulary, tables have not."""
    logits = [dims for dims in shapes if shape.vocabulary in dims]
    if any(_batch_sizes(shape) & set(dims) for dims in logits):
        return VOCABULARY_LOSS
    if "predictions" in operation.scope:
        return VOCABULARY_PRODUCTS  # the table transposed for them
    looks_up = {"gather", "scatter"} & operation.opcodes
    return LOOK_UP if looks_up or "embeddings" in operation.scope else WORD_UPDATE


def _batch_sizes(shape: StepShape) -> set[int]:
    """Sizes of an axis that only arrays of examples have."""
    sizes = {shape.batch, shape.batch * shape.length, shape.batch * shape.predictions}
    return sizes - {0}


def time_by_part(
    by_operation: Mapping[str, float],
    operations: Mapping[str, Operation],
    shape: StepShape,
) -> dict[str, float]:
    """Sum what `time_by_operation` gave over the parts, in the order of PARTS."""
    sums = dict.fromkeys(PARTS, 0.0)
    for name, time in by_operation.items():
        part = name if name in PARTS else part_of(operations[name], shape)
        sums[part] += time
    return {part: time for part, time in sums.items() if time}


def time_by_operation(
    events: Sequence[Event], steps: Sequence[tuple[int, int]]
) -> dict[str, float]:
    """The mean time a step spends in each operation, and in WAITING and OUTSIDE.

    `steps` are the beginning and end of each, in the unit of the events.
    """
    times: dict[str, float] = defaultdict(float)
    for begin, end in steps:
        own = [e for e in events if begin <= e.start < end and e.start < e.end]
        first = min((event.start for event in own), default=end)
        last = min(max((event.end for event in own), default=end), end)
        times[OUTSIDE] += (first - begin) + (end - last)
        for start, stop, active in _moments(own):
            span = min(stop, last) - start
            for name in active or [WAITING]:
                times[name] += max(span, 0) / (len(active) or 1)
    return {name: time / len(steps) for name, time in times.items()}


def _moments(events: Sequence[Event]):
    """Spans between changes, each with the operation that every busy thread is in.

    Where one operation is called within another, it is the inner.
    """
    changes = [(event.end, 0, 0, event) for event in events]
    changes += [(event.start, 1, -event.end, event) for event in events]
    changes.sort(key=lambda change: change[:3])
    stacks: dict[int, list[Event]] = defaultdict(list)
    before = None
    for time, starts, _, event in changes:
        if before is not None and time > before:
            yield before, time, [stack[-1].name for stack in stacks.values() if stack]
        if starts:
            stacks[event.thread].append(event)
        else:
            stacks[event.thread].remove(event)
        before = time
