"""A model of a few weights that learns in milliseconds, its tweets, and runs of `train` on it."""

import torch
from torch import nn
from torch.utils.data import DataLoader

from data_utils.training import train

VOCABULARY, TOKENS = 12, 5
CRITERION = nn.CrossEntropyLoss()


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
