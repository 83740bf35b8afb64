"""The study of notebook 03: its networks, its grid, its store."""

import json
import math

import pytest
import torch

from mmhelpers.data import Vocabulary, build_dataset, load_names, split_names
from mmhelpers.layers import BatchNorm1d, Linear
from mmhelpers.study import StudyError
from mmhelpers.study import depth as study

WORDS = load_names("bundled").words[::40]


@pytest.fixture(scope="module")
def data():
    parts = split_names(WORDS)[:2]
    return [build_dataset(part, Vocabulary(WORDS), 3) for part in parts]


def build(*kind):
    return study.Kind(*kind).build(27, torch.Generator().manual_seed(1))


def hidden_weights(model):
    return [layer.weight.detach() for layer in model.layers if isinstance(layer, Linear)][:-1]


def test_the_grid_varies_one_thing_at_a_time():
    keys = [kind.key(rate) for kind in study.kinds() for rate in study.RATES]
    assert len(set(keys)) == len(keys) == 144
    assert {kind.last for kind in study.kinds() if kind.depth != study.DEPTHS[0]} == {0.1}


def test_kinds_start_as_they_say():
    plain = build(5, "5/3", False)
    for weight in hidden_weights(plain):
        assert weight.std() * len(weight) ** 0.5 == pytest.approx(5 / 3, rel=0.05)
    for weight in hidden_weights(build(5, "undivided", True)):
        assert weight.std() == pytest.approx(1, rel=0.05)
    whole = build(5, "5/3", False, 1.0)
    assert torch.allclose(plain.layers[-1].weight * 10, whole.layers[-1].weight)
    assert build(2, "1", True, 0.1).layers[-1].gamma.tolist() == pytest.approx([0.1] * 27)


def test_torchs_batchnorm_is_ours_but_for_the_biased_variance():
    x = torch.randn(16, 5, generator=torch.Generator().manual_seed(1)) * 3 + 1
    fast, plain = study.TorchBatchNorm1d(5), BatchNorm1d(5)
    assert torch.allclose(fast(x), plain(x) * (16 / 15) ** 0.5, atol=1e-4)
    assert torch.allclose(fast.running_var, plain.running_var, atol=1e-5)
    assert torch.allclose(fast.eval()(x), plain.eval()(x), atol=1e-5)


@pytest.mark.parametrize("steps", [1, 3])
def test_a_run_gives_loss_and_ratio(data, steps):
    kind = study.Kind(2, "5/3", True)
    loss, ratio = study.run_kind(kind, 0.1, 1, 27, *data, steps)
    assert 2 < loss < 4 and -5 < ratio < -1
    assert study.run_kind(kind, 0.1, 1, 27, *data, steps) == (loss, ratio)


def test_a_run_that_diverges_gives_nothing(data):
    assert study.run_kind(study.Kind(2, "1", False), 1e38, 1, 27, *data, 9) == (None, None)


@pytest.mark.parametrize("size", [8, 32, 512])
def test_noise_has_the_same_examples_whatever_the_size(data, size):
    found = study.run_noise(size, 1, 27, *data, 3)
    assert found.keys() == {"train", "dev"} and all(2 < loss < 5 for loss in found.values())


def test_second_network():
    model = study.second_network(27, torch.Generator().manual_seed(1))
    assert sum(p.numel() for p in model.parameters()) == 47_351


def test_an_interrupted_study_goes_on(tmp_path, monkeypatch):
    store, ran = tmp_path / "new" / "study.json", []

    def tasks(*given):
        for name in ("a", "b", "c"):
            yield name, lambda name=name: ran.append(name) or {"dev": [name == "b" and None, 2.5]}

    monkeypatch.setattr(study, "tasks", tasks)
    monkeypatch.setattr(
        study, "save_store", lambda *given: (_ for _ in ()).throw(KeyboardInterrupt)
    )
    with pytest.raises(KeyboardInterrupt):
        study.run_depth_study(WORDS, store)
    monkeypatch.undo()
    monkeypatch.setattr(study, "tasks", tasks)
    done = study.run_depth_study(WORDS, store)
    assert ran == ["a", "a", "b", "c"] and study.load_depth_study(store, WORDS) == done
    assert study.run_depth_study(WORDS, store) == done and len(ran) == 4
    assert len(store.read_text().splitlines()) == 5  # a line for each result
    with pytest.raises(StudyError, match="another list"):
        study.load_depth_study(store, WORDS[1:])


@pytest.mark.parametrize("content", ["", "{", "[]", '{"list": 1}', '{"list": "x", "results": 7}'])
def test_a_damaged_file(tmp_path, content):
    store = tmp_path / "study.json"
    store.write_text(content)
    with pytest.raises(StudyError, match=r"study.json is damaged .*: give a file"):
        study.load_depth_study(store, WORDS)
    with pytest.raises(StudyError, match=r"study.json is damaged .*: give a file"):
        study.run_depth_study(WORDS, store)
    assert store.read_text() == content


def test_without_a_store_there_are_no_results(tmp_path):
    assert study.load_depth_study(tmp_path / "none.json") == {}


def test_the_stored_study_is_whole():
    stored = json.loads(study.DEPTH_STORE.read_text(encoding="utf-8"))["results"]
    for kind in study.kinds():
        for rate in study.RATES:
            losses = stored[kind.key(rate)]["dev"]
            assert len(losses) == len(study.SEEDS)
            assert all(loss is None or math.isfinite(loss) for loss in losses)
    assert {f"noise of {size}" for size in study.NOISE_SIZES} <= stored.keys()
