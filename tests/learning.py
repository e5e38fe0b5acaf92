"""Ten small images with masks, and a few steps of training on them."""

import numpy as np
import torch
from mmpretrain.structures import DataSample


def error(found, expected):
    """Of the largest value."""
    return float(np.abs(found.detach().numpy() - expected).max() / np.abs(expected).max())


def batch(count=10, size=32, seed=0):
    """Noise of another strength in the middle of every second image."""
    rng = np.random.default_rng(seed)
    images, samples = rng.normal(120, 4, (count, 3, size, size)), []
    for i in range(count):
        truth = np.zeros((size, size), np.uint8)
        if i % 2:
            truth[8:24, 10:26] = 1
            images[i, :, truth > 0] += rng.normal(0, 40, (int(truth.sum()), 3))
        sample = DataSample().set_gt_label(i % 2)
        sample.set_field(truth, 'gt_seg_map', dtype=None)
        samples.append(sample)
    return dict(inputs=torch.from_numpy(images.clip(0, 255)).byte(), data_samples=samples)


def train(model, data, steps, lr):
    """Totals of the losses; every gradient is there and finite."""
    optimizer, totals = torch.optim.Adam(model.parameters(), lr), []
    for _ in range(steps):
        losses = model(**model.data_preprocessor(data, training=True), mode='loss')
        total = sum(losses.values())
        optimizer.zero_grad()
        total.backward()
        for name, parameter in model.named_parameters():
            assert parameter.grad is not None and torch.isfinite(parameter.grad).all(), name
        optimizer.step()
        totals.append(float(total.detach()))
    return totals
