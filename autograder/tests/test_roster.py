"""Who is missing: a roster as courses export it, held against what was handed in."""

import time
from pathlib import Path

import pytest

from autograder.batch.attendance import compare_with_roster, find_missing
from autograder.batch.discovery import Entry, discover
from autograder.batch.roster import BadRoster, Person, read_roster
from autograder.tests.class_layouts import lay_out

FILES = ["scale.py", "stack.py"]


def entry(student, number=""):
    return Entry(Path(student), student, student, number)


def test_the_missing_are_found_by_number_or_by_name(tmp_path):
    path = tmp_path / "roster.csv"
    path.write_text("Student;ID number\nLovelace, Ada;1\nGrace Hopper;2\nAlan Turing;3\n")
    for name in ("lovelaceada_1_10_hw.zip", "hoppergrace_9_11_hw.zip"):
        (tmp_path / name).write_text("")
    missing = find_missing(read_roster(path), discover(tmp_path, FILES)[0])
    assert [person.name for person in missing] == ["Alan Turing"]


def test_a_file_named_by_a_number_is_that_persons_and_a_student_called_so_is_not(tmp_path):
    roster = [Person("Ada", "17"), Person("Eve", "18")]
    (by_file,) = discover(lay_out(tmp_path, "17.zip"), FILES)[0]
    assert [p.name for p in find_missing(roster, [by_file])] == ["Eve"]
    called_so = Entry(Path("submission_3"), "submission_3", "17", "18")
    assert "Ada" in [p.name for p in find_missing(roster, [called_so])]


MOODLE = """Identifier,Full name,Email address,Status
Participant 123456,Jane Doe,a@x.edu,No submission
Participant 123461,Jane Doe,b@x.edu,Submitted for grading
"""


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (MOODLE, ["missing: Jane Doe 123456"]),
        (MOODLE.replace("Full name", "Full name,ID number").replace("Doe,", "Doe,77,"),
         ["missing: Jane Doe 77"]),
        ("Name\nJane Doe\nJane Doe\n",
         ["missing: Jane Doe one of the 2", "not certain: 2 people on the roster are called Jane"]),
    ],
)  # fmt: skip
def test_of_two_people_of_one_name_the_one_who_handed_in_nothing_is_told(tmp_path, text, told):
    path = tmp_path / "roster.csv"
    path.write_text(text)
    (tmp_path / "Jane Doe_123461_assignsubmission_file_").mkdir()
    (tmp_path / "Jane Doe_123461_assignsubmission_file_" / "scale.py").write_text("")
    said = list(compare_with_roster(read_roster(path), discover(tmp_path, FILES)[0][:1]))
    assert len(said) == len(told)
    assert all(line.startswith(start) for line, start in zip(said, told, strict=True)), said


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"a,b\n1,2\n", "neither a column"),
        (b"", "empty"),
        (b"\xff\xfe\x00", "not UTF-8"),
        (b"PK\x03\x04", "an Excel file"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1", "an Excel file"),
        ("ID\tName\n1\tAda\n".encode("utf-16-le"), "not UTF-8"),
        (b"\n , \n", "is empty"),
        (b"Student,ID\n", "names nobody"),
        (b'Student,ID\n"Ada,1\nBob,2\n', "no CSV"),
    ],
)
def test_a_roster_that_is_none_is_refused_in_one_sentence(tmp_path, content, words):
    path = tmp_path / "roster.csv"
    path.write_bytes(content)
    with pytest.raises(BadRoster, match=words):
        read_roster(path)


@pytest.mark.parametrize("coding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
def test_a_roster_is_read_as_spreadsheets_save_it(tmp_path, coding):
    path = tmp_path / "roster.csv"
    path.write_bytes("sep=;\nStudent;ID\nJosé Núñez;7\n".encode(coding))
    assert read_roster(path) == [Person("José Núñez", "7")]


@pytest.mark.parametrize(
    "text",
    [
        "A title, and a date\n\nStudent ID;Name\n7;Ada L\n;;\n",
        "student_id,name\n7.0,Ada L\n7,Ada L\n",
        'Name\tStudent number\r\n"Ada\nL"\t7\r\n',
        "Student Number,Last name,First name\r7,L,Ada\r",
    ],
)
def test_what_spreadsheets_put_around_a_roster_is_no_part_of_it(tmp_path, text):
    path = tmp_path / "roster.csv"
    path.write_bytes(text.encode())
    assert read_roster(path) == [Person("Ada L", "7")]


def test_moodles_list_without_names_is_a_roster(tmp_path):
    path = tmp_path / "grades.csv"
    path.write_text("Identifier,Status,Grade\nParticipant 77,,\nParticipant 78,,\n")
    (tmp_path / "Participant_77_assignsubmission_file_work.zip").write_text("")
    missing = find_missing(read_roster(path), discover(tmp_path, FILES)[0])
    assert [person.name for person in missing] == ["Participant 78"]


def test_first_and_last_names_are_a_name_and_rows_of_nobody_are_none(tmp_path):
    path = tmp_path / "roster.csv"
    path.write_text("First name,Last name,ID number\nAda,Lovelace,1\n,Points Possible,\n")
    assert read_roster(path) == [Person("Ada Lovelace", "1")]


@pytest.mark.parametrize(
    ("role", "counts"),
    [("Student", True), ("", True), ("Studierende", True), ("Student, Teaching assistant", True),
     ("Teacher", False), ("Non-editing teacher", False), ("TA", False), ("Instructor", False)],
)  # fmt: skip
def test_staff_on_a_roster_are_not_missed(tmp_path, role, counts):
    path = tmp_path / "roster.csv"
    path.write_text(f'Name,SID,Role\nAda,1,Student\nMary,2,"{role}"\n')
    assert (Person("Mary", "2") in read_roster(path)) == counts


@pytest.mark.parametrize(
    ("on_roster", "handed_in"),
    [
        (Person("Jose\u0301 Nu\u0301n\u0303ez", ""), entry("José Núñez")),
        (Person("Ada King Lovelace", ""), entry("lovelaceada")),
        (Person("Lovelace, Ada", ""), entry("Ada Lovelace; Bob Babbage")),
        (Person("Ada Lovelace", "4711"), entry("4711")),
        (Person("", "4711"), entry("", "99; 4711")),
    ],
)
def test_a_person_is_known_however_the_name_is_written(on_roster, handed_in):
    assert find_missing([on_roster], [handed_in]) == []


def test_a_number_of_another_kind_is_nobodys_where_names_are_known():
    roster = [Person("Never Submitted", "101")]
    assert find_missing(roster, [entry("Ada Lovelace", "101")]) == roster


def test_strangers_and_doubtful_cases_are_told():
    roster = [Person("Li Wei", "1"), Person("Li Wei", "2"), Person("Ada Lovelace", "3")]
    told = list(compare_with_roster(roster, [entry("Li Wei"), entry("Eve")]))
    assert told == ["missing: Li Wei one of 1, 2", "missing: Ada Lovelace 3",
                    "not certain: 2 people on the roster are called Li Wei, and only 1 of them "
                    "handed in", "not on the roster: Eve"]  # fmt: skip
    told = list(compare_with_roster([Person("Ann Wu", "7"), *roster[:2]],
                                    [entry("wuanna", "7"), entry("Li Wei")]))  # fmt: skip
    assert told[0] == "missing: Ann Wu 7; is it wuanna, of the same number?"
    told = list(compare_with_roster([Person("Smith, Bob", "6"), Person("Ada Lovelace", "3")],
                                    [entry("Bob the B; Ada Lovelace", "6; 3")]))  # fmt: skip
    assert told == ["missing: Smith, Bob 6; is it Bob the B; Ada Lovelace, of the same number?"]
    assert "nobody on the roster is found" in next(compare_with_roster(roster, [entry("Eve")]))


LI = [Person("Zhang, Li", number) for number in ("12359", "12360", "777")]
BOTH_LI = [entry("zhangli", "12359"), entry("zhangli", "12360")]
JANE = [Person("Jane Doe", number) for number in ("m1", "m2", "m3")]
BOTH_JANE = [entry("Jane Doe", "101"), entry("Jane Doe", "106")]


@pytest.mark.parametrize(
    ("roster", "handed_in", "told"),
    [
        (LI[:2], BOTH_LI, []),
        ([Person("Jane Doe", "101"), Person("Jane Doe", "106")], BOTH_JANE, []),
        (LI, BOTH_LI, ["missing: Zhang, Li 777"]),
        (LI[:1], BOTH_LI, ["not on the roster: zhangli 12360"]),
        ([LI[0], LI[2]], BOTH_LI, ["missing: Zhang, Li 777", "not on the roster: zhangli 12360"]),
        (JANE, BOTH_JANE, ["missing: Jane Doe one of m1, m2, m3", "not certain: 3 people on the "
                           "roster are called Jane Doe, and only 2 of them handed in"]),
        (JANE[:2], BOTH_JANE, ["not certain: 2 people on the roster are called Jane Doe"]),
        (JANE[:1], BOTH_JANE, ["not certain: 2 submissions are of Jane Doe (101, 106), and the "
                               "roster has 1 of that name"]),
        ([Person("Jane Doe", "")], BOTH_JANE, ["not certain: 2 submissions are of Jane Doe (101, "
                                               "106), and the roster has 1 of that name"]),
        ([Person("Jane Doe", "7")], [entry("Jane Doe"), entry("Jane Doe")], []),
        (JANE[:2], [entry("Jane Doe; Doe, Jane")],
         ["not certain: 2 people on the roster are called Jane Doe"]),
    ],
)  # fmt: skip
def test_among_people_of_one_name_equal_numbers_decide_and_doubts_are_said(roster, handed_in, told):
    roster, handed_in = [*roster, Person("Ada", "1")], [*handed_in, entry("Ada")]
    assert list(compare_with_roster(roster, handed_in)) == told
    missing = [f"missing: {person.shown}" for person in find_missing(roster, handed_in)]
    assert missing == [line for line in told if line.startswith("missing")]


def test_a_large_class_is_compared_at_once():
    roster = [Person(f"Ada {number}", str(number)) for number in range(5000)]
    began = time.monotonic()
    assert not find_missing(roster, [entry(person.name, person.number) for person in roster])
    assert time.monotonic() - began < 5


def test_a_name_on_the_roster_reaches_the_terminal_without_its_controls():
    told = list(compare_with_roster([Person("Eve\x1b[31m\x9b", "1\x1b]0;x\x07")], []))
    assert "missing: Eve [31m 1 ]0;x" in told
