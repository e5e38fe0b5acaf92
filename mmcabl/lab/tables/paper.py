"""The paper's numbers, Tables I to VI, as printed there."""

from typing import Dict, Optional, Sequence, Tuple

from mmcabl.utils.data_configs import AVERAGE, SETS

#: (data set, 'i_auc' or 'p_f1') -> value
Printed = Dict[Tuple[str, str], float]


def numbers(values: str, sets: Sequence[str], metrics: Sequence[str] = ('i_auc', 'p_f1')) -> Printed:
    """A row as printed: for each data set and then the average, each metric in turn."""
    keys = [(name, metric) for name in (*sets, AVERAGE) for metric in metrics]
    found = [float(value) for value in values.split()]
    if len(found) != len(keys):
        raise ValueError(f'{len(found)} numbers for {len(keys)} columns: {values}')
    return dict(zip(keys, found))


#: Table I: method -> (supervision, numbers). The paper's own row is the last.
TABLE_I: Dict[str, Tuple[str, Printed]] = {
    name: (supervision, numbers(values, SETS)) for supervision, name, values in (
        ('none', 'NOII', '0.500 0.157 0.500 0.311 0.500 0.205 0.500 0.124 0.500 0.199'),
        ('none', 'CFAl', '0.482 0.140 0.344 0.320 0.525 0.188 0.500 0.111 0.500 0.190'),
        ('full', 'ManTra-Net', '0.141 0.155 0.701 0.364 0.490 0.286 0.719 0.122 0.513 0.231'),
        ('full', 'CAT-Net', '0.630 0.276 0.782 0.352 0.572 0.134 0.721 0.102 0.693 0.216'),
        ('full', 'MVSS-Net', '0.937 0.452 0.980 0.638 0.731 0.453 0.656 0.260 0.826 0.451'),
        ('full', 'GSR-Net', '0.502 0.387 0.502 0.613 0.515 0.285 0.505 0.175 0.506 0.365'),
        ('full', 'FCN+DA', '0.796 0.441 0.762 0.223 0.541 0.199 0.746 0.270 0.711 0.283'),
        ('weak', 'MIL-FCN', '0.647 0.117 0.807 0.089 0.542 0.121 0.578 0.097 0.644 0.106'),
        ('weak', 'MIL-FCN + WSCL', '0.829 0.172 0.920 0.270 0.584 0.178 0.733 0.193 0.766 0.203'),
        ('weak', 'Araslanov and Roth', '0.642 0.112 0.773 0.102 0.560 0.127 0.665 0.094 0.660 0.109'),
        ('weak', 'Araslanov and Roth + WSCL', '0.796 0.153 0.917 0.362 0.591 0.201 0.701 0.173 0.751 0.222'),
        ('weak', 'Ours', '0.816 0.300 0.963 0.382 0.658 0.190 0.783 0.368 0.805 0.310'))}

_TWO = SETS[2:]
#: Table II: (CABL, CGSR)
TABLE_II = {key: numbers(values, _TWO) for key, values in (
    ((False, False), '0.649 0.154 0.767 0.342 0.708 0.248'), ((True, False), '0.658 0.177 0.783 0.361 0.721 0.269'),
    ((False, True), '0.649 0.175 0.767 0.353 0.708 0.264'), ((True, True), '0.658 0.190 0.783 0.368 0.721 0.279'))}
#: Table III: structure of CABL, without CGSR
TABLE_III = {key: numbers(values, _TWO) for key, values in (
    ('i', '0.617 0.130 0.774 0.257 0.696 0.194'), ('ii', '0.623 0.154 0.767 0.334 0.695 0.244'),
    ('iii', '0.658 0.177 0.783 0.361 0.721 0.269'))}
#: Table IV: blocks with CABL, without CGSR
TABLE_IV = {key: numbers(values, _TWO) for key, values in (
    ('1-4', '0.622 0.141 0.727 0.258 0.675 0.200'), ('1-8', '0.665 0.125 0.771 0.357 0.718 0.241'),
    ('1-12', '0.658 0.177 0.783 0.361 0.721 0.269'))}
#: Table V: edge operator, without CGSR
TABLE_V = {key: numbers(values, SETS) for key, values in (
    ('Prewitt', '0.824 0.298 0.971 0.113 0.654 0.173 0.761 0.419 0.803 0.251'),
    ('Sobel', '0.816 0.280 0.963 0.302 0.658 0.177 0.783 0.361 0.805 0.280'))}
#: Table VI: prompt of CGSR, P-F1
TABLE_VI = {key: numbers(values, SETS, ('p_f1',)) for key, values in (
    ('null', '0.280 0.302 0.177 0.361 0.280'), ('point', '0.288 0.339 0.176 0.357 0.290'),
    ('box', '0.298 0.359 0.179 0.366 0.301'), ('box_point', '0.300 0.382 0.190 0.368 0.310'))}


def average_of(row: Printed, metric: str) -> Optional[float]:
    """Mean over the data sets of a row, to check the printed average with."""
    values = [value for (name, kind), value in row.items() if kind == metric and name != AVERAGE]
    return sum(values) / len(values) if values else None
