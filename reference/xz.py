"""Text in .xz, every stream of it.

Files put together with `cat` hold several streams. The standard library's `lzma.open`
takes a stream that is damaged at its beginning for something that was appended, and
ends before it without a word; here it is an error, as for the program `xz`.
"""

import io
import lzma
import os
from collections.abc import Iterator

_BLOCK_BYTES = 1 << 13  # of zeros, what it unpacks to still finds room


class XzFile(io.RawIOBase):
    """The unpacked bytes; LZMAError for damage, EOFError for a file that is cut off."""

    def __init__(self, path: str | os.PathLike):
        self._file = open(path, "rb")
        self._blocks, self._left = _unpacked(self._file), memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer) -> int:
        while not self._left:
            block = next(self._blocks, None)
            if block is None:
                return 0
            self._left = memoryview(block)
        part = self._left[: len(buffer)]
        buffer[: len(part)] = part
        self._left = self._left[len(part) :]
        return len(part)

    def close(self) -> None:
        self._file.close()
        super().close()


def _unpacked(file: io.BufferedReader) -> Iterator[bytes]:
    stream = lzma.LZMADecompressor()
    for block in iter(lambda: file.read(_BLOCK_BYTES), b""):
        while block:
            if stream.eof:
                block = block.lstrip(b"\0")  # streams may be padded with zeros
                stream = lzma.LZMADecompressor() if block else stream
                continue
            yield stream.decompress(block)
            block = stream.unused_data
    if not stream.eof:
        raise EOFError("it ends before its end-of-stream marker")
