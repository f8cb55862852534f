"""The names of results: safe in any file system, and no two submissions have one."""

import unicodedata

import pytest

from autograder.batch.discovery import name_given
from autograder.batch.key_choice import make_keys_unique
from autograder.batch.keys import make_key
from autograder.tests.class_layouts import lay_out


@pytest.mark.parametrize("name", ["../../etc", "a/b", "=1+1", "\u202egnp.exe", ".", "con\x00"])
def test_a_hostile_name_becomes_a_plain_file_name(name):
    key = make_key(name)
    assert key
    assert not set(key) & set("/\\\x00=\u202e")
    assert not key.startswith(".")


@pytest.mark.parametrize("name", ["山" * 84, "字" * 200 + ".zip", "x" * 250])
def test_a_key_fits_into_a_file_name_however_it_is_spelt(tmp_path, name):
    assert len(f".{make_key(name)}.json.temporary".encode()) < 255
    assert make_key(name) != make_key(name + "y")


def test_keys_differ_in_more_than_capitals_and_nothing_is_taken_twice(tmp_path):
    lay_out(tmp_path, "Ada/scale.py", "ada/scale.py")
    named = [name_given(tmp_path / name) for name in ("Ada", "ada", "ada")]
    assert [entry.key for entry in make_keys_unique(named)] == ["Ada", "ada~2"]


@pytest.mark.parametrize(
    ("one", "other"),
    [("ada_", "ada!"), ("ada?", "ada!"), ("a b", "a_b"), (".ada", "ada"), ("ada", "ada\u200b"),
     ("ada…", "ada_"), ("é", "e\u0301"), ("submission", "..."), ("x~2", "x_2")],
)  # fmt: skip
def test_names_that_differ_only_in_what_a_key_leaves_out_have_different_keys(one, other):
    assert make_key(one) != make_key(other)
    assert make_key(one) == make_key(one)


def test_keys_differ_where_a_file_system_takes_letters_apart(tmp_path):
    names = ["\uac00", "\u1100\u1161", "\u212a", "k"]
    keys = [entry.key for entry in make_keys_unique([name_given(tmp_path / n) for n in names])]
    apart = {unicodedata.normalize("NFD", key).casefold() for key in keys}
    assert len(apart) == len(keys)
