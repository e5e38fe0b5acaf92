"""ManTra-Net: the names of its PyTorch port (RonyAbecidan/ManTraNet-pytorch, ``MantraNetv4.pt``)."""

import re

import torch

from mmcabl.conversion.rules import Conversion, State, renaming

SOURCE = ('github.com/RonyAbecidan/ManTraNet-pytorch, MantraNet/MantraNetv4.pt, ported from ISICV/ManTraNet '
          '(University of Southern California: academic or non-commercial purposes only)')
NAMES = renaming(
    (r'^IMTFE\.init_conv\.', 'features.free.'),
    (r'^IMTFE\.BayarConv2D\.', 'features.bayar.'),
    (r'^IMTFE\.SRMConv2D\.', 'features.srm.'),
    (r'^AnomalyDetector\.adaptation\.', 'adaptation.'),
    (r'^AnomalyDetector\.sigma_F$', 'deviation.min_sigma'),
    (r'^AnomalyDetector\.conv_lstm\.cell_list\.0\.conv\.', 'recurrence.conv.'),
    (r'^AnomalyDetector\.conv_gru\.cell_list\.0\.conv1\.', 'recurrence.gates.'),
    (r'^AnomalyDetector\.conv_gru\.cell_list\.0\.conv2\.', 'recurrence.candidate.'),
    (r'^AnomalyDetector\.end\.0\.', 'head.'))
COUNTED = re.compile(r'^IMTFE\.middle_and_last_block\.(\d+)\.')


def rename(state: State) -> State:
    """Our names; convolutions and activations were counted together, and one of the GRU's takes its state first."""
    counted = {COUNTED.sub(lambda found: f'features.convs.{int(found.group(1)) // 2}.', name): value
               for name, value in state.items()}
    renamed = NAMES(counted)
    gates = renamed.get('recurrence.gates.weight')
    if gates is not None and gates.dim() == 4:
        hidden = gates.shape[0] // 2
        renamed['recurrence.gates.weight'] = torch.cat([gates[:, hidden:], gates[:, :hidden]], 1)
    return renamed


CONVERSIONS = {
    'mantra-net': Conversion(dict(type='mmcabl.ManTraNet', norm='own'), rename, source=SOURCE),
    'mantra-net-gru': Conversion(dict(type='mmcabl.ManTraNet', norm='own',
                                      recurrence=dict(type='mmcabl.ConvGRU2d')), rename,
                                 source='the port\'s variant with a GRU; no weights are published'),
}
