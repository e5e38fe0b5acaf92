"""Statistics of attention on closed-form matrices, and on a backbone against the propagator that Eq. (2) uses."""

from math import isnan, log

import pytest
import torch

from mmcabl.models.localizers.attention import RunningAverage
from mmcabl.models.localizers.attention_statistics import AttentionStatistics, correlation, row_entropy
from tests.conftest import build_backbone

MAP = torch.randn(1, 1, 3, 4, generator=torch.Generator().manual_seed(0))


def recorded(*matrices):
    """Statistics that have seen these attention matrices, one a block, without a class token."""
    found = AttentionStatistics()
    found._matrices, found._entropies = list(matrices), [float(row_entropy(m)) for m in matrices]
    found.blocks, found.tokens = len(matrices), matrices[0].size(-1)
    return found.measure(MAP)


def test_uniform_attention_has_entropy_1_and_leaves_no_map():
    row, average = recorded(torch.full((12, 12), 1 / 12))
    assert row['entropy'] == pytest.approx(1, abs=1e-6) and row['spread'] == pytest.approx(0, abs=1e-6)
    assert isnan(row['correlation']) and isnan(average['correlation'])


def test_the_identity_has_entropy_0_and_leaves_the_map():
    row, _ = recorded(torch.eye(12))
    assert row == dict(entropy=0, correlation=pytest.approx(1), spread=pytest.approx(1))


def test_an_average_of_blocks_is_that_of_their_matrices():
    """Half identity, half uniform: the map shrunk by half; a row has 1/2 + 1/24 once and 1/24 eleven times."""
    one, two, average = recorded(torch.eye(12), torch.full((12, 12), 1 / 12))
    assert average['correlation'] == pytest.approx(1) and average['spread'] == pytest.approx(0.5)
    a, b = 13 / 24, 1 / 24
    assert average['entropy'] == pytest.approx(-(a * log(a) + 11 * b * log(b)) / log(12), abs=1e-6)
    assert (one['entropy'], two['entropy']) == (pytest.approx(0), pytest.approx(1, abs=1e-6))


def test_what_looks_away_turns_the_map_over():
    """Every token looks at all others alike: A M = (sum - M) / 11."""
    row, _ = recorded((1 - torch.eye(12)) / 11)
    assert row['correlation'] == pytest.approx(-1) and row['spread'] == pytest.approx(1 / 11)
    assert row['entropy'] == pytest.approx(log(11) / log(12), abs=1e-6)


def test_undefined_numbers_and_wrong_uses():
    assert isnan(correlation(torch.ones(5), torch.arange(5.)))
    assert correlation(torch.arange(5.), 3 - 2 * torch.arange(5.)) == pytest.approx(-1)
    with pytest.raises(ValueError, match='two tokens'):
        row_entropy(torch.ones(1, 1))
    with pytest.raises(RuntimeError, match='No attention'):
        AttentionStatistics().measure(MAP)


def test_on_a_backbone_the_average_is_that_of_eq_2():
    backbone, image, united = build_backbone(), torch.randn(1, 3, 64, 96), torch.randn(1, 1, 4, 6)
    found, plain = AttentionStatistics(), RunningAverage()
    with torch.no_grad():
        for propagator in (found, plain):
            with propagator.attach(backbone):
                backbone(image)
        rows, expected = found.measure(united), plain.propagate(united)
        with pytest.raises(ValueError, match='one at a time'), AttentionStatistics().attach(backbone):
            backbone(torch.randn(2, 3, 64, 96))
    assert len(rows) == 7 and all(0 <= row['entropy'] <= 1 + 1e-6 for row in rows)
    assert rows[-1]['correlation'] == pytest.approx(correlation(expected, united), abs=1e-3)
    assert rows[-1]['spread'] == pytest.approx(float(expected.std() / united.std()), rel=1e-3)
    assert torch.allclose(found.propagate(united), expected, atol=1e-5)
