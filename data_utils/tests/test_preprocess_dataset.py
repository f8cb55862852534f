import csv
import io
import os
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from data_utils import preprocess_dataset as command
from data_utils import raw_tweets
from data_utils.errors import DataProblem
from data_utils.preprocess_dataset import main, preprocess_dataset

PROJECT = Path(__file__).resolve().parents[2]
SAMPLE = PROJECT.parent / "shared" / "data" / "sentiment140_sample.csv"


def write_raw(path, rows, encoding="latin-1"):
    """Write (target, text) rows in the raw format."""
    with path.open("w", encoding=encoding, newline="") as sink:
        writer = csv.writer(sink, quoting=csv.QUOTE_ALL, lineterminator="\n")
        for number, (target, text) in enumerate(rows):
            writer.writerow((target, number, "Mon Apr 06 2009", "NO_QUERY", "ana", text))
    return path


def read_rows(path):
    with path.open(encoding="utf-8", newline="") as source:
        return list(csv.reader(source))


@pytest.fixture
def raw(tmp_path):
    return write_raw(tmp_path / "raw.csv", [("0", "so sad"), ("4", "so glad")])


@pytest.fixture
def out(tmp_path):
    return tmp_path / "dataset.csv"


def refusal(raw, out):
    """Return the sentence of a refusal, after checking that it left nothing behind."""
    before = out.read_bytes() if out.is_file() else None
    with pytest.raises(DataProblem) as caught:
        preprocess_dataset(raw, out, progress=False)
    assert (out.read_bytes() if out.is_file() else None) == before
    assert not list(out.parent.glob(".*"))
    sentence = str(caught.value)
    assert "\n" not in sentence
    assert sentence.endswith(".")
    return sentence


def test_the_result_has_the_header_and_labels_0_and_1(raw, out):
    preprocess_dataset(raw, out)
    assert read_rows(out) == [["tweet", "label"], ["so sad", "0"], ["so glad", "1"]]
    assert out.read_text(encoding="utf-8").startswith("tweet,label\n")


@pytest.mark.parametrize(
    "text",
    [
        "  spaces kept  ",
        "&amp; &lt;3 @ana http://t.co/x #tag",
        'she said "no"',
        '"quoted from the start',
        'to the end"',
        '"',
        '""',
        '","',
        'a","b","c',
        '"",0',
        'comma, quote" and , "',
        "two\nlines",
        "two\r\nlines",
        "carriage\rreturn",
        "caf\xe9 \xbfqu\xe9? \x85 \xa0 \x80",
        "tab\tand \x0b \x0c \x1c",
        "\\",
        "'",
        ",",
    ],
)
def test_a_tweet_comes_out_letter_for_letter(tmp_path, out, text):
    raw = write_raw(tmp_path / "raw.csv", [("0", "plain"), ("4", text), ("4", "after")])
    preprocess_dataset(raw, out)
    assert read_rows(out)[1:] == [["plain", "0"], [text, "1"], ["after", "1"]]


def convert(data, *, fast):
    """Return the converted bytes, the counts and the refusal, with or without the fast way."""
    tweets = raw_tweets.RawTweets(io.BytesIO(data), "raw.csv")
    if not fast:
        tweets._convert_regular = lambda block: None
    blocks, refusal = [], None
    try:
        blocks.extend(tweets.convert())
    except DataProblem as problem:
        refusal = str(problem)
    return b"".join(blocks), tweets.label_counts, tweets.dropped, refusal


def test_the_fast_way_and_the_parser_agree_on_damaged_rows(monkeypatch):
    rng = random.Random(6)
    row = b'"4","1","Mon, Apr","NO_QUERY","ana","so ""glad"", really"\n'
    refused = 0
    for trial in range(3000):
        data = bytearray(row * 3)
        for _ in range(rng.randrange(1, 4)):
            place = rng.randrange(len(data))
            damage = rng.choice([b'"', b'""', b",", b"\n", b" ", b"", b'","'])
            data[place : place + rng.randrange(2)] = damage
        monkeypatch.setattr(raw_tweets, "BLOCK_BYTES", rng.choice([1, 70, 10_000]))
        results = [convert(bytes(data), fast=fast) for fast in (True, False)]
        assert results[0] == results[1], (trial, bytes(data))
        refused += results[0][-1] is not None
    assert 100 < refused < 2900


@pytest.mark.parametrize(
    "row",
    [
        'x"0","1","d","q","u","text"',
        '"0" ,"1","d","q","u","text"',
        '"0","1"x,"d","q","u","text"',
        '"0","1";"d","q","u","text"',
        '"0","1","d","q","u","text" ',
    ],
)
def test_twelve_quotes_alone_do_not_make_a_regular_row(row):
    data = b'"4","1","d","q","u","fine"\n' + row.encode() + b"\n"
    assert convert(data, fast=True) == convert(data, fast=False)
    alone = row.encode() + b"\n"
    assert convert(alone, fast=True) == convert(alone, fast=False)


def test_the_fast_way_and_the_parser_give_the_same_bytes_whatever_the_tweets(tmp_path, monkeypatch):
    rng = random.Random(5)
    parsed_blocks = 0
    for trial in range(150):
        alphabet = rng.choice(['ab ",', 'ab",\n', "ab \xe9", 'a"\r\n,'])
        rows = [
            (rng.choice("04"), "".join(rng.choices(alphabet, k=rng.randrange(1, 9))))
            for _ in range(20)
        ]
        raw = write_raw(tmp_path / "raw.csv", rows)
        monkeypatch.setattr(raw_tweets, "BLOCK_BYTES", rng.choice([1, 60, 200, 10_000]))
        results = [convert(raw.read_bytes(), fast=fast) for fast in (True, False)]
        assert results[0] == results[1], trial
        parsed = list(csv.reader(io.StringIO(results[0][0].decode(), newline="")))
        kept = [[text, str(int(target) // 4)] for target, text in rows if text.strip()]
        assert parsed == kept, trial
        parsed_blocks += len(parsed)
    assert parsed_blocks > 1000


def test_regular_rows_do_not_need_the_parser(tmp_path, monkeypatch):
    rows = [("0", "plain"), ("4", 'with "quotes", commas'), ("0", '"first'), ("4", "caf\xe9")]
    raw = write_raw(tmp_path / "raw.csv", rows)
    monkeypatch.setattr(raw_tweets.RawTweets, "_convert_parsed", None)
    assert preprocess_dataset(raw, tmp_path / "out.csv").rows_written == 4


def test_windows_line_ends_and_a_missing_last_line_end_are_fine(raw, out):
    data = raw.read_bytes()
    raw.write_bytes(data.replace(b"\n", b"\r\n")[:-2])
    assert preprocess_dataset(raw, out).rows_written == 2
    assert read_rows(out)[1:] == [["so sad", "0"], ["so glad", "1"]]


def test_the_summary_counts_what_was_written_and_dropped(tmp_path, out, capsys):
    rows = [("0", "sad"), ("4", "glad"), ("4", " \t "), ("4", ""), ("0", "bad")]
    raw = write_raw(tmp_path / "raw.csv", rows)
    with raw.open("a") as sink:
        sink.write('"0","short"\n\n"4","1","d","q","u","fine"\n')
    summary = preprocess_dataset(raw, out)
    assert (summary.rows_written, summary.negative, summary.positive) == (4, 2, 2)
    assert summary.dropped == {"empty tweet": 2, "not 6 columns": 1}
    assert main([str(raw), str(out)]) == 0
    printed = capsys.readouterr().out
    assert "4 tweets, 2 negative (0) and 2 positive (1)" in printed
    assert "Dropped: 2 (empty tweet)." in printed
    assert [row[0] for row in read_rows(out)[1:]] == ["sad", "glad", "bad", "fine"]


def test_a_download_cut_off_inside_a_tweet_loses_that_tweet_only(raw, out):
    raw.write_bytes(raw.read_bytes() + b'"4","3","d","q","u","and then I w')
    summary = preprocess_dataset(raw, out)
    assert summary.rows_written == 2
    assert summary.dropped == {"cut off at the end of the file": 1}


def test_a_missing_raw_file_is_refused_with_where_to_get_it(tmp_path, out):
    sentence = refusal(tmp_path / "none.csv", out)
    assert "was not found" in sentence
    assert "kazanova/sentiment140" in sentence


def test_a_directory_in_place_of_the_raw_file_is_refused(tmp_path, out):
    assert "is a directory" in refusal(tmp_path, out)


@pytest.mark.parametrize("columns", [1, 2, 5, 7])
def test_other_columns_are_refused_from_the_first_row(tmp_path, out, columns):
    raw = tmp_path / "raw.csv"
    raw.write_text('"0"' + ',"x"' * (columns - 1) + "\n")
    assert f"row 1 has {columns} column" in refusal(raw, out)


def test_many_rows_of_wrong_shape_are_refused_though_the_first_is_right(raw, out):
    with raw.open("a") as sink:
        sink.write('"0","short"\n' * 50)
    assert "has 2 columns, expected 6" in refusal(raw, out)


def test_neutral_tweets_are_named_as_such(tmp_path, out):
    raw = write_raw(tmp_path / "raw.csv", [("4", "a"), ("2", "b")])
    assert "label 2 (neutral) in row 2" in refusal(raw, out)


@pytest.mark.parametrize("label", ["1", "target", "", "4" * 5000])
def test_other_labels_are_refused(tmp_path, out, label):
    sentence = refusal(write_raw(tmp_path / "raw.csv", [("4", "a"), (label, "b")]), out)
    assert "row 2, expected 0 (negative) or 4 (positive)" in sentence
    assert len(sentence) < 400


def test_a_file_that_is_already_processed_is_refused(raw, out, tmp_path):
    preprocess_dataset(raw, out)
    assert "already processed" in refusal(out, tmp_path / "again.csv")


@pytest.mark.parametrize(
    ("data", "finding"),
    [
        (b"", "is empty"),
        (b"\n\n", "has no rows"),
        (b"\xef\xbb\xbf" + b'"0","1","d","q","u","t"\n', "byte order mark"),
        ('"0","1","d","q","u","t"\n'.encode("utf-16"), "UTF-16"),
        ('"0","1","d","q","u","t"\n'.encode("utf-16-le"), "NUL byte"),
        (b'"0","1","d","q","u","t\0"\n', "NUL byte"),
        (b"PK\x03\x04 zip", "unpack it first"),
        (b"\x1f\x8b gzip", "unpack it first"),
        (b'"0","1","d","q","u"," "\n', "no usable tweet"),
        (b'"0","1","d","q","u","open\n' + b"x" * 99 + b"\n" * 200_000, "cannot be read as CSV"),
        (b"x" * 3_000_000, "a line of more than"),
        (b"0,1,d,q,u,t\r0,1,d,q,u,t\r", "cannot be read as CSV"),
    ],
)
def test_a_file_that_is_not_the_raw_one_is_refused_in_one_sentence(tmp_path, out, data, finding):
    raw = tmp_path / "raw.csv"
    raw.write_bytes(data)
    assert finding in refusal(raw, out)


def test_an_out_that_cannot_be_a_file_is_refused(raw, tmp_path):
    (tmp_path / "folder").mkdir()
    assert "is a directory" in refusal(raw, tmp_path / "folder")
    assert "its folder does not exist" in refusal(raw, tmp_path / "nowhere" / "out.csv")


def test_the_raw_file_is_never_overwritten_even_through_a_link(raw, tmp_path):
    link = tmp_path / "link.csv"
    link.symlink_to(raw)
    for out in (raw, link):
        assert "is the raw file itself" in refusal(raw, out)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may do anything")
def test_files_without_permission_are_refused(raw, tmp_path):
    locked = tmp_path / "locked"
    locked.mkdir()
    locked.chmod(0o500)
    assert "Permission denied" in refusal(raw, locked / "out.csv")
    raw.chmod(0)
    assert "Permission denied" in refusal(raw, tmp_path / "out.csv")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full here")
def test_a_full_disk_is_refused_and_leaves_the_old_file(raw, out, monkeypatch):
    out.write_text("old")
    opened = Path.open

    def open_on_full_disk(self, *arguments, **options):
        full = self.name.endswith(".partial")
        return opened(Path("/dev/full") if full else self, *arguments, **options)

    monkeypatch.setattr(Path, "open", open_on_full_disk)
    assert "No space left on device" in refusal(raw, out)


def test_an_old_result_is_kept_on_ctrl_c_and_replaced_on_success(raw, out, monkeypatch, capsys):
    out.write_text("old")
    read_block = raw_tweets.RawTweets._next_block

    def press_ctrl_c_in_the_second_block(self):
        if self.bytes_read:
            raise KeyboardInterrupt
        return read_block(self)

    with monkeypatch.context() as patch:
        patch.setattr(raw_tweets.RawTweets, "_next_block", press_ctrl_c_in_the_second_block)
        assert main([str(raw), str(out)]) == 130
    assert out.read_text() == "old"
    assert sorted(path.name for path in out.parent.iterdir()) == ["dataset.csv", "raw.csv"]
    assert capsys.readouterr().err.endswith("is as it was before.\n")
    preprocess_dataset(raw, out)
    assert len(read_rows(out)) == 3


def test_a_result_that_is_a_link_stays_one(raw, tmp_path):
    (tmp_path / "disk").mkdir()
    link = tmp_path / "dataset.csv"
    link.symlink_to(tmp_path / "disk" / "real.csv")
    preprocess_dataset(raw, link)
    assert link.is_symlink()
    assert len(read_rows(tmp_path / "disk" / "real.csv")) == 3


def test_the_command_says_one_sentence_and_exits_with_2(tmp_path):
    ran = subprocess.run(
        [sys.executable, "-m", "data_utils.preprocess_dataset"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(PROJECT)},
        capture_output=True,
        text=True,
    )
    assert ran.returncode == 2
    assert ran.stdout == ""
    assert ran.stderr.startswith(f"{command.RAW_NAME} was not found")
    assert ran.stderr.count("\n") == 1


@pytest.mark.slow
def test_memory_does_not_grow_with_the_file(tmp_path):
    import tracemalloc

    peaks = []
    for count in (20_000, 80_000):
        raw = write_raw(tmp_path / "raw.csv", (("0", f"tweet {i}") for i in range(count)))
        tracemalloc.start()
        preprocess_dataset(raw, tmp_path / "out.csv", progress=False)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.2 * peaks[0]


@pytest.mark.skipif(not SAMPLE.exists(), reason="the Sentiment-140 sample lies not beside the kit")
def test_the_real_sample_is_converted_whole_and_unchanged(out):
    started = time.perf_counter()
    summary = preprocess_dataset(SAMPLE, out)
    assert time.perf_counter() - started < 5
    with SAMPLE.open(encoding="latin-1", newline="") as source:
        expected = [[row[5], str(int(row[0]) // 4)] for row in csv.reader(source)]
    assert read_rows(out)[1:] == expected
    assert summary.rows_written == 20_000
    assert summary.dropped == {}
