"""Looking at a JPEG without decoding it: a hostile picture must cost nothing."""

from __future__ import annotations

MAX_BYTES = 200 * 1024
MAX_WIDTH = MAX_HEIGHT = 1280
MIN_SIDE = 32

# Start-of-frame markers carry the picture's size; C4, C8 and CC in that range mean something else.
_START_OF_FRAME = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_WITHOUT_LENGTH = frozenset({0x01, *range(0xD0, 0xD8)})
# Another start of image, the end, the pixels: none of them comes before the size.
_BEYOND_THE_HEADER = frozenset({0xD8, 0xD9, 0xDA})


class BadFrame(Exception):
    """Not a frame we take. `status` is the HTTP status, the message one sentence for the sender."""

    def __init__(self, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.status = status


def check_jpeg(data: bytes) -> tuple[int, int]:
    """(width, height) in pixels of a JPEG that may be decoded. Raises BadFrame."""
    if not data:
        raise BadFrame("The frame is empty.")
    if len(data) > MAX_BYTES:
        raise BadFrame(f"A frame is at most {MAX_BYTES // 1024} KB; this one has {len(data) // 1024} KB.", 413)
    if not data.startswith(b"\xff\xd8\xff"):
        raise BadFrame("The frame is not a JPEG.", 415)
    width, height = _size(data)
    if width > MAX_WIDTH or height > MAX_HEIGHT:
        raise BadFrame(f"A frame is at most {MAX_WIDTH}x{MAX_HEIGHT} pixels; this one is {width}x{height}.", 413)
    if width < MIN_SIDE or height < MIN_SIDE:
        raise BadFrame(f"A frame is at least {MIN_SIDE} pixels each way; this one is {width}x{height}.")
    if not data.rstrip(b"\0").endswith(b"\xff\xd9"):
        raise BadFrame("The JPEG is cut short.")
    return width, height


def _size(data: bytes) -> tuple[int, int]:
    position = 2
    while position + 4 <= len(data):
        if data[position] != 0xFF:
            break
        marker = data[position + 1]
        if marker == 0xFF:
            position += 1
            continue
        if marker in _WITHOUT_LENGTH:
            position += 2
            continue
        if marker < 0xC0:
            # No marker that may stand here. A decoder passes over FF 00 alone: were the bytes after it skipped as a
            # segment, they could hold the header of the huge picture that is then decoded.
            break
        length = int.from_bytes(data[position + 2 : position + 4], "big")
        if marker in _START_OF_FRAME:
            if position + 9 > len(data):
                break
            height = int.from_bytes(data[position + 5 : position + 7], "big")
            width = int.from_bytes(data[position + 7 : position + 9], "big")
            if not width or not height:
                break
            return width, height
        if marker in _BEYOND_THE_HEADER or length < 2:
            break
        position += 2 + length
    raise BadFrame("The JPEG is damaged: it does not say how large it is.")
