# SPDX-License-Identifier: Apache-2.0
"""Just enough of protocol buffers to speak with a container engine's CRI: messages are trees of
{field number: value}, with str, bytes, int, bool, another tree, or a list of those as the values."""


def _varint(n):
    n &= 0xFFFFFFFFFFFFFFFF
    out = bytearray()
    while n > 0x7F:
        out.append(n & 0x7F | 0x80)
        n >>= 7
    out.append(n)
    return bytes(out)


def encode(tree):
    out = b''
    for number, value in tree.items():
        for v in value if isinstance(value, list) else [value]:
            if isinstance(v, int):
                out += _varint(number << 3) + _varint(v)
                continue
            data = encode(v) if isinstance(v, dict) else v.encode() if isinstance(v, str) else v
            out += _varint(number << 3 | 2) + _varint(len(data)) + data
    return out


def text_map(words):
    """map<string, string>: a list of little messages."""
    return [{1: k, 2: v} for k, v in words.items()]


def decode(data):
    """The fields of one message: a number, or bytes; the last of several."""
    tree, at = {}, 0

    def number():
        nonlocal at
        n = shift = 0
        while True:
            byte = data[at]
            at += 1
            n |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return n

    while at < len(data):
        key = number()
        if key & 7 == 0:
            tree[key >> 3] = number()
        elif key & 7 == 2:
            size = number()
            tree[key >> 3] = data[at:at + size]
            at += size
        else:
            raise ValueError(f'field of kind {key & 7}')
    return tree
