"""Where the paper's five data sets are to be had, as far as it is known; what is not known is not made up."""

from dataclasses import dataclass
from typing import Tuple

NOT_STATED = 'not stated'
REMARK = ('mmcabl comes with none of these data sets and downloads none. The addresses are those that public '
          'repositories of the field name; none was opened when this list was made.')


@dataclass(frozen=True)
class Benchmark:
    """One data set.

    Attributes:
        name: of its folder below ``data`` and of its type in :mod:`mmcabl.datasets`.
        role: in the paper's protocol.
        images: authentic + manipulated, as docs/datasets.md counts them.
        where, masks: addresses of the images and, where they are apart, of the masks.
        terms: what it may be used for.
        size: of the images and masks as they unpack.
    """

    name: str
    role: str
    images: str
    where: str
    terms: str
    size: str
    paper: str
    masks: str = ''
    note: str = ''


_CASIA = 'Dong, Wang, Tan: CASIA Image Tampering Detection Evaluation Database, ChinaSIP 2013'
_RESEARCH = 'research, not commercial; read the terms that come with it'

BENCHMARKS: Tuple[Benchmark, ...] = (
    Benchmark('CASIAv2', 'training', '7,491 + 5,123', "the authors' page was http://forensics.idealtest.org/casiav2/",
              _RESEARCH, NOT_STATED, _CASIA, masks='https://github.com/namtpham/casia2groundtruth',
              note='training uses the labels alone; the masks are needed to check the folder or to train with full '
                   'supervision'),
    Benchmark('CASIAv1', 'test', '800 + 920', 'links in https://github.com/namtpham/casia1groundtruth, whose author '
              "says that the owners' server is gone", _RESEARCH, '77 MB unpacked (measured)', _CASIA,
              masks='https://github.com/namtpham/casia1groundtruth',
              note='shares source photographs with CASIA v2; its classes differ in their JPEG quantisation tables'),
    Benchmark('Columbia', 'test', '183 + 180', 'https://www.ee.columbia.edu/ln/dvmm/downloads/authsplcuncmp/ (behind '
              'a form)', NOT_STATED, NOT_STATED, 'Hsu, Chang: Detecting Image Splicing Using Geometry Invariants and '
              'Camera Characteristics Consistency, ICME 2006'),
    Benchmark('COVERAGE', 'test', '100 + 100', 'https://github.com/wenbihan/coverage', _RESEARCH,
              '146 MB unpacked (measured)',
              'Wen et al.: COVERAGE - A Novel Database for Copy-Move Forgery Detection, ICIP 2016'),
    Benchmark('IMD2020', 'test', '414 + 2,010', 'https://staff.utia.cas.cz/novozada/db/ (the real-life manipulated '
              'images)', NOT_STATED, NOT_STATED, 'Novozamsky, Mahdian, Saic: IMD2020: A Large-Scale Annotated '
              'Dataset Tailored for Detecting Manipulated Images, WACV Workshops 2020'),
)
