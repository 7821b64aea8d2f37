"""The length of an RSA public key, from its DER (RFC 3279, RFC 8017); no more of ASN.1 than that takes."""

from typing import Final

_SEQUENCE: Final = 0x30
_INTEGER: Final = 0x02
_BIT_STRING: Final = 0x03
_OBJECT_IDENTIFIER: Final = 0x06
_RSA: Final = bytes.fromhex("2a864886f70d010101")
_LONG_FORM: Final = 0x80


class NotRsaError(ValueError):
    """The bytes are no RSA public key."""


def rsa_bits(der: bytes) -> int:
    """Return the length of the modulus of a SubjectPublicKeyInfo or of a bare RSAPublicKey. Raises NotRsaError."""
    body, rest = _element(der, _SEQUENCE)
    if rest:
        raise NotRsaError
    if body[:1] == bytes([_SEQUENCE]):
        body = _inner_key(body)
    modulus, rest = _element(body, _INTEGER)
    exponent, rest = _element(rest, _INTEGER)
    number = int.from_bytes(modulus, "big", signed=True)
    if rest or number <= 0 or int.from_bytes(exponent, "big", signed=True) <= 0:
        raise NotRsaError
    return number.bit_length()


def _inner_key(body: bytes) -> bytes:
    algorithm, rest = _element(body, _SEQUENCE)
    identifier, _ = _element(algorithm, _OBJECT_IDENTIFIER)
    bits, rest = _element(rest, _BIT_STRING)
    if identifier != _RSA or rest or bits[:1] != b"\0":
        raise NotRsaError
    key, rest = _element(bits[1:], _SEQUENCE)
    if rest:
        raise NotRsaError
    return key


def _element(data: bytes, tag: int) -> tuple[bytes, bytes]:
    """Take the first element off: its content, and what follows it."""
    if len(data) < 2 or data[0] != tag:
        raise NotRsaError
    length, start = data[1], 2
    if length & _LONG_FORM:
        start += length & ~_LONG_FORM
        length = int.from_bytes(data[2:start], "big")
    if len(data) < start + length:
        raise NotRsaError
    return data[start : start + length], data[start + length :]
