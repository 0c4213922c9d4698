"""What is known of where a checkpoint is from, and whether it is a published one.

A shape says little: whoever pre-trains a BERT-Tiny has one. What else there is to go by
is kept in run.json, under "origin" of the checkpoint, by its kind:

    pre-trained here  its own record has the settings
    fetched           `fetch checkpoint` recorded its archive, and its files are as they
                      were: which release, the address, and the archive's SHA-256
    declared          who ran it said so, by --published-as
    shape             nothing but the shape speaks for it

Not here: what follows from it for a row of the table (suite/table_verdict.py).
"""

import dataclasses
from collections.abc import Mapping
from pathlib import Path

from reference.errors import InputError
from suite.fetching import record
from suite.fetching.addresses import CHECKPOINTS, NICKNAMES
from suite.published import TABLE_COLUMNS, load_published

PRETRAINED, FETCHED = "pre-trained here", "fetched"
DECLARED, SHAPE = "declared", "shape"
# What says least stands first.
_KINDS = (SHAPE, DECLARED, FETCHED, PRETRAINED)


def found_origin(directory: Path, made: Mapping) -> dict:
    """What a checkpoint's own record `made`, or what lies beside it, says of it."""
    if "settings" in made or "settings" in made.get("pretraining", {}):
        return {"kind": PRETRAINED}
    return _fetched(Path(directory).resolve()) or {"kind": SHAPE}


def declared(described: Mapping, name: str, shape, published_shape) -> dict:
    """`described`, a checkpoint of run.json, as one that is said to be `name`.

    The shapes are configs, its own and that of `name`. InputError where it cannot be.
    """
    where = f"--published-as {name}"
    if name not in (known := published_models()):
        raise InputError(
            f"{where}: nothing was published under that name; expected one of "
            f"{', '.join(known)}"
        )
    origin, masking = described["origin"], described["masking"]
    if origin["kind"] == PRETRAINED or masking == "whole-word":
        made_here = origin["kind"] == PRETRAINED
        found = described["description"] if made_here else f"with {masking} masking"
        raise InputError(
            f"{where}: expected the published checkpoint, found one {found}; leave it "
            "away"
        )
    if shape != published_shape:
        raise InputError(
            f"{where}: expected a checkpoint of its shape, found "
            f"{_differences(shape, published_shape)}; name another, or leave it away"
        )
    if origin["kind"] != FETCHED:
        return {**described, "origin": {"kind": DECLARED}}
    if origin["release"] != NICKNAMES.get(name):
        raise InputError(
            f"{where}: expected the published checkpoint, found {origin['release']}, "
            f"as {record.NAME} beside it says; leave it away"
        )
    return {**described}


def better_known(before: Mapping, now: Mapping) -> dict:
    """One checkpoint as it is described now, with what says most of its origin."""
    origins = origin_of(before), origin_of(now)
    return {**now, "origin": max(reversed(origins), key=_weight)}


def origin_of(checkpoint: Mapping) -> Mapping:
    """As run.json has it; one that is of before "origin" was kept there is judged."""
    if origin := checkpoint.get("origin"):
        return origin
    made = "settings" in (checkpoint.get("pretraining") or {})
    return {"kind": PRETRAINED if made else SHAPE}


def made_here(checkpoint: Mapping) -> bool:
    """Whether it was pre-trained here: of a published one it has the shape at most."""
    return origin_of(checkpoint)["kind"] == PRETRAINED


def is_published(checkpoint: Mapping) -> bool:
    """Whether more than its shape says that it is the one published numbers are of."""
    origin, name = origin_of(checkpoint), checkpoint["published_as"]
    if name not in published_models():
        return False
    if origin["kind"] == FETCHED:
        return origin["release"] == NICKNAMES.get(name)
    return origin["kind"] == DECLARED


def published_models() -> list[str]:
    """The models of the published table, as --published-as names them."""
    named = (model for model, column in load_published() if column in TABLE_COLUMNS)
    return list(dict.fromkeys(named))


def why_not_published(checkpoint: Mapping) -> str:
    """Why a row is no verdict on a published model; "" where it may be one."""
    origin, name = origin_of(checkpoint), checkpoint["published_as"]
    if made_here(checkpoint):
        return "pre-trained here, not the published checkpoint"
    if name not in published_models():
        return "nothing was published of such a checkpoint"
    if is_published(checkpoint):
        return ""
    if origin["kind"] == FETCHED:
        return f"fetched as {origin['release']}, of which nothing was published"
    fetch = f", or fetch it with `python -m suite fetch checkpoint {name}`"
    return (
        "nothing but its shape says that it is the published one; say that it is with "
        f"`--published-as {name}`" + (fetch if name in NICKNAMES else "")
    )


def in_words(checkpoint: Mapping) -> str:
    """What a checkpoint is and is not, as a sentence goes on after its name."""
    origin, name = origin_of(checkpoint), checkpoint["published_as"]
    found = f" ({checkpoint['description']})" if checkpoint.get("description") else ""
    if made_here(checkpoint):
        stands = f" but has the shape of {name}" if name else ""
        return (
            f"was {checkpoint['description']}. It is **not a published "
            f"checkpoint**{stands}."
        )
    if origin["kind"] == FETCHED:
        known = f", as the published {name}" if is_published(checkpoint) else ""
        return f"was {_fetched_from(origin)}{known or '; nothing was published of it'}."
    if name not in published_models():
        return "is a checkpoint of which nothing was published."
    if origin["kind"] == DECLARED:
        return f"is said by who ran it to be the published {name}{found}."
    return (
        f"has the shape of {name}; nothing else says that it is the published one"
        f"{found}."
    )


def evidence(checkpoint: Mapping) -> str:
    """What speaks for it, as a table has it."""
    origin = origin_of(checkpoint)
    said = {
        PRETRAINED: "its own record",
        DECLARED: "said by who ran it",
        SHAPE: "its shape alone",
    }
    return said.get(origin["kind"]) or _fetched_from(origin)


def _fetched(place: Path) -> dict | None:
    """What fetched.json beside a checkpoint's directory says of it, if it still holds.

    A file more might be what is read in place of what was fetched.
    """
    release = CHECKPOINTS.get(place.name)
    known = record.Record.read(place.parent)
    download = release and known.downloads.get(release.address.name)
    if not download or known.difference(place.name):
        return None
    there = {f"{place.name}/{path.name}" for path in place.glob("[!.]*")}
    if there - set(known.files):
        return None
    return {
        "kind": FETCHED,
        "release": release.name,
        "address": download.address,
        "sha256": download.sha256,
    }


def _fetched_from(origin: Mapping) -> str:
    return f"fetched from {origin['address']}, SHA-256 `{origin['sha256']}`"


def _weight(origin: Mapping) -> int:
    return _KINDS.index(origin["kind"])


def _differences(shape, published_shape) -> str:
    """The fields in which two configs differ."""
    fields = (field.name for field in dataclasses.fields(shape))
    pairs = ((n, getattr(shape, n), getattr(published_shape, n)) for n in fields)
    return ", ".join(
        f"{n} {own} in place of {one}" for n, own, one in pairs if own != one
    )
