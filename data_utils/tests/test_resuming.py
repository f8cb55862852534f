"""What an interrupted training keeps, and how it goes on: checkpoints and `resume`."""

import numpy as np
import pytest
import torch
from torch import nn
from torch.utils.data import DataLoader

from data_utils.batching import LengthBatches, TokenisedTweets
from data_utils.checkpoints import last_state_path
from data_utils.errors import DataProblem
from data_utils.tests.tiny_runs import (
    CRITERION,
    VOCABULARY,
    StopsAfter,
    make_loader,
    make_run,
    make_tweets,
    run,
    weights_of,
)
from data_utils.training import evaluate, load_best


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
