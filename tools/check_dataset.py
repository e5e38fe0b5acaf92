"""Which data set is this, and is it whole? ``mmcabl data FOLDER``."""

import sys

from mmcabl.cli.data import main

if __name__ == '__main__':
    sys.exit(main())
