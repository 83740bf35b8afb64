"""What is saved must load: every type on lists that few would write."""

import pytest

from mmhelpers.models import REGISTRY

LISTS = {
    "1,001 characters, one a line": [chr(0x4E00 + i) for i in range(1001)],
    "emoji": ["👩‍👩‍👧", "🏳️‍🌈", "😀", "😀😀", "👍🏽"],
    "two names": ["ab", "ba"],
    "one letter": ["a", "aa", "aaa"],
    "combining characters": ["e\u0301a", "a\u0328\u0301", "\u0301", "q\u0307\u0323q"],
    "spaces and signs": ["a b", "$x^2$", "<b>", "\\alpha", '"', "a,b", "#", "-1"],
    "one of 300 letters": ["ab", "ba", "xy" * 150],
}


@pytest.mark.parametrize("words", LISTS.values(), ids=LISTS)
@pytest.mark.parametrize("kind", REGISTRY)
def test_what_is_saved_loads(desk, kind, words):
    (desk.path / "list.txt").write_text("\n".join(words), encoding="utf-8")
    desk.train("--type", kind, steps=2)
    status, out, err = desk.run("-o", "out", "--sample-only", "--num-samples", 3)
    assert (status, err) == (0, "")
    assert sum(int(line.split()[0]) for line in out.splitlines() if " samples " in line) == 3
    status, out, err = desk.resume("--max-steps", 3)
    assert (status, err) == (0, "")
    if kind == "ngram":
        assert out == "all is counted: out/last.pt is at step 1, more names with --sample-only\n"
    else:
        assert "resumed at step 2" in out and "step 3: train loss" in out
