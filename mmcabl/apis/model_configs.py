from copy import deepcopy
from pathlib import Path
from typing import Union

from mmengine.config import Config

from mmcabl.bases import know_bases


def read_config(config: Union[str, Config], imports: bool = True) -> Config:
    """The config of a model and its test data: a copy, or read from its file.

    ``imports=False``: without what the config imports, which can take seconds.

    Raises:
        ValueError: it is none.
    """
    if isinstance(config, Config):
        return _whole(deepcopy(config), str(config.filename or 'The config'))
    path = str(config)
    if not Path(path).is_file():
        raise ValueError(f'{path} is not a file; scoring needs the config that the model was trained with.')
    know_bases()
    try:
        cfg = Config.fromfile(path, import_custom_modules=imports)
    except Exception as error:  # a config is code of the user's: it raises what it likes
        raise ValueError(f'{path} cannot be read as a config: {type(error).__name__}: '
                         f'{" ".join(str(error).split())}') from error
    return _whole(cfg, path)


def _whole(cfg: Config, name: str) -> Config:
    for key in ('model', 'test_dataloader'):
        if not isinstance(cfg.get(key), dict):
            raise ValueError(f'{name} has no {key}; scoring needs the config that the model was trained with.')
    return cfg
