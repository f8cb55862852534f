"""Finding published models, and Hugging Face's own to fine-tune; all offline, with tiny models.

That the weights give the right logits in a model written from scratch is tested beside the
reference: `solutions/bert/tests/test_load_pretrained.py`.
"""

import json
import types
from pathlib import Path

import pytest
import torch
from torch import nn

from data_utils.errors import DataProblem
from data_utils.pretrained import fine_tune_model, load_model, load_pretrained, save_model
from data_utils.training import evaluate, train
from data_utils.weight_files import read_checkpoint

VOCABULARY = 20


@pytest.fixture(scope="module", name="transformers")
def import_transformers():
    return pytest.importorskip("transformers")


@pytest.fixture(scope="module")
def published(transformers, tmp_path_factory):
    """A folder with a BERT of a few hundred weights, without a head for classes."""
    folder = tmp_path_factory.mktemp("published")
    config = transformers.BertConfig(
        vocab_size=VOCABULARY,
        hidden_size=8,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=10,
        max_position_embeddings=16,
    )
    torch.manual_seed(0)
    transformers.BertModel(config).save_pretrained(folder)
    return folder


@pytest.fixture
def batches():
    generator = torch.Generator().manual_seed(0)
    ids = torch.randint(5, VOCABULARY, (4, 8, 6), generator=generator)
    labels = torch.randint(0, 2, (4, 8), generator=generator)
    ids[:, :, 1] = 3 + labels
    return [
        {"input_ids": x, "attention_mask": torch.ones_like(x), "labels": y}
        for x, y in zip(ids, labels, strict=True)
    ]


@pytest.mark.slow
def test_all_weights_learn_or_the_head_alone(published):
    whole, head = fine_tune_model(published), fine_tune_model(published, head_only=True)
    assert all(weight.requires_grad for weight in whole.parameters())
    trained = [name for name, weight in head.named_parameters() if weight.requires_grad]
    assert trained == ["classifier.weight", "classifier.bias"]


@pytest.mark.parametrize("n_classes", [2, 3, 5])
def test_the_head_has_the_classes_asked_for(published, tmp_path, n_classes):
    save_model(fine_tune_model(published, n_classes=3), tmp_path)
    for source in (published, tmp_path):
        assert fine_tune_model(source, n_classes).classifier.out_features == n_classes


def test_training_the_head_alone_leaves_bert_as_it_was(published, batches):
    model = fine_tune_model(published, head_only=True)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.1)
    criterion = nn.CrossEntropyLoss()
    train(model, batches, batches, optimizer, criterion, "cpu", 1, True, progress=False)
    changed = {name for name, value in model.state_dict().items() if not value.equal(before[name])}
    assert changed == {"classifier.weight", "classifier.bias"}


def test_a_fine_tuned_model_comes_back_from_its_folder(published, batches, tmp_path):
    torch.manual_seed(0)
    model = fine_tune_model(published)
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.02)
    criterion = nn.CrossEntropyLoss()
    history = train(
        model, batches, batches, optimizer, criterion, "cpu", 8, finetuning=True, progress=False
    )
    assert history.val_loss[-1] < history.val_loss[0] / 2
    save_model(model, tmp_path / "made" / "on the way")
    again = load_model(tmp_path / "made" / "on the way")
    assert not again.training
    scores = [evaluate(m, batches, criterion, "cpu", finetuning=True) for m in (model, again)]
    assert scores[0] == scores[1]


def test_only_models_of_fine_tune_model_are_saved_and_only_into_folders(published, tmp_path):
    with pytest.raises(DataProblem, match="your own are saved by train"):
        save_model(nn.Linear(1, 1), tmp_path)
    (tmp_path / "file").touch()
    with pytest.raises(DataProblem, match="is a file, and a model is saved into a folder"):
        save_model(fine_tune_model(published), tmp_path / "file")
    with pytest.raises(DataProblem, match=r"no saved model in .*nowhere"):
        load_model(tmp_path / "nowhere")


LOADERS = pytest.mark.parametrize(
    "load",
    [lambda name: load_pretrained(nn.Linear(1, 1), name), fine_tune_model],
    ids=["load_pretrained", "fine_tune_model"],
)


@LOADERS
@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("./nowhere", "there is no folder ./nowhere"),
        ("/no/such/folder", "there is no folder /no/such/folder"),
        ("a/b/c", "there is no folder a/b/c"),
        ("two words", "'two words' is neither a folder nor a model's name"),
    ],
)
def test_a_wrong_name_is_told_without_asking_the_hub(monkeypatch, load, name, message):
    import huggingface_hub

    monkeypatch.setattr(huggingface_hub, "get_hf_file_metadata", pytest.fail)
    with pytest.raises(DataProblem, match=message):
        load(name)


@LOADERS
def test_without_network_the_way_out_is_told(monkeypatch, load):
    import huggingface_hub

    def fail(url, timeout):
        assert timeout <= 10
        raise OSError("Temporary failure in name resolution")

    monkeypatch.setattr(huggingface_hub, "get_hf_file_metadata", fail)
    with pytest.raises(DataProblem, match="cannot be reached: connect to the internet once, or"):
        load("nobody/has-downloaded-this")


def test_the_hub_is_asked_for_each_kind_of_file_until_one_is_there(monkeypatch, tmp_path):
    import huggingface_hub
    from huggingface_hub.errors import RemoteEntryNotFoundError

    torch.save({"a": torch.ones(2)}, tmp_path / "pytorch_model.bin")
    (tmp_path / "config.json").write_text('{"model_type": "bert"}')
    asked = []

    def look(url, timeout):
        name = url.rsplit("/", 1)[-1]
        asked.append(name)
        if not (tmp_path / name).is_file():
            response = types.SimpleNamespace(headers={}, request=None)
            raise RemoteEntryNotFoundError("404", response=response)

    monkeypatch.setattr(huggingface_hub, "get_hf_file_metadata", look)
    monkeypatch.setattr(huggingface_hub, "hf_hub_download", lambda source, name: tmp_path / name)
    found = read_checkpoint("somebody/bert")
    assert asked[:3] == ["model.safetensors", "model.safetensors.index.json", "pytorch_model.bin"]
    assert list(found.weights) == ["a"]
    assert found.config == {"model_type": "bert"}


def test_what_was_downloaded_before_needs_no_network(monkeypatch, tmp_path):
    import huggingface_hub

    torch.save({"a": torch.ones(2)}, tmp_path / "pytorch_model.bin")

    def look_in_cache(source, name):
        path = tmp_path / name
        return str(path) if path.is_file() else None

    monkeypatch.setattr(huggingface_hub, "try_to_load_from_cache", look_in_cache)
    monkeypatch.setattr(huggingface_hub, "get_hf_file_metadata", pytest.fail)
    assert list(read_checkpoint("somebody/bert").weights) == ["a"]


class RunsCode:
    def __reduce__(self):
        return (pytest.fail, ("code in a checkpoint was run",))


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({}, "has no weights"),
        ({"model.safetensors": b"hello"}, "model.safetensors cannot be read"),
        ({"pytorch_model.bin": b"hello"}, "pytorch_model.bin cannot be read"),
        ({"pytorch_model.bin": RunsCode()}, "pytorch_model.bin cannot be read"),
        ({"pytorch_model.bin": [torch.ones(1)]}, "holds a list and no weights by name"),
        ({"pytorch_model.bin": {}, "config.json": b"{"}, "cannot be read as JSON"),
        ({"pytorch_model.bin": {}, "config.json": b"[]"}, "should hold a JSON object"),
        ({"pytorch_model.bin": {}}, "so it is not a BERT"),
    ],
)
def test_bad_files_are_refused_in_a_sentence(tmp_path, files, message):
    for name, content in files.items():
        if isinstance(content, bytes):
            (tmp_path / name).write_bytes(content)
        else:
            torch.save(content, tmp_path / name)
    with pytest.raises(DataProblem, match=message):
        load_pretrained(nn.Linear(1, 1), tmp_path)


@pytest.mark.parametrize("part", ["gone.bin", "../secret.bin"])
def test_an_index_is_followed_to_files_beside_it_only(tmp_path, part):
    torch.save({"a": torch.ones(1)}, tmp_path / "secret.bin")
    folder = tmp_path / "model"
    folder.mkdir()
    index = {"weight_map": {"a": part}}
    (folder / "pytorch_model.bin.index.json").write_text(json.dumps(index))
    with pytest.raises(DataProblem, match="with all its parts"):
        read_checkpoint(folder)


def test_a_file_in_place_of_its_folder_is_told(published):
    with pytest.raises(DataProblem, match="is a file: give the folder it is in"):
        read_checkpoint(published / "model.safetensors")


def test_another_kind_of_model_is_not_turned_into_a_bert(published, tmp_path):
    for file in Path(published).iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    config = json.loads((tmp_path / "config.json").read_text())
    (tmp_path / "config.json").write_text(json.dumps(config | {"model_type": "roberta"}))
    with pytest.raises(DataProblem, match="a model of type 'roberta' and not a BERT"):
        fine_tune_model(tmp_path)
