"""Old name of :mod:`mmcabl.engine.cpu.switched_on` in ``custom_imports``, for one release."""

import warnings

import mmcabl.engine.cpu.switched_on  # noqa: F401, it acts

warnings.warn("'mmcabl.engine.cpu_distributed' in custom_imports is now 'mmcabl.engine.cpu.switched_on'; the old "
              'name works until mmcabl 0.4.', FutureWarning, stacklevel=2)
