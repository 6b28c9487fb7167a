"""Errors that the user sees."""

import pytest

from mosecrot_cli.errors import DataError, MosecrotError


@pytest.mark.parametrize("what", ["a\nb", "a\r\nb", "a\x0bb", "a\u2028b"])
def test_a_message_is_one_line_whatever_it_quotes(what: str):
    assert str(DataError(what, where="x.tsv:1", hint="mend it")) == "x.tsv:1: a b (mend it)"


def test_every_class_has_an_exit_code_of_its_own():
    codes = [each.exit_code for each in MosecrotError.__subclasses__()]
    assert sorted(codes) == [2, 3, 4, 5, 6]
