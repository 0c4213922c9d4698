"""Trace a few training steps with the backend's profiler, and read what XLA ran.

Both profilers write XPlane files: on a CPU, XLA names every operation that it runs,
and keeps the program beside them. TensorFlow's definitions read the files of both, so
it must be installed for JAX's, too. What the operations mean is in
suite/step_profile.py.
"""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from reference.backend import name
from suite.peer_steps import Step
from suite.step_profile import Event, Operation

STEP = "training step"


@dataclass(frozen=True)
class Trace:
    """Times in picoseconds: what ran, what it was, and from when to when each step."""

    events: list[Event]
    operations: dict[str, Operation]
    steps: list[tuple[int, int]]


def trace_steps(step: Step, count: int, directory: Path) -> Trace:
    """Make so many steps (compiled before) under the profiler."""
    recording, marking = _profiler(directory)
    with recording:
        for _ in range(count):
            with marking(STEP):
                step()
    (path,) = directory.rglob("*.xplane.pb")
    return read_trace(path.read_bytes())


def _profiler(directory: Path):
    """A context that records, and one that marks a span; without Python's own calls."""
    if name() == "tensorflow":
        import tensorflow as tf

        profiler = tf.profiler.experimental
        options = profiler.ProfilerOptions(host_tracer_level=2, python_tracer_level=0)
        return profiler.Profile(str(directory), options), profiler.Trace
    import jax

    options = jax.profiler.ProfileOptions()
    options.python_tracer_level = 0
    recording = jax.profiler.trace(directory, profiler_options=options)
    return recording, jax.profiler.TraceAnnotation


def read_trace(content: bytes) -> Trace:
    """Read an XPlane file: the operations of the program that took most of the time."""
    from tensorflow.tsl.profiler.protobuf.xplane_pb2 import XSpace

    space = XSpace.FromString(content)
    planes = {plane.name: plane for plane in space.planes}
    host = planes["/host:CPU"]
    events, steps, taken = [], [], Counter()
    for thread, line in enumerate(host.lines):
        for event in line.events:
            start = line.timestamp_ns * 1000 + event.offset_ps
            end = start + event.duration_ps
            if host.event_metadata[event.metadata_id].name == STEP:
                steps.append((start, end))
            elif operation := _stat(host, event, "hlo_op"):
                module = _stat(host, event, "hlo_module")
                taken[module] += end - start
                events.append((module, Event(thread, start, end, operation)))
    ((module, _),) = taken.most_common(1)
    return Trace(
        [event for where, event in events if where == module],
        _operations(planes["/host:metadata"], module),
        sorted(steps),
    )


def _stat(plane, event, wanted: str) -> str | None:
    """The text of an event's statistic, which is kept once for all events."""
    for stat in event.stats:
        if plane.stat_metadata[stat.metadata_id].name == wanted:
            return plane.stat_metadata[stat.ref_value].name
    return None


def _operations(plane, module: str) -> dict[str, Operation]:
    """Every instruction of a program by name."""
    from tensorflow.compiler.xla.service.hlo_pb2 import HloProto

    for metadata in plane.event_metadata.values():
        for stat in metadata.stats:
            if stat.WhichOneof("value") == "bytes_value":
                program = HloProto.FromString(stat.bytes_value).hlo_module
                if program.name == module:
                    return _instructions(program)
    return {}


def _instructions(program) -> dict[str, Operation]:
    computations = {c.id: c.instructions for c in program.computations}
    shapes = {
        instruction.id: tuple(instruction.shape.dimensions)
        for instructions in computations.values()
        for instruction in instructions
    }
    return {
        instruction.name: Operation(
            frozenset(
                [instruction.opcode]
                + [
                    inner.opcode
                    for called in instruction.called_computation_ids
                    for inner in computations[called]
                ]
            ),
            (
                shapes[instruction.id],
                *(shapes[operand] for operand in instruction.operand_ids),
            ),
            instruction.metadata.op_name,
        )
        for instructions in computations.values()
        for instruction in instructions
    }
