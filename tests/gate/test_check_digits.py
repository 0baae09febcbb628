"""Check digits by published examples, by what they are for, and beside the library."""

from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gate.office import check_digits
from gate.office.check_digits import (
    container_digit,
    credit_code_letter,
    is_container,
    is_credit_code,
    is_kz_number,
    kz_digit,
)

CREDIT_SIGNS: Final = "0123456789ABCDEFGHJKLMNPQRTUWXY"
CONTAINERS: Final = st.from_regex(r"[A-Z]{3}[UJZ][0-9]{6}", fullmatch=True)
CREDIT_CODES: Final = st.text(CREDIT_SIGNS, min_size=17, max_size=17).map(
    lambda text: "91" + "".join(sign if sign.isdigit() else "0" for sign in text[2:8]) + text[8:]
)
KZ_NUMBERS: Final = st.text("0123456789", min_size=11, max_size=11)


@pytest.mark.parametrize("number", ["CSQU3054383", "TASU1170000", "MSKU9070323"])
def test_published_containers_are_right(number: str) -> None:
    assert is_container(number)


@pytest.mark.parametrize("code", ["91110000600037341L", "91330106673959654P"])
def test_published_credit_codes_are_right(code: str) -> None:
    assert is_credit_code(code)


def test_kazakh_number_has_its_digit_by_the_first_weights_or_the_second() -> None:
    """Resolution 565 of 2003: 1 to 11, and if that leaves 10: 3 to 11, 1, 2."""
    assert kz_digit("15034001234") == "0"
    assert kz_digit("50000000001") == "5"  # 16 leaves 5
    assert kz_digit("00000000010") == "1"  # 10 leaves 10; the second pass, 1 * 1, leaves 1
    assert is_kz_number("000000000101")
    assert not is_kz_number("000000000100")


def test_some_kazakh_numbers_are_never_given_out() -> None:
    """Both passes leave 10."""
    start = next(f"{n:011d}" for n in range(100_000) if kz_digit(f"{n:011d}") is None)
    assert not any(is_kz_number(f"{start}{digit}") for digit in "0123456789")


@given(CONTAINERS)
def test_container_has_one_right_digit(first: str) -> None:
    right = [digit for digit in "0123456789" if is_container(first + digit)]
    assert right == [container_digit(first)]


@given(CREDIT_CODES)
def test_credit_code_has_one_right_letter(first: str) -> None:
    right = [sign for sign in CREDIT_SIGNS if is_credit_code(first + sign)]
    assert right == [credit_code_letter(first)]


@given(KZ_NUMBERS)
def test_kazakh_number_has_at_most_one_right_digit(first: str) -> None:
    right = [digit for digit in "0123456789" if is_kz_number(first + digit)]
    assert right == [digit for digit in (kz_digit(first),) if digit is not None]


@given(CREDIT_CODES, st.integers(0, 16), st.sampled_from(CREDIT_SIGNS))
def test_one_sign_written_wrongly_is_found_in_a_credit_code(
    first: str, place: int, sign: str
) -> None:
    code = first + credit_code_letter(first)
    wrong = code[:place] + sign + code[place + 1 :]
    assert is_credit_code(wrong) == (wrong == code)


@given(st.text(max_size=20))
def test_any_text_gets_an_answer(text: str) -> None:
    for judge in (is_container, is_credit_code, is_kz_number):
        assert judge(text) in (True, False)


@pytest.mark.parametrize(
    "text",
    ["csqu3054383", "CSQU 305438 3", "CSQX3054383", "CSQU305438", "CSQU305438٣", "CSQU3054383\n"],
)
def test_container_is_written_in_one_way_only(text: str) -> None:
    """What a camera reads is compared letter by letter."""
    assert not is_container(text)


# --- the same whatever is installed ---


@given(CONTAINERS, st.sampled_from("0123456789"))
def test_container_is_judged_alike_with_and_without_the_library(first: str, digit: str) -> None:
    text = first + digit
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(check_digits, "_library", None)
        alone = is_container(text)
    assert is_container(text) == alone


@given(CREDIT_CODES, st.sampled_from(CREDIT_SIGNS))
def test_credit_code_is_judged_as_by_the_library(first: str, sign: str) -> None:
    """Where the first two signs are digits; the library knows no others."""
    uscc = pytest.importorskip("stdnum.cn.uscc", reason="python-stdnum is in the extra `gate`")
    assert is_credit_code(first + sign) == uscc.is_valid(first + sign)


def test_credit_code_may_begin_with_a_letter() -> None:
    first = "N2330106MA2800001"
    assert is_credit_code(first + credit_code_letter(first))
