"""The study behind the training check: that it catches faulty models and spares correct ones.

Trains the reference, correct models written otherwise, and faulty ones, on the check's own tasks,
and prints how accurate each becomes beside what the check requires. Writes the same to
`benchmarks/mini_training_study.md`. Takes a quarter of an hour on one core:

    python benchmarks/mini_training_study.py --correct-seeds 60 --faulty-seeds 30
"""

import argparse
import math
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from autograder.untrusted.training import train_and_predict  # noqa: E402
from solutions.bert.classifier import SimplifiedBertClassifier  # noqa: E402
from solutions.bert.training_check import (  # noqa: E402
    ACCURACY_FLOOR,
    ACCURACY_MARGIN,
    TrainingTask,
    build_training_task,
    measure_accuracy,
    required_accuracy,
)

Patch = Callable[[nn.Module], None]


@dataclass
class Variant:
    name: str
    patch: Patch
    verdict: str  # what the check should say: "passes", "fails", or "either" where it cannot know
    autocast_bf16: bool = False
    accuracies: list[float] = field(default_factory=list)
    passed: list[bool] = field(default_factory=list)


def layers(model: nn.Module) -> Iterable[nn.Module]:
    return model.encoder.transformer_layers


def replace_forward(module: nn.Module, forward: Callable[..., Tensor]) -> None:
    module.forward = lambda *arguments: forward(module, *arguments)


# --- correct models, written otherwise -----------------------------------------------------------


def leave(model: nn.Module) -> None:
    """Change nothing."""


def split_heads(attn: nn.Module, x: Tensor) -> Tensor:
    return x.unflatten(-1, (attn.n_heads, attn.head_size)).transpose(1, 2)


def use_fused_attention(model: nn.Module) -> None:
    def forward(attn, emb, att_mask):
        q, k, v = (split_heads(attn, linear(emb)) for linear in (attn.query, attn.key, attn.value))
        keep = att_mask[:, None, None, :].bool()
        context = functional.scaled_dot_product_attention(q, k, v, attn_mask=keep)
        return attn.ln(attn.final_linear(context.transpose(1, 2).flatten(2)) + emb)

    for layer in layers(model):
        replace_forward(layer.attn, forward)


def use_additive_mask_and_own_layer_norm(model: nn.Module) -> None:
    def norm(ln, x):
        centred = x - x.mean(-1, keepdim=True)
        return (
            centred * (centred.square().mean(-1, keepdim=True) + ln.eps).rsqrt() * ln.weight
            + ln.bias
        )

    def attend(attn, emb, att_mask):
        q, k, v = (split_heads(attn, linear(emb)) for linear in (attn.query, attn.key, attn.value))
        scores = torch.einsum("bhqd,bhkd->bhqk", q / math.sqrt(attn.head_size), k)
        weights = (scores + (1 - att_mask[:, None, None, :]) * -1e4).softmax(-1)
        context = torch.einsum("bhqk,bhkd->bqhd", weights, v).flatten(2)
        return norm(attn.ln, attn.final_linear(context) + emb)

    for layer in layers(model):
        replace_forward(layer.attn, attend)
        replace_forward(layer.ff, lambda ff, x: norm(ff.ln, ff.fc2(ff.gelu(ff.fc1(x))) + x))


def register_in_reverse(model: nn.Module) -> None:
    for module in list(model.modules()):
        if not isinstance(module, nn.ModuleList):
            module._modules = dict(reversed(module._modules.items()))  # noqa: SLF001


# --- faulty models -------------------------------------------------------------------------------


def drop_positions(model: nn.Module) -> None:
    replace_forward(model.embedding, lambda layer, ids: layer.ln(layer.word_embeddings(ids)))


def skip_attention(model: nn.Module) -> None:
    for layer in layers(model):
        replace_forward(layer.attn, lambda _, emb, att_mask: emb)


def attend_to_itself_only(model: nn.Module) -> None:
    def forward(attn, emb, _):
        return attn.ln(attn.final_linear(attn.value(emb)) + emb)

    for layer in layers(model):
        replace_forward(layer.attn, forward)


def attend_uniformly(model: nn.Module) -> None:
    def forward(attn, emb, att_mask):
        weights = (att_mask / att_mask.sum(-1, keepdim=True))[:, None, :]
        return attn.ln(attn.final_linear(weights @ attn.value(emb)) + emb)

    for layer in layers(model):
        replace_forward(layer.attn, forward)


def change_mask(change: Callable[[Tensor], Tensor | None]) -> Patch:
    def patch(model: nn.Module) -> None:
        encode = model.encoder.forward
        model.encoder.forward = lambda emb, att_mask: encode(emb, change(att_mask))

    return patch


def freeze(*parts: str) -> Patch:
    """No gradient reaches the parameters whose names hold one of `parts`."""

    def patch(model: nn.Module) -> None:
        for name, parameter in model.named_parameters():
            if any(part in name for part in parts):
                parameter.requires_grad_(False)

    return patch


def detach_output(choose: Callable[[nn.Module], Iterable[nn.Module]]) -> Patch:
    """The chosen modules hand on values without their history."""

    def patch(model: nn.Module) -> None:
        for module in choose(model):
            module.register_forward_hook(lambda _module, _inputs, output: output.detach())

    return patch


def drop_residuals(model: nn.Module) -> None:
    for layer in layers(model):
        replace_forward(layer.ff, lambda ff, x: ff.ln(ff.fc2(ff.gelu(ff.fc1(x)))))
        # LayerNorm is the last step, so taking the input away just before it undoes the addition.
        layer.attn.register_forward_pre_hook(lambda attn, inputs: setattr(attn, "seen", inputs[0]))
        layer.attn.ln.register_forward_pre_hook(lambda _, inputs, a=layer.attn: inputs[0] - a.seen)


def use_first_block_only(model: nn.Module) -> None:
    first = next(iter(layers(model)))
    model.encoder.forward = first.forward


def drop_layer_norm(model: nn.Module) -> None:
    for module in model.modules():
        if isinstance(module, nn.LayerNorm):
            module.forward = lambda x: x


def pool_last_token(model: nn.Module) -> None:
    pool = model.pooler.forward
    model.pooler.forward = lambda encoder_out: pool(encoder_out.flip(1))


def all_attn(model: nn.Module) -> Iterable[nn.Module]:
    return [layer.attn for layer in layers(model)]


def all_ff(model: nn.Module) -> Iterable[nn.Module]:
    return [layer.ff for layer in layers(model)]


CORRECT = [
    Variant("the reference", leave, "passes"),
    Variant("fused attention", use_fused_attention, "passes"),
    Variant("additive mask, einsum, own LayerNorm", use_additive_mask_and_own_layer_norm, "passes"),
    Variant("modules registered in reverse", register_in_reverse, "passes"),
    Variant("the reference in bfloat16 autocast", leave, "passes", autocast_bf16=True),
]

FAULTY = [
    Variant("no positions", drop_positions, "fails"),
    Variant("attention skipped", skip_attention, "fails"),
    Variant("each token attends to itself only", attend_to_itself_only, "fails"),
    Variant("mask ignored", change_mask(lambda _: None), "fails"),
    Variant("mask inverted", change_mask(lambda mask: 1 - mask), "fails"),
    Variant("no gradient: embedding", freeze("embedding."), "fails"),
    Variant("no gradient: word embeddings", freeze("word_embeddings"), "fails"),
    Variant("no gradient: all attention", freeze(".attn."), "fails"),
    Variant("no gradient: encoder", freeze("encoder."), "fails"),
    Variant("no gradient: pooler", freeze("pooler."), "fails"),
    Variant("detached: embedding's output", detach_output(lambda m: [m.embedding]), "fails"),
    Variant("detached: attention's output", detach_output(all_attn), "fails"),
    Variant("detached: feed-forward's output", detach_output(all_ff), "fails"),
    Variant("detached: encoder's output", detach_output(lambda m: [m.encoder]), "fails"),
    Variant("detached: pooler's output", detach_output(lambda m: [m.pooler]), "fails"),
    Variant("no gradient: all feed-forward", freeze(".ff."), "either"),
    Variant("no gradient: the linear head", freeze("classifier."), "either"),
    Variant("no gradient: attention of block 1", freeze("layers.0.attn."), "either"),
    Variant("no gradient: attention of block 2", freeze("layers.1.attn."), "either"),
    Variant("no gradient: position embeddings", freeze("position_embeddings"), "either"),
    Variant("uniform attention", attend_uniformly, "either"),
    Variant("first block only", use_first_block_only, "either"),
    Variant("no residuals", drop_residuals, "either"),
    Variant("no LayerNorm", drop_layer_norm, "either"),
    Variant("pooler reads the last position", pool_last_token, "either"),
]  # fmt: skip


def train_variant(variant: Variant, task: TrainingTask) -> tuple[float, float]:
    """Return accuracy and CPU seconds."""
    model = SimplifiedBertClassifier(**task.model_kwargs)
    model.load_state_dict(dict(task.initial_state), strict=False)
    variant.patch(model)
    settings = task.worker_settings() | {"autocast_bf16": variant.autocast_bf16}
    start_s = time.process_time()
    logits = train_and_predict(model, **task.worker_tensors(), **settings)
    cpu_s = time.process_time() - start_s
    return measure_accuracy(logits, task.test_labels), cpu_s


def run_study(correct_seeds: int, faulty_seeds: int, first_seed: int) -> str:
    torch.set_num_threads(1)
    warm_up = build_training_task(first_seed)
    # The first optimizer step imports lazily; no run below should pay for it.
    train_variant(CORRECT[0], replace(warm_up, batch_order=warm_up.batch_order[:2]))
    training_cpu_s: list[float] = []
    for offset in range(max(correct_seeds, faulty_seeds)):
        task = build_training_task(first_seed + offset)
        variants = (CORRECT if offset < correct_seeds else CORRECT[:1]) + (
            FAULTY if offset < faulty_seeds else []
        )
        needed = ACCURACY_FLOOR
        for variant in variants:
            accuracy, cpu_s = train_variant(variant, task)
            if variant is CORRECT[0]:
                needed = required_accuracy(accuracy)
                training_cpu_s.append(cpu_s)
            variant.accuracies.append(accuracy)
            variant.passed.append(accuracy >= needed)
        print(f"seed {first_seed + offset} done", file=sys.stderr, flush=True)
    return render(training_cpu_s, first_seed)


def render(training_cpu_s: list[float], first_seed: int) -> str:
    lines = [
        "# Mini-training study",
        "",
        f"Printed by `benchmarks/mini_training_study.py`, seeds from {first_seed} on, one thread,"
        f" torch {torch.__version__}.",
        "",
        f"Required: the reference's accuracy on the same task less {ACCURACY_MARGIN:.2f}, and never"
        f" less than {ACCURACY_FLOOR:.2f}.",
        "",
        f"One training with its predictions takes {sum(training_cpu_s) / len(training_cpu_s):.2f}"
        f" CPU seconds on average ({min(training_cpu_s):.2f} to {max(training_cpu_s):.2f}).",
        "",
        "| model | should | seeds | passed | min | mean | max |",
        "|---|---|---:|---:|---:|---:|---:|",
    ]
    for variant in CORRECT + FAULTY:
        values, count = variant.accuracies, len(variant.accuracies)
        if count:
            lines.append(
                f"| {variant.name} | {variant.verdict.replace('either', '(cannot tell)')} | {count}"
                f" | {sum(variant.passed)} | {min(values):.3f} | {sum(values) / count:.3f}"
                f" | {max(values):.3f} |"
            )
    wrong = sum(
        passed is (variant.verdict == "fails")
        for variant in CORRECT + FAULTY
        if variant.verdict != "either"
        for passed in variant.passed
    )
    judged = sum(len(v.passed) for v in CORRECT + FAULTY if v.verdict != "either")
    lowest_correct = sorted(value for v in CORRECT for value in v.accuracies)[:5]
    highest_faulty = sorted(
        (value for v in FAULTY if v.verdict == "fails" for value in v.accuracies), reverse=True
    )[:5]
    lines += [
        "",
        "Lowest correct: " + ", ".join(f"{value:.3f}" for value in lowest_correct) + ".",
        "Highest faulty: " + ", ".join(f"{value:.3f}" for value in highest_faulty) + ".",
        "",
        f"Wrong verdicts: {wrong} of {judged}.",
        "",
        'Where the table says "(cannot tell)", accuracy does not settle it: the rest of the model'
        " does without what is missing. The checks of values and gradients answer for those.",
        "",
    ]
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--correct-seeds", type=int, default=60)
    parser.add_argument("--faulty-seeds", type=int, default=30)
    parser.add_argument("--first-seed", type=int, default=10_000)
    parser.add_argument("--output", type=Path, default=Path(__file__).with_suffix(".md"))
    options = parser.parse_args()
    text = run_study(options.correct_seeds, options.faulty_seeds, options.first_seed)
    print(text)
    options.output.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
