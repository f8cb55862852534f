"""What train and evaluate promise, on a model of a few weights that learns in milliseconds."""

import types

import pytest
import torch
from torch import nn

from data_utils.errors import DataProblem
from data_utils.tests.tiny_runs import (
    CRITERION,
    CountsWords,
    make_loader,
    make_run,
    run,
    weights_of,
)
from data_utils.training import evaluate, train


class LikeHuggingFace(CountsWords):
    def forward(self, *, input_ids, attention_mask):
        return types.SimpleNamespace(logits=super().forward(input_ids, attention_mask))


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
