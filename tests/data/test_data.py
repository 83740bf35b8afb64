"""The lists of names: which are accepted, what is said of the others, and what is made of them."""

import os
import random
import socket
import stat
import time
from itertools import cycle, islice

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from mmhelpers.data import (
    BUNDLED,
    LECTURE,
    DataError,
    NameList,
    Vocabulary,
    build_dataset,
    check_vocabulary,
    load_names,
    printable,
    split_names,
)
from mmhelpers.data import names as data

repeatable = settings(deadline=None, derandomize=True, database=None, max_examples=60)
ESCAPE = "\x1b]0;owned\x07\x1b[31mred"  # sets a terminal's title, then its colour


@pytest.fixture(autouse=True)
def no_variable(monkeypatch):
    monkeypatch.delenv("MAKEMORE_NAMES", raising=False)


@pytest.fixture
def list_of(tmp_path):
    """Gives a function that writes bytes to a file and returns its path."""

    def write(content: bytes):
        path = tmp_path / "list.txt"
        path.write_bytes(content)
        return path

    return write


def complaint(call, *arguments, **options) -> str:
    """The message of the DataError that a call raises: one short line that any terminal shows."""
    with pytest.raises(DataError) as caught:
        call(*arguments, **options)
    message = str(caught.value)
    assert message.isprintable(), ascii(message)  # no line end, control or bidi character in it
    message.encode()  # nor one that can't be written
    assert 0 < len(message) < 400
    return message


def plain_dataset(words, stoi, block_size):
    """What build_dataset has to give, by a double loop over names and characters."""
    inputs, targets = [], []
    for word in words:
        window = [0] * block_size
        for index in [stoi[character] for character in word] + [0]:
            inputs.append(window)
            targets.append(index)
            window = window[1:] + [index]
    return torch.tensor(inputs), torch.tensor(targets)


def best(call, rounds, clock=time.perf_counter) -> float:
    """The seconds of the fastest of several calls."""
    seconds = []
    for _ in range(rounds):
        start = clock()
        call()
        seconds.append(clock() - start)
    return min(seconds)


@pytest.fixture
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


# Lists that can't be used


def test_missing_list(tmp_path):
    message = complaint(load_names, str(tmp_path / "none.txt"))
    assert "none.txt" in message and "name a text file" in message


@pytest.mark.parametrize("choice", ["nul\0byte.txt", "x" * 300])
def test_impossible_path(choice):
    assert "can't be read" in complaint(load_names, choice)


@pytest.mark.parametrize("choice", ["", "  ", "\n", None, 5, 0.5, [], ["emma"]])
def test_no_choice_at_all(choice):
    message = complaint(load_names, choice)
    assert message == f"names is {choice!r}: give auto, bundled, lecture or a path"


@pytest.mark.skipif(os.name == "nt", reason="Windows has none of these")
@pytest.mark.parametrize("path", ["/dev/zero", "/dev/null", "/dev/stdin", "pipe", "socket"])
def test_no_regular_file(tmp_path, monkeypatch, path):
    monkeypatch.chdir(tmp_path)
    os.mkfifo("pipe")  # whoever opens it waits for ever
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("socket")
        if path == "/dev/stdin" and stat.S_ISREG(os.stat(path).st_mode):
            pytest.skip("the tests' own input is a file")
        assert f"{path} is no regular file" in complaint(load_names, path)


def test_a_file_larger_than_any_list_is_not_read(list_of):
    path = list_of(b"emma\n")
    with path.open("r+b") as file:
        file.truncate(data.MAX_SIZE + 1)  # takes no room on the disk
    assert "list.txt has more than 100,000,000 bytes" in complaint(load_names, str(path))


def test_directory(tmp_path):
    message = complaint(load_names, str(tmp_path))
    assert tmp_path.name in message and "is a directory: name a text file" in message


@pytest.mark.parametrize(
    "content", [b"", b"\n", b"\r\n \r\n\t\n", b"\xef\xbb\xbf\n", "\xa0\n\u3000\n".encode()]
)
def test_empty_or_blank(list_of, content):
    message = complaint(load_names, str(list_of(content)))
    assert "list.txt holds no names: write one name a line" in message


@pytest.mark.parametrize(
    "content, line",
    [
        (b"emma\nolivi\xe9\n", 2),  # Latin-1
        (b"emma\r\n\r\n\xc3(\r\n", 3),
        (b"\xef\xbb\xbfab\n\xff", 2),  # the byte-order mark must not shift the count
        ("emma\n".encode("utf-16"), 1),
        (b"emma\n\xed\xa0\x80\n", 2),  # half of a surrogate pair
    ],
)
def test_not_utf8(list_of, content, line):
    message = complaint(load_names, str(list_of(content)))
    assert f"list.txt, line {line}: not UTF-8, save the file as UTF-8" in message


def test_line_of_ten_megabytes(list_of):
    path = list_of(b"emma\nolivia\n" + b"x" * 10_000_000 + b"\nava\n")
    message = complaint(load_names, str(path))
    assert "list.txt, line 3: longer than 1000 characters, write one name a line" in message
    assert "xxx" not in message


@pytest.mark.parametrize(
    "character",
    ["\0", "\a", "\b", "\t", "\v", "\f", "\r", "\x1b", "\x1c", "\x7f", "\x85", "\x9b"]
    + ["\u2028", "\u2029", "\u202e", "\u2066", "\ufeff"],
)
def test_control_character(list_of, character):
    path = list_of(f"emma\n\nol{character}ivia\nava\n".encode())
    message = complaint(load_names, str(path))
    assert "list.txt, line 3: control character" in message and "remove it" in message
    assert ascii(character) in message


def test_control_characters_around_a_name_are_not_stripped(list_of):
    assert "line 2: control character" in complaint(
        load_names, str(list_of(b"emma\n\x1colivia\t\n"))
    )


def test_escape_sequence_in_the_list(list_of):
    message = complaint(load_names, str(list_of(f"emma\n{ESCAPE}\n".encode())))
    assert "list.txt, line 2: control character '\\x1b', remove it" in message


@pytest.mark.parametrize("odd", [ESCAPE, "two\nlines", "back\rward", "a\u202etxt.exe", "\udcff"])
def test_odd_name_of_a_missing_file(odd):
    assert printable(odd) in complaint(load_names, f"no-folder/{odd}")


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such names of files")
@pytest.mark.parametrize("content", [b"", b"\xff", b"a\x07\n", b"a.b\n", b"a" * 2000, None])
def test_odd_name_of_a_bad_file(tmp_path, content):
    path = tmp_path / (ESCAPE + "\n\u202e.txt")
    path.mkdir() if content is None else path.write_bytes(content)
    assert "\\x1b]0;owned\\x07\\x1b[31mred\\n\\u202e.txt" in complaint(load_names, str(path))


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such names of files")
def test_odd_name_of_a_good_file(tmp_path):
    path = tmp_path / (ESCAPE + ".txt")
    path.write_text("emma\nolivia\n")
    assert str(load_names(str(path))) == "\\x1b]0;owned\\x07\\x1b[31mred.txt: 2 names"


@pytest.mark.parametrize(
    "content, line", [(b"emma\no.livia\n", 2), (b".\n", 1), (b"\r\n\r\nava.\r\n", 3)]
)
def test_boundary_inside_a_name(list_of, content, line):
    message = complaint(load_names, str(list_of(content)))
    assert f'list.txt, line {line}: "." marks where names end, remove it' in message


# Lists that can be used


def test_windows_line_ends_and_byte_order_mark(list_of):
    assert load_names(str(list_of(b"\xef\xbb\xbfemma\r\n\r\n  olivia \r\nava"))).words == [
        "emma",
        "olivia",
        "ava",
    ]


def test_other_alphabets(list_of):
    words = ["andré", "ольга", "さくら", "נועה", "anne marie", "o'neil", "𝔘lf", "گل\u200cنار"]
    read = load_names(str(list_of("\n".join(words).encode()))).words
    vocabulary = Vocabulary(read)
    assert read == words
    assert len(vocabulary) == len(set("".join(words))) + 1
    X, Y = build_dataset(read, vocabulary, 4)
    assert vocabulary.decode(Y) == "".join(word + "." for word in words)
    assert all(map(torch.equal, (X, Y), plain_dataset(words, vocabulary.stoi, 4)))


@pytest.mark.parametrize(
    "lines, words, respelt",
    [
        (["le\u0301", "l\xe9"], ["l\xe9", "l\xe9"], 1),
        (["A\u030angstro\u0308m", "\u212bngstr\xf6m"], ["\xc5ngstr\xf6m"] * 2, 2),
        (["\u1112\u1161\u11ab", "\ud55c"], ["\ud55c"] * 2, 1),
        (["q\u0301", "emma"], ["q\u0301", "emma"], 0),  # nothing to compose it to
        (["\ufb01n", "x\xb2"], ["\ufb01n", "x\xb2"], 0),  # looks that differ stay different
    ],
)
def test_letters_with_combining_marks_are_composed(list_of, lines, words, respelt):
    names = load_names(str(list_of("\r\n".join(lines).encode())))
    assert names.words == words and names.respelt == respelt
    said = f" ({respelt} respelt in composed characters, NFC)" if respelt else ""
    assert str(names) == f"list.txt: 2 names{said}"


def test_one_name_can_be_read_but_not_split(list_of):
    words = load_names(str(list_of(b"emma"))).words
    assert words == ["emma"]
    message = complaint(split_names, words)
    assert "1 name(s) can't be split into 3 parts" in message and "use a longer list" in message


# Which list


@pytest.fixture
def two_lists(tmp_path, monkeypatch):
    """Lets small files stand in for the bundled and, where a test writes it, the lecture's list."""
    monkeypatch.setattr(data, "BUNDLED", tmp_path / "names.txt")
    monkeypatch.setattr(data, "LECTURE", tmp_path / "names-lecture.txt")
    data.BUNDLED.write_text("bundled\n")
    return tmp_path


def test_auto_takes_the_bundled_list_without_the_lectures(two_lists):
    assert load_names().words == ["bundled"]


def test_auto_prefers_the_lectures_list(two_lists):
    data.LECTURE.write_text("lecture\n")
    assert load_names().words == load_names("lecture").words == ["lecture"]
    assert load_names("bundled").words == ["bundled"]


def test_auto_prefers_the_variable(two_lists, monkeypatch):
    data.LECTURE.write_text("lecture\n")
    (two_lists / "mine.txt").write_text("mine\n")
    monkeypatch.setenv("MAKEMORE_NAMES", str(two_lists / "mine.txt"))
    assert load_names("auto").words == ["mine"]
    assert load_names("lecture").words == ["lecture"]  # a choice that is made counts
    for choice in "bundled", "lecture":
        monkeypatch.setenv("MAKEMORE_NAMES", choice)
        assert load_names("auto").words == [choice]
    monkeypatch.setenv("MAKEMORE_NAMES", "")
    assert load_names("auto").words == ["lecture"]


@pytest.mark.parametrize(
    "value, said", [("lecture", "run python -m mmhelpers names"), ("auto", "MAKEMORE_NAMES")]
)
def test_bad_variable(two_lists, monkeypatch, value, said):
    monkeypatch.setenv("MAKEMORE_NAMES", value)
    assert said in complaint(load_names)


def test_the_lectures_list_is_missing(two_lists):
    message = complaint(load_names, "lecture")
    assert "names-lecture.txt is not there: run python -m mmhelpers names" in message


@pytest.fixture
def root(tmp_path, monkeypatch):
    """The root of a project, with the working directory in its notebooks/."""
    folder = tmp_path / "notebooks"
    folder.mkdir()
    monkeypatch.setattr(data, "ROOT", tmp_path)
    monkeypatch.chdir(folder)
    return tmp_path


@pytest.mark.parametrize("choice", ["mine.txt", "lists/mine.txt", "./mine.txt"])
def test_relative_path(root, choice):
    for place in root / choice, root / "notebooks" / choice:
        place.parent.mkdir(exist_ok=True)
        place.write_text(f"{place.parent.name}\n")
        # In the root, where the working directory has none of that name.
        assert load_names(choice).words == [place.parent.name]
    assert load_names(str(root / choice)).words == [(root / choice).parent.name]


def test_a_missing_relative_path_says_where_it_was_looked_for(root, monkeypatch):
    message = "mine.txt is not in {}: name a text file"
    both = f"{root / 'notebooks'} or {root}"
    assert complaint(load_names, "mine.txt") == message.format(both)
    monkeypatch.setenv("MAKEMORE_NAMES", "mine.txt")
    assert complaint(load_names) == message.format(both)
    monkeypatch.chdir(root)
    assert complaint(load_names, "mine.txt") == message.format(root)
    assert complaint(load_names, str(root / "mine.txt")).endswith("is not there: name a text file")


@pytest.mark.skipif(os.name == "nt", reason="Windows keeps a directory in use")
def test_working_directory_removed(root):
    os.rmdir("../notebooks")
    assert complaint(load_names, "mine.txt") == f"mine.txt is not in {root}: name a text file"
    (root / "mine.txt").write_text("mine\n")
    assert load_names("mine.txt").words == ["mine"]


@pytest.mark.parametrize("mark, end", [(b"", b"\n"), (b"\xef\xbb\xbf", b"\r\n")])
def test_kind_is_found_by_content(list_of, mark, end):
    unix = BUNDLED.read_bytes().replace(b"\r\n", b"\n")
    assert load_names(str(list_of(mark + unix.replace(b"\n", end)))).kind == "bundled"
    assert load_names(str(list_of(mark + unix.replace(b"\n", end) + b"zz"))).kind == "other"


def test_what_the_lists_say_of_themselves(tmp_path):
    bundled = str(load_names("bundled"))
    assert "32,000 names" in bundled and "python -m mmhelpers names" in bundled
    assert "lecture's list: 1 " in str(NameList(["emma"], "lecture", tmp_path))


# Vocabulary


def test_vocabulary():
    vocabulary = Vocabulary(["emma", "ava"])
    assert vocabulary.stoi == {".": 0, "a": 1, "e": 2, "m": 3, "v": 4}
    assert len(vocabulary) == 5
    assert vocabulary.encode("ava.") == [1, 4, 1, 0]
    assert vocabulary.decode(torch.tensor([2, 3, 3, 1, 0])) == "emma."
    assert Vocabulary([]).itos == {0: "."}


@repeatable
@given(st.lists(st.text(min_size=1, max_size=8), min_size=1, max_size=8))
def test_vocabulary_round_trip(words):
    vocabulary = Vocabulary(words)
    assert [vocabulary.decode(vocabulary.encode(word)) for word in words] == words
    assert sorted(vocabulary.itos) == list(range(len(vocabulary)))


@pytest.mark.parametrize("count", [1, 26, 1001, 20_000])
def test_a_vocabulary_of_any_size(count):
    text = "".join(map(chr, range(0x4E00, 0x4E00 + count)))
    check_vocabulary(text)
    assert "".join(Vocabulary(text).itos.values()) == "." + text


@pytest.mark.parametrize(
    "characters, what",
    [
        ("", "no characters"), (None, "no characters"), (7, "no characters"), (b"ab", "no char"),
        ("a.b", "marks where names end"), ("ba", "in order"), ("aab", "each once"),
        ("\na", "control character '\\n'"), ("\x1bab", "'\\x1b'"), ("ab\udcff", "'\\udcff'"),
    ],
)  # fmt: skip
def test_what_is_no_vocabulary(characters, what):
    assert what in complaint(check_vocabulary, characters)


def test_character_outside_the_vocabulary():
    vocabulary = Vocabulary(["emma"])
    for call in (vocabulary.encode, lambda text: build_dataset([text], vocabulary, 3)):
        assert "'z' is not in the vocabulary" in complaint(call, "maze")
        assert "'\\x1b' is not in the vocabulary" in complaint(call, "\x1b[m")
        assert "'\\U0001d518' is not in the vocabulary" in complaint(call, "\U0001d518")


# Splits


def lists():
    """The lists that are there: the lecture's is not part of the repository."""
    return ["bundled"] + ["lecture"] * LECTURE.exists()


EXAMPLES = {"lecture": [182_625, 22_655, 22_866], "bundled": [189_608, 23_606, 23_573]}
TOTALS = {"lecture": (32_033, 228_146), "bundled": (32_000, 236_787)}


@pytest.mark.parametrize("kind", lists())
def test_sizes(kind):
    words = load_names(kind).words
    vocabulary = Vocabulary(words)
    assert (len(words), len(build_dataset(words, vocabulary, 3)[1])) == TOTALS[kind]
    assert len(vocabulary) == 27
    parts = split_names(words)
    assert sorted(sum(parts, [])) == sorted(words)
    assert [len(build_dataset(part, vocabulary, 3)[0]) for part in parts] == EXAMPLES[kind]


def test_split_is_the_lectures():
    words = [f"name{i}" for i in range(1003)]
    shuffled = words.copy()
    random.Random(42).shuffle(shuffled)
    a, b = int(0.8 * 1003), int(0.9 * 1003)
    assert split_names(words) == (shuffled[:a], shuffled[a:b], shuffled[b:])
    assert words[0] == "name0"  # the caller's list stays as it was
    assert split_names(words, seed=1) != split_names(words)


@pytest.mark.parametrize("n", [10, 20, 30, 70, 100, 1000, 32_000])
def test_split_of_round_numbers(n):
    sizes = [len(part) for part in split_names(["a"] * n)]
    assert sizes == [n * 8 // 10, n // 10, n // 10]


NAN, INF = float("nan"), float("inf")


@pytest.mark.parametrize(
    "fractions",
    [(0.8, 0.1), (0.8, 0.1, 0.2), (1.2, -0.1, -0.1), (0.9, 0.1, 0.0), (), (80, 10, 10)]
    + [(NAN, 0.5, 0.5), (0.5, 0.5, NAN), (NAN,), (INF, 0.5), (INF, -INF, 1.0)],
)
def test_fractions_that_are_none(fractions):
    message = complaint(split_names, ["emma"] * 100, fractions)
    assert "each must be above 0, and their sum 1" in message


@pytest.mark.parametrize("n", [0, 1, 2, 5])
def test_too_few_names_to_split(n):
    assert f"{n} name(s) can't be split into 3 parts" in complaint(split_names, ["emma"] * n)


def test_other_fractions():
    assert [len(part) for part in split_names(["a"] * 10, (0.5, 0.5))] == [5, 5]
    assert [len(part) for part in split_names(["a"], (1.0,))] == [1]
    # 0.7 + 0.2 is a hair below 0.9: no name may get lost to that.
    assert [len(part) for part in split_names(["a"] * 10, (0.7, 0.2, 0.1))] == [7, 2, 1]


# Examples


def test_examples_of_one_name():
    X, Y = build_dataset(["ab"], Vocabulary(["ab"]), 3)
    assert X.tolist() == [[0, 0, 0], [0, 0, 1], [0, 1, 2]]
    assert Y.tolist() == [1, 2, 0]
    assert X.dtype == Y.dtype == torch.int64


@pytest.mark.parametrize("block_size", [0, -1])
def test_context_below_one(block_size):
    message = complaint(build_dataset, ["emma"], Vocabulary(["emma"]), block_size)
    assert message == f"block_size is {block_size}: it must be at least 1"


def test_no_names():
    assert "at least one" in complaint(build_dataset, [], Vocabulary(["emma"]), 3)


def test_the_character_that_marks_the_filling():
    words = ["em\0ma"]
    assert "remove it" in complaint(build_dataset, words, Vocabulary(words), 3)


# Characters of one, two, three and four bytes in UTF-8, in alphabets of one character and more.
alphabets = st.lists(
    st.characters(exclude_characters="\0.", exclude_categories=["Cs"]), min_size=1, max_size=30
)
name_lists = alphabets.flatmap(
    lambda letters: st.lists(st.text(st.sampled_from(letters), max_size=20), min_size=1)
)


@repeatable
@given(name_lists, st.integers(1, 12))
def test_examples_equal_the_plain_loop(words, block_size):
    vocabulary = Vocabulary(words)
    X, Y = build_dataset(words, vocabulary, block_size)
    plain_X, plain_Y = plain_dataset(words, vocabulary.stoi, block_size)
    assert torch.equal(X, plain_X) and torch.equal(Y, plain_Y)
    assert X.is_contiguous() and X.dtype == torch.int64


def test_examples_of_the_whole_list_equal_the_plain_loop():
    words = load_names("auto").words
    vocabulary = Vocabulary(words)
    for ours, plain in zip(
        build_dataset(words, vocabulary, 8), plain_dataset(words, vocabulary.stoi, 8), strict=True
    ):
        assert torch.equal(ours, plain)


def test_twenty_times_faster_than_the_plain_loop(one_thread):
    words = load_names(lists()[-1]).words
    vocabulary = Vocabulary(words)
    plain = best(lambda: plain_dataset(words, vocabulary.stoi, 8), rounds=2)
    ours = best(lambda: build_dataset(words, vocabulary, 8), rounds=20)
    assert plain / ours >= 20


def test_time_grows_with_the_number_of_names(one_thread):
    names = list(islice(cycle(load_names("bundled").words), 1_000_000))
    vocabulary = Vocabulary(names[:32_000])

    def per_name(count: int) -> float:
        part = names[:count]
        return best(lambda: build_dataset(part, vocabulary, 3), 3, time.process_time) / count

    # What is not linear, like n² or a search per name, would be four times slower here.  Fewer
    # names than these find their memory in the cache and are faster for that reason alone.
    assert per_name(1_000_000) < 2 * per_name(250_000)
