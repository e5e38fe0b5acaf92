"""The systems beside ours in Table I: which config runs each, and where its weights come from."""

from dataclasses import dataclass
from typing import Dict

#: Below ``configs``: the checkpoint of systems that learn nothing.
UNTRAINED = 'table1/untrained.safetensors'


@dataclass(frozen=True)
class System:
    """One row of Table I.

    Attributes:
        row: its name as the paper prints it.
        configs: family -> config, below ``configs``; a family without one has no such row.
        weights: '' where the config's own training makes them; otherwise the file that is tested: ``UNTRAINED``, or
            published weights, converted (``configs/table1/README.md`` says how), below the working directory.
    """

    row: str
    configs: Dict[str, str]
    weights: str = ''


def _untrained(stem: str) -> Dict[str, str]:
    config = f'table1/{stem}_protocol-512.py'
    return dict(paper=config, rehearsal=config, real=f'real/{stem}_protocol-real.py')


def _weak(stem: str, recipe: str) -> Dict[str, str]:
    return dict(paper=f'table1/{stem}_r50_{recipe}.py',
                rehearsal=f'table1/{stem}_r50-mini_b8-4e_synthetic-160.py',
                real=f'real/{stem}_r50-mini_b8-4e_casiav2-160.py')


#: variant -> system
SYSTEMS: Dict[str, System] = {
    'noii': System('NOII', _untrained('noii'), UNTRAINED),
    'cfa1': System('CFAl', _untrained('cfa1'), UNTRAINED),
    'mantra-net': System('ManTra-Net', dict(paper='table1/mantra-net_b8-30e_casiav2-256.py'),
                         'checkpoints/mantra-net.pth'),
    'cat-net': System('CAT-Net', dict(paper='table1/cat-net_hrnet-w48_b22-200e_casiav2-512.py'),
                      'checkpoints/cat-net.pth'),
    'mvss-net': System('MVSS-Net', dict(paper='table1/mvss-net_r50_b8-50e_casiav2-512.py'),
                       'checkpoints/mvss-net.pth'),
    'gsr-net': System('GSR-Net', dict(paper='table1/gsr-net_vgg16_b4-19e_casiav2-300.py')),
    'fcn-da': System('FCN+DA', dict(paper='mmseg/fcn-da_r50-d8_b8-30e_casiav2-512.py',
                                    rehearsal='rehearsal/fcn-da_r50-mini_b8-4e_synthetic-160.py')),
    'mil-fcn': System('MIL-FCN', _weak('mil-fcn', 'b36-60e_casiav2-224')),
    'mil-fcn-wscl': System('MIL-FCN + WSCL', _weak('mil-fcn-wscl', 'b36-60e_casiav2-224')),
    'stage-net': System('Araslanov and Roth', _weak('stage-net', 'b16-20e_casiav2-448')),
    'stage-net-wscl': System('Araslanov and Roth + WSCL', _weak('stage-net-wscl', 'b36-60e_casiav2-224')),
}
