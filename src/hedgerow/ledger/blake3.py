"""BLAKE3 of short inputs, as the engine names principals with it: key derivation and keyed hashes.

Source: "BLAKE3: one function, fast everywhere" (2020), sections 2.1 to 2.4. One chunk only (at most 1,024 bytes), which
is more than any name is made of. The tests hold it against the paper's vectors and against the engine's own names.
"""

from __future__ import annotations

import struct
from typing import Final

LONGEST: Final = 1_024
"""Longest input, in bytes: one chunk."""
_IV: Final = (
    0x6A09E667,
    0xBB67AE85,
    0x3C6EF372,
    0xA54FF53A,
    0x510E527F,
    0x9B05688C,
    0x1F83D9AB,
    0x5BE0CD19,
)
_ORDER: Final = (2, 6, 3, 10, 7, 0, 4, 13, 1, 11, 12, 5, 9, 14, 15, 8)
_MASK: Final = 0xFFFFFFFF
_BLOCK: Final = 64
_CHUNK_START, _CHUNK_END, _ROOT, _KEYED, _CONTEXT, _MATERIAL = 1, 2, 8, 16, 32, 64
_MIXED: Final = (
    (0, 4, 8, 12),
    (1, 5, 9, 13),
    (2, 6, 10, 14),
    (3, 7, 11, 15),
    (0, 5, 10, 15),
    (1, 6, 11, 12),
    (2, 7, 8, 13),
    (3, 4, 9, 14),
)


def keyed_hash(key: bytes, data: bytes) -> bytes:
    """32 bytes: the hash of `data` under a key of 32 bytes.

    Raises:
        ValueError: the key has another length, or the data is longer than one chunk.
    """
    if len(key) != 32:
        raise ValueError("a key has 32 bytes")
    return _hashed(struct.unpack("<8I", key), data, _KEYED)


def derive_key(context: str, material: bytes) -> bytes:
    """32 bytes for one purpose, from a secret.

    Raises:
        ValueError: context or material is longer than one chunk.
    """
    named = _hashed(_IV, context.encode(), _CONTEXT)
    return _hashed(struct.unpack("<8I", named), material, _MATERIAL)


def _hashed(key: tuple[int, ...], data: bytes, flags: int) -> bytes:
    if len(data) > LONGEST:
        raise ValueError(f"at most {LONGEST} bytes are hashed here")
    blocks = [data[n : n + _BLOCK] for n in range(0, len(data), _BLOCK)] or [b""]
    value = key
    for number, block in enumerate(blocks):
        marks = flags | (_CHUNK_START if number == 0 else 0)
        if number == len(blocks) - 1:
            marks |= _CHUNK_END | _ROOT
        value = _compressed(value, block, marks)
    return struct.pack("<8I", *value)


def _compressed(value: tuple[int, ...], block: bytes, flags: int) -> tuple[int, ...]:
    words = list(struct.unpack("<16I", block.ljust(_BLOCK, b"\0")))
    state = [*value, *_IV[:4], 0, 0, len(block), flags]
    for turn in range(7):
        for number, (a, b, c, d) in enumerate(_MIXED):
            _mix(state, a, b, c, d, words[2 * number], words[2 * number + 1])
        if turn < 6:
            words = [words[i] for i in _ORDER]
    return tuple(state[i] ^ state[i + 8] for i in range(8))


def _mix(state: list[int], a: int, b: int, c: int, d: int, first: int, second: int) -> None:
    state[a] = (state[a] + state[b] + first) & _MASK
    state[d] = _turned(state[d] ^ state[a], 16)
    state[c] = (state[c] + state[d]) & _MASK
    state[b] = _turned(state[b] ^ state[c], 12)
    state[a] = (state[a] + state[b] + second) & _MASK
    state[d] = _turned(state[d] ^ state[a], 8)
    state[c] = (state[c] + state[d]) & _MASK
    state[b] = _turned(state[b] ^ state[c], 7)


def _turned(word: int, by: int) -> int:
    return (word >> by) | (word << (32 - by)) & _MASK
