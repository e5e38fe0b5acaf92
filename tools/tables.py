"""The paper's tables and figures: ``mmcabl tables``."""

from mmcabl.cli.tables import main

if __name__ == '__main__':
    main()
