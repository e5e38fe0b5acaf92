"""The real photographs that scikit-image and scikit-learn ship, for runs without any data."""

from importlib import util
from pathlib import Path
from typing import Dict, List, Sequence, Tuple

#: split -> (package, path inside it). Disjoint: no test photograph is ever trained on.
EMBEDDED: Dict[str, Sequence[Tuple[str, str]]] = {
    'train': (
        *(('skimage', f'data/{name}') for name in (
            'astronaut.png', 'motorcycle_left.png', 'motorcycle_right.png', 'hubble_deep_field.jpg', 'ihc.png',
            'retina.jpg', 'brick.png', 'grass.png', 'gravel.png', 'camera.png', 'moon.png', 'rocket.jpg',
            'coins.png', 'clock_motion.png')),
        ('sklearn', 'datasets/images/flower.jpg'),
    ),
    'test': (
        ('skimage', 'data/chelsea.png'), ('skimage', 'data/coffee.png'), ('sklearn', 'datasets/images/china.jpg'),
    ),
}


def embedded_photographs(split: str) -> List[Path]:
    """Files of one split, ``train`` or ``test``.

    Raises:
        ValueError: an unknown split.
        ImportError: a package that ships them is not installed.
        FileNotFoundError: it is installed, but without the file.
    """
    if split not in EMBEDDED:
        raise ValueError(f'Unknown split {split!r}; accepted are {", ".join(EMBEDDED)}.')
    found = []
    for package, name in EMBEDDED[split]:
        spec = util.find_spec(package)
        if spec is None or not spec.origin:
            raise ImportError("The embedded photographs come with scikit-image and scikit-learn: pip install "
                              "'mmcabl[quickstart]'.")
        path = Path(spec.origin).parent / name
        if not path.is_file():
            raise FileNotFoundError(f'{package} is installed but does not ship {name} ({path}).')
        found.append(path)
    return found
