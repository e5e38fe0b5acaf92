"""How the numbers of ManTra-Net and GSR-Net in ``table1`` were cut from the whole references:
``python tests/data/cut_mantra_gsr.py REFERENCES``."""

import lzma
import sys
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent / 'table1'


def mantra(source: Path) -> None:
    """Maps, kernels and input whole; of the features every eighth row and column of three channels."""
    numbers = dict(np.load(source / 'mantra_net.npz'))
    for name in ('features_first8', 'adapted_first4'):
        numbers[name] = numbers[name][:, :3, ::8, ::8]
    del numbers['features_norm']
    numbers['anomaly_map_gru'] = np.load(source / 'mantra_net_gru.npz')['anomaly_map']
    np.savez_compressed(HERE / 'mantra_net.npz', **numbers)


def gsr(source: Path) -> None:
    """The result of the network as probability, and its parts: one of two classes' edges, every second pixel."""
    numbers = np.load(source / 'gsr_net.npz')
    np.savez_compressed(
        HERE / 'gsr_net.npz', input_bgr_uint8=numbers['input_bgr_uint8'], seg_logits=numbers['seg_logits'],
        fused_logits=numbers['fused_logits'][:, ::2, ::2], edge_logits=numbers['edge_logits'][:, ::2, ::2],
        probability=numbers['probability'][..., 1])


def keys(source: Path) -> None:
    for name in ('mantra_net', 'mantra_net_gru', 'gsr_net'):
        packed = lzma.compress((source / f'{name}_keys.json').read_bytes(), preset=9 | lzma.PRESET_EXTREME)
        (HERE / f'{name}_keys.json.xz').write_bytes(packed)


if __name__ == '__main__':
    root = Path(sys.argv[1]) / 'golden/table1'
    HERE.mkdir(exist_ok=True)
    for cut in (mantra, gsr, keys):
        cut(root)
