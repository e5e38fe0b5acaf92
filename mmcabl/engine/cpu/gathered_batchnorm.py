"""Synchronised batch norm for CPUs: PyTorch's own runs on accelerators only."""

import torch
from torch import Tensor, nn
from torch.distributed.nn.functional import all_reduce
from torch.nn.modules.batchnorm import _BatchNorm


class GatheredBatchNorm(_BatchNorm):
    """``SyncBatchNorm`` by differentiable sums over ranks; the same parameters, buffers and numbers.

    No subclass of it: DDP refuses those on a CPU.
    """

    def _check_input_dim(self, input: Tensor) -> None:
        if input.dim() < 2:
            raise ValueError(f'GatheredBatchNorm takes 2 dimensions or more, it was given {input.dim()}.')

    def forward(self, input: Tensor) -> Tensor:
        """(B, C, ...) normalised by the mean and variance over all ranks' batches in training, same type.

        Sums and statistics of half precision are in float32, as in PyTorch's own.
        """
        synced = self.training and torch.distributed.is_initialized() and torch.distributed.get_world_size() > 1
        if not synced:
            return super().forward(input)
        kind = input.dtype
        input = input.float() if kind in (torch.float16, torch.bfloat16) else input
        axes = [0, *range(2, input.ndim)]
        own = input.new_tensor([input.numel() / input.shape[1]])
        own_mean, own_variance = input.mean(axes), input.var(axes, unbiased=False)
        total = all_reduce(torch.cat([own_mean * own, own]))
        mean, count = total[:-1] / total[-1], total[-1]
        # about the common mean, in a second sum: squares minus the squared mean would cancel
        variance = all_reduce((own_variance + (own_mean - mean) ** 2) * own) / count
        if self.track_running_stats:
            with torch.no_grad():
                self.num_batches_tracked.add_(1)
                rate = self.momentum if self.momentum is not None else 1 / float(self.num_batches_tracked)
                self.running_mean.lerp_(mean, rate)
                self.running_var.lerp_(variance * count / (count - 1), rate)
        shape = [1, -1, *[1] * (input.ndim - 2)]
        output = (input - mean.view(shape)) * torch.rsqrt(variance + self.eps).view(shape)
        output = output * self.weight.view(shape) + self.bias.view(shape) if self.affine else output
        return output.to(kind)


def replace_sync_batchnorm(module: nn.Module) -> nn.Module:
    """Every ``SyncBatchNorm`` in a module as a :class:`GatheredBatchNorm` that shares its tensors."""
    for name, child in module.named_children():
        if isinstance(child, nn.SyncBatchNorm):
            norm = GatheredBatchNorm(child.num_features, child.eps, child.momentum, child.affine,
                                     child.track_running_stats)
            norm._parameters.update(child._parameters)
            norm._buffers.update(child._buffers)
            norm.train(child.training)
            setattr(module, name, norm)
        else:
            replace_sync_batchnorm(child)
    return module
