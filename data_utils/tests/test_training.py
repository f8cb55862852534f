"""What train and evaluate promise, on a model of a few weights that learns in milliseconds."""

import math
import types

import numpy as np
import pytest
import torch
from torch import nn
from torch.utils.data import DataLoader

from data_utils.batching import LengthBatches, TokenisedTweets
from data_utils.checkpoints import last_state_path
from data_utils.errors import DataProblem
from data_utils.training import evaluate, load_best, train

VOCABULARY, TOKENS = 12, 5
CRITERION = nn.CrossEntropyLoss()


@pytest.fixture(autouse=True, scope="module")
def one_thread():
    """Models this small only lose by sharing their work."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


class CountsWords(nn.Module):
    """The smallest thing with the interface of the exercise's classifier, dropout included."""

    def __init__(self, n_classes=2):
        super().__init__()
        self.words = nn.Embedding(VOCABULARY, 8)
        self.dropout = nn.Dropout(0.3)
        self.classifier = nn.Linear(8, n_classes)

    def forward(self, input_ids, attention_mask=None):
        words = self.words(input_ids) * attention_mask[..., None]
        return self.classifier(self.dropout(words.sum(dim=1)))


class LikeHuggingFace(CountsWords):
    def forward(self, *, input_ids, attention_mask):
        return types.SimpleNamespace(logits=super().forward(input_ids, attention_mask))


def make_tweets(n, seed=0):
    """Tweets that hold word 1 (negative) or word 2 (positive) and others that mean nothing."""
    generator = torch.Generator().manual_seed(seed)
    labels = torch.randint(0, 2, (n,), generator=generator)
    ids = torch.randint(3, VOCABULARY, (n, TOKENS), generator=generator)
    ids[:, 0] = labels + 1
    return [
        {"input_ids": row, "attention_mask": torch.ones_like(row), "labels": label}
        for row, label in zip(ids, labels, strict=True)
    ]


def make_loader(n=40, batch=8, seed=0, **settings):
    return DataLoader(make_tweets(n, seed), batch_size=batch, **settings)


def make_run(kind=CountsWords, rate=0.05, n_classes=2):
    torch.manual_seed(3)
    model = kind(n_classes)
    return model, torch.optim.AdamW(model.parameters(), lr=rate)


def run(model, optimizer, train_loader=None, epochs=3, **settings):
    settings = {"progress": False, "seed": 5, **settings}
    return train(
        model,
        train_loader or make_loader(shuffle=True),
        settings.pop("val_loader", None) or make_loader(24, seed=1),
        optimizer,
        settings.pop("criterion", CRITERION),
        "cpu",
        epochs,
        **settings,
    )


def weights_of(model):
    return torch.cat([value.flatten() for value in model.state_dict().values()])


class StopsAfter:
    """A loader at whose batch number `batches`, counted over all epochs, somebody hits Ctrl-C."""

    def __init__(self, loader, batches):
        self.loader, self.left = loader, batches

    def __len__(self):
        return len(self.loader)

    def __iter__(self):
        for batch in self.loader:
            if not self.left:
                raise KeyboardInterrupt
            self.left -= 1
            yield batch


def test_a_model_learns_and_the_history_tells():
    model, optimizer = make_run()
    history = run(model, optimizer, epochs=15)
    assert [len(part) for part in history] == [15] * 4
    assert history.val_loss[-1] < history.val_loss[0] / 3
    assert history.val_accuracy[-1] == 1.0
    assert not history.interrupted
    assert not model.training


def test_a_history_unpacks_into_its_four_lists():
    history = run(*make_run(), epochs=2)
    train_loss, train_accuracy, val_loss, val_accuracy = history
    assert train_loss is history.train_loss
    assert train_accuracy is history.train_accuracy
    assert val_loss is history.val_loss
    assert val_accuracy is history.val_accuracy
    assert "epoch 2: train loss" in str(history)


def test_hugging_face_models_are_called_by_keyword_and_asked_for_logits():
    histories = [
        run(*make_run(kind), finetuning=kind is LikeHuggingFace)
        for kind in (CountsWords, LikeHuggingFace)
    ]
    assert list(histories[0]) == list(histories[1])


def test_the_wrong_finetuning_is_explained():
    with pytest.raises(DataProblem, match="finetuning=True is for Hugging Face"):
        run(*make_run(), finetuning=True)


def test_every_tweet_counts_the_same_whatever_the_batch_size():
    model, _ = make_run()
    whole = evaluate(model, make_loader(25, batch=25), CRITERION, "cpu")
    for batch in (24, 8, 1):
        score = evaluate(model, make_loader(25, batch), CRITERION, "cpu")
        assert score.loss == pytest.approx(whole.loss, rel=1e-5)
        assert score.accuracy == whole.accuracy


def test_a_criterion_that_sums_gives_the_same_mean():
    model, _ = make_run()
    summing = nn.CrossEntropyLoss(reduction="sum")
    loader = make_loader(25, 8)
    got, want = evaluate(model, loader, summing, "cpu"), evaluate(model, loader, CRITERION, "cpu")
    assert got.loss == pytest.approx(want.loss, rel=1e-5)


def test_evaluation_has_no_dropout_and_leaves_mode_and_weights_alone():
    model, _ = make_run()
    model.train()
    before = weights_of(model)
    scores = {evaluate(model, make_loader(), CRITERION, "cpu") for _ in range(3)}
    assert len(scores) == 1
    assert model.training
    assert torch.equal(weights_of(model), before)
    assert all(weight.grad is None for weight in model.parameters())


@pytest.mark.parametrize("generator", [None, 7], ids=["torch's order", "the loader's own order"])
def test_the_same_seed_gives_the_same_run(generator):
    runs = []
    loader = make_loader(
        shuffle=True, generator=generator and torch.Generator().manual_seed(generator)
    )
    for seed in (1, 1, 2):
        model, optimizer = make_run()
        history = run(model, optimizer, loader, seed=seed)
        runs.append((list(history), weights_of(model)))
    assert runs[0][0] == runs[1][0] != runs[2][0]
    assert torch.equal(runs[0][1], runs[1][1])


@pytest.mark.parametrize("own_generator", [False, True])
@pytest.mark.parametrize("batches", [0, 3, 5, 12], ids="stopped after {} batches".format)
def test_an_interrupted_run_resumes_to_exactly_the_uninterrupted_result(
    tmp_path, batches, own_generator
):
    def start(path, resume=False, stop_after=None):
        model, optimizer = make_run()
        scheduler = torch.optim.lr_scheduler.LinearLR(optimizer, 1.0, 0.1, total_iters=20)
        generator = torch.Generator().manual_seed(11) if own_generator else None
        loader = make_loader(shuffle=True, generator=generator)
        if stop_after is not None:
            torch.manual_seed(99)
            stopping = StopsAfter(loader, stop_after)
            stopping.generator = generator  # as the loader itself has it
            loader = stopping
        settings = {"scheduler": scheduler, "checkpoint": path, "resume": resume, "clip_norm": 1.0}
        return model, run(model, optimizer, loader, epochs=4, **settings)

    path = tmp_path / "stopped" / "bert.pt"
    _, part = start(path, stop_after=batches)
    assert part.interrupted
    assert part.epochs == batches // 5 == len(part.train_loss)
    model, whole = start(path, resume=True)
    uninterrupted_model, uninterrupted = start(tmp_path / "bert.pt")
    assert list(whole) == list(uninterrupted)
    assert torch.equal(weights_of(model), weights_of(uninterrupted_model))
    best, same_best = make_run()[0], make_run()[0]
    assert load_best(best, path) == load_best(same_best, tmp_path / "bert.pt")
    assert torch.equal(weights_of(best), weights_of(same_best))


def test_the_kits_own_batches_resume_to_the_same_result_too(tmp_path):
    def start(name, **settings):
        sizes = [3 + i % 4 for i in range(50)]
        generator = np.random.default_rng(0)
        tweets = TokenisedTweets(
            tokens=generator.integers(1, VOCABULARY, sum(sizes)).astype(np.int32),
            offsets=np.cumsum([0, *sizes]),
            labels=generator.integers(0, 2, 50),
        )
        loader = LengthBatches(tweets, 8)
        # An earlier use of the loader, and the epoch left half-way, must not count.
        list(loader)
        if settings.pop("stop", False):
            calls = []
            pad_rows = TokenisedTweets.pad_rows

            def stop_in_the_second_epoch(self, rows):
                calls.append(1)
                if len(calls) == 10:
                    raise KeyboardInterrupt
                return pad_rows(self, rows)

            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(TokenisedTweets, "pad_rows", stop_in_the_second_epoch)
                return run(*make_run(), loader, checkpoint=tmp_path / name, **settings)
        return run(*make_run(), loader, checkpoint=tmp_path / name, **settings)

    assert start("a.pt", stop=True).epochs == 1
    assert list(start("a.pt", resume=True)) == list(start("b.pt"))


def test_in_the_same_session_resuming_undoes_the_half_epoch_first(tmp_path):
    model, optimizer = make_run()
    loader = make_loader(shuffle=True)
    run(model, optimizer, StopsAfter(loader, 3), checkpoint=tmp_path / "a.pt")
    history = run(model, optimizer, loader, checkpoint=tmp_path / "a.pt", resume=True)
    model_at_once, optimizer = make_run()
    assert list(history) == list(run(model_at_once, optimizer, loader))
    assert torch.equal(weights_of(model), weights_of(model_at_once))


def test_an_interruption_keeps_the_history_and_says_so(capsys):
    model, optimizer = make_run()
    history = run(model, optimizer, StopsAfter(make_loader(), 7), epochs=6)
    assert history.interrupted
    assert history.epochs == 1
    assert "stopped by hand in epoch 2 of 6; finished epochs: 1" in capsys.readouterr().out
    assert "interrupted in epoch 2" in str(history)


def test_more_epochs_can_be_added_later(tmp_path):
    path = tmp_path / "bert.pt"
    model, optimizer = make_run()
    run(model, optimizer, epochs=2, checkpoint=path)
    later = run(*make_run(), epochs=5, checkpoint=path, resume=True)
    assert list(later) == list(run(*make_run(), epochs=5))
    # Nothing is left to do: the history comes back, and the weights with it.
    model, optimizer = make_run()
    assert list(run(model, optimizer, epochs=5, checkpoint=path, resume=True)) == list(later)


def test_the_checkpoint_holds_the_weights_of_the_lowest_validation_loss(tmp_path):
    path = tmp_path / "bert.pt"
    # Labels that contradict what is learnt: validation gets worse with every epoch.
    upside_down = [{**tweet, "labels": 1 - tweet["labels"]} for tweet in make_tweets(24, 1)]
    val_loader = DataLoader(upside_down, batch_size=8)
    model, optimizer = make_run()
    history = run(model, optimizer, val_loader=val_loader, epochs=4, checkpoint=path)
    assert history.val_loss == sorted(history.val_loss)
    best = load_best(model, path)
    assert best.epoch == 1
    assert best.val_loss == history.val_loss[0] == history.best_val_loss
    assert evaluate(model, val_loader, CRITERION, "cpu").loss == best.val_loss


def test_resuming_without_an_earlier_run_begins_and_says_so(tmp_path, capsys):
    history = run(*make_run(), checkpoint=tmp_path / "bert.pt", resume=True)
    assert history.epochs == 3
    assert "starting at epoch 1" in capsys.readouterr().out
    with pytest.raises(DataProblem, match="resume=True needs checkpoint="):
        run(*make_run(), resume=True)


def test_a_failed_write_leaves_the_old_checkpoint(tmp_path, monkeypatch):
    path = tmp_path / "bert.pt"
    run(*make_run(), epochs=1, checkpoint=path)
    before = path.read_bytes(), last_state_path(path).read_bytes()

    def fail_halfway(content, file):
        file.write(b"half of a check")
        raise OSError("no space left on device")

    monkeypatch.setattr(torch, "save", fail_halfway)
    with pytest.raises(OSError, match="no space"):
        run(*make_run(), epochs=2, checkpoint=path)
    assert (path.read_bytes(), last_state_path(path).read_bytes()) == before
    assert {file.name for file in tmp_path.iterdir()} == {"bert.pt", "bert.last.pt"}


class RunsCode:
    def __reduce__(self):
        return (pytest.fail, ("code in a checkpoint was run",))


@pytest.mark.parametrize(
    ("write", "message"),
    [
        (lambda path: path.write_bytes(b""), "cannot be read"),
        (lambda path: path.write_bytes(b"hello"), "cannot be read"),
        (lambda path: path.write_bytes(path.read_bytes()[:-100]), "cannot be read"),
        (lambda path: torch.save({"model": RunsCode()}, path), "cannot be read"),
        (lambda path: torch.save([1], path), "and holds 'None'"),
        (lambda path: path.unlink(), "there is no checkpoint"),
    ],
    ids=["empty", "text", "cut off", "code", "something else", "missing"],
)
def test_a_bad_checkpoint_is_refused_in_a_sentence(tmp_path, write, message):
    path = tmp_path / "bert.pt"
    run(*make_run(), epochs=1, checkpoint=path)
    write(path)
    model, _ = make_run()
    before = weights_of(model)
    with pytest.raises(DataProblem, match=message):
        load_best(model, path)
    assert torch.equal(weights_of(model), before)


def test_a_checkpoint_of_another_model_is_refused_and_changes_nothing(tmp_path):
    path = tmp_path / "bert.pt"
    run(*make_run(), epochs=1, checkpoint=path)
    model, optimizer = make_run(n_classes=3)
    before = weights_of(model)
    with pytest.raises(DataProblem, match=r"'classifier.weight' has shape \(3, 8\) in the model"):
        run(model, optimizer, checkpoint=path, resume=True)
    assert torch.equal(weights_of(model), before)
    with pytest.raises(DataProblem, match=r"has no 'weight'"):
        load_best(nn.Linear(1, 1), path)
    with pytest.raises(DataProblem, match="should hold 'bert-exercise best weights"):
        load_best(model, last_state_path(path))


def test_resuming_with_or_without_a_scheduler_must_match(tmp_path):
    run(*make_run(), epochs=1, checkpoint=tmp_path / "bert.pt")
    model, optimizer = make_run()
    scheduler = torch.optim.lr_scheduler.ConstantLR(optimizer)
    with pytest.raises(DataProblem, match="with no scheduler"):
        run(model, optimizer, scheduler=scheduler, checkpoint=tmp_path / "bert.pt", resume=True)


def test_the_schedule_moves_with_every_step():
    model, optimizer = make_run(rate=1.0)
    scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: 1 / (1 + step))
    run(model, optimizer, epochs=2, scheduler=scheduler)
    assert optimizer.param_groups[0]["lr"] == pytest.approx(1 / (1 + 2 * 5))


def test_a_plateau_schedule_watches_the_validation_loss():
    model, optimizer = make_run(rate=1e-9)
    scheduler = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, patience=0)
    run(model, optimizer, epochs=3, scheduler=scheduler)
    assert optimizer.param_groups[0]["lr"] == pytest.approx(1e-9)  # never below its eps
    assert scheduler.last_epoch == 3
    assert scheduler.num_bad_epochs == 0 < scheduler.best


def test_gradients_are_clipped_to_the_norm_asked_for():
    moved = {}
    for clip_norm in (None, 1e-3):
        model, _ = make_run()
        before = weights_of(model)
        optimizer = torch.optim.SGD(model.parameters(), lr=1.0)
        run(model, optimizer, make_loader(8, 8), epochs=1, clip_norm=clip_norm)
        moved[clip_norm] = (weights_of(model) - before).norm().item()
    assert moved[1e-3] == pytest.approx(1e-3, rel=1e-2)
    assert moved[None] > 0.1


@pytest.mark.parametrize("which", ["train_loader", "val_loader"])
@pytest.mark.parametrize("empty", [[], iter([])], ids=["knows its length", "does not"])
def test_a_loader_without_batches_is_named(which, empty):
    loaders = {"train_loader": make_loader(), "val_loader": make_loader(), which: empty}
    model, optimizer = make_run()
    with pytest.raises(DataProblem, match="no batch"):
        train(
            model,
            loaders["train_loader"],
            loaders["val_loader"],
            optimizer,
            CRITERION,
            "cpu",
            1,
            progress=False,
        )
    with pytest.raises(DataProblem, match="no batch"):
        evaluate(model, empty, CRITERION, "cpu")


@pytest.mark.parametrize("label", [-1, 2, 4])
def test_a_label_without_a_logit_is_named(label):
    tweets = make_tweets(16)
    tweets[3]["labels"] = torch.tensor(label)
    with pytest.raises(DataProblem, match=rf"label {label}, but the model's 2 logits"):
        run(*make_run(), DataLoader(tweets, batch_size=8))


def test_a_loss_that_is_not_finite_stops_the_run_at_its_step():
    calls = []

    def criterion(logits, labels):
        calls.append(1)
        return CRITERION(logits, labels) * (math.nan if len(calls) == 3 else 1.0)

    model, optimizer = make_run()
    with pytest.raises(DataProblem, match=r"epoch 1/3, step 3: the loss is nan; try a smaller"):
        run(model, optimizer, criterion=criterion)
    assert weights_of(model).isfinite().all()


def test_a_tweet_of_padding_only_is_what_a_bad_loss_is_blamed_on():
    tweets = make_tweets(8)
    tweets[2]["attention_mask"] = torch.zeros(TOKENS, dtype=torch.int64)

    class DividesByLength(CountsWords):
        def forward(self, input_ids, attention_mask):
            return super().forward(input_ids, attention_mask) / attention_mask.sum(1, keepdim=True)

    with pytest.raises(DataProblem, match="an attention_mask of zeros only"):
        run(*make_run(DividesByLength), DataLoader(tweets, batch_size=8))


class ForgetsAxis(CountsWords):
    def forward(self, input_ids, attention_mask):
        return super().forward(input_ids, attention_mask)[:, 0]


class Detaches(CountsWords):
    def forward(self, input_ids, attention_mask):
        return super().forward(input_ids, attention_mask).detach()


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        (ForgetsAxis, r"logits of shape \(8, n_classes\).* gave \(8,\)"),
        (Detaches, "the loss depends on no weight that can be trained"),
    ],
)
def test_a_model_with_a_fault_is_told_which(kind, message):
    with pytest.raises(DataProblem, match=message):
        run(*make_run(kind))


def test_an_optimizer_of_an_earlier_model_is_refused():
    _, optimizer = make_run()
    with pytest.raises(DataProblem, match="none of this model's weights"):
        run(make_run()[0], optimizer)


def test_batches_that_are_no_dicts_are_refused():
    with pytest.raises(DataProblem, match="a dict with input_ids.* this is a tuple"):
        run(*make_run(), [(torch.zeros(1, 2), torch.zeros(1))])
    with pytest.raises(DataProblem, match="this is a dict with input_ids"):
        run(*make_run(), [{"input_ids": torch.zeros(1, 2)}])


def test_a_loss_for_each_tweet_is_refused():
    with pytest.raises(DataProblem, match="reduction='mean'"):
        run(*make_run(), criterion=nn.CrossEntropyLoss(reduction="none"))


def test_the_cpu_computes_in_float32_even_when_asked_for_less():
    model, _ = make_run()
    types_seen = set()
    model.classifier.register_forward_hook(lambda module, args, out: types_seen.add(out.dtype))
    evaluate(model, make_loader(), CRITERION, "cpu", mixed_precision=True)
    assert types_seen == {torch.float32}


def test_watching_the_progress_changes_no_result():
    watched, unwatched = (run(*make_run(), progress=progress) for progress in (True, False))
    assert list(watched) == list(unwatched)


def test_progress_shows_a_line_for_every_epoch_and_silence_shows_none(capsys):
    run(*make_run(), epochs=2, progress=True)
    shown = capsys.readouterr()
    assert "epoch 2: train loss" in shown.out
    assert "epoch 1/2" in shown.err
    run(*make_run(), epochs=2)
    assert capsys.readouterr() == ("", "")


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA GPU")
def test_on_a_gpu_training_runs_in_mixed_precision(tmp_path):
    model, optimizer = make_run()
    types_seen = set()
    model.classifier.register_forward_hook(lambda module, args, out: types_seen.add(out.dtype))
    history = train(
        model,
        make_loader(),
        make_loader(24, seed=1),
        optimizer,
        CRITERION,
        "cuda",
        15,
        checkpoint=tmp_path / "bert.pt",
        progress=False,
    )
    assert types_seen <= {torch.bfloat16, torch.float16}
    assert history.val_accuracy[-1] == 1.0
