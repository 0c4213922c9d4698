"""Zip archives, unpacked so that nothing can leave its directory or fill the disk.

All names and sizes are looked at before the first byte is written. Of an archive only
the files of one folder are wanted, those beside a named one; the originals that GLUE's
archives carry below it stay packed. Not here: what must be in there (data.py,
checkpoint.py).
"""

import os
import re
import stat
import zipfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from reference.errors import InputError

_CHUNK = 1 << 20
_IS_ENCRYPTED = 0x1  # of a member's flags
_DRIVE = re.compile(r"[A-Za-z]:")


@dataclass(frozen=True)
class Limits:
    """How much may come out of an archive.

    Text of tables shrinks to a tenth at best; deflate's own bound is a thousandth.
    """

    most_bytes: int = 4 << 30
    most_times: int = 100  # the archive's own size


def unpack(
    archive: Path, into: Path, beside: str, limits: Limits | None = None
) -> None:
    """Write the files that lie beside `beside` in the archive into a directory.

    InputError when the archive is damaged, is no archive, would write elsewhere or too
    much, or has no such file.
    """
    try:
        with zipfile.ZipFile(archive) as packed:
            members = [member for member in packed.infolist() if not member.is_dir()]
            for member in packed.infolist():
                _check_member(archive, member)
            _check_sizes(archive, members, limits or Limits())
            for name, member in _chosen(archive, members, beside).items():
                _write(packed, member, into / name)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError) as error:
        raise InputError(
            f"{archive.name}: expected a whole zip archive, found a damaged one "
            f"({error}); fetch it again, or from another mirror"
        ) from error


def _check_member(archive: Path, member: zipfile.ZipInfo) -> None:
    """Refuse names that lead elsewhere, and members that are no plain files."""
    name = member.orig_filename
    kind = stat.S_IFMT(member.external_attr >> 16)
    path = PurePosixPath(name)
    reasons = {
        "an absolute name": path.is_absolute(),
        "a name that leads out of its folder": ".." in path.parts,
        "a name of Windows": "\\" in name or bool(_DRIVE.match(name)),
        "a link": kind == stat.S_IFLNK,
        "something else than a file": kind
        not in (0, stat.S_IFREG, stat.S_IFDIR, stat.S_IFLNK),
        "an encrypted file": bool(member.flag_bits & _IS_ENCRYPTED),
    }
    for what, is_so in reasons.items():
        if is_so:
            raise InputError(
                f"{archive.name}: expected plain files in folders, found {what}, "
                f"{name!a}; nothing was unpacked. Do not trust where it came from"
            )


def _check_sizes(
    archive: Path, members: Sequence[zipfile.ZipInfo], limits: Limits
) -> None:
    """Refuse what unpacks to too much; no member can give more than it declares."""
    size = sum(member.file_size for member in members)
    most = min(limits.most_bytes, limits.most_times * archive.stat().st_size)
    if size > most:
        raise InputError(
            f"{archive.name}: expected at most {most:,} bytes in an archive of "
            f"{archive.stat().st_size:,}, found {size:,}; nothing was unpacked. Do not "
            "trust where it came from"
        )


def _chosen(
    archive: Path, members: Sequence[zipfile.ZipInfo], beside: str
) -> dict[str, zipfile.ZipInfo]:
    """The files of the uppermost folder that has `beside` in it, by name."""
    paths = [(PurePosixPath(member.filename), member) for member in members]
    folders = {path.parent for path, _ in paths if path.name == beside}
    if not folders:
        raise InputError(
            f"{archive.name}: expected {beside} in it, found none; it is another "
            "archive than is meant"
        )
    folder = min(folders, key=lambda one: (len(one.parts), str(one)))
    chosen: dict[str, zipfile.ZipInfo] = {}
    taken = set()
    for path, member in paths:
        if path.parent != folder or _is_of_a_file_manager(path.name):
            continue
        if path.name.casefold() in taken:
            raise InputError(
                f"{archive.name}: expected every file once, found {path} twice; "
                "nothing was unpacked. Do not trust where it came from"
            )
        taken.add(path.name.casefold())
        chosen[path.name] = member
    return chosen


def _is_of_a_file_manager(name: str) -> bool:
    """Such as .DS_Store, and "Icon" with a carriage return."""
    return name.startswith(".") or not name.isprintable()


def _write(packed: zipfile.ZipFile, member: zipfile.ZipInfo, path: Path) -> None:
    """One member, whose CRC is verified as it is read."""
    with packed.open(member) as source, open(path, "xb") as file:
        while chunk := source.read(_CHUNK):
            file.write(chunk)
        file.flush()
        os.fsync(file.fileno())
