"""A GPU that is not there: shapes, types and devices of a forward pass, without numbers."""

from typing import TypeVar

import torch
from torch import nn
from torch._subclasses import FakeTensorMode

Model = TypeVar('Model', bound=nn.Module)


def on_fake_device(model: Model, mode: FakeTensorMode, device: str = 'cuda') -> Model:
    """The model with parameters and buffers that have a shape, a type and a device, and no memory.

    A forward pass under ``mode`` then raises where tensors of two devices meet, which on a machine without a GPU
    nothing else shows. Kernels are not run: what they compute, what they lack and how long they take stays unknown.
    The backward pass of a device that is not there does not work. A model is built before, on the CPU: its
    initialisation reads numbers.

    Args:
        device: ``cuda``, or ``cpu`` for memory to be counted (see ``benchmarks/memory.py``); backward works there.
    """
    with mode:
        for module in model.modules():
            for name, value in module._parameters.items():
                if value is not None:
                    module._parameters[name] = nn.Parameter(_empty(value, device), requires_grad=value.requires_grad)
            for name, value in module._buffers.items():
                if value is not None:
                    module._buffers[name] = _empty(value, device)
    return model


def _empty(value: torch.Tensor, device: str) -> torch.Tensor:
    return torch.empty(value.shape, dtype=value.dtype, device=device)
