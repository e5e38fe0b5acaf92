"""From nothing to found forgeries on embedded data: ``mmcabl quickstart``."""

from mmcabl.cli.quickstart import main

if __name__ == '__main__':
    main()
