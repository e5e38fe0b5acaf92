"""Every file that mmengine loads is data: list this module in a config's ``custom_imports``.

mmengine's own loaders fall back to running whatever a file holds. Importing this module puts one loader in their
place, for paths, URLs and the names of published weights: ``load_from``, ``--resume``, ``init_cfg=dict(
type='Pretrained')`` and the toolboxes' inferencers all go through it. A config (.py) is code by nature and is run.
"""

import tempfile
from pathlib import Path
from typing import Any, Callable, Dict, Union
from urllib.parse import urlparse

import torch
from mmengine import fileio
from mmengine.dist import barrier, get_rank
from mmengine.runner import (
    CheckpointLoader,
    get_deprecated_model_names,
    get_external_models,
    get_mmcls_models,
    get_torchvision_models,
)

from mmcabl.checkpoints.reading import CheckpointError, read_checkpoint

#: mmengine's own patterns of schemes; '' is any path.
SCHEMES = ('', 'http://', 'https://', 'pavi://', r'(\S+\:)?s3://', r'(\S+\:)?petrel://', 'modelzoo://',
           'torchvision://', 'open-mmlab://', 'openmmlab://', 'mmcls://')
#: scheme -> the published names, each with its URL
ZOOS: Dict[str, Callable[[], Dict[str, str]]] = {
    'modelzoo': get_torchvision_models, 'torchvision': get_torchvision_models, 'mmcls': get_mmcls_models,
    'open-mmlab': get_external_models, 'openmmlab': get_external_models}


@CheckpointLoader.register_scheme(SCHEMES, force=True)
def load_from_plain_data(filename: str, map_location: Union[str, torch.device, None] = None) -> Dict[str, Any]:
    """A checkpoint from a path, a URL, a published name or an object store.

    Raises:
        CheckpointError: as :func:`mmcabl.checkpoints.read_checkpoint`; also an unknown name, a failed download.
    """
    scheme, separator, name = str(filename).partition('://')
    if not separator:
        return read_checkpoint(Path(filename).expanduser(), map_location)
    if scheme in ZOOS:
        urls = ZOOS[scheme]()
        if scheme in ('open-mmlab', 'openmmlab'):
            name = get_deprecated_model_names().get(name, name)
        if name not in urls:
            raise CheckpointError(f'{scheme}://{name} is none of the {len(urls)} weights that mmengine knows by '
                                  'name.')
        checkpoint = load_from_plain_data(urls[name], map_location)
        if scheme != 'mmcls':
            return checkpoint
        state = checkpoint.get('state_dict', checkpoint).items()
        return dict(state_dict={k[len('backbone.'):]: v for k, v in state if k.startswith('backbone.')}, meta={})
    if scheme in ('http', 'https'):
        return read_checkpoint(_downloaded(filename), map_location, name=filename)
    if scheme.split(':')[-1] in ('s3', 'petrel'):
        with tempfile.NamedTemporaryFile(suffix=Path(name).suffix) as file:
            file.write(fileio.get(filename, backend_args=dict(backend='petrel')))
            file.flush()
            return read_checkpoint(file.name, map_location, name=filename)
    raise CheckpointError(f'{filename} cannot be loaded from {scheme}://; download it and give the path of the file.')


def _downloaded(url: str) -> str:
    """Path in torch's cache, where mmengine keeps downloads too; rank 0 downloads, then those of other machines."""
    path = Path(torch.hub.get_dir(), 'checkpoints', Path(urlparse(url).path).name)
    failure = None
    for mine in (get_rank() == 0, get_rank() > 0):
        if mine and not path.is_file():
            path.parent.mkdir(parents=True, exist_ok=True)
            try:
                torch.hub.download_url_to_file(url, str(path), progress=False)
            except OSError as error:
                failure = error  # said below: the other ranks wait here
        barrier()
    if not path.is_file():
        raise CheckpointError(f'{url} cannot be downloaded ({failure}); download it and give the path of the file.')
    return str(path)
