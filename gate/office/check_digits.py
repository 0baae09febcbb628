"""Numbers that carry their own check: containers, Kazakh and Chinese traders.

Pure. Judges a number as it is written, without spaces and in capitals, and makes its check digit.
Containers are judged by python-stdnum where it is installed, and by the same arithmetic where it is
not: both offices must come to one answer whatever is installed, and a test holds the two together.
Chinese codes are judged here alone, for that library takes digits only in the first two places,
where the standard also has letters (N for rural collectives). Not here: where in a declaration a
number stands (declaration.py).

Sources: ISO 6346:2022, 4.2 and annex A (containers); GB 32100-2015 (uniform social credit code);
resolution 565 of the government of Kazakhstan, 11 June 2003 (BIN and IIN: two passes of weights).
"""

import re
from typing import Any, Final

try:
    from stdnum import iso6346
except ImportError:  # the extra `gate` is not installed
    _library: Any = None
else:
    _library = iso6346

CONTAINER: Final = re.compile(r"[A-Z]{3}[UJZ][0-9]{7}", re.ASCII)
CREDIT_CODE: Final = re.compile(r"[0-9A-HJ-NP-RTUW-Y]{2}[0-9]{6}[0-9A-HJ-NP-RTUW-Y]{10}", re.ASCII)
KZ_NUMBER: Final = re.compile(r"[0-9]{12}", re.ASCII)

# Letters count from 10 and skip the multiples of 11: A 10, B 12, ... Z 38.
_CONTAINER_SIGNS: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_CONTAINER_VALUES: Final = dict(
    zip(_CONTAINER_SIGNS, (n for n in range(39) if n % 11 or n == 0), strict=True)
)
_CREDIT_LETTERS: Final = "0123456789ABCDEFGHJKLMNPQRTUWXY"  # without I, O, S, V, Z
_CREDIT_WEIGHTS: Final = tuple(pow(3, k, 31) for k in range(17))
_KZ_FIRST: Final = (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11)
_KZ_SECOND: Final = (3, 4, 5, 6, 7, 8, 9, 10, 11, 1, 2)


def container_digit(first_ten: str) -> str:
    """Check digit of a container: owner, category and six digits in `first_ten`."""
    total = sum(_CONTAINER_VALUES[sign] << place for place, sign in enumerate(first_ten))
    return str(total % 11 % 10)


def credit_code_letter(first_seventeen: str) -> str:
    """Check letter or digit of a Chinese uniform social credit code."""
    pairs = zip(first_seventeen, _CREDIT_WEIGHTS, strict=True)
    total = sum(_CREDIT_LETTERS.index(sign) * weight for sign, weight in pairs)
    return _CREDIT_LETTERS[-total % 31]


def kz_digit(first_eleven: str) -> str | None:
    """Check digit of a BIN or IIN; None: a number that begins like this is never given out."""
    digits = [int(sign) for sign in first_eleven]
    for weights in (_KZ_FIRST, _KZ_SECOND):
        rest = sum(digit * weight for digit, weight in zip(digits, weights, strict=True)) % 11
        if rest < 10:
            return str(rest)
    return None


def is_container(text: str) -> bool:
    """A container number of ISO 6346 with the right check digit."""
    if not CONTAINER.fullmatch(text):
        return False
    if _library is not None:
        return bool(_library.is_valid(text))
    return container_digit(text[:10]) == text[10]


def is_credit_code(text: str) -> bool:
    """A Chinese uniform social credit code with the right check letter."""
    if not CREDIT_CODE.fullmatch(text):
        return False
    return credit_code_letter(text[:17]) == text[17]


def is_kz_number(text: str) -> bool:
    """A Kazakh BIN or IIN with the right check digit."""
    return KZ_NUMBER.fullmatch(text) is not None and kz_digit(text[:11]) == text[11]
