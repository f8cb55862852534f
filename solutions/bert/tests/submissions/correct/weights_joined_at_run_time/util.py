import torch
import torch.nn.functional as F


def joint_projection(x, *layers):
    """One matrix product for several linear maps of the same input."""
    weight = torch.cat([layer.weight for layer in layers], dim=0)
    bias = torch.cat([layer.bias for layer in layers], dim=0)
    return F.linear(x, weight, bias).chunk(len(layers), dim=-1)


def init_like_bert(module, std=0.02):
    for name, parameter in module.named_parameters():
        if name.endswith("bias"):
            torch.nn.init.zeros_(parameter)
        elif parameter.dim() > 1:
            torch.nn.init.normal_(parameter, 0.0, std)
    return module


def padding_bias(mask, dtype):
    """Finite «minus infinity» where the mask is 0; broadcasts over heads and queries."""
    keep = mask.to(dtype)
    return (1 - keep)[:, None, None, :] * torch.finfo(dtype).min
